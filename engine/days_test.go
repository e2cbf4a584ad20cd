package engine_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// recount counts the days from the events and the cases alone.
func (b bundle) recount(t *rapid.T, ids []int64) map[string]string {
	sums := map[string][2]int64{}
	add := func(region string, day calendar.Date, what engine.DayCount, n int64, amount money.Amount) {
		k := fmt.Sprint(region, " ", day, " ", what)
		s := sums[k]
		sums[k] = [2]int64{s[0] + n, s[1] + amount.Tiyn()}
	}
	cases, err := engine.Load(t.Context(), b.pool, ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		events, err := engine.Events(t.Context(), b.pool, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range events {
			day, before := calendar.DateOf(e.At), engine.Fold(c.ID, events[:i])
			now := engine.Fold(c.ID, events[:i+1])
			switch e.Kind {
			case engine.EvOpened:
				add(c.Region, day, engine.DayOpened, 1, money.Zero)
			case engine.EvNotified:
				add(c.Region, day, engine.DayNotified, 1, money.Zero)
			case engine.EvCancelled:
				add(c.Region, day, engine.DayCancelled, 1, money.Zero)
			case engine.EvHandedOver:
				add(c.Region, day, engine.DayHandedOver, 1, money.Zero)
			case engine.EvRefusalRequested:
				add(c.Region, day, engine.DayRefused, 1, money.Zero)
			case engine.EvPaid:
				add(c.Region, day, engine.DayPaid, 1, now.Paid)
				add(c.Region, day, engine.DayCollected, 1, now.Paid.Sub(before.Paid))
			case engine.EvPaidInPart, engine.EvPaidAfterEnd:
				add(c.Region, day, engine.DayCollected, 1, now.Paid.Sub(before.Paid))
			case engine.EvPaymentReversed:
				add(c.Region, day, engine.DayCollected, -1, now.Paid.Sub(before.Paid))
			case engine.EvOrderAnswered:
				if a := e.Data.Answer; a.Purpose == engine.Lift {
					add(c.Region, day, engine.DayLifted, 1, money.Zero)
				}
			}
		}
		switch kept := c.Hold != "" || c.Suspended != "" || c.Objected(); {
		case c.State.Final():
		case kept:
			add(c.Region, c.TermEndsOn.AddDays(1), engine.DueHandoverKept, 1, money.Zero)
		default:
			add(c.Region, c.TermEndsOn.AddDays(1), engine.DueHandover, 1, money.Zero)
			if c.State == engine.Opened && c.NextRungAt.IsZero() {
				add(c.Region, c.TermEndsOn.AddDays(1), engine.DueUnproven, 1, money.Zero)
			}
			if c.State == engine.Notified && c.RefusalAt.IsZero() {
				add(c.Region, c.VoluntaryEndsOn, engine.DueVoluntary, 1, money.Zero)
			}
		}
	}
	out := map[string]string{}
	for k, s := range sums {
		if s != [2]int64{} {
			out[k] = fmt.Sprint(s)
		}
	}
	return out
}

func (b bundle) days(t *rapid.T, regions []string) map[string]string {
	got, err := engine.Days(t.Context(), b.pool, date("2020-01-01"), date("2030-01-01"), engine.DayCounts...)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range got {
		if !slices.Contains(regions, d.Region) {
			continue
		}
		out[fmt.Sprint(d.Region, " ", d.Day, " ", d.What)] = fmt.Sprint([2]int64{d.N, d.Amount.Tiyn()})
	}
	return out
}

// Whatever is done to some cases in whatever order, the counts of the days are what counting from the events gives.
func TestDays_areWhatTheEventsAddUpTo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begin, _ := b.clock.Now(t.Context())
	ofRegion, run := map[string][]int64{}, 0 // one database: each run has regions of its own
	rapid.Check(t, func(rt *rapid.T) {
		b.clock.Set(begin)
		run++
		regions := []string{fmt.Sprintf("%02d", run*2%100), fmt.Sprintf("%02d", (run*2+1)%100)}
		var ids []int64
		var cmds []engine.For
		for i := range rapid.IntRange(1, 6).Draw(rt, "cases") {
			f := open(firstID+int64(10*run+i), int64(10000+1000*i))
			o := f.Command.(engine.Open)
			o.Region = rapid.SampledFrom(regions).Draw(rt, "region")
			f.Command = o
			ids, cmds = append(ids, f.CaseID), append(cmds, f)
			ofRegion[o.Region] = append(ofRegion[o.Region], f.CaseID)
		}
		b.apply(t, cmds...)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			b.clock.Advance(time.Duration(rapid.IntRange(0, 400).Draw(rt, "hours")) * time.Hour)
			now, _ := b.clock.Now(t.Context())
			var set []engine.For
			for _, id := range ids {
				c := b.load(t, id)
				set = append(set, engine.For{CaseID: id, Actor: engine.ActorRobot, Command: drawDeed(rt, c, now)})
			}
			b.apply(t, set...)
			if rapid.Bool().Draw(rt, "answer") {
				b.answerOpen(t, ids)
			}
		}
		want := b.recount(rt, append(ofRegion[regions[0]], ofRegion[regions[1]]...))
		if got := b.days(rt, regions); fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatalf("counted\n%v\nthere are\n%v", got, want)
		}
		b.sound(rt)
		if run%10 != 1 {
			return
		}
		for name, sql := range map[string]string{"folded": foldAllSQL, "counted again by the migration": recountSQL(t)} {
			if _, err := b.pool.Exec(t.Context(), sql); err != nil {
				rt.Fatal(name, err)
			}
			if got := b.days(rt, regions); fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("%s\n%v\nthere are\n%v", name, got, want)
			}
			b.sound(rt)
		}
	})
}

// drawDeed draws something that may happen to a case.
func drawDeed(t *rapid.T, c engine.Case, now time.Time) engine.Command {
	amount := money.FromTiyn(rapid.Int64Range(1, 2_000_000).Draw(t, "tiyn"))
	switch rapid.IntRange(0, 12).Draw(t, "deed") {
	case 0, 1:
		return engine.NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: now}
	case 2, 3:
		return engine.Pay{PaymentID: 1, Amount: c.Outstanding.Add(money.FromTiyn(1)), ValueDate: calendar.DateOf(now)}
	case 4:
		return engine.Pay{PaymentID: 2, Amount: amount, ValueDate: calendar.DateOf(now)}
	case 5:
		return engine.ReversePayment{PaymentID: 1, Amount: amount}
	case 6:
		return engine.RequestRefusal{}
	case 7:
		return engine.Cancel{Ground: "court", Act: "2"}
	case 8:
		return engine.SetHold{Reason: "person"}
	case 9:
		return engine.Resume{Reason: "looked"}
	case 10:
		return engine.Adjust{Debt: amount, Ground: "amended", Act: "3"}
	case 11:
		return engine.Object{Ground: engine.GroundSum}
	}
	return engine.Tick{}
}

// answerOpen lets a bank answer every open order.
func (b bundle) answerOpen(t *testing.T, ids []int64) {
	t.Helper()
	for _, id := range ids {
		for _, o := range b.load(t, id).Orders {
			if o.Status.Open() && !o.Purpose.Public() {
				b.apply(t, engine.For{CaseID: id, Actor: engine.ActorBank, Command: engine.OrderAnswered{Purpose: o.Purpose, Ordinal: o.Ordinal, Answer: engine.Accepted, Sum: o.Amount, Bank: "BTBKZ"}})
			}
		}
	}
}

func (b bundle) sound(t *rapid.T) {
	bad, err := engine.Check(t.Context(), b.pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range bad {
		if v.ID == "INV-DAYS" {
			t.Fatalf("%+v", v)
		}
	}
}

// foldAllSQL is the fold of the pulse with nothing left alone.
const foldAllSQL = `WITH old AS (DELETE FROM day_increments RETURNING region, day, what, n, amount)
INSERT INTO day_totals AS d (region, day, what, n, amount) SELECT region, day, what, sum(n), sum(amount) FROM old GROUP BY region, day, what
    ON CONFLICT (what, day, region) DO UPDATE SET n = d.n + EXCLUDED.n, amount = d.amount + EXCLUDED.amount`

// recountSQL is how the migration counts what was before it.
func recountSQL(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile("../migrations/20261129093000_days.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(file), "INSERT INTO day_totals")
	count, _, found := strings.Cut(rest, "-- +goose Down")
	if !found {
		t.Fatal("the migration counts nothing")
	}
	return "DELETE FROM day_increments; DELETE FROM day_totals; INSERT INTO day_totals" + count
}

// Many increments become few, and say the same.
func TestFoldDays_changesNothingThatIsRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.openMany(t, 3)
	const manySQL = `INSERT INTO day_increments (region, day, what, n, amount) SELECT '75', date '2026-09-01' + i % 5, 'lifted', 1, 0 FROM generate_series(1, 2000) i`
	if _, err := b.pool.Exec(t.Context(), manySQL); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		got, err := engine.Days(t.Context(), b.pool, date("2026-09-01"), date("2026-12-01"), engine.DayCounts...)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got)
	}
	before := read()
	for range 2 { // the second one finds little and leaves it
		if err := b.store.FoldDays(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.apply(t, open(firstID+9, 20155))
	if n := b.count(t, `SELECT count(*) FROM day_increments`); n == 0 || n > 10 {
		t.Errorf("%d increments are left", n)
	}
	if _, err := b.pool.Exec(t.Context(), `DELETE FROM day_increments`); err != nil {
		t.Fatal(err)
	}
	if after := read(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// A count that is wrong is found.
func TestCheck_findsAWrongCountOfADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.openMany(t, 2)
	for _, sql := range []string{
		`UPDATE day_increments SET n = n + 1 WHERE what = 'opened'`, `UPDATE day_increments SET n = 2, day = day + 1 WHERE what = 'due_handover'`,
		`INSERT INTO day_totals VALUES ('collected', '2026-09-01', '75', 0, 1)`,
	} {
		if _, err := b.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	bad, err := engine.Check(t.Context(), b.pool)
	if err != nil || len(bad) != 4 {
		t.Errorf("found %v, %v", bad, err)
	}
}
