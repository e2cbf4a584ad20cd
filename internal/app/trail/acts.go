package trail

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
)

// Act is one thing that somebody did at the desk.
type Act struct {
	At      time.Time
	Actor   string
	Room    string // one of [Rooms]
	Act     string // a word of the catalogs; of a case the kind of the event
	Subject string // what it was about, where that is no case
	CaseID  int64
	Number  string // of the case; empty: it was about none, or about many
	Cases   int    // how many it was about, or were found
	Counted bool   // Cases is known
	Reason  string
	Source  int16
	ID      int64
}

func (a Act) cursor() ActCursor { return ActCursor{a.At.UnixMicro(), a.Source, a.ID} }

// Seq is the number of the event that an act on a case wrote; 0: it wrote none.
func (a Act) Seq() int {
	if a.Source != sourceEvents {
		return 0
	}
	return int(a.ID % 100_000)
}

// sourceEvents is the number of the events in the view.
const sourceEvents = 6

// ActPage is a page of acts, the newest first.
type ActPage struct {
	Rows []Act
	Next ActCursor // zero: the list is over
}

// Acts lists what people did, a page at a time. Of one who does not see the whole country only acts on cases of his regions are shown.
func (s *Store) Acts(ctx context.Context, who Who, f ActFilter) (p ActPage, err error) {
	rows, err := s.acts(ctx, who, f, s.Page+1)
	if err != nil {
		return p, err
	}
	p.Rows = rows[:min(len(rows), s.Page)]
	if len(rows) > s.Page {
		p.Next = rows[s.Page-1].cursor()
	}
	return p, nil
}

// The window in which acts are looked for: a day at first, and then always so many times longer, so that a page reads little where much
// happens, and few windows are looked at where nothing does.
const (
	firstWindow = 24 * time.Hour
	widerBy     = 8
	windows     = 5 // the last one has no beginning
)

func (s *Store) acts(ctx context.Context, who Who, f ActFilter, most int) (found []Act, err error) {
	top, err := s.newest(ctx, f)
	if err != nil {
		return nil, err
	}
	after := f.After
	if !after.set() {
		after = ActCursor{At: top.UnixMicro() + 1, Source: 1} // no act lies at the next microsecond
	}
	bottom := time.Unix(0, 0).UTC()
	if !f.From.IsZero() {
		bottom = f.From.Start()
	}
	window := firstWindow
	for i := range windows {
		low := top.Add(-window)
		if window *= widerBy; low.Before(bottom) || i == windows-1 {
			low = bottom
		}
		rows, err := s.pool.Query(ctx, actsSQL, top, low, f.Person, f.Room, who.Regions, time.UnixMicro(after.At), after.Source, after.ID, most-len(found))
		if err != nil {
			return nil, fmt.Errorf("trail: acts: %w", err)
		}
		more, err := pgx.CollectRows(rows, actOf)
		if err != nil {
			return nil, fmt.Errorf("trail: acts: %w", err)
		}
		found = append(found, more...)
		if len(found) >= most || !low.After(bottom) {
			return found, nil
		}
		top = low.Add(-time.Microsecond)
	}
	return found, nil
}

// newest is the instant from which on acts are looked for backwards.
func (s *Store) newest(ctx context.Context, f ActFilter) (top time.Time, err error) {
	if f.After.set() {
		return time.UnixMicro(f.After.At).UTC(), nil
	}
	legal, err := s.now(ctx)
	if err != nil {
		return top, fmt.Errorf("trail: legal time: %w", err)
	}
	if err := s.pool.QueryRow(ctx, `SELECT greatest(clock_timestamp(), $1::timestamptz)`, legal).Scan(&top); err != nil {
		return top, fmt.Errorf("trail: time: %w", err)
	}
	if !f.To.IsZero() && f.To.End().Before(top) {
		top = f.To.End().Add(-time.Microsecond)
	}
	return top, nil
}

func actOf(row pgx.CollectableRow) (a Act, err error) {
	var caseID *int64
	var n *int
	err = row.Scan(&a.At, &a.Actor, &a.Room, &a.Act, &a.Subject, &caseID, &n, &a.Reason, &a.Source, &a.ID)
	a.At = a.At.UTC()
	if caseID != nil {
		a.CaseID, a.Number = *caseID, caseno.Format(*caseID)
	}
	if n != nil {
		a.Cases, a.Counted = *n, true
	}
	return a, err
}

const actsSQL = `SELECT at, actor, room, act, subject, case_id, n, reason, source::smallint, id FROM desk_acts
 WHERE at <= $1 AND at >= $2 AND ($3 = '' OR actor = $3) AND ($4 = '' OR room = $4)
   AND ($5::text[] IS NULL OR (SELECT c.region FROM cases c WHERE c.id = case_id) = ANY ($5))
   AND (at < $6 OR at = $6 AND (source, id) < ($7::int, $8::bigint))
 ORDER BY at DESC, source DESC, id DESC LIMIT $9`
