package notify

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"robotbailiff/internal/testkit"
)

// sentInParts takes a new notice of a case out under numbers of the gateway.
func sentInParts(tb fataler, w *world, db *pgxpool.Pool, id int64, numbers ...string) {
	tb.Helper()
	ctx := context.Background()
	inTx(tb, db, func(tx pgx.Tx) error {
		pending, err := w.Store.Begin(ctx, tx, []int64{id}, noon)
		if err != nil || len(pending) != 1 {
			return fmt.Errorf("%d pending: %w", len(pending), err)
		}
		last := numbers[len(numbers)-1]
		return w.Store.Finish(ctx, tx, []Outcome{{Sent: Sent{Ref: pending[0].Message.Ref, Status: Accepted, ProviderRef: last, Parts: numbers}, Attempt: 1}}, noon)
	})
}

// Receipts of parts come in any order, again and again: the notice is delivered when the last of its parts is, once, at the time
// of the latest, and its numbers are forgotten then.
func TestReceive_allPartsInAnyOrder(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase
	rapid.Check(t, func(rt *rapid.T) {
		id++
		n := rapid.IntRange(1, 4).Draw(rt, "parts")
		create(t, w.Store, db, on(opening(id, 1, noon), SMS))
		numbers := make([]string, n)
		for i := range numbers {
			numbers[i] = fmt.Sprintf("%d/%d", id, i)
		}
		sentInParts(t, w, db, id, numbers...)
		var words []Receipt
		for i, number := range numbers {
			for range rapid.IntRange(1, 2).Draw(rt, "times") {
				words = append(words, Receipt{ProviderRef: number, Status: StatusDelivered, At: noon.Add(time.Duration(i+1) * time.Minute)})
			}
			words = append(words, Receipt{ProviderRef: number, Status: StatusUnknown})
		}
		seen, news := map[string]bool{}, 0
		for _, r := range rapid.Permutation(words).Draw(rt, "order") {
			whole := len(seen) == n
			if r.Status == StatusDelivered {
				seen[r.ProviderRef] = true
			}
			delivered, strays := receiveAll(t, w.Store, db, noon.Add(time.Hour), r)
			if news += len(delivered); news != map[bool]int{true: 1}[len(seen) == n] {
				rt.Fatalf("after %d of %d parts delivered %d times", len(seen), n, news)
			}
			if len(delivered) > 0 && !delivered[0].At.Equal(noon.Add(time.Duration(n)*time.Minute)) {
				rt.Fatalf("delivered at %s", delivered[0].At)
			}
			if (len(strays) > 0) != (whole && r.Status == StatusDelivered) { // its numbers are forgotten
				rt.Fatalf("%d strays, whole before: %v", len(strays), whole)
			}
		}
		var left int
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM notice_parts WHERE case_id = $1`, id).Scan(&left); err != nil || left > 0 {
			rt.Fatalf("%d numbers are left (%v)", left, err)
		}
	})
	checkGreen(t, w.Store, db)
}

func TestReceive_onePartFails(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	create(t, w.Store, db, on(opening(firstCase, 1, noon), SMS))
	sentInParts(t, w, db, firstCase, "a", "", "c") // the answer about the second was lost
	say := func(r Receipt) (delivered []Delivered) {
		r.At = noon.Add(time.Minute)
		delivered, _ = receiveAll(t, w.Store, db, noon.Add(time.Hour), r)
		return delivered
	}
	state := func() (s Status, detail string) {
		t.Helper()
		if err := db.QueryRow(t.Context(), `SELECT status, detail FROM notices WHERE case_id = $1`, firstCase).Scan(&s, &detail); err != nil {
			t.Fatal(err)
		}
		return s, detail
	}
	if d := append(say(Receipt{ProviderRef: "a", Status: StatusDelivered}), say(Receipt{ProviderRef: "c", Status: StatusDelivered})...); len(d) > 0 {
		t.Fatalf("delivered with a part that nobody knows of: %+v", d)
	}
	if s, _ := state(); s != StatusSent {
		t.Fatalf("%s", s)
	}
	say(Receipt{ProviderRef: "c", Status: StatusFailed, Detail: "UNDELIV 034"}) // after its delivery: late and wrong
	if s, _ := state(); s != StatusSent {
		t.Fatalf("a delivered part failed: %s", s)
	}

	second := firstCase + 1
	create(t, w.Store, db, on(opening(second, 1, noon), SMS))
	sentInParts(t, w, db, second, "x", "y")
	say(Receipt{ProviderRef: "x", Status: StatusFailed, Detail: "EXPIRED"})
	var s Status
	var detail string
	if err := db.QueryRow(t.Context(), `SELECT status, detail FROM notices WHERE case_id = $1`, second).Scan(&s, &detail); err != nil || s != StatusFailed || detail != "EXPIRED" {
		t.Fatalf("%s %q %v", s, detail, err)
	}
}

// A gateway that gives one number to two messages must not prove one by the other.
func TestReceive_aNumberGivenTwiceIsNotBelieved(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	for i, id := range []int64{firstCase, firstCase + 1} {
		create(t, w.Store, db, on(opening(id, 1, noon), SMS))
		sentInParts(t, w, db, id, "same", fmt.Sprint("own", i))
	}
	delivered, strays := receiveAll(t, w.Store, db, noon.Add(time.Hour),
		Receipt{ProviderRef: "same", Status: StatusDelivered}, Receipt{ProviderRef: "own0", Status: StatusDelivered}, Receipt{ProviderRef: "own1", Status: StatusDelivered})
	if len(delivered) > 0 || len(strays) > 0 {
		t.Errorf("%+v %+v", delivered, strays)
	}
}

// A centre may say that a message is delivered before our commit of what it was sent.
func TestReceive_earlierThanTheNumber(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	create(t, w.Store, db, on(opening(firstCase, 1, noon), SMS))
	early := func() (delivered []Delivered) {
		inTx(t, db, func(tx pgx.Tx) error {
			receipts, err := w.Store.Early(t.Context(), tx)
			if err != nil {
				return err
			}
			delivered, _, err = w.Store.Receive(t.Context(), tx, receipts, noon.Add(time.Hour))
			return err
		})
		return delivered
	}
	for range 2 {
		at := Receipt{ProviderRef: "b", Status: StatusDelivered, At: noon.Add(time.Minute)}
		if _, strays := receiveAll(t, w.Store, db, noon.Add(time.Hour), at, Receipt{ProviderRef: "b", Status: StatusFailed}); len(strays) != 1 || len(early()) > 0 {
			t.Fatalf("%+v", strays)
		}
	}
	sentInParts(t, w, db, firstCase, "a", "b")
	if d := early(); len(d) > 0 {
		t.Fatalf("half of it is delivered: %+v", d)
	}
	delivered, _ := receiveAll(t, w.Store, db, noon.Add(time.Hour), Receipt{ProviderRef: "a", Status: StatusDelivered, At: noon})
	if len(delivered) != 1 || !delivered[0].At.Equal(noon.Add(time.Minute)) || len(early()) > 0 {
		t.Fatalf("%+v", delivered)
	}
	// what belongs to nothing proves nothing later, and goes
	receiveAll(t, w.Store, db, noon, Receipt{ProviderRef: "nobody's", Status: StatusFailed})
	for want, age := range []string{"9 minutes", "11 minutes"} {
		if _, err := db.Exec(t.Context(), `UPDATE early_receipts SET heard_at = now() - $1::interval`, age); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Store.Forget(t.Context(), db); n != want || err != nil {
			t.Fatalf("after %s %d went: %v", age, n, err)
		}
	}
}

// All parts in one batch, as the driver hands them on, and two batches at the same time.
func TestReceive_partsTogether(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	for i, id := range []int64{firstCase, firstCase + 1} {
		create(t, w.Store, db, on(opening(id, 1, noon), SMS))
		sentInParts(t, w, db, id, fmt.Sprint("a", i), fmt.Sprint("b", i))
	}
	said := func(ref string) Receipt { return Receipt{ProviderRef: ref, Status: StatusDelivered, At: noon} }
	if d, _ := receiveAll(t, w.Store, db, noon.Add(time.Hour), said("b0"), said("a0")); len(d) != 1 {
		t.Errorf("together: %+v", d)
	}
	second := make(chan []Delivered, 1)
	inTx(t, db, func(tx pgx.Tx) error {
		d, _, err := w.Store.Receive(t.Context(), tx, []Receipt{said("a1")}, noon.Add(time.Hour))
		if err != nil || len(d) > 0 {
			return fmt.Errorf("%+v: %w", d, err)
		}
		go func() {
			d, _ := receiveAll(t, w.Store, db, noon.Add(time.Hour), said("b1"))
			second <- d
		}()
		for waiting := false; !waiting; { // until the other one stands behind us
			if err := db.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting); err != nil {
				return err
			}
		}
		return nil
	})
	if d := <-second; len(d) != 1 {
		t.Errorf("at the same time: %+v", d)
	}
}
