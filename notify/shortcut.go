package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// What nearly always happens, a gateway takes a message and later proves its delivery, is written by one statement that
// checks and changes the rows in the database. It does what settle and receive say of these rows and nothing else; every row
// that is not in the expected state, or that somebody else changes at this moment, is left to them.

// saidSQL gives what is said of each notice, and the notice itself if it is in the given state. Nothing is locked beforehand:
// the update looks again at a row that somebody else has changed meanwhile, and passes it by if its state is another now.
const saidSQL = `
FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS k (case_id, ordinal, channel, ref, said, at)
WHERE n.case_id = k.case_id AND n.ordinal = k.ordinal AND n.channel = k.channel AND n.attempts > 0 AND n.status = $7
RETURNING n.case_id, n.ordinal, n.channel, n.kind, n.delivered_at`

// acceptSQL is the part of accepted for messages under way.
const acceptSQL = `UPDATE notices n
SET status = 'sent', detail = k.said, provider_ref = CASE WHEN n.provider_ref = '' THEN k.ref ELSE n.provider_ref END` + saidSQL

// deliverSQL is the part of receive for a proof of delivery of a message that the gateway took. at is not in the future.
const deliverSQL = `UPDATE notices n
SET status = 'delivered', detail = k.said, provider_ref = CASE WHEN n.provider_ref = '' THEN k.ref ELSE n.provider_ref END,
    delivered_at = greatest(CASE WHEN k.at < n.sent_at AND n.attempts < 2 THEN n.sent_at ELSE k.at END, n.created_at)` + saidSQL

// word is what somebody says of one notice.
type word struct {
	key
	ref, detail string
	at          time.Time
}

// shortcut runs one of the two statements and gives the notices that it changed, in order.
func shortcut(ctx context.Context, tx pgx.Tx, sql string, from Status, words []word) ([]Delivered, error) {
	if len(words) == 0 {
		return nil, nil
	}
	n := len(words)
	ids, ordinals, channels := make([]int64, n), make([]int, n), make([]string, n)
	refs, details, at := make([]string, n), make([]string, n), make([]time.Time, n)
	for i, w := range words {
		ids[i], ordinals[i], channels[i] = w.CaseID, w.Ordinal, string(w.Channel)
		refs[i], details[i], at[i] = cleanRef(w.ref), cleanDetail(w.detail), w.at
	}
	rows, err := tx.Query(ctx, sql, ids, ordinals, channels, refs, details, at, string(from))
	if err != nil {
		return nil, fmt.Errorf("notify: writing %d notices: %w", n, err)
	}
	done := make([]Delivered, 0, n)
	var d Delivered
	var when *time.Time
	_, err = pgx.ForEachRow(rows, []any{&d.CaseID, &d.Ordinal, &d.Channel, &d.Kind, &when}, func() error {
		if when != nil {
			d.At = when.UTC()
		}
		done = append(done, d)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: writing %d notices: %w", n, err)
	}
	slices.SortFunc(done, func(a, b Delivered) int { return a.key().compare(b.key()) })
	return done, nil
}

func (d Delivered) key() key { return key{d.CaseID, d.Ordinal, d.Channel} }
