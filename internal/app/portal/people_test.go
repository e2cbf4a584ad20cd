package portal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/contact"
)

// signing makes a portal at which people sign in.
func signing(t *testing.T) (*uitest.World, *portal.Service) {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	s, err := portal.New(portal.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, CaseByToken: w.CaseByToken, TokenHash: w.Keys.LinkHash, OpenIIN: w.OpenIIN, OpenPhone: w.OpenPhone, Contacts: contact.New(w.Keys),
		BlindIIN: func(iin string) []byte { return w.Keys.Blind(intake.BlindIIN, iin) },
	})
	must(t, err)
	return w, s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func more(t *testing.T, w *uitest.World, x uitest.Writ) uitest.Person {
	t.Helper()
	p, err := w.Open(t.Context(), x)
	must(t, err)
	return p
}

func signIn(t *testing.T, s *portal.Service, iin string) string {
	t.Helper()
	v, err := s.SignIn(t.Context(), iin)
	must(t, err)
	return v.ID
}

func numbers(own portal.Own) (all []string) {
	for _, c := range own.Cases {
		all = append(all, c.Number)
	}
	return all
}

func TestOwn_listsWhatIsOpenFirstAndNobodyElses(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	first := more(t, w, uitest.Writ{})
	other := more(t, w, uitest.Writ{Issuer: "Тараз"})
	second := more(t, w, uitest.Writ{Debtor: &first, Amount: 500})
	third := more(t, w, uitest.Writ{Debtor: &first, Amount: 700})
	must(t, w.Pay(t.Context(), second.CaseID, 500))
	must(t, w.Pay(t.Context(), third.CaseID, 100))
	id := signIn(t, s, "IIN"+first.IIN)
	own, err := s.Own(t.Context(), id, "", i18n.RU)
	must(t, err)
	if diff := cmp.Diff([]string{caseno.Format(third.CaseID), caseno.Format(first.CaseID), caseno.Format(second.CaseID)}, numbers(own)); diff != "" {
		t.Error(diff)
	}
	if own.Open != 2 || !own.Owed.Equal(uitest.Tenge(20155+600)) || !own.First || own.Next != "" || own.Cases[0].Claimant != "Алматы қ. Полиция департаменті" || own.Cases[2].End.At.IsZero() {
		t.Errorf("%+v", own)
	}
	if _, err := s.OpenOwn(t.Context(), id, caseno.Format(other.CaseID)); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a case of somebody else: %v", err)
	}
	visit, err := s.OpenOwn(t.Context(), id, caseno.Format(first.CaseID))
	must(t, err)
	v, err := s.Case(t.Context(), visit.ID, i18n.RU)
	must(t, err)
	if v.Number != caseno.Format(first.CaseID) || !v.SignedIn || visit.Language != "kk" {
		t.Errorf("%s %v %q", v.Number, v.SignedIn, visit.Language)
	}
}

// The list goes on after any case, in both of its halves, and every case is on it once.
func TestOwn_goesOnPageByPage(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	p := more(t, w, uitest.Writ{})
	want := []string{caseno.Format(p.CaseID)}
	for i := 1; i < 112; i++ {
		n := more(t, w, uitest.Writ{Debtor: &p, Amount: 100})
		if i < 60 {
			must(t, w.Pay(t.Context(), n.CaseID, 100))
		}
		want = append(want, caseno.Format(n.CaseID))
	}
	id, seen, pages := signIn(t, s, p.IIN), []string(nil), 0
	for after := ""; pages == 0 || after != ""; pages++ {
		own, err := s.Own(t.Context(), id, after, i18n.RU)
		must(t, err)
		if own.First != (pages == 0) || own.Open != 53 || len(own.Cases) > 50 {
			t.Errorf("page %d: %d cases, %d open", pages, len(own.Cases), own.Open)
		}
		seen, after = append(seen, numbers(own)...), own.Next
	}
	var order []string
	for i := 111; i >= 60; i-- {
		order = append(order, want[i])
	}
	order = append(order, want[0])
	for i := 59; i >= 1; i-- {
		order = append(order, want[i])
	}
	if diff := cmp.Diff(order, seen); diff != "" || pages != 3 {
		t.Errorf("%d pages: %s", pages, diff)
	}
	other := more(t, w, uitest.Writ{})
	for _, after := range []string{"x", caseno.Format(other.CaseID)} {
		if own, err := s.Own(t.Context(), id, after, i18n.RU); err != nil || !own.First || len(own.Cases) != 50 {
			t.Errorf("after %s: %v", after, err)
		}
	}
}

func TestSignIn_takesAnIINAndNothingElse(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	for _, bad := range []string{"", "IIN", "870212300015", "971240001315x", w.Keys.LinkToken(1, 1), strings.Repeat("8", 4000)} {
		if _, err := s.SignIn(t.Context(), bad); !errors.Is(err, portal.ErrNoIIN) || strings.Contains(fmt.Sprint(err), "8702") {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	own, err := s.Own(t.Context(), signIn(t, s, uitest.IIN(77)), "", i18n.RU)
	if err != nil || len(own.Cases) != 0 || own.Open != 0 || !own.First {
		t.Errorf("somebody without a case: %+v, %v", own, err)
	}
	_, none := setup(t)
	if _, err := none.SignIn(t.Context(), uitest.IIN(1)); !errors.Is(err, portal.ErrNoIIN) {
		t.Errorf("without a provider: %v", err)
	}
}

// A visit of a case lives no longer than the sign-in after which it was opened, whichever of the two is ended, and however.
func TestSignIn_endsWithAllThatItOpened(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	p := more(t, w, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	gone := func(what, id, visit string) {
		t.Helper()
		if _, err := s.Case(t.Context(), visit, i18n.RU); !errors.Is(err, portal.ErrNoSession) {
			t.Errorf("%s: the case: %v", what, err)
		}
		if _, err := s.Own(t.Context(), id, "", i18n.RU); !errors.Is(err, portal.ErrNoSession) {
			t.Errorf("%s: the list: %v", what, err)
		}
		if _, err := s.OpenOwn(t.Context(), id, number); !errors.Is(err, portal.ErrNoSession) {
			t.Errorf("%s: opening: %v", what, err)
		}
		if in, err := s.SignedIn(t.Context(), id); err != nil || in {
			t.Errorf("%s: signed in: %v, %v", what, in, err)
		}
		if _, err := s.ExtendSignIn(t.Context(), id); !errors.Is(err, portal.ErrNoSession) {
			t.Errorf("%s: prolonging: %v", what, err)
		}
	}
	for what, end := range map[string]func(id, visit string) error{
		"the sign-out":     func(id, _ string) error { return s.SignOut(t.Context(), id) },
		"leaving the case": func(_, visit string) error { return s.Leave(t.Context(), visit) },
		"the time": func(_, _ string) error {
			_, err := w.Pool.Exec(t.Context(), `UPDATE portal_people SET expires_at = now() - interval '1 second'`)
			return err
		},
	} {
		id := signIn(t, s, p.IIN)
		visit, err := s.OpenOwn(t.Context(), id, number)
		must(t, err)
		other := signIn(t, s, p.IIN) // in another browser
		must(t, end(id, visit.ID))
		gone(what, id, visit.ID)
		if _, err := s.Own(t.Context(), other, "", i18n.RU); (err == nil) != (what != "the time") {
			t.Errorf("%s: in another browser: %v", what, err)
		}
	}
	gone("nobody", "", "")
	if _, err := s.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left int
	must(t, w.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM portal_people WHERE expires_at < now()) + (SELECT count(*) FROM portal_sessions)`).Scan(&left))
	if left != 0 {
		t.Errorf("%d rows are left", left)
	}
}

func TestSignIn_isProlongedWithTheVisit(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	p := more(t, w, uitest.Writ{})
	id := signIn(t, s, p.IIN)
	visit, err := s.OpenOwn(t.Context(), id, caseno.Format(p.CaseID))
	must(t, err)
	long := func() (both bool) {
		const sql = `SELECT bool_and(t > now() + interval '29 minutes') FROM (SELECT expires_at FROM portal_people UNION ALL SELECT expires_at FROM portal_sessions) x(t)`
		must(t, w.Pool.QueryRow(t.Context(), sql).Scan(&both))
		return both
	}
	short := func() {
		for _, table := range []string{"portal_people", "portal_sessions"} {
			_, err := w.Pool.Exec(t.Context(), `UPDATE `+table+` SET expires_at = now() + interval '1 minute'`)
			must(t, err)
		}
	}
	short()
	_, err = s.Extend(t.Context(), visit.ID)
	must(t, err)
	if !long() {
		t.Error("the visit is prolonged and the sign-in is not")
	}
	_, err = w.Pool.Exec(t.Context(), `UPDATE portal_people SET started_at = now() - interval '8 hours', expires_at = now()`)
	must(t, err)
	if _, err := s.ExtendSignIn(t.Context(), id); !errors.Is(err, portal.ErrNoSession) {
		t.Errorf("after eight hours: %v", err)
	}
}

// That the debtor opened a case after a sign-in is kept like a visit by a link, and counted like an open gate.
func TestOpenOwn_isKept(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	p := more(t, w, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	kept := func() (all string) {
		const sql = `SELECT coalesce(string_agg(concat_ws(' ', case_id, visits, to_char(first_at AT TIME ZONE 'UTC', 'DD HH24:MI'), to_char(last_at AT TIME ZONE 'UTC', 'DD HH24:MI')), ','), '') FROM signed_visits`
		must(t, w.Pool.QueryRow(t.Context(), sql).Scan(&all))
		return all
	}
	id := signIn(t, s, p.IIN)
	_, err := s.Own(t.Context(), id, "", i18n.RU)
	must(t, err)
	if got := kept(); got != "" {
		t.Errorf("the list alone was kept: %s", got)
	}
	for range 2 {
		_, err := s.OpenOwn(t.Context(), id, number)
		must(t, err)
		w.Clock.Advance(26 * time.Hour)
	}
	must(t, s.SignOut(t.Context(), id))
	_, err = s.Purge(t.Context())
	must(t, err)
	if got, want := kept(), "260000001 2 02 04:00 03 06:00"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
	for _, sql := range []string{`DELETE FROM signed_visits`, `UPDATE signed_visits SET first_at = first_at - interval '1 day', visits = visits + 1`, `UPDATE signed_visits SET visits = 1`} {
		if _, err := w.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was possible", sql)
		}
	}
}

// The list of one person does not walk over the cases of all.
func TestOwn_usesIndexes(t *testing.T) {
	t.Parallel()
	w, s := signing(t)
	p := more(t, w, uitest.Writ{})
	id := signIn(t, s, p.IIN)
	must(t, pgx.BeginFunc(t.Context(), w.Pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
			return err
		}
		for name, q := range map[string]struct {
			sql  string
			args []any
		}{
			"list":  {portal.OwnListSQL, []any{portal.SessionHash(id), false, int64(0), 51}},
			"total": {portal.OwnTotalSQL, []any{portal.SessionHash(id)}},
			"one":   {portal.OwnCaseSQL, []any{portal.SessionHash(id), p.CaseID}},
		} {
			plan := explain(t.Context(), t, tx, q.sql, q.args...)
			if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, "debtors_iin_blind_key") {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
		return nil
	}))
}

func explain(ctx context.Context, t *testing.T, tx pgx.Tx, sql string, args ...any) string {
	t.Helper()
	rows, err := tx.Query(ctx, "EXPLAIN "+sql, args...)
	must(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return strings.Join(lines, "\n")
}
