package sandbox_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/sandbox"
	"robotbailiff/rules/calendar"
)

func entryOf(t failer, n int) orders.Entry {
	return orders.Entry{
		ID: engine.OrderID(caseID(n), engine.Register, 1), CaseID: caseID(n), Purpose: engine.Register, IIN: person(t, n), Name: "А", Duty: "tax_order",
		IssuedOn: calendar.MakeDate(2026, 2, 1), Executor: orders.Executor{Region: "75"},
	}
}

func out(n, ordinal int) orders.Entry {
	return orders.Entry{ID: engine.OrderID(caseID(n), engine.Deregister, ordinal), CaseID: caseID(n), Purpose: engine.Deregister, Of: engine.OrderID(caseID(n), engine.Register, 1)}
}

// The register does an order once, refuses a removal at first when it is stubborn, and its list is what stands; books in memory and in
// the database behave alike.
func TestRegister_doesOnceAndLists(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	faults := sandbox.NoFaults()
	faults.Stubborn = 10_000
	var lives []string
	for _, books := range []sandbox.Books{sandbox.NewMemoryBooks(), sandbox.NewPGBooks(install(t))} {
		w := newWorld(t, 5, books, faults)
		r := w.Register()
		var answers []engine.Answer
		for _, e := range []orders.Entry{entryOf(t, 1), entryOf(t, 1), entryOf(t, 2), out(1, 1), out(1, 1), out(1, 1), out(1, 2)} {
			got, err := r.Submit(ctx, []orders.Entry{e})
			if err != nil || len(got) != 1 {
				t.Fatalf("%v, %v", got, err)
			}
			answers = append(answers, got[0].Answer)
		}
		want := []engine.Answer{engine.Accepted, engine.Accepted, engine.Accepted, engine.Refused, engine.Accepted, engine.Accepted, engine.AlreadyDone}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Error(diff)
		}
		listed, next, err := r.List(ctx, "", 10)
		if err != nil || next != "" || len(listed) != 1 || listed[0].CaseID != caseID(2) {
			t.Fatalf("%v, %q, %v", listed, next, err)
		}
		lives = append(lives, listed[0].ID.String()+listed[0].Since.Format(time.RFC3339Nano))
		if entered, removed, err := w.Published(ctx); err != nil || entered != 2 || removed != 1 {
			t.Errorf("%d, %d, %v", entered, removed, err)
		}
		second := entryOf(t, 2)
		second.ID = uuid.New()
		if _, err := r.Submit(ctx, []orders.Entry{second}); err != nil {
			t.Fatal(err)
		}
		wrongs, err := w.Wrongs(ctx)
		if err != nil || !slices.ContainsFunc(wrongs, func(v sandbox.Wrong) bool { return v.Invariant == "INV-R1" && v.CaseID == caseID(2) }) {
			t.Errorf("a second entry was not seen: %v, %v", wrongs, err)
		}
	}
	if lives[0] != lives[1] {
		t.Errorf("memory %s, database %s", lives[0], lives[1])
	}
}

// The compare of both books finds an entry of which we know nothing, one that outlived its case, and one that the register has not.
func TestCompare_findsWrongEntries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := install(t)
	w := newWorld(t, 5, sandbox.NewPGBooks(pool), sandbox.NoFaults())
	plant(ctx, t, pool, `INSERT INTO rule_packs (hash, files) VALUES (repeat('a', 64), '{}')`)
	plant(ctx, t, pool, plantCaseSQL, caseID(1), "notified", 2_000_000, nil)
	if _, err := w.Register().Submit(ctx, []orders.Entry{entryOf(t, 1)}); err != nil {
		t.Fatal(err)
	}
	found := func(want string) {
		t.Helper()
		got, err := w.Compare(ctx, pool)
		if err != nil || (len(got) == 0) != (want == "") || want != "" && !slices.ContainsFunc(got, func(v sandbox.Violation) bool { return v.ID == want }) {
			t.Errorf("want %q: %v, %v", want, got, err)
		}
	}
	found("INV-A6")
	id := engine.OrderID(caseID(1), engine.Register, 1)
	plant(ctx, t, pool, `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at) VALUES ($1, 'register', 1, $2, 'active', 0, now())`, caseID(1), id)
	found("")
	plant(ctx, t, pool, `UPDATE orders SET status = 'lifted' WHERE id = $1`, id)
	found("INV-R3")
	plant(ctx, t, pool, `UPDATE orders SET status = 'active' WHERE id = $1`, id)
	plant(ctx, t, pool, `UPDATE sandbox.entries SET stands = false WHERE id = $1`, id)
	found("INV-R3")
	plant(ctx, t, pool, `UPDATE sandbox.entries SET stands = true WHERE id = $1`, id)
	plant(ctx, t, pool, `UPDATE cases SET state = 'paid', outstanding = 0, paid = debt, ended_at = now(), released_at = now() WHERE id = $1`, caseID(1))
	found("INV-R3")
}
