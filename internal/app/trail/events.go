package trail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
)

// Row is one event of a list.
type Row struct {
	Key    int64
	CaseID int64
	Number string
	Seq    int
	Kind   string
	At     time.Time
	Actor  string
	Reason string
}

func (r Row) cursor() EventCursor { return EventCursor{r.Key, r.CaseID, r.Seq} }

// EventPage is a page of a list of events, the newest first.
type EventPage struct {
	Rows []Row
	Next EventCursor // zero: the list is over
	// Further says that the page is not full since the walk was long enough; Next goes on from there. LookedTo is how far it got.
	Further  bool
	LookedTo time.Time
}

// Events lists the events of a filter, a page at a time. It walks along the order in which they were written, looks at a bounded number of
// them, and says how far it got.
func (s *Store) Events(ctx context.Context, who Who, f EventFilter) (p EventPage, err error) {
	rows, end, err := s.walk(ctx, who, f, s.Page+1, s.Patience)
	if err != nil {
		return p, err
	}
	p.Rows = rows[:min(len(rows), s.Page)]
	switch {
	case len(rows) > s.Page:
		p.Next = rows[s.Page-1].cursor()
	case end.Seq != 0:
		p.Next, p.Further, p.LookedTo = end.cursor(), true, end.At
	}
	return p, nil
}

// walk finds at most so many events. end is set when it has stopped before it had found enough.
func (s *Store) walk(ctx context.Context, who Who, f EventFilter, most int, patience time.Duration) (found []Row, end Row, err error) {
	w, err := s.plan(ctx, who, f)
	if err != nil {
		return nil, end, err
	}
	watch := clock.StartStopwatch()
	for {
		rows, last, err := s.look(ctx, w, most-len(found))
		if err != nil {
			return nil, end, err
		}
		found = append(found, rows...)
		switch {
		case len(found) >= most || last.Seq == 0:
			return found, Row{}, nil
		case watch.Elapsed() >= patience:
			return found, last, nil
		}
		w.f.After = last.cursor()
	}
}

// walking is how a list is walked through: the source with its key, and the bounds of the key.
type walking struct {
	f        EventFilter
	regions  []string
	key      string // expression
	where    string // of the source
	caseID   int64
	low, top int64
	scan     int
}

// peopleSQL is the condition of the index of what people did.
var peopleSQL = `actor NOT IN ('` + strings.Join(Actors, `', '`) + `')`

// The keys of a walk.
const (
	keyTx = `tx::text::bigint` // the transaction that wrote the event: they are numbered as they begin, and have an index
	keyAt = `(extract(epoch FROM at) * 1000000)::bigint`
)

func (s *Store) plan(ctx context.Context, who Who, f EventFilter) (w walking, err error) {
	w = walking{f: f, regions: who.Regions, key: keyTx, where: `tx >= @low::bigint::text::xid8 AND tx <= @top::bigint::text::xid8`, top: 1<<63 - 1, scan: s.Scan}
	switch {
	case f.Case != "":
		if w.caseID, err = caseno.Parse(f.Case); err != nil {
			return w, ErrNoEvent
		}
		w.where = `case_id = @case`
	case f.Actor != "" && !slices.Contains(Actors, f.Actor):
		w.key, w.where = keyAt, peopleSQL+` AND at >= @low_at AND at <= @top_at`
		w.low, w.top = 0, maxMicros
		if !f.From.IsZero() {
			w.low = f.From.Start().UnixMicro()
		}
		if !f.To.IsZero() {
			w.top = f.To.End().UnixMicro()
		}
	default:
		err = s.transactions(ctx, &w)
	}
	return w, err
}

// transactionsOverlap is by how much the instants of transactions may be out of the order of their numbers: longer than any of them takes.
const transactionsOverlap = 10 * time.Minute

// transactions narrows a walk to those of a period, by halving: instants grow with the numbers of transactions but for the overlap.
func (s *Store) transactions(ctx context.Context, w *walking) error {
	if w.f.From.IsZero() && w.f.To.IsZero() {
		return nil
	}
	var first, last int64
	if err := s.pool.QueryRow(ctx, spanSQL).Scan(&first, &last); err != nil {
		return fmt.Errorf("trail: transactions: %w", err)
	}
	if !w.f.From.IsZero() {
		low, err := s.firstSince(ctx, first, last, w.f.From.Start().Add(-transactionsOverlap))
		if err != nil {
			return err
		}
		if low > first { // events of before transactions were kept have number 0
			w.low = low
		}
	}
	if !w.f.To.IsZero() {
		top, err := s.firstSince(ctx, first, last, w.f.To.End().Add(transactionsOverlap))
		if err != nil {
			return err
		}
		w.top = max(top-1, 0)
	}
	return nil
}

const spanSQL = `SELECT coalesce((SELECT tx FROM events WHERE tx > '0' ORDER BY tx LIMIT 1), '1')::text::bigint, coalesce((SELECT tx FROM events ORDER BY tx DESC LIMIT 1), '0')::text::bigint`

const probeSQL = `SELECT tx::text::bigint, at FROM events WHERE tx >= $1::bigint::text::xid8 ORDER BY tx LIMIT 1`

// firstSince finds the first transaction between two that wrote at an instant or later; one more than the last: none did.
func (s *Store) firstSince(ctx context.Context, low, high int64, at time.Time) (int64, error) {
	for high++; low < high; {
		mid := low + (high-low)/2
		var tx int64
		var then time.Time
		switch err := s.pool.QueryRow(ctx, probeSQL, mid).Scan(&tx, &then); {
		case errors.Is(err, pgx.ErrNoRows):
			high = mid
		case err != nil:
			return 0, fmt.Errorf("trail: transactions: %w", err)
		case then.Before(at):
			low = tx + 1
		default:
			high = mid
		}
	}
	return low, nil
}

// look walks once, over a bounded number of events. last is the last one that it looked at, if there may be more.
func (s *Store) look(ctx context.Context, w walking, most int) (found []Row, last Row, err error) {
	rows, err := s.pool.Query(ctx, w.sql(), w.args(most))
	if err != nil {
		return nil, last, fmt.Errorf("trail: events: %w", err)
	}
	var r Row
	var hit bool
	_, err = pgx.ForEachRow(rows, []any{&hit, &r.Key, &r.CaseID, &r.Seq, &r.Kind, &r.At, &r.Actor, &r.Reason}, func() error {
		r.Number, r.At = caseno.Format(r.CaseID), r.At.UTC()
		if hit {
			found = append(found, r)
		} else {
			last = r
		}
		return nil
	})
	if err != nil {
		return nil, last, fmt.Errorf("trail: events: %w", err)
	}
	return found, last, nil
}

// sql gives the statement: the events looked at, along the key downwards, those of them that fit, and the last one when there may be more.
func (w walking) sql() string {
	order := ` ORDER BY tx DESC, case_id DESC, seq DESC`
	past := `(tx, case_id, seq) < (@after_key::bigint::text::xid8, @after_case::bigint, @after_seq::int)`
	switch {
	case w.key == keyAt:
		order = ` ORDER BY at DESC, case_id DESC, seq DESC`
		past = `(at, case_id, seq) < (@after_at::timestamptz, @after_case::bigint, @after_seq::int)`
	case w.caseID != 0:
		order, past = ` ORDER BY seq DESC`, `seq < @after_seq::int`
	}
	if !w.f.After.set() {
		past = "true"
	}
	fits := []string{"true"}
	if w.f.Kind != "" {
		fits = append(fits, "kind = @kind")
	}
	if w.f.Actor != "" {
		fits = append(fits, "actor = @actor")
	}
	if !w.f.From.IsZero() {
		fits = append(fits, "at >= @from")
	}
	if !w.f.To.IsZero() {
		fits = append(fits, "at < @to")
	}
	if w.regions != nil {
		fits = append(fits, "(SELECT c.region FROM cases c WHERE c.id = e.case_id) = ANY (@regions)")
	}
	return `WITH looked AS MATERIALIZED (SELECT ` + w.key + ` AS key, tx, case_id, seq, kind, at, actor FROM events WHERE ` + w.where + ` AND ` + past + order + ` LIMIT @scan),
found AS (SELECT * FROM looked e WHERE ` + strings.Join(fits, " AND ") + order + ` LIMIT @most)
SELECT true, f.key, f.case_id, f.seq, f.kind, f.at, f.actor, coalesce(x.data ->> 'reason', '') FROM found f JOIN events x ON x.case_id = f.case_id AND x.seq = f.seq
UNION ALL (SELECT false, key, case_id, seq, kind, at, actor, '' FROM looked WHERE (SELECT count(*) FROM looked) = @scan` + strings.ReplaceAll(order, " DESC", "") + ` LIMIT 1)
ORDER BY 1 DESC, 2 DESC, 3 DESC, 4 DESC`
}

func (w walking) args(most int) pgx.NamedArgs {
	a := pgx.NamedArgs{
		"low": w.low, "top": w.top, "case": w.caseID, "kind": w.f.Kind, "actor": w.f.Actor, "regions": w.regions, "scan": w.scan, "most": most,
		"low_at": time.UnixMicro(w.low), "top_at": time.UnixMicro(min(w.top, maxMicros)), "after_at": time.UnixMicro(min(w.f.After.Key, maxMicros)), "after_key": w.f.After.Key, "after_case": w.f.After.Case, "after_seq": w.f.After.Seq,
	}
	if !w.f.From.IsZero() {
		a["from"] = w.f.From.Start()
	}
	if !w.f.To.IsZero() {
		a["to"] = w.f.To.End()
	}
	return a
}
