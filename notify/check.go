package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Violation is one broken invariant of notices.
type Violation struct {
	ID     string // INV-N1 … INV-N5
	CaseID int64
	Detail string
}

// rulesSQL are invariants that the rows alone can prove. Each query gives the case and what
// is wrong, without any text of a notice.
var rulesSQL = []struct{ id, sql string }{
	{"INV-N1", repeatedSQL},
	{"INV-N1", mixedSQL},
	{"INV-N2", attemptsSQL},
	{"INV-N3", proofSQL},
	{"INV-N4", timeSQL},
	{"INV-N5", wordsSQL},
}

const repeatedSQL = `SELECT n.case_id, format('%s notices of ordinal %s on %s', count(*), n.ordinal, n.channel)
FROM notices n
GROUP BY n.case_id, n.ordinal, n.channel
HAVING count(*) > 1
ORDER BY n.case_id`

const mixedSQL = `SELECT n.case_id, format('ordinal %s is %s kinds of notice', n.ordinal, count(DISTINCT n.kind))
FROM notices n
GROUP BY n.case_id, n.ordinal
HAVING count(DISTINCT n.kind) > 1
ORDER BY n.case_id`

const attemptsSQL = `SELECT n.case_id, format('%s attempts, %s of them denied, in state %s, notice %s on %s', n.attempts, n.denied, n.status, n.ordinal, n.channel)
FROM notices n
WHERE n.attempts > 5 OR n.denied < 0 OR n.attempts - n.denied NOT BETWEEN 0 AND 2
   OR (n.attempts = 0) <> (n.sent_at IS NULL)
   OR (n.attempts = 0 AND n.status IN ('sending', 'unknown', 'sent', 'delivered'))
ORDER BY n.case_id`

const proofSQL = `SELECT n.case_id, format('state %s does not fit its time of delivery, notice %s on %s', n.status, n.ordinal, n.channel)
FROM notices n
WHERE (n.status = 'delivered') <> (n.delivered_at IS NOT NULL)
   OR n.delivered_at < n.created_at
ORDER BY n.case_id`

const timeSQL = `SELECT n.case_id, format('notice %s on %s was sent outside its time', n.ordinal, n.channel)
FROM notices n
WHERE n.sent_at < n.not_before OR n.sent_at >= n.expires_at
ORDER BY n.case_id`

// wordsSQL finds notices whose words nobody has put into force. Version 1 is built in.
const wordsSQL = `SELECT n.case_id, format('version %s of the words was never in force, notice %s on %s', n.text_version, n.ordinal, n.channel)
FROM notices n
WHERE n.text_version <> 1
  AND NOT EXISTS (SELECT 1 FROM text_version_acts a WHERE a.version = n.text_version AND a.act = 'approved')
ORDER BY n.case_id`

// crowdedSQL finds courtesy notices of one case less than 24 hours after another.
const crowdedSQL = `SELECT d.case_id, format('notice %s left less than 24 h after another', d.ordinal)
FROM (
	SELECT c.case_id, c.ordinal, max(c.sent_at) AS sent_at,
	       lag(max(c.sent_at)) OVER (PARTITION BY c.case_id ORDER BY max(c.sent_at), c.ordinal) AS former_at
	FROM notices c
	WHERE c.kind = ANY ($1) AND c.attempts > 0 AND c.sent_at IS NOT NULL
	GROUP BY c.case_id, c.ordinal
) d
WHERE d.sent_at < d.former_at + interval '24 hours'
ORDER BY d.case_id`

// minutesSQL gives the minutes in which anything was sent: few, however many notices.
const minutesSQL = `SELECT DISTINCT date_trunc('minute', n.sent_at) FROM notices n WHERE n.sent_at IS NOT NULL AND n.channel <> 'letter'`

const quietSQL = `SELECT n.case_id, format('notice %s on %s was sent in quiet hours', n.ordinal, n.channel)
FROM notices n
WHERE n.channel <> 'letter' AND date_trunc('minute', n.sent_at) = ANY ($1)
ORDER BY n.case_id`

// Check proves the invariants of notices again from the rows, read-only. An empty answer
// means that all hold.
func (s *Store) Check(ctx context.Context, q Querier) ([]Violation, error) {
	var found []Violation
	for _, rule := range rulesSQL {
		more, err := violations(ctx, q, rule.id, rule.sql)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	crowded, err := violations(ctx, q, "INV-N4", crowdedSQL, courtesyKinds)
	if err != nil {
		return nil, err
	}
	found = append(found, crowded...)
	night, err := s.night(ctx, q)
	if err != nil || len(night) == 0 {
		return found, err
	}
	quiet, err := violations(ctx, q, "INV-N4", quietSQL, night)
	return append(found, quiet...), err
}

// night returns the minutes of sending that lie in quiet hours, which begin and end on the
// minute, by the rule and not by our own reading of it.
func (s *Store) night(ctx context.Context, q Querier) ([]time.Time, error) {
	rows, err := q.Query(ctx, minutesSQL)
	if err != nil {
		return nil, fmt.Errorf("notify: checking quiet hours: %w", err)
	}
	minutes, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil {
		return nil, fmt.Errorf("notify: checking quiet hours: %w", err)
	}
	var night []time.Time
	for _, m := range minutes {
		if from, _ := s.cfg.Window(m); from.After(m) {
			night = append(night, m)
		}
	}
	return night, nil
}

func violations(ctx context.Context, q Querier, id, sql string, args ...any) ([]Violation, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("notify: checking %s: %w", id, err)
	}
	found, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Violation, error) {
		v := Violation{ID: id}
		return v, r.Scan(&v.CaseID, &v.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("notify: checking %s: %w", id, err)
	}
	return found, nil
}
