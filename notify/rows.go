package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// row is one notice as the decisions of this package see it; its fields have the order of
// columnsSQL.
type row struct {
	CaseID      int64
	Ordinal     int
	Channel     Channel
	Rung        int
	Kind        Kind
	Language    string
	TextVersion int
	Params      []byte
	Status      Status
	Attempts    int // begun
	Denied      int // of them, cut off and denied: they never were
	NotBefore   time.Time
	ExpiresAt   time.Time
	CreatedAt   time.Time
	SentAt      *time.Time // when the last attempt began
	DeliveredAt *time.Time
	ProviderRef string
	Detail      string
	Turn        int // among the channels of a courtesy: 0 goes first, the next when that came to nothing
}

func (r row) key() key { return key{r.CaseID, r.Ordinal, r.Channel} }

// since reports whether the last attempt is older than d, or there was none.
func (r row) since(now time.Time, d time.Duration) bool {
	return r.SentAt == nil || !now.Before(r.SentAt.Add(d))
}

const columnsSQL = `n.case_id, n.ordinal, n.channel, n.rung, n.kind, n.language, n.text_version, n.params,
	n.status, n.attempts, n.denied, n.not_before, n.expires_at, n.created_at, n.sent_at, n.delivered_at, n.provider_ref, n.detail, n.turn`

// newerThan begins the question whether a notice is overtaken; what completes it is the table as pairs (overtaking).
const newerThan = `EXISTS (SELECT 1 FROM notices o WHERE o.case_id = n.case_id AND o.ordinal > n.ordinal AND n.kind || '>' || o.kind = ANY (`

// simplySQL is true of a notice that is new, due, of a kind that waits for no other, and not overtaken: what decide says of it in
// the hours in which notices may leave is always send. $2 is now, $3 the kinds that wait for each other, $4 the table of what
// overtakes what.
const simplySQL = `(n.status = 'created' AND n.attempts = 0 AND n.not_before <= $2 AND n.expires_at > $2 AND n.kind <> ALL ($3)
  AND (n.kind = 'opening' OR NOT ` + newerThan + `$4))))`

// beginFreshSQL claims such notices.
const beginFreshSQL = `UPDATE notices n SET status = 'sending', attempts = 1, sent_at = $2, detail = ''
WHERE n.case_id = ANY ($1) AND ` + simplySQL + `
RETURNING ` + columnsSQL

// lockOddSQL locks the open notices that are not like that, or all of them when $5 is false: in the quiet hours. What this
// transaction, which is never inside another one, has just begun is left out.
const lockOddSQL = `SELECT ` + columnsSQL + `
FROM notices n
WHERE n.case_id = ANY ($1) AND n.status IN ('created', 'sending', 'unknown') AND NOT ($5 AND ` + simplySQL + `)
  AND NOT ($5 AND n.status = 'sending' AND n.xmin = pg_current_xact_id()::xid)
ORDER BY n.case_id, n.ordinal, n.channel
FOR UPDATE`

// What was sent does not matter to what became of it: the texts stay where they are.
const lockKeysSQL = `SELECT n.case_id, n.ordinal, n.channel, n.rung, n.kind, n.language, n.text_version, NULL::json,
	n.status, n.attempts, n.denied, n.not_before, n.expires_at, n.created_at, n.sent_at, n.delivered_at, n.provider_ref, n.detail, n.turn
FROM notices n
JOIN unnest($1::bigint[], $2::int[], $3::text[]) AS k (case_id, ordinal, channel)
  ON n.case_id = k.case_id AND n.ordinal = k.ordinal AND n.channel = k.channel
ORDER BY n.case_id, n.ordinal, n.channel
FOR UPDATE OF n`

// writeSQL, beginFreshSQL, acceptSQL and deliverSQL are the only statements that change a notice.
const writeSQL = `UPDATE notices n
SET status = k.status, attempts = k.attempts, denied = k.denied, sent_at = k.sent_at, delivered_at = k.delivered_at,
    provider_ref = k.provider_ref, detail = k.detail
FROM unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::smallint[], $6::timestamptz[], $7::timestamptz[],
            $8::text[], $9::text[], $10::smallint[])
     AS k (case_id, ordinal, channel, status, attempts, sent_at, delivered_at, provider_ref, detail, denied)
WHERE n.case_id = k.case_id AND n.ordinal = k.ordinal AND n.channel = k.channel`

func collect(ctx context.Context, q Querier, sql string, args ...any) ([]row, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("notify: reading notices: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		return nil, fmt.Errorf("notify: reading notices: %w", err)
	}
	return found, nil
}

// lockKeys locks the notices with these keys, in the one order that never deadlocks with
// another caller. Keys without a notice are not in the answer.
func lockKeys(ctx context.Context, tx pgx.Tx, keys []key) (map[key]row, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	ids, ordinals, channels := make([]int64, len(keys)), make([]int, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		ids[i], ordinals[i], channels[i] = k.CaseID, k.Ordinal, string(k.Channel)
	}
	rows, err := collect(ctx, tx, lockKeysSQL, ids, ordinals, channels)
	if err != nil {
		return nil, err
	}
	found := make(map[key]row, len(rows))
	for _, r := range rows {
		found[r.key()] = r
	}
	return found, nil
}

// write stores what may have changed in rows that the caller has locked.
func write(ctx context.Context, tx pgx.Tx, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	n := len(rows)
	ids, ordinals, channels := make([]int64, n), make([]int, n), make([]string, n)
	statuses, attempts, denied := make([]string, n), make([]int16, n), make([]int16, n)
	sent, delivered := make([]*time.Time, n), make([]*time.Time, n)
	refs, details := make([]string, n), make([]string, n)
	for i, r := range rows {
		ids[i], ordinals[i], channels[i] = r.CaseID, r.Ordinal, string(r.Channel)
		statuses[i], attempts[i], denied[i] = string(r.Status), int16(r.Attempts), int16(r.Denied)
		sent[i], delivered[i], refs[i], details[i] = r.SentAt, r.DeliveredAt, r.ProviderRef, r.Detail
	}
	if _, err := tx.Exec(ctx, writeSQL, ids, ordinals, channels, statuses, attempts, sent, delivered, refs, details, denied); err != nil {
		return fmt.Errorf("notify: writing %d notices: %w", n, err)
	}
	return nil
}
