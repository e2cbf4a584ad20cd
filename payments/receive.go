package payments

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/payments/ledger"
)

// Event is a raw message of a payment system, after its signature was proven.
type Event struct {
	Source  string
	EventID string
	Body    []byte
}

// Received says whether a message was new.
type Received string

// Answers of [Store.Receive]. Both are success: the sender may stop sending.
const (
	Fresh  Received = "fresh"
	Replay Received = "replay"
)

// ConflictError says that a known message id came with another content (INV-M3). Nothing was overwritten. A person must
// look: either the sender is broken, or somebody forges messages.
type ConflictError struct{ Source, EventID string }

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("payments: message %q of %s is known with another content", e.EventID, e.Source)
}

// ErrEvent says that a message has no usable source, id or size.
var ErrEvent = errors.New("payments: message without usable source, id or size")

// A message that takes money back brings none, so it need not keep cases from being handed over; this must not miss any that
// brings some, so it looks at the bytes.
const brings = `position('payment.reversed'::bytea IN body) = 0`

const receiveSQL = `WITH e AS (INSERT INTO payment_events (source, event_id, content, body, received_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (source, event_id) DO NOTHING RETURNING id, body)
INSERT INTO payment_pending (event_id, brings) SELECT id, ` + brings + ` FROM e`

const knownContentSQL = `SELECT content FROM payment_events WHERE source = $1 AND event_id = $2`

// Receive keeps a raw message. The sender is answered after tx is committed, never before (INV-M5).
func (s *Store) Receive(ctx context.Context, tx pgx.Tx, ev Event, now time.Time) (Received, error) {
	if !ledger.ValidSource(ev.Source) || !ValidID(ev.EventID) || len(ev.Body) > maxBody {
		return "", ErrEvent
	}
	body := ev.Body
	if body == nil {
		body = []byte{} // NULL is not an empty message
	}
	content := sha256.Sum256(body)
	tag, err := tx.Exec(ctx, receiveSQL, ev.Source, ev.EventID, content[:], body, now)
	if err != nil {
		return "", fmt.Errorf("payments: receive: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return Fresh, nil
	}
	var known []byte
	if err := tx.QueryRow(ctx, knownContentSQL, ev.Source, ev.EventID).Scan(&known); err != nil {
		return "", fmt.Errorf("payments: receive: %w", err)
	}
	if subtle.ConstantTimeCompare(known, content[:]) != 1 {
		return "", &ConflictError{Source: ev.Source, EventID: ev.EventID}
	}
	return Replay, nil
}

// PendingEvent is a raw message that nobody has settled yet.
type PendingEvent struct {
	Row        int64
	Source     string
	EventID    string
	Body       []byte
	ReceivedAt time.Time
}

// takePendingSQL looks each message up by its key (OFFSET 0, as for knownPaymentsSQL): a join was planned when both tables were empty, and
// read all messages for each when a burst had filled them.
const takePendingSQL = `SELECT e.* FROM (SELECT event_id FROM payment_pending WHERE event_id > $1 ORDER BY event_id LIMIT $2 FOR UPDATE SKIP LOCKED) p
 CROSS JOIN LATERAL (SELECT id, source, event_id, body, received_at FROM payment_events WHERE id = p.event_id OFFSET 0) e ORDER BY p.event_id`

// TakePending locks up to limit unsettled messages, in the order of their arrival; messages another worker holds are
// left out.
func (s *Store) TakePending(ctx context.Context, tx pgx.Tx, limit int) ([]PendingEvent, error) {
	return s.TakePendingAfter(ctx, tx, 0, limit)
}

// TakePendingAfter is TakePending beyond a row. A worker that leaves messages unsettled on purpose, such as a reversal
// whose payment has not come yet, drains the rest with it and begins from 0 at its next run.
func (s *Store) TakePendingAfter(ctx context.Context, tx pgx.Tx, after int64, limit int) ([]PendingEvent, error) {
	rows, err := tx.Query(ctx, takePendingSQL, after, min(max(limit, 0), MaxBatch))
	if err != nil {
		return nil, fmt.Errorf("payments: take pending: %w", err)
	}
	events, err := pgx.CollectRows(rows, pgx.RowToStructByPos[PendingEvent])
	if err != nil {
		return nil, fmt.Errorf("payments: take pending: %w", err)
	}
	return events, nil
}

// Outcome settles a raw message. EventRow 0, a line that no message carried, is passed over.
type Outcome struct {
	EventRow int64
	Verdict  Verdict
}

const settleSQL = `DELETE FROM payment_pending WHERE event_id = ANY($1) RETURNING event_id`

// MarkSettled ends the pending state of messages. A message is settled once; a second verdict refuses the batch.
func (s *Store) MarkSettled(ctx context.Context, tx pgx.Tx, outcomes []Outcome) error {
	if err := checkBatch(len(outcomes)); err != nil {
		return err
	}
	batch := make([]Outcome, 0, len(outcomes))
	ids := make([]int64, 0, len(outcomes))
	for _, o := range outcomes {
		if o.EventRow == 0 {
			continue
		}
		if o.Verdict == "" {
			return &RefusedError{Step: "settle", Problem: "empty verdict", IDs: []int64{o.EventRow}}
		}
		batch = append(batch, o)
		ids = append(ids, o.EventRow)
	}
	if len(batch) == 0 {
		return nil
	}
	row := func(o Outcome) int64 { return o.EventRow }
	if twice := duplicates(batch, row); twice != nil {
		return &RefusedError{Step: "settle", Problem: "named twice", IDs: twice}
	}
	done, err := collectIDs(ctx, tx, settleSQL, whole, ids)
	if err != nil {
		return fmt.Errorf("payments: settle: %w", err)
	}
	if left := missing(batch, row, done); left != nil {
		return &RefusedError{Step: "settle", Problem: "unknown or settled before", IDs: left}
	}
	err = pg.Copy(ctx, tx, "payment_verdicts", []string{"event_id", "verdict"}, len(batch), func(r *pg.Row, i int) {
		r.Int8(batch[i].EventRow)
		r.Text(string(batch[i].Verdict))
	})
	if err != nil {
		return fmt.Errorf("payments: settle: %w", err)
	}
	return nil
}

// collectIDs runs a statement that returns one bigint a row.
func collectIDs(ctx context.Context, q Querier, sql string, args ...any) (map[int64]struct{}, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	got := make(map[int64]struct{})
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		got[id] = struct{}{}
		return nil
	})
	return got, err
}
