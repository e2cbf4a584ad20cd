package orders_test

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// copyDB makes a copy of the database as it is now, as a backup would be, and gives its address.
func (k *comparing) copyDB(t *testing.T) string {
	t.Helper()
	address, err := url.Parse(testkit.URL(t, k.pool))
	if err != nil {
		t.Fatal(err)
	}
	name := k.pool.Config().ConnConfig.Database
	k.pool.Reset()
	server := *address
	server.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), server.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(context.Background(), `DROP DATABASE IF EXISTS `+name+`_copy WITH (FORCE)`); err != nil {
			t.Error(err)
		}
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := conn.Exec(t.Context(), `CREATE DATABASE `+name+`_copy TEMPLATE `+name); err != nil {
		t.Fatal(err)
	}
	address.Path += "_copy"
	return address.String()
}

// restore goes on with another database, as if it had been put in the place of the one before. The banks stay as they are.
func (k *comparing) restore(t *testing.T, address string) {
	t.Helper()
	pool, err := pg.Open(t.Context(), address, pg.WithName("restored"), pg.WithMaxConns(8))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	packs, err := engine.RegisterPack(t.Context(), pool, pack.Default())
	if err != nil {
		t.Fatal(err)
	}
	k.pool = pool
	k.store = engine.NewStore(engine.Config{Pool: pool, Clock: k.clock, Packs: packs})
	k.sender.Store = k.store
}

// arrests counts the arrests that a bank ever got for a case.
func (b *bank) arrests(caseID int64) (n int) {
	for _, o := range b.orders {
		if o.in.CaseID == caseID && o.in.Purpose == engine.Arrest {
			n++
		}
	}
	return n
}

// The database of this morning is put back in the evening. The banks have arrested, reduced and lifted meanwhile. Nothing is
// taken until they were compared and two people have looked; what they hold is ours again or is lifted; nobody is arrested twice.
func TestRestore_banksAreAhead(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	var ids []int64
	legs := map[int64]int{} // of the arrest of each case: every other one needs the accounts of two banks
	for i := range 12 {
		who, one := k.debtor(t, 1)
		if legs[one[0]] = 1 + i%2; i%2 == 0 {
			k.banks["altyn"].open(who, "KZA"+who, orders.KindCurrent, 70_000_00)
			k.banks["dala"].open(who, "KZD"+who, orders.KindCurrent, 60_000_00)
		} else {
			k.rich(who)
		}
		ids = append(ids, one...)
	}
	mark := restored.NewMark(filepath.Join(t.TempDir(), "mark.json"))
	beat := func() *restored.Restore {
		now, _ := k.clock.Now(t.Context())
		r, err := mark.Beat(t.Context(), k.pool, now)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	untouched, requested, paid, part, unread, cancelled := ids[:2], ids[2:4], ids[4:6], ids[6:8], ids[8:10], ids[10:]
	k.clock.Set(morning.AddDate(0, 0, 10))
	if r := beat(); r != nil {
		t.Fatalf("a database that was never restored: %+v", r)
	}
	for _, id := range requested {
		k.apply(t, id, engine.Tick{}) // asked for, and not sent when the copy is made
	}
	backup := k.copyDB(t)

	pay := func(ids []int64, sum int64) {
		for _, id := range ids {
			k.apply(t, id, engine.Pay{PaymentID: id, Amount: tenge(sum), ValueDate: calendar.DateOf(morning)})
		}
	}
	holds := func(ids []int64, sum int64) {
		t.Helper()
		for _, id := range ids {
			if k.held(id) != sum*100 {
				t.Fatalf("case %d: %d held, want %d tenge", id, k.held(id), sum)
			}
		}
	}
	k.work(t)
	holds(ids, 50_000)
	pay(paid, 50_000)
	pay(unread, 50_000)
	pay(part, 20_000)
	for _, id := range cancelled {
		k.apply(t, id, engine.Cancel{Ground: "court", Act: "1"})
	}
	beat()
	k.work(t)
	holds(part, 30_000)
	holds(slices.Concat(paid, unread, cancelled), 0)

	k.restore(t, backup)
	k.clock.Advance(9 * time.Hour)
	r := beat()
	if r == nil || r.NoticedBy != restored.ByMark {
		t.Fatalf("an older copy was not noticed: %+v", r)
	}
	if again := beat(); again != nil {
		t.Fatalf("noticed twice: %+v", again)
	}
	k.exec(t, `INSERT INTO case_serials (year, next) VALUES (26, 100)`)
	k.work(t) // everything is due, and nothing is taken
	if n := k.count(t, `SELECT count(*) FROM orders WHERE status IN ('requested', 'unknown') AND purpose = 'arrest'`); n != 0 {
		t.Errorf("%d arrests on their way while on hold", n)
	}
	now, _ := k.clock.Now(t.Context())
	if _, err := restored.Release(t.Context(), k.pool, names, "aigerim", "looked", now); codeOf(err) != restored.CodeNotCompare {
		t.Fatalf("released before the banks were compared: %v", err)
	}
	k.all(t, r.Duty())
	for _, id := range slices.Concat(untouched, requested, part) {
		c := k.load(t, id)
		a := c.LiveArrest()
		if a == nil || a.Ordinal != 1 || a.Status != engine.Active || a.Held.Tiyn() != k.held(id) {
			t.Errorf("case %d: %+v beside %d at the banks", id, a, k.held(id))
		}
	}
	for _, id := range slices.Concat(paid, unread, cancelled) { // over in the past that is lost
		if c := k.load(t, id); c.Hold != restored.Reason {
			t.Errorf("case %d may be arrested again: %+v", id, c.Orders)
		}
	}
	// The payments are read in again; what is paid is lifted although coercion is off.
	pay(paid, 50_000)
	pay(part, 20_000)
	k.work(t)
	for _, id := range paid {
		if c := k.load(t, id); c.State != engine.Paid || c.ReleasedAt.IsZero() {
			t.Errorf("case %d is %s: a payment was lost", id, c.State)
		}
	}
	for _, act := range []struct{ who, code string }{
		{"aigerim", ""}, {"Aigerim ", restored.CodeSamePerson}, {"", restored.CodeNoActor}, {"marat", ""}, {"marat", restored.CodeNoRestore},
	} {
		if _, err := restored.Release(t.Context(), k.pool, names, act.who, "statements read in again", now); codeOf(err) != act.code {
			t.Errorf("%q: %v, want %q", act.who, err, act.code)
		}
		if on := k.count(t, `SELECT count(*) FROM restores WHERE released_at IS NULL`) == 0; on != (act.who == "marat") {
			t.Errorf("after %q coercion is on: %t", act.who, on)
		}
	}
	if _, err := k.pool.Exec(t.Context(), `UPDATE restores SET released_at = NULL`); err == nil {
		t.Error("a release was undone by hand")
	}
	for range 3 {
		k.clock.Advance(20 * time.Minute)
		k.work(t)
	}
	for _, id := range ids {
		sum, most := 0, 0
		for _, b := range k.banks {
			n := b.arrests(id)
			sum, most = sum+n, max(most, n)
		}
		if most > 1 || sum != legs[id] {
			t.Errorf("case %d has %d arrests at banks, %d at one of them", id, sum, most)
		}
		c := k.load(t, id)
		if a := c.LiveArrest(); k.held(id) > 0 && (a == nil || a.Held.Tiyn() != k.held(id) || k.held(id) > c.Outstanding.Tiyn()) {
			t.Errorf("case %d: %d is held, we have %+v with %s outstanding", id, k.held(id), a, c.Outstanding)
		}
	}
	k.sound(t)
}

func codeOf(err error) string {
	if wrong, ok := errors.AsType[*restored.ActError](err); ok {
		return wrong.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Without the mark the compare notices: a bank knows an arrest that this database has still to order. What it cannot prove here is
// lifted, and what belongs to a case that is not here is for a person.
func TestRestore_isNoticedByTheCompare(t *testing.T) {
	t.Parallel()
	k := setupCompare(t)
	ids := k.arrested(t, 2)
	b, stranger := k.ledgers["altyn"], int64(260_000_900)
	who, early := k.debtor(t, 1) // not told yet, by what is known here
	b.open(who, "KZ"+who, orders.KindCurrent, 900_000_00)
	held := orders.Instruction{
		ID: k.leg(early[0], 1), CaseID: early[0], Purpose: engine.Arrest, IIN: who, Amount: tenge(50_000),
		Parts: []orders.Part{{Account: "KZ" + who, Amount: tenge(50_000)}},
	}
	if _, err := b.Submit(t.Context(), []orders.Instruction{held}); err != nil {
		t.Fatal(err)
	}
	odd := k.leg(stranger, 1)
	b.extra[odd] = orders.Hold{ID: odd, CaseID: stranger, Amount: tenge(5), Since: morning}
	k.exec(t, `INSERT INTO case_serials (year, next) VALUES (26, 100)`)
	k.all(t, orders.DutyDaily)
	if n := k.count(t, `SELECT count(*) FROM restores WHERE released_at IS NULL AND noticed_by = 'compare'`); n != 1 {
		t.Error("coercion goes on")
	}
	if n := k.count(t, `SELECT next FROM case_serials`); n != 500_100 {
		t.Errorf("the next case would get number %d, which the lost past may have given away", n)
	}
	if got := k.finding(t, early[0]); got != "adopted  adopted -" {
		t.Error(got)
	}
	if got := k.finding(t, stranger); got != "orphan lift  -" {
		t.Error(got)
	}
	k.work(t)
	if k.held(early[0]) != 0 || k.load(t, early[0]).State != engine.Opened || k.held(ids[0]) != 50_000_00 {
		t.Errorf("without a proven notice: %d held; with one: %d", k.held(early[0]), k.held(ids[0]))
	}
	k.sound(t)
}
