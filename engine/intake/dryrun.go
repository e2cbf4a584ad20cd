package intake

import (
	"context"
	"fmt"
)

// dryRun decides every row as an import would and writes nothing. What an import finds in the database later, documents
// and persons of earlier chunks, is kept in memory here: about 150 bytes a row that would be accepted.
func (im *Importer) dryRun(ctx context.Context, c *content, o Options) (Report, error) {
	same, err := im.receivedBefore(ctx, c.look.source, c.sum[:])
	if err != nil {
		return Report{}, err
	}
	again, err := c.again()
	if err != nil {
		return Report{}, err
	}
	rows, err := Open(again, true)
	if err != nil {
		return Report{}, err
	}
	var (
		t          tally
		problems   []RowError
		duplicates []RowError
		k          = newKnown(c.suspects)
	)
	err = pipeline(ctx, rows, chunking{size: o.ChunkSize, source: c.given, keys: im.keys}, func(ctx context.Context, items []item) error {
		if err := im.preview(ctx, items, k, same != 0); err != nil {
			return err
		}
		for i := range items {
			it := &items[i]
			t.add(it.verdict)
			e := RowError{it.row.No, it.code, it.field, Message(it.code, o.Language)}
			switch {
			case it.verdict == Duplicate && len(duplicates) < o.MaxErrors:
				duplicates = append(duplicates, e)
			case it.verdict != Accepted && it.verdict != Duplicate && len(problems) < o.MaxErrors:
				problems = append(problems, e)
			}
		}
		o.Progress(t.rows)
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	rep := t.report()
	rep.SameAs = same
	rep.Errors = append(rep.Errors, problems...)
	rep.Errors = append(rep.Errors, duplicates[:min(len(duplicates), o.MaxErrors-len(problems))]...)
	sortErrors(rep.Errors)
	return rep, again.same()
}

// preview gives the rows of a chunk their verdicts.
func (im *Importer) preview(ctx context.Context, items []item, k *known, same bool) error {
	pending := make([]*item, 0, len(items))
	for i := range items {
		it := &items[i]
		switch it.clear(); {
		case same:
			it.settle(Problem{Code: CodeDuplicate})
		case it.problem.Code != "":
			it.settle(it.problem)
		default:
			it.caseID = int64(i + 1)
			pending = append(pending, it)
		}
	}
	for len(pending) > 0 {
		opens, corrections, rest := round(pending)
		if err := im.previewOpens(ctx, opens, k); err != nil {
			return err
		}
		if err := im.previewCorrections(ctx, corrections, k); err != nil {
			return err
		}
		pending = rest
	}
	return nil
}

func (im *Importer) previewOpens(ctx context.Context, pending []*item, k *known) error {
	pending, err := lookUp(ctx, im.store.Pool(), pending, k)
	if err != nil || len(pending) == 0 {
		return err
	}
	pl, err := im.store.Preview(ctx, open(pending, k))
	if err != nil {
		return err
	}
	walk(pending, pl.Outcomes, k)
	return nil
}

func (im *Importer) receivedBefore(ctx context.Context, source string, sum []byte) (int64, error) {
	var id int64
	err := im.store.Pool().QueryRow(ctx, receivedBeforeSQL, sum, source).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("intake: received before: %w", err)
	}
	return id, nil
}
