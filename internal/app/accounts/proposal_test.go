package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/accounts"
)

var (
	one   = accounts.Act{Actor: "desk:one", Reason: "order 12"}
	other = accounts.Act{Actor: "desk:other"}
)

func wish(kind accounts.Kind, login string, roles []string, regions ...string) accounts.Wish {
	return accounts.Wish{Login: login, Kind: kind, Rights: accounts.Rights{Roles: roles, Regions: regions}}
}

func (b bench) propose(t *testing.T, w accounts.Wish) int64 {
	t.Helper()
	id, err := b.Propose(t.Context(), w, one)
	must(t, err)
	if id == 0 {
		t.Fatalf("%+v was done at once", w)
	}
	return id
}

func (b bench) faults(t *testing.T) (found []accounts.Violation) {
	t.Helper()
	must(t, pgx.BeginFunc(t.Context(), b.pool, func(tx pgx.Tx) (err error) {
		found, err = accounts.Check(t.Context(), tx)
		return err
	}))
	return found
}

func (b bench) one(t *testing.T, login string) accounts.Account {
	t.Helper()
	a, err := b.One(t.Context(), login)
	must(t, err)
	return a
}

// A new account, other rights and a new way in are given by two people; what both have seen is what is done, once.
func TestProposal_twoPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	id := b.propose(t, wish(accounts.KindAdd, "aigul", []string{"operator", "viewer", "viewer"}, "75"))
	if _, err := b.One(ctx, "aigul"); !errors.Is(err, accounts.ErrNone) {
		t.Fatalf("the account is there already: %v", err)
	}
	for name, x := range map[string]struct {
		by    accounts.Act
		agree bool
		want  error
	}{
		"his own word":             {one, true, accounts.ErrOwn},
		"his own word in capitals": {accounts.Act{Actor: " Desk:One"}, true, accounts.ErrOwn},
		"the owner":                {accounts.Act{Actor: "desk:aigul"}, true, accounts.ErrSubject},
		"the owner refuses":        {accounts.Act{Actor: "desk:aigul", Reason: "x"}, false, accounts.ErrSubject},
		"nobody":                   {accounts.Act{}, true, accounts.ErrNobody},
		"no why":                   {other, false, accounts.ErrReason},
	} {
		if _, err := b.Decide(ctx, id, x.agree, x.by); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Propose(ctx, wish(accounts.KindAdd, "aigul", []string{"viewer"}), other); !errors.Is(err, accounts.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := b.Propose(ctx, wish(accounts.KindAdd, "aigul", []string{"viewer"}), accounts.Act{Actor: "desk:other", Reason: "x"}); !errors.Is(err, accounts.ErrWaits) {
		t.Errorf("two proposals wait: %v", err)
	}
	var wait sync.WaitGroup
	errs, links := make([]error, 2), make([]string, 2)
	for i := range errs { // two tabs
		wait.Go(func() { links[i], errs[i] = b.Decide(ctx, id, true, other) })
	}
	wait.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), accounts.ErrDecided) {
		t.Fatalf("two words at once: %v", errs)
	}
	if v, err := b.Invited(ctx, links[0]+links[1]); err != nil || v.Login != "aigul" {
		t.Errorf("the link: %+v, %v", v, err)
	}
	if a := b.one(t, "aigul"); cmp.Diff([]string{"operator", "viewer"}, a.Roles) != "" || cmp.Diff([]string{"75"}, a.Regions) != "" || a.GrantedBy != id {
		t.Errorf("%+v", a)
	}
	id = b.propose(t, wish(accounts.KindRights, "aigul", []string{"viewer", "supervisor"}))
	p, err := b.Proposal(ctx, id)
	must(t, err)
	if !p.Waits() || cmp.Diff(accounts.Rights{Roles: []string{"operator", "viewer"}, Regions: []string{"75"}}, p.Was) != "" || p.MayDecide("Desk:one") || p.MayDecide("desk:aigul") || !p.MayDecide("desk:other") {
		t.Errorf("%+v", p)
	}
	_, err = b.pool.Exec(ctx, `INSERT INTO desk_sessions (id_hash, actor, roles, way, expires_at) VALUES (sha256('x'), 'desk:aigul', '{operator}', 'account', now() + interval '1 hour')`)
	must(t, err)
	_, err = b.Decide(ctx, id, true, other)
	must(t, err)
	if a := b.one(t, "aigul"); cmp.Diff([]string{"supervisor", "viewer"}, a.Roles) != "" || a.Regions != nil || a.GrantedBy != id || a.SeenAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if n := b.count(t, `SELECT count(*) FROM desk_sessions`); n != 0 {
		t.Error("a visit goes on with rights of before")
	}
	must(t, b.Off(ctx, "aigul", one))
	if _, err := b.Propose(ctx, wish(accounts.KindRights, "aigul", []string{"viewer"}), one); !errors.Is(err, accounts.ErrClosed) {
		t.Errorf("other rights for a closed account: %v", err)
	}
	link, err := b.Decide(ctx, b.propose(t, wish(accounts.KindReset, "aigul", nil)), true, other)
	must(t, err)
	if a := b.one(t, "aigul"); link == "" || a.State() != "link" || len(a.Roles) != 2 {
		t.Errorf("opened again: %+v", a)
	}
	list, err := b.Changes(ctx, "aigul", 10)
	must(t, err)
	var what []string
	for _, c := range list {
		what = append(what, c.What+" "+c.Actor)
	}
	if diff := cmp.Diff([]string{"add desk:one, desk:other", "roles desk:one, desk:other", "regions desk:one, desk:other", "off desk:one", "reset desk:one, desk:other"}, what); diff != "" {
		t.Error(diff)
	}
	if found := b.faults(t); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func (b bench) count(t *testing.T, sql string) (n int) {
	t.Helper()
	must(t, b.pool.QueryRow(t.Context(), sql).Scan(&n))
	return n
}

// Rights go away at once, by one word, and the visits with them.
func TestProposal_takingAwayNeedsOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.Decide(ctx, b.propose(t, wish(accounts.KindAdd, "aigul", []string{"operator", "viewer"})), true, other)
	must(t, err)
	for _, w := range []accounts.Wish{
		wish(accounts.KindRights, "aigul", []string{"viewer"}), wish(accounts.KindRights, "aigul", []string{"viewer"}, "71", "75"), wish(accounts.KindRights, "aigul", []string{"viewer"}, "71"),
	} {
		_, err := b.pool.Exec(ctx, `INSERT INTO desk_sessions (id_hash, actor, roles, way, expires_at) VALUES (sha256('x'), 'desk:aigul', '{operator}', 'account', now() + interval '1 hour')`)
		must(t, err)
		id, err := b.Propose(ctx, w, one)
		must(t, err)
		if a := b.one(t, "aigul"); id != 0 || !a.Rights().Within(w.Rights) || b.count(t, `SELECT count(*) FROM desk_sessions`) != 0 {
			t.Errorf("%+v: proposal %d, %+v", w, id, a)
		}
	}
	if _, err := b.Propose(ctx, wish(accounts.KindRights, "aigul", []string{"viewer"}, "71"), one); !errors.Is(err, accounts.ErrSameRights) {
		t.Errorf("the same: %v", err)
	}
	b.propose(t, wish(accounts.KindRights, "aigul", []string{"viewer"})) // all regions again are more
	if found := b.faults(t); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// An account that has changed since is not given what nobody has seen; what waited for a day is over; one takes back what is his own.
func TestProposal_over(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.Decide(ctx, b.propose(t, wish(accounts.KindAdd, "aigul", []string{"operator", "viewer"})), true, other)
	must(t, err)
	id := b.propose(t, wish(accounts.KindRights, "aigul", []string{"auditor", "operator"}))
	must(t, b.Off(ctx, "aigul", one))
	if _, err := b.Decide(ctx, id, true, other); !errors.Is(err, accounts.ErrChanged) {
		t.Errorf("a closed account: %v", err)
	}
	_, err = b.Decide(ctx, id, false, accounts.Act{Actor: "desk:one", Reason: "a slip"})
	must(t, err)
	if p, err := b.Proposal(ctx, id); err != nil || p.Status() != "taken_back" {
		t.Errorf("%+v, %v", p, err)
	}
	id = b.propose(t, wish(accounts.KindReset, "aigul", nil))
	b.age(t)
	if _, err := b.Decide(ctx, id, true, other); !errors.Is(err, accounts.ErrExpired) {
		t.Errorf("after a day: %v", err)
	}
	if _, err := b.Decide(ctx, 999, true, other); !errors.Is(err, accounts.ErrNoProposal) {
		t.Errorf("none: %v", err)
	}
	if id := b.propose(t, wish(accounts.KindReset, "aigul", nil)); id == 0 {
		t.Error("what is over is in the way")
	}
	list, err := b.Proposals(ctx, "aigul", 10)
	must(t, err)
	if len(list) != 4 || !list[0].Waits() || list[1].Status() != "expired" {
		t.Errorf("%+v", list)
	}
}

// age makes all proposals a day older.
func (b bench) age(t *testing.T) {
	t.Helper()
	_, err := b.pool.Exec(t.Context(), `BEGIN; ALTER TABLE operator_proposals DISABLE TRIGGER operator_proposals_forward;
		UPDATE operator_proposals SET proposed_at = proposed_at - interval '24 hours', decided_at = decided_at - interval '24 hours';
		ALTER TABLE operator_proposals ENABLE TRIGGER operator_proposals_forward; COMMIT`)
	must(t, err)
}

// The command on the server gives rights only as long as there are not two administrators who could, and takes them away always.
func TestCommand_givesUntilTwoCan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	for _, login := range []string{"first", "second", "third"} {
		_, err := b.Add(ctx, login, []string{"administrator"}, nil, by)
		must(t, err)
	}
	_, err := b.pool.Exec(ctx, `UPDATE operators SET password = 'x' WHERE login <> 'third'`)
	must(t, err)
	if _, err := b.Add(ctx, "fourth", []string{"viewer"}, nil, by); !errors.Is(err, accounts.ErrTwo) {
		t.Errorf("a new account: %v", err)
	}
	if err := b.SetRoles(ctx, "third", []string{"viewer"}, by); !errors.Is(err, accounts.ErrTwo) {
		t.Errorf("another role: %v", err)
	}
	must(t, b.SetRegions(ctx, "third", []string{"75", "71"}, by))
	must(t, b.SetRegions(ctx, "third", []string{"75"}, by))
	if err := b.SetRegions(ctx, "third", nil, by); !errors.Is(err, accounts.ErrTwo) {
		t.Errorf("all regions: %v", err)
	}
	if _, err := b.Reset(ctx, "third", by); !errors.Is(err, accounts.ErrTwo) {
		t.Errorf("a new way in: %v", err)
	}
	must(t, b.Off(ctx, "third", by))
	if _, err := b.Reset(ctx, "third", by); !errors.Is(err, accounts.ErrTwo) {
		t.Errorf("open a closed one: %v", err)
	}
	tx, err := b.pool.Begin(ctx)
	must(t, err)
	if _, err := tx.Exec(ctx, `UPDATE operators SET link_hash = sha256('x'), link_until = now() WHERE login = 'first'`); err == nil {
		t.Error("the database lets a new link be given")
	}
	must(t, tx.Rollback(ctx))
	_, err = b.Reset(ctx, "first", by) // one of two who has lost his telephone: the other one alone could not
	must(t, err)
	_, err = b.pool.Exec(ctx, `UPDATE operators SET password = 'x', link_hash = NULL, link_until = NULL WHERE login = 'first'`)
	must(t, err)
	must(t, b.Off(ctx, "second", by)) // one is left, and nobody to agree
	_, err = b.Reset(ctx, "third", by)
	must(t, err)
	if found := b.faults(t); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// What the domain refuses, the database does too; and what gets past it, the check finds.
func TestDatabase_holdsTheRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	_, err := b.Decide(ctx, b.propose(t, wish(accounts.KindAdd, "aigul", []string{"operator"}, "75")), true, other)
	must(t, err)
	old := b.propose(t, wish(accounts.KindRights, "aigul", []string{"auditor"}))
	b.age(t)
	waits := b.propose(t, wish(accounts.KindRights, "aigul", []string{"auditor"}))
	agree := `UPDATE operator_proposals SET decided_by = '%s', decided_at = %s, verdict = 'agreed' WHERE id = %d`
	for name, sql := range map[string]string{
		"one's own word":          fmt.Sprintf(agree, "desk:one", "clock_timestamp()", waits),
		"in capitals":             fmt.Sprintf(agree, "Desk:One", "clock_timestamp()", waits),
		"the owner's":             fmt.Sprintf(agree, "desk:aigul", "clock_timestamp()", waits),
		"the robot's":             fmt.Sprintf(agree, "robot", "clock_timestamp()", waits),
		"after a day":             fmt.Sprintf(agree, "desk:other", "clock_timestamp()", old),
		"after a day, dated back": fmt.Sprintf(agree, "desk:other", "proposed_at + interval '1 hour'", old),
		"dated ahead":             fmt.Sprintf(agree, "desk:other", "clock_timestamp() + interval '1 minute'", waits),
		"other roles":             fmt.Sprintf(`UPDATE operator_proposals SET roles = '{finance}' WHERE id = %d`, waits),
		"another name":            fmt.Sprintf(`UPDATE operator_proposals SET login = 'bolat' WHERE id = %d`, waits),
		"decided twice":           `UPDATE operator_proposals SET why = 'x' WHERE verdict = 'agreed'`,
		"decided when made":       `INSERT INTO operator_proposals (login, kind, roles, reason, proposed_by, decided_by, decided_at, verdict) VALUES ('x1', 'add', '{viewer}', 'x', 'desk:a', 'desk:b', clock_timestamp(), 'agreed')`,
		"a proposal is gone":      fmt.Sprintf(`DELETE FROM operator_proposals WHERE id = %d`, waits),
		"an account is gone":      `DELETE FROM operators`,
		"more roles":              `UPDATE operators SET roles = '{operator,auditor}'`,
		"all regions":             `UPDATE operators SET regions = NULL`,
		"by what is not agreed":   fmt.Sprintf(`UPDATE operators SET roles = '{auditor}', regions = NULL, granted_by = %d`, waits),
	} {
		if _, err := b.pool.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "SQLSTATE 2") && !strings.Contains(err.Error(), "P0001") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found := b.faults(t); len(found) != 0 {
		t.Errorf("%+v", found)
	}
	for name, sql := range map[string]string{
		"more than was agreed": `UPDATE operators SET roles = '{operator,auditor}'`, "more regions": `UPDATE operators SET regions = NULL`, "nobody says by whom": `UPDATE operators SET granted_by = NULL`,
	} {
		tx, err := b.pool.Begin(ctx)
		must(t, err)
		_, err = tx.Exec(ctx, `ALTER TABLE operators DISABLE TRIGGER operators_granted; `+sql)
		must(t, err)
		found, err := accounts.Check(ctx, tx)
		must(t, err)
		must(t, tx.Rollback(ctx))
		if len(found) != 1 || found[0].ID != "INV-R1" {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
