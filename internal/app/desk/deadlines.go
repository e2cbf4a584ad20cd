package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// DeadlineQuery chooses a list of what falls due.
type DeadlineQuery struct {
	Kind    string        // one of the kinds of what falls due
	Day     calendar.Date // unset: tomorrow
	Overdue bool          // what fell due before today, instead of a day
	Region  string
	After   DeadlineMark // where the page begins
}

// DeadlineMark is where a page of a list ends.
type DeadlineMark struct {
	Day  calendar.Date
	Case int64
}

// Deadlines is what falls due on the next days, and the cases of one of them.
type Deadlines struct {
	Now     time.Time
	Query   DeadlineQuery
	Today   calendar.Date
	Regions []string
	Overdue int64
	Days    []DeadlineDay
	Count   int64 // of the list
	Cases   []DeadlineCase
	Refused []DeadlineCase // handed over on that day because the debtor refused: shown with the first page
	Next    DeadlineMark   // zero: this is the last page
}

// DeadlineDay is how much falls due on a day.
type DeadlineDay struct {
	Day calendar.Date
	N   int64
}

// DeadlineCase is one case of a list.
type DeadlineCase struct {
	Number, Region, State string
	Day                   calendar.Date // on which it falls due
	Outstanding           money.Amount
	Why                   string // what keeps it: hold, suspended or objection; empty: nothing
}

// How many cases a page has, how many refusals are shown with the first, and how many days are counted ahead.
const (
	deadlinePage = 50
	mostRefused  = 200
	deadlineDays = 30
)

// Deadlines lists what falls due, by the rules: whether the robot has got round to it says [Today].Stuck.
func (s *Service) Deadlines(ctx context.Context, actor Actor, q DeadlineQuery) (v Deadlines, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	v.Today = calendar.DateOf(v.Now)
	if !slices.ContainsFunc(dueKinds, func(k dueKind) bool { return k.kind == q.Kind }) {
		q.Kind = DueHandover
	}
	if q.Day.IsZero() || q.Day.Before(v.Today) {
		q.Day = v.Today.AddDays(1)
	}
	if q.Region != "" && !actor.Sees(q.Region) {
		return v, ErrNotFound
	}
	v.Query = q
	undo, in := s.cfg.Cases.Pack().RefusalUndo(v.Today), areaOf(actor, q.Region)
	err = s.read(ctx, func(tx pgx.Tx) error { return v.read(ctx, tx, actor, undo, in) })
	if err != nil {
		return v, fmt.Errorf("desk: deadlines: %w", err)
	}
	return v, nil
}

func (v *Deadlines) read(ctx context.Context, tx pgx.Tx, actor Actor, undo time.Duration, in area) (err error) {
	if v.Regions, err = words(ctx, tx, regionsSQL); err != nil {
		return err
	}
	v.Regions = slices.DeleteFunc(v.Regions, func(region string) bool { return !actor.Sees(region) })
	past, err := v.countDays(ctx, tx, undo, in)
	if err != nil {
		return err
	}
	days := past
	if !v.Query.Overdue {
		days = []calendar.Date{v.Query.Day}
	}
	if v.Count == 0 { // counted exactly, so there is nothing to look for among all that was due on that day
		days = nil
	}
	for _, day := range days {
		if day.Before(v.Query.After.Day) {
			continue
		}
		after := int64(0)
		if day == v.Query.After.Day {
			after = v.Query.After.Case
		}
		list, err := readDeadlines(ctx, tx, v.Query.Kind, day, after, deadlinePage+1-len(v.Cases), in)
		if err != nil {
			return err
		}
		if v.Cases = append(v.Cases, list...); len(v.Cases) > deadlinePage {
			v.Cases = v.Cases[:deadlinePage]
			last := v.Cases[deadlinePage-1]
			v.Next.Day = last.Day
			if v.Next.Case, err = caseno.Parse(last.Number); err != nil {
				return err
			}
			break
		}
	}
	if v.Query.Kind != DueHandover || v.Query.After != (DeadlineMark{}) {
		return nil
	}
	from, to := v.Query.Day.Start(), v.Query.Day.End()
	if v.Query.Overdue {
		from, to = v.Today.AddDays(-longestPeriod).Start(), v.Today.Start()
	}
	v.Refused, err = readRefused(ctx, tx, from.Add(-undo), to.Add(-undo), undo, in)
	return err
}

// countDays counts by day, and gives the days before today on which something is not done yet.
func (v *Deadlines) countDays(ctx context.Context, tx pgx.Tx, undo time.Duration, in area) (past []calendar.Date, err error) {
	var finals []engine.DayTotal
	if v.Query.Kind == DueHandover {
		if finals, err = readRefusals(ctx, tx, v.Today, undo); err != nil {
			return nil, err
		}
	}
	what := dueKinds[slices.IndexFunc(dueKinds, func(k dueKind) bool { return k.kind == v.Query.Kind })].what
	dues, err := engine.Days(ctx, tx, v.Today.AddDays(-longestPeriod), v.Today.AddDays(longestPeriod), what)
	if err != nil {
		return nil, err
	}
	v.Days = make([]DeadlineDay, deadlineDays+1)
	for i := range v.Days {
		v.Days[i].Day = v.Today.AddDays(i)
	}
	add := func(day calendar.Date, n int64) {
		switch at := day.Sub(v.Today); {
		case at < 0:
			v.Overdue += n
		case at < len(v.Days):
			v.Days[at].N += n
		}
		if !v.Query.Overdue && day == v.Query.Day {
			v.Count += n
		}
	}
	for _, t := range sumDays(dues, what, in) {
		if add(t.Day, t.N); t.Day.Before(v.Today) && t.N > 0 {
			past = append(past, t.Day)
		}
	}
	for _, t := range sumDays(finals, dueFinal, in) {
		add(t.Day, t.N)
	}
	if v.Query.Overdue {
		v.Count = v.Overdue
	}
	return past, nil
}

// deadlineSQL lists the cases of one kind and day, by an index on the day that a case's term, or its voluntary period, ends.
var deadlineSQL = map[string]string{
	DueHandover:  listSQL + `c.term_ends_on = $1 - 1 AND NOT ` + keptSQL + listOrder,
	DueUnproven:  listSQL + `c.term_ends_on = $1 - 1 AND c.state = 'opened' AND c.next_rung_at IS NULL AND NOT ` + keptSQL + listOrder,
	DueKept:      listSQL + `c.term_ends_on = $1 - 1 AND ` + keptSQL + listOrder,
	DueVoluntary: dueVoluntarySQL,
}

// dueVoluntarySQL walks along the list of what is due, where only what nothing keeps has this day.
var dueVoluntarySQL = `SELECT c.id, c.region, c.state, $1::date, c.outstanding, '' FROM due d JOIN cases c ON c.id = d.case_id
 WHERE d.voluntary_ends_on = $1 AND d.case_id > $2 AND ` + inScope(3) + ` ORDER BY d.case_id LIMIT $4`

var listSQL = `SELECT c.id, c.region, c.state, $1::date, c.outstanding, ` + whyKeptSQL + ` FROM cases c
 WHERE c.id > $2 AND c.ended_at IS NULL AND ` + inScope(3) + ` AND `

const (
	listOrder  = ` ORDER BY c.id LIMIT $4`
	whyKeptSQL = `CASE WHEN c.hold <> '' THEN 'hold' WHEN c.suspended <> '' THEN 'suspended' WHEN c.objections > 0 THEN 'objection' ELSE '' END`
)

func readDeadlines(ctx context.Context, tx pgx.Tx, kind string, day calendar.Date, after int64, limit int, in area) ([]DeadlineCase, error) {
	rows, err := tx.Query(ctx, deadlineSQL[kind], day.UTC(), after, []string(in), limit)
	if err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	return pgx.CollectRows(rows, scanDeadline)
}

var refusedSQL = `SELECT c.id, c.region, c.state, ((c.refusal_at + $4::interval) AT TIME ZONE 'Asia/Almaty')::date, c.outstanding, '' FROM cases c
 WHERE c.refusal_at >= $1 AND c.refusal_at < $2 AND c.ended_at IS NULL AND NOT ` + keptSQL + ` AND ` + inScope(3) + `
   AND ((c.refusal_at + $4::interval) AT TIME ZONE 'Asia/Almaty')::date <= c.term_ends_on ORDER BY c.refusal_at LIMIT $5`

func readRefused(ctx context.Context, tx pgx.Tx, from, to time.Time, undo time.Duration, in area) ([]DeadlineCase, error) {
	rows, err := tx.Query(ctx, refusedSQL, from, to, []string(in), undo, mostRefused)
	if err != nil {
		return nil, fmt.Errorf("refused: %w", err)
	}
	return pgx.CollectRows(rows, scanDeadline)
}

func scanDeadline(row pgx.CollectableRow) (d DeadlineCase, err error) {
	var id, outstanding int64
	var day pgtype.Date
	err = row.Scan(&id, &d.Region, &d.State, &day, &outstanding, &d.Why)
	d.Number, d.Day, d.Outstanding = caseno.Format(id), calendar.FromUTC(day.Time), money.FromTiyn(outstanding)
	return d, err
}
