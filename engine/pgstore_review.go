package engine

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/review"
)

// Reviewed are the kinds of events of which some are laid before a person: the decisions that take something from a debtor, or hand him over.
var Reviewed = []EventKind{EvArrestOrdered, EvCollectOrdered, EvHandedOver}

// writeReviews keeps which of the decisions are drawn for a person to look at.
func (w *writer) writeReviews(ctx context.Context, tx pgx.Tx) error {
	var (
		ids            []int64
		seqs           []int32
		kinds, regions []string
		at             []time.Time
	)
	w.pl.each(func(p *planned) {
		for i := range p.events {
			if e := &p.events[i]; slices.Contains(Reviewed, e.Kind) && review.Drawn(e.hash) {
				ids, seqs, kinds, at = append(ids, p.after.ID), append(seqs, int32(e.Seq)), append(kinds, string(e.Kind)), append(at, e.At)
				regions = append(regions, p.after.Region)
			}
		}
	})
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO reviews (case_id, seq, kind, one_in, drawn_at, region)
SELECT u.id, u.seq, u.kind, $5, u.at, u.region FROM unnest($1::bigint[], $2::int[], $3::text[], $4::timestamptz[], $6::text[]) AS u(id, seq, kind, at, region)`, ids, seqs, kinds, at, review.OneIn, regions)
	return err
}
