package engine_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/ruleset"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// packWith is the built-in pack with one text replaced in one file.
func packWith(t testing.TB, file, old, with string) *pack.Pack {
	t.Helper()
	files := maps.Clone(pack.Default().Files())
	if !strings.Contains(string(files[file]), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	files[file] = []byte(strings.Replace(string(files[file]), old, with, 1))
	p, err := pack.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A version that two people agreed on decides from its day on, in every process and without a restart, and what was decided before keeps the
// version by which it was. Going back is a proposal of the older one.
func TestRuleset_decidesFromItsDayOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, sets := t.Context(), ruleset.NewStore(b.pool)
	longer := packWith(t, "term.yaml", "value: 30\n", "value: 60\n")
	id, err := engine.KeepPack(ctx, b.pool, longer)
	if err != nil {
		t.Fatal(err)
	}
	packs, err := engine.RegisterPack(ctx, b.pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	other := engine.NewStore(engine.Config{Pool: b.pool, Clock: b.clock, Packs: packs}) // another process
	now, _ := b.clock.Now(ctx)
	p, err := sets.Propose(ctx, id, date("2026-09-02"), "desk:anna", "the law of 1 September", []byte(`{}`), now)
	if err != nil {
		t.Fatal(err)
	}
	term := func(s *engine.Store, id int64) int {
		t.Helper()
		if out, err := s.Apply(ctx, []engine.For{open(id, 20155)}); err != nil || out[0].Refusal != nil {
			t.Fatalf("%v %v", out, err)
		}
		c := b.load(t, id)
		return c.TermEndsOn.Sub(c.OpenedOn)
	}
	if got := term(b.store, firstID); got != 30 {
		t.Errorf("a proposal that nobody agreed to decides: %d days", got)
	}
	if err := sets.Decide(ctx, p, true, "desk:boris", "", now); err != nil {
		t.Fatal(err)
	}
	if got := term(b.store, firstID+1); got != 30 {
		t.Errorf("it decides before its day: %d days", got)
	}
	if got := term(other, firstID+2); got != 30 {
		t.Errorf("in the other process: %d days", got)
	}
	b.clock.Set(date("2026-09-02").Start())
	if got := term(b.store, firstID+3); got != 61 { // the sixtieth is a Sunday
		t.Errorf("on its day: %d days", got)
	}
	if other.Pack().Hash() != pack.Default().Hash() {
		t.Error("a process that has not looked shows it")
	}
	now, _ = b.clock.Now(ctx)
	if _, err := packs.On(ctx, calendar.DateOf(now)); err != nil || other.Pack().Hash() != longer.Hash() {
		t.Errorf("after a look: %v", err)
	}
	if got := term(other, firstID+4); got != 61 { // the sixtieth is a Sunday
		t.Errorf("on its day in the other process: %d days", got)
	}
	if c := b.load(t, firstID+1); c.TermEndsOn.Sub(c.OpenedOn) != 30 {
		t.Error("an older decision has changed")
	}
	for _, n := range []int64{firstID + 1, firstID + 3} {
		remade, err := other.Replay(ctx, n, func(_ context.Context, id int64) (engine.Open, error) {
			o, _ := open(id, 20155).Command.(engine.Open)
			return o, nil
		})
		if err != nil || !remade[0].Same {
			t.Errorf("case %d does not come out the same: %v %+v", n, err, remade)
		}
	}
	back, err := sets.Propose(ctx, b.load(t, firstID).Pack, date("2026-09-05"), "desk:boris", "back", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := sets.Decide(ctx, back, true, "desk:anna", "", now); err != nil {
		t.Fatal(err)
	}
	b.clock.Set(date("2026-09-05").Start())
	if got := term(other, firstID+5); got != 30 {
		t.Errorf("after going back: %d days", got)
	}
	found, err := engine.Check(ctx, b.pool)
	if err != nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}

// Nobody puts rules in force alone, after a day, for today, or for another day than was proposed: neither here nor in the database.
func TestRuleset_twoPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, sets := t.Context(), ruleset.NewStore(b.pool)
	id, err := engine.KeepPack(ctx, b.pool, packWith(t, "term.yaml", "value: 30\n", "value: 60\n"))
	if err != nil {
		t.Fatal(err)
	}
	now, _ := b.clock.Now(ctx)
	if _, err := sets.Propose(ctx, id, date("2026-09-01"), "desk:anna", "now", nil, now); !errors.Is(err, ruleset.ErrDay) {
		t.Errorf("for today: %v", err)
	}
	if _, err := sets.Propose(ctx, id, date("2026-09-09"), "desk:anna", " ", nil, now); !errors.Is(err, ruleset.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	propose := func(day string) int64 {
		t.Helper()
		p, err := sets.Propose(ctx, id, date(day), "desk:anna", "why", nil, now)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p, soon, refused := propose("2026-09-09"), propose("2026-09-02"), propose("2026-09-09")
	for _, x := range []struct {
		what   string
		id     int64
		agree  bool
		who    string
		reason string
		at     time.Time
		want   error
	}{
		{"alone", p, true, "desk:anna", "", now, ruleset.ErrSame},
		{"after a day", p, true, "desk:boris", "", now.Add(24 * time.Hour), ruleset.ErrDecided},
		{"on its own day", soon, true, "desk:boris", "", date("2026-09-02").Start(), ruleset.ErrDecided},
		{"refused in silence", refused, false, "desk:boris", "", now, ruleset.ErrReason},
		{"none", 999, true, "desk:boris", "", now, ruleset.ErrNone},
		{"refused", refused, false, "desk:boris", "wrong day", now, nil},
		{"after it was refused", refused, true, "desk:clara", "", now, ruleset.ErrDecided},
	} {
		if err := sets.Decide(ctx, x.id, x.agree, x.who, x.reason, x.at); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.what, err, x.want)
		}
	}
	for what, sql := range map[string]string{
		"alone":       `INSERT INTO rule_pack_decisions (proposal, pack_id, from_on, agreed, actor, reason, at) SELECT id, pack_id, from_on, true, actor, '', at FROM rule_pack_proposals WHERE id = $1`,
		"after a day": `INSERT INTO rule_pack_decisions (proposal, pack_id, from_on, agreed, actor, reason, at) SELECT id, pack_id, from_on, true, 'desk:x', '', at + interval '24 hours' FROM rule_pack_proposals WHERE id = $1`,
		"another day": `INSERT INTO rule_pack_decisions (proposal, pack_id, from_on, agreed, actor, reason, at) SELECT id, pack_id, from_on + 1, true, 'desk:x', '', at FROM rule_pack_proposals WHERE id = $1`,
		"for today":   `INSERT INTO rule_pack_proposals (pack_id, from_on, actor, reason, at) SELECT pack_id, (at AT TIME ZONE 'Asia/Almaty')::date, actor, reason, at FROM rule_pack_proposals WHERE id = $1`,
		"changed":     `UPDATE rule_pack_proposals SET from_on = from_on + 1 WHERE id = $1`,
		"deleted":     `DELETE FROM rule_pack_decisions WHERE proposal = $1`,
	} {
		if _, err := b.pool.Exec(ctx, sql, p); err == nil {
			t.Errorf("the database lets pass: %s", what)
		}
	}
	if _, ok, err := ruleset.InForce(ctx, b.pool, date("2030-01-01")); ok || err != nil {
		t.Errorf("something is in force: %v", err)
	}
}
