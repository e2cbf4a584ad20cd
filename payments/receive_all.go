package payments

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/payments/ledger"
)

const receiveAllSQL = `WITH e AS (INSERT INTO payment_events (source, event_id, content, body, received_at)
SELECT w.source, w.event_id, w.content, w.body, $5
  FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) AS w (source, event_id, content, body)
    ON CONFLICT (source, event_id) DO NOTHING
RETURNING id, source, event_id, body),
p AS (INSERT INTO payment_pending (event_id, brings) SELECT id, ` + brings + ` FROM e)
SELECT source, event_id FROM e`

const knownContentsSQL = `SELECT e.source, e.event_id, e.content FROM unnest($1::text[], $2::text[]) AS w (source, event_id)
 CROSS JOIN LATERAL (SELECT source, event_id, content FROM payment_events
                      WHERE payment_events.source = w.source AND payment_events.event_id = w.event_id OFFSET 0) AS e`

// ReceiveAll is Receive for messages that came together, such as those that a gateway sends again after an outage. The
// answers are in the order of the messages. A message without usable source, id or size, or a known one with another
// content, refuses the batch: the caller rolls back and takes them one by one.
func (s *Store) ReceiveAll(ctx context.Context, tx pgx.Tx, events []Event, now time.Time) ([]Received, error) {
	if err := checkBatch(len(events)); err != nil || len(events) == 0 {
		return nil, err
	}
	contents := make([][sha256.Size]byte, len(events))
	first := make(map[identity]int, len(events)) // of each id, its first message here
	order := make([]int, 0, len(events))
	for i, ev := range events {
		if !ledger.ValidSource(ev.Source) || !ValidID(ev.EventID) || len(ev.Body) > maxBody {
			return nil, ErrEvent
		}
		contents[i] = sha256.Sum256(ev.Body)
		key := identity{ev.Source, ev.EventID}
		if was, again := first[key]; !again {
			first[key] = i
			order = append(order, i)
		} else if contents[was] != contents[i] {
			return nil, &ConflictError{Source: ev.Source, EventID: ev.EventID}
		}
	}
	// Two batches with common messages wait for each other instead of dead-locking.
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(events[a].Source, events[b].Source), cmp.Compare(events[a].EventID, events[b].EventID))
	})
	fresh, err := insertEvents(ctx, tx, events, contents, order, now)
	if err != nil {
		return nil, fmt.Errorf("payments: receive: %w", err)
	}
	if err := sameContents(ctx, tx, events, contents, order, fresh); err != nil {
		return nil, err
	}
	out := make([]Received, len(events))
	for i, ev := range events {
		key := identity{ev.Source, ev.EventID}
		out[i] = Replay
		if fresh[key] && first[key] == i {
			out[i] = Fresh
		}
	}
	return out, nil
}

func insertEvents(ctx context.Context, tx pgx.Tx, events []Event, contents [][sha256.Size]byte, order []int, now time.Time) (map[identity]bool, error) {
	n := len(order)
	sources, ids := make([]string, n), make([]string, n)
	sums, bodies := make([][]byte, n), make([][]byte, n)
	for k, i := range order {
		sources[k], ids[k], sums[k], bodies[k] = events[i].Source, events[i].EventID, contents[i][:], events[i].Body
		if bodies[k] == nil {
			bodies[k] = []byte{} // NULL is not an empty message
		}
	}
	rows, err := tx.Query(ctx, receiveAllSQL, whole, sources, ids, sums, bodies, now)
	if err != nil {
		return nil, err
	}
	fresh := make(map[identity]bool, n)
	var key identity
	_, err = pgx.ForEachRow(rows, []any{&key.source, &key.txn}, func() error { fresh[key] = true; return nil })
	return fresh, err
}

// sameContents compares the messages that were known before with what is kept of them.
func sameContents(ctx context.Context, tx pgx.Tx, events []Event, contents [][sha256.Size]byte, order []int, fresh map[identity]bool) error {
	var sources, ids []string
	want := map[identity][]byte{}
	for _, i := range order {
		key := identity{events[i].Source, events[i].EventID}
		if !fresh[key] {
			sources, ids = append(sources, key.source), append(ids, key.txn)
			want[key] = contents[i][:]
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, knownContentsSQL, whole, sources, ids)
	if err != nil {
		return fmt.Errorf("payments: receive: %w", err)
	}
	var key identity
	var content []byte
	_, err = pgx.ForEachRow(rows, []any{&key.source, &key.txn, &content}, func() error {
		if string(content) != string(want[key]) {
			return &ConflictError{Source: key.source, EventID: key.txn}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("payments: receive: %w", err)
	}
	return nil
}
