package stop_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/stop"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The published table: what each scope stops, for whom.
func TestSet_whatEachScopeStops(t *testing.T) {
	t.Parallel()
	here, there := stop.Subject{Region: "75", Source: "ERAP"}, stop.Subject{Region: "71", Source: "KGD"}
	for scope, want := range map[stop.Scope]struct{ here, there, bank string }{
		"all":               {here: "open.arrest.collect.hand_over.notify.register", there: "open.arrest.collect.hand_over.notify.register"},
		"measure:open":      {here: "open", there: "open"},
		"measure:arrest":    {here: "arrest", there: "arrest"},
		"measure:collect":   {here: "collect", there: "collect"},
		"measure:hand_over": {here: "hand_over", there: "hand_over"},
		"measure:notify":    {here: "notify", there: "notify"},
		"measure:register":  {here: "register", there: "register"},
		"source:ERAP":       {here: "open.arrest.collect.hand_over.notify.register"},
		"region:75":         {here: "arrest.collect.hand_over.notify.register"},
		"bank:halyk":        {bank: "arrest.collect"},
	} {
		s := stop.Of(scope)
		if got := s.For(here).String(); got != want.here {
			t.Errorf("%s stops here %q, want %q", scope, got, want.here)
		}
		if got := s.For(there).String(); got != want.there {
			t.Errorf("%s stops there %q, want %q", scope, got, want.there)
		}
		for _, name := range stop.Names {
			m, err := stop.ParseMeasures(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.AtBank(m, "halyk"), strings.Contains("."+want.bank+".", "."+name+"."); got != want {
				t.Errorf("%s at the bank, %s: %t", scope, name, got)
			}
			if got, want := s.At(here, m, "halyk"), s.For(here).Any(m) || s.AtBank(m, "halyk"); got != want {
				t.Errorf("%s: at a bank %t, want %t", scope, got, want)
			}
			if s.At(there, m, "kaspi") != s.For(there).Any(m) {
				t.Errorf("%s stops %s at another bank", scope, name)
			}
		}
	}
	if got := stop.Of("bank:kaspi", "all", "bank:halyk", "bank:kaspi").Banks(); !slices.Equal(got, []string{"halyk", "kaspi"}) {
		t.Errorf("stopped banks: %v", got)
	}
	if s := stop.Of(); s.Any() || !s.Empty() || s.For(here) != stop.None || s.AtBank(stop.Arrest, "") {
		t.Error("nothing stops something")
	}
}

func TestParseScope(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]stop.Scope{" all ": "all", "measure:arrest": "measure:arrest", "region: 75": "region:75", "bank:Halyk Bank": "bank:Halyk Bank", "source:КГД": "source:КГД"} {
		if got, err := stop.ParseScope(in); err != nil || got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "everything", "all:x", "measure:lift", "measure:", "region:7", "region:Almaty", "bank:", "source:", "bank:a\nb", "lift"} {
		got, err := stop.ParseScope(in)
		if wrong, ok := errors.AsType[*stop.ActError](err); !ok || wrong.Code != stop.CodeNoScope || !strings.Contains(wrong.Remedy, "measure:open|arrest") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func FuzzParseScope(f *testing.F) {
	for _, s := range []string{"all", "measure:arrest", "region:75", "bank:x", "source:y", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		scope, err := stop.ParseScope(s)
		if err != nil {
			return
		}
		again, err := stop.ParseScope(string(scope))
		if err != nil || again != scope || scope.Stops() == stop.None || !slices.Contains(stop.Kinds, scope.Kind()) {
			t.Errorf("%q: %q, then %q, %v", s, scope, again, err)
		}
	})
}

func TestMeasures_textRoundTrip(t *testing.T) {
	t.Parallel()
	for m := range stop.All + 1 {
		if got, err := stop.ParseMeasures(m.String()); err != nil || got != m {
			t.Errorf("%q gives %v, %v", m, got, err)
		}
	}
	if _, err := stop.ParseMeasures("arrest.lift"); err == nil {
		t.Error("a lift can be stopped")
	}
}

var noon = calendar.MakeDate(2026, 9, 1).Start().Add(12 * time.Hour)

func code(err error) string {
	if wrong, ok := errors.AsType[*stop.ActError](err); ok {
		return wrong.Code
	}
	return fmt.Sprint(err)
}

// One person stops, two different ones release, the second within 24 hours; all of it stays readable.
func TestStore_oneStopsTwoRelease(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), stop.NewStore(testkit.DB(t))
	for name, act := range map[string]func() error{
		stop.CodeNoReason: func() error { _, err := s.Throw(ctx, "all", "Aigul", " \n", noon); return err },
		stop.CodeNoActor:  func() error { _, err := s.Throw(ctx, "all", "breaker:x", "why", noon); return err },
		stop.CodeNoScope:  func() error { _, err := s.Throw(ctx, "lift", "Aigul", "why", noon); return err },
	} {
		if got := code(act()); got != name {
			t.Errorf("%s: %s", name, got)
		}
	}
	id, err := s.Throw(ctx, "region:75", " Aigul ", "INC-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Throw(ctx, "region:75", "Bolat", "INC-2", noon); code(err) != stop.CodeAlready {
		t.Errorf("stopped twice: %v", err)
	}
	tripped, err := s.Trip(ctx, "region:75", "arrests", "300 arrests", stop.Figures{Count: 300, Of: 10, Limit: 200}, noon)
	if err != nil || tripped == 0 {
		t.Fatalf("a breaker may hold what a person holds: %d, %v", tripped, err)
	}
	if again, err := s.Trip(ctx, "region:75", "arrests", "301 arrests", stop.Figures{Count: 301}, noon); err != nil || again != 0 {
		t.Errorf("a breaker holds a scope twice: %d, %v", again, err)
	}
	release := func(id int64, who, why string, at time.Time) (stop.Stop, string) {
		got, err := s.Release(ctx, id, who, why, at)
		if err != nil {
			return got, code(err)
		}
		return got, ""
	}
	if got, c := release(id, "AIGUL", "over", noon.Add(time.Hour)); c != "" || !got.Open() || got.Proposal == nil || got.Proposal.Actor != "aigul" {
		t.Fatalf("a proposal: %+v %s", got, c)
	}
	if _, c := release(id, "aigul", "over", noon.Add(2*time.Hour)); c != stop.CodeSamePerson {
		t.Errorf("one person releases: %q", c)
	}
	if got, c := release(id, "Bolat", "late", noon.Add(25*time.Hour)); c != "" || !got.Open() || got.Proposal.Actor != "bolat" {
		t.Errorf("after 24 hours an answer is a new proposal: %+v %s", got, c)
	}
	got, c := release(id, "Aigul", "checked", noon.Add(26*time.Hour))
	if c != "" || got.Open() || got.Proposal != nil || len(got.Acts) != 3 || got.Acts[2].Kind != stop.ActReleased || !got.ReleasedAt.Equal(noon.Add(26*time.Hour)) {
		t.Errorf("released: %+v %s", got, c)
	}
	if _, c := release(id, "Dana", "again", noon.Add(27*time.Hour)); c != stop.CodeReleased {
		t.Errorf("released twice: %q", c)
	}
	if _, err := s.Release(ctx, 99, "Dana", "again", noon); !errors.Is(err, stop.ErrNoStop) {
		t.Errorf("a stop that never was: %v", err)
	}
	open, err := s.Open(ctx, noon)
	if err != nil || len(open) != 1 || open[0].ID != tripped || open[0].Breaker() != "arrests" || *open[0].Figures != (stop.Figures{Count: 300, Of: 10, Limit: 200}) {
		t.Errorf("open: %+v, %v", open, err)
	}
	all, err := s.History(ctx, noon, 10)
	if err != nil || len(all) != 2 || all[1].ID != id || all[1].Reason != "INC-1" || all[1].Breaker() != "" {
		t.Errorf("history: %+v, %v", all, err)
	}
}

// What the domain says, the database says too.
func TestDatabase_fourEyes(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	s := stop.NewStore(pool)
	id, err := s.Throw(t.Context(), "all", "Aigul", "INC-1", noon)
	if err != nil {
		t.Fatal(err)
	}
	for name, sql := range map[string]string{
		"released without a proposal":      `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES ($1, 'released', 'b', 'x', $2)`,
		"released by the same person":      `WITH p AS (SELECT 1) INSERT INTO stop_acts (stop_id, act, actor, reason, at) SELECT $1, a, 'b', 'x', $2 FROM unnest(ARRAY['proposed', 'released']) a`,
		"released by a breaker":            `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES ($1, 'proposed', 'breaker:x', 'x', $2)`,
		"ended without an act":             `UPDATE stops SET released_at = $2 WHERE id = $1`,
		"its reason changed":               `UPDATE stops SET reason = 'y' WHERE id = $1 AND $2::timestamptz IS NOT NULL`,
		"deleted":                          `DELETE FROM stops WHERE id = $1 AND $2::timestamptz IS NOT NULL`,
		"a scope that nobody knows":        `INSERT INTO stops (scope, actor, reason, at) SELECT 'measure:lift', 'b', 'x', $2 WHERE $1 > 0`,
		"the same scope by another person": `INSERT INTO stops (scope, actor, reason, at) SELECT 'all', 'b', 'x', $2 WHERE $1 > 0`,
	} {
		if _, err := pool.Exec(t.Context(), sql, id, noon); err == nil {
			t.Errorf("%s: the database lets it pass", name)
		}
	}
	if _, err := s.Release(t.Context(), id, "b", "x", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES ($1, 'released', 'c', 'x', $2)`, id, noon.Add(24*time.Hour)); err == nil {
		t.Error("released after 24 hours")
	}
	if _, err := pool.Exec(t.Context(), `DELETE FROM stop_acts`); err == nil {
		t.Error("acts can be deleted")
	}
}

// A pause is the days from a stop up to its release; an hour within one day is none, and a bank makes none.
func TestRead_pauses(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), testkit.DB(t)
	s := stop.NewStore(pool)
	throw := func(scope stop.Scope, at time.Time, days int) {
		t.Helper()
		id, err := s.Throw(ctx, scope, "Aigul", "x", at)
		if err != nil {
			t.Fatal(err)
		}
		if days < 0 {
			return
		}
		for _, who := range []string{"Aigul", "Bolat"} {
			if _, err := s.Release(ctx, id, who, "x", at.AddDate(0, 0, days)); err != nil {
				t.Fatal(err)
			}
		}
	}
	throw("all", noon, 3)
	throw("measure:arrest", noon, 0)
	throw("bank:halyk", noon, 5)
	throw("source:ERAP", noon.AddDate(0, 0, 1), 1)
	throw("region:75", noon.AddDate(0, 0, 4), -1)
	day := func(n int) calendar.Date { return calendar.DateOf(noon).AddDays(n) }
	set, err := stop.Read(ctx, pool, noon.AddDate(0, 0, -1))
	if err != nil {
		t.Fatal(err)
	}
	region := stop.All &^ stop.Open
	want := []stop.Pause{{Pause: rules.Pause{From: day(0), To: day(3)}, Stopped: stop.All}, {Pause: rules.Pause{From: day(1), To: day(2)}, Stopped: stop.All}, {Pause: rules.Pause{From: day(4)}, Stopped: region}}
	if d := cmp.Diff(want, set.Pauses(stop.Subject{Region: "75", Source: "ERAP"}, day(0))); d != "" {
		t.Errorf("pauses: %s", d)
	}
	if d := cmp.Diff(want[2:], set.Pauses(stop.Subject{Region: "75", Source: "ERAP"}, day(3))); d != "" {
		t.Errorf("pauses not met yet: %s", d)
	}
	if d := cmp.Diff(want[:1], set.Pauses(stop.Subject{Region: "71", Source: "KGD"}, day(0))); d != "" {
		t.Errorf("pauses of others: %s", d)
	}
	now, err := stop.Read(ctx, pool, time.Time{})
	if err != nil || now.For(stop.Subject{Region: "75"}) != region || now.BySource() || !set.BySource() {
		t.Errorf("now: %+v, %v", now, err)
	}
}

// Whoever throws the switch has his answer only when nobody is left who did not see it; who comes later sees it.
func TestGuard_throwWaitsForThoseBefore(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), testkit.DB(t)
	s := stop.NewStore(pool)
	thrown := make(chan error, 1)
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		set, err := stop.Read(ctx, tx, time.Time{})
		if err != nil {
			return err
		}
		if still, err := set.Guard(ctx, tx); !still || err != nil {
			t.Errorf("nothing was thrown: %t, %v", still, err)
		}
		go func() { _, err := s.Throw(ctx, "all", "Aigul", "x", noon); thrown <- err }()
		for n := 0; n == 0; { // it is in force for others at once
			if err := pool.QueryRow(ctx, `SELECT count(*) FROM stops`).Scan(&n); err != nil {
				return err
			}
		}
		select {
		case err := <-thrown:
			t.Error(err, "thrown while a transaction that did not see it was under way")
		default:
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-thrown; err != nil {
		t.Fatal(err)
	}
	err = pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		if still, err := stop.Of().Guard(ctx, tx); still || err != nil {
			t.Errorf("an old look passes: %t, %v", still, err)
		}
		set, err := stop.ReadGuarded(ctx, tx)
		if err != nil || set.For(stop.Subject{}) != stop.All {
			t.Errorf("%+v, %v", set, err)
		}
		still, err := set.Guard(ctx, tx)
		if !still {
			t.Error("the new look does not pass")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
