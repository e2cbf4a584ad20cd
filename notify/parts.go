package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
)

// keepPartsSQL keeps the gateway's numbers. One that it gave to something else before says nothing any more.
const keepPartsSQL = `INSERT INTO notice_parts AS p (provider_ref, case_id, ordinal, channel, attempt, part, parts)
SELECT u.ref, u.case_id, u.ordinal, u.channel, u.attempt, u.part, u.parts
FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[], $5::smallint[], $6::smallint[], $7::smallint[])
     AS u (ref, case_id, ordinal, channel, attempt, part, parts)
ON CONFLICT (provider_ref) DO UPDATE SET parts = 0
WHERE (p.case_id, p.ordinal, p.channel, p.attempt, p.part) <> (excluded.case_id, excluded.ordinal, excluded.channel, excluded.attempt, excluded.part)`

// lockPartsSQL locks all parts of the attempts that receipts speak of, in one order, so that of two receipts at the same time the
// second sees what the first has noted.
const lockPartsSQL = `SELECT p.provider_ref FROM notice_parts p
JOIN (SELECT DISTINCT q.case_id, q.ordinal, q.channel, q.attempt FROM notice_parts q WHERE q.provider_ref = ANY ($1)) a
  ON p.case_id = a.case_id AND p.ordinal = a.ordinal AND p.channel = a.channel AND p.attempt = a.attempt
ORDER BY p.provider_ref FOR UPDATE OF p`

// sayPartsSQL notes what receipts say of parts, "delivered" once and for ever, and gives the notices that they belong to.
const sayPartsSQL = `UPDATE notice_parts p
SET status = CASE WHEN p.status = 'delivered' THEN p.status ELSE u.status END, at = CASE WHEN p.status = 'delivered' THEN p.at ELSE u.at END
FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS u (ref, status, at)
WHERE p.provider_ref = u.ref
RETURNING p.provider_ref, p.case_id, p.ordinal, p.channel, p.attempt`

// wholeSQL says of attempts whether all parts are delivered, or one has failed. Those of which a number is not believed are left
// out. Without the time of every part there is no time.
const wholeSQL = `SELECT p.case_id, p.ordinal, p.channel, p.attempt, bool_or(p.status = 'failed'),
    coalesce(min(p.provider_ref) FILTER (WHERE p.status = 'failed'), max(p.provider_ref)),
    CASE WHEN bool_and(p.at IS NOT NULL) THEN max(p.at) END
FROM notice_parts p
JOIN (SELECT DISTINCT * FROM unnest($1::bigint[], $2::int[], $3::text[], $4::smallint[]) AS k (case_id, ordinal, channel, attempt)) u
  ON p.case_id = u.case_id AND p.ordinal = u.ordinal AND p.channel = u.channel AND p.attempt = u.attempt
GROUP BY p.case_id, p.ordinal, p.channel, p.attempt
HAVING min(p.parts) > 0 AND (bool_or(p.status = 'failed') OR bool_and(p.status = 'delivered') AND count(*) = max(p.parts))
ORDER BY p.case_id, p.ordinal, p.channel, p.attempt`

// dropPartsSQL forgets the parts of attempts that are delivered.
const dropPartsSQL = `DELETE FROM notice_parts p
USING unnest($1::bigint[], $2::int[], $3::text[], $4::smallint[]) AS u (case_id, ordinal, channel, attempt)
WHERE p.case_id = u.case_id AND p.ordinal = u.ordinal AND p.channel = u.channel AND p.attempt = u.attempt`

// keepEarlySQL keeps receipts for numbers that nobody knows.
const keepEarlySQL = `INSERT INTO early_receipts AS e (provider_ref, status, at, detail)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[])
ON CONFLICT (provider_ref) DO UPDATE SET status = excluded.status, at = excluded.at, detail = excluded.detail WHERE e.status <> 'delivered'`

const someEarlySQL = `SELECT EXISTS (SELECT 1 FROM early_receipts)`

// A message is recorded within a minute of its submission. An older receipt is a late copy, and must not prove a message to which
// the gateway gave the same number again.
const takeEarlySQL = `DELETE FROM early_receipts e USING notice_parts p
WHERE p.provider_ref = e.provider_ref AND e.heard_at > now() - interval '10 minutes'
RETURNING e.provider_ref, e.status, e.at, e.detail`

const forgetEarlySQL = `DELETE FROM early_receipts WHERE heard_at < now() - interval '10 minutes'`

// Early takes the receipts that came before the numbers of their messages were known and that are known now. The caller hands
// them to Receive in the same transaction.
func (s *Store) Early(ctx context.Context, tx pgx.Tx) (receipts []Receipt, err error) {
	var some bool
	if err := tx.QueryRow(ctx, someEarlySQL).Scan(&some); err != nil || !some {
		return nil, err
	}
	rows, err := tx.Query(ctx, takeEarlySQL)
	if err != nil {
		return nil, fmt.Errorf("notify: early receipts: %w", err)
	}
	var r Receipt
	var at *time.Time
	_, err = pgx.ForEachRow(rows, []any{&r.ProviderRef, &r.Status, &at, &r.Detail}, func() error {
		if r.At = (time.Time{}); at != nil {
			r.At = at.UTC()
		}
		receipts = append(receipts, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: early receipts: %w", err)
	}
	return receipts, nil
}

// Forget deletes receipts that belonged to nothing in their ten minutes, and says how many.
func (s *Store) Forget(ctx context.Context, db pg.Beginner) (n int, err error) {
	err = pg.InTx(ctx, db, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, forgetEarlySQL)
		n = int(tag.RowsAffected())
		return err
	})
	return n, err
}

// keepParts remembers the numbers of what was accepted, so that receipts find their notices.
func keepParts(ctx context.Context, tx pgx.Tx, outcomes []Outcome) error {
	var a attempts
	var refs []string
	var part, parts []int16
	for _, o := range outcomes {
		k, ok := parseKey(o.Ref)
		if !ok {
			continue
		}
		for i, ref := range o.Parts {
			if ref = cleanRef(ref); ref == "" || slices.Contains(refs, ref) {
				continue
			}
			a.add(k, o.Attempt)
			refs, part, parts = append(refs, ref), append(part, int16(i+1)), append(parts, int16(len(o.Parts)))
		}
	}
	if len(refs) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, keepPartsSQL, refs, a.ids, a.ordinals, a.channels, a.numbers, part, parts); err != nil {
		return fmt.Errorf("notify: keeping the numbers of %d parts: %w", len(refs), err)
	}
	return nil
}

// attempts are arrays for statements.
type attempts struct {
	ids      []int64
	ordinals []int
	channels []string
	numbers  []int16
}

func (a *attempts) add(k key, attempt int) {
	a.ids, a.ordinals = append(a.ids, k.CaseID), append(a.ordinals, k.Ordinal)
	a.channels, a.numbers = append(a.channels, string(k.Channel)), append(a.numbers, int16(attempt))
}

// resolve turns receipts that name only the gateway's number into receipts of notices: failed as soon as one part has failed,
// delivered when all parts are. Those of parts whose others are still on their way are noted and say nothing yet. Numbers that
// belong to no notice are kept for [Store.Early], and returned as strays like all that belongs to none.
func resolve(ctx context.Context, tx pgx.Tx, receipts []Receipt) (of, strays []Receipt, err error) {
	said := map[string]Receipt{}
	for _, r := range receipts {
		ref := cleanRef(r.ProviderRef)
		switch former, again := said[ref]; {
		case r.Ref != "":
			of = append(of, r)
		case ref == "":
			strays = append(strays, r)
		case r.Status != StatusDelivered && r.Status != StatusFailed: // nothing that we did not know
		case !again || outranks(r, former):
			said[ref] = r
		}
	}
	if len(said) == 0 {
		return of, strays, nil
	}
	found, known, err := sayParts(ctx, tx, said)
	if err != nil {
		return nil, nil, err
	}
	var early words
	for ref, r := range said {
		if !known[ref] {
			strays = append(strays, r)
			early.add(ref, r)
		}
	}
	if len(early.refs) > 0 {
		if _, err := tx.Exec(ctx, keepEarlySQL, early.refs, early.status, early.at, early.details); err != nil {
			return nil, nil, fmt.Errorf("notify: keeping early receipts: %w", err)
		}
	}
	whole, err := wholeParts(ctx, tx, found, said)
	return append(of, whole...), strays, err
}

// words are arrays for statements.
type words struct {
	refs, status, details []string
	at                    []*time.Time
}

func (w *words) add(ref string, r Receipt) {
	var at *time.Time
	if !r.At.IsZero() {
		at = &r.At
	}
	w.refs, w.status, w.details, w.at = append(w.refs, ref), append(w.status, string(r.Status)), append(w.details, cleanDetail(r.Detail)), append(w.at, at)
}

func sayParts(ctx context.Context, tx pgx.Tx, said map[string]Receipt) (found attempts, known map[string]bool, err error) {
	var w words
	for _, ref := range slices.Sorted(maps.Keys(said)) { // one order for all
		w.add(ref, said[ref])
	}
	if _, err := tx.Exec(ctx, lockPartsSQL, w.refs); err != nil {
		return found, nil, fmt.Errorf("notify: looking up receipts: %w", err)
	}
	rows, err := tx.Query(ctx, sayPartsSQL, w.refs, w.status, w.at)
	if err != nil {
		return found, nil, fmt.Errorf("notify: looking up receipts: %w", err)
	}
	known = make(map[string]bool, len(w.refs))
	var ref string
	var k key
	var attempt int
	_, err = pgx.ForEachRow(rows, []any{&ref, &k.CaseID, &k.Ordinal, &k.Channel, &attempt}, func() error {
		known[ref] = true
		found.add(k, attempt)
		return nil
	})
	if err != nil {
		return found, nil, fmt.Errorf("notify: looking up receipts: %w", err)
	}
	return found, known, nil
}

func wholeParts(ctx context.Context, tx pgx.Tx, found attempts, said map[string]Receipt) (whole []Receipt, err error) {
	if len(found.ids) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, wholeSQL, found.ids, found.ordinals, found.channels, found.numbers)
	if err != nil {
		return nil, fmt.Errorf("notify: looking up receipts: %w", err)
	}
	var done attempts
	var k key
	var attempt int
	var failed bool
	var ref string
	var at *time.Time
	_, err = pgx.ForEachRow(rows, []any{&k.CaseID, &k.Ordinal, &k.Channel, &attempt, &failed, &ref, &at}, func() error {
		r := Receipt{Ref: k.ref(), ProviderRef: ref, Status: StatusFailed, Detail: said[ref].Detail}
		if at != nil {
			r.At = at.UTC()
		}
		if !failed {
			r.Status = StatusDelivered
			done.add(k, attempt)
		}
		whole = append(whole, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("notify: looking up receipts: %w", err)
	}
	if len(done.ids) == 0 {
		return whole, nil
	}
	if _, err := tx.Exec(ctx, dropPartsSQL, done.ids, done.ordinals, done.channels, done.numbers); err != nil {
		return nil, fmt.Errorf("notify: forgetting parts: %w", err)
	}
	return whole, nil
}
