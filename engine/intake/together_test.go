package intake

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestImport_twoUploadersOfOneFile(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	rows, _ := badRows()
	file := table(append(rows, goodRows(400)[20:]...), ",")
	reports := together(t, 3, func(i int) (Report, error) {
		return im.Import(context.Background(), "court-7101", "a.csv", bytes.NewReader(file), Options{ChunkSize: 30 + 17*i})
	})
	batches := map[int64]bool{}
	accepted := 0
	for _, rep := range reports {
		if !batches[rep.BatchID] {
			accepted += rep.Accepted
		}
		batches[rep.BatchID] = true
		if rep.Rows != 398 || rep.SameAs != 0 && rep.Duplicate != 398 {
			t.Errorf("%v", counts(rep))
		}
	}
	if n := one[int](t, pool, `SELECT count(*) FROM cases`); n != 381 || accepted != 381 {
		t.Errorf("%d cases, %d accepted, want 381", n, accepted)
	}
	noViolations(t, pool)
}

func TestImport_twoUploadersOfTheSameRows(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	rows := goodRows(400)
	for i := range rows { // forty debtors with ten writs each, so that uploaders meet at debtors as well
		rows[i]["debtor_iin"], rows[i]["debtor_name"] = rows[i/10*10]["debtor_iin"], rows[i/10*10]["debtor_name"]
	}
	reports := together(t, 3, func(i int) (Report, error) {
		return im.Import(context.Background(), "court-7101", "a.csv", bytes.NewReader(table(shuffled(rows, uint64(i)), ",")), Options{ChunkSize: 40})
	})
	accepted := 0
	for _, rep := range reports {
		accepted += rep.Accepted
		if rep.Rows != 400 || rep.Accepted+rep.Duplicate != 400 {
			t.Errorf("%v %+v", counts(rep), rep.Errors)
		}
	}
	if n := one[int](t, pool, `SELECT count(*) FROM cases`); n != 400 || accepted != 400 {
		t.Errorf("%d cases, %d accepted", n, accepted)
	}
	if n := one[int](t, pool, `SELECT count(*) FROM debtors`); n != 40 {
		t.Errorf("%d debtors", n)
	}
	noViolations(t, pool)
}

func together(t *testing.T, n int, f func(i int) (Report, error)) []Report {
	t.Helper()
	reports, errs := make([]Report, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { reports[i], errs[i] = f(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return reports
}

func TestImport_cutShortGoesOn(t *testing.T) {
	t.Parallel()
	rows, _ := badRows()
	file := table(append(rows, goodRows(120)[20:]...), ",")
	im, _ := newImporter(t)
	want := mustImport(t, im, file, Options{ChunkSize: 10})
	im, pool := newImporter(t)
	var id int64
	for cut := range 4 {
		ctx, cancel := context.WithCancel(context.Background())
		begun := 0
		rep, err := im.Import(ctx, "court-7101", "a.csv", bytes.NewReader(file), Options{ChunkSize: 7 + cut, Progress: func(int) {
			if begun++; begun > cut {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cut %d: %v", cut, err)
		}
		if id != 0 && id != rep.BatchID {
			t.Fatalf("the import went on in batch %d, not %d", rep.BatchID, id)
		}
		id = rep.BatchID
		noViolations(t, pool)
	}
	got := mustImport(t, im, file, Options{ChunkSize: 25})
	if !got.Resumed || got.BatchID != id {
		t.Errorf("not resumed: %+v", got)
	}
	got.Resumed, got.BatchID = false, want.BatchID
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("in one go and in pieces (-one +pieces):\n%s", d)
	}
	noViolations(t, pool)
}
