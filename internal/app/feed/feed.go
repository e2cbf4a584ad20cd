package feed

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/money"
)

// MaxPage is the most events that one page holds.
const MaxPage = 1000

// scanAtOnce bounds the work of one page: so many events of all sources are looked at, and a page may therefore be empty
// though there is more.
const scanAtOnce = 5000

// Config joins the feed with what surrounds it.
type Config struct {
	Pool    *pgxpool.Pool
	Sources *intake.Sources
	Post    Post         // needed to deliver only
	Log     *slog.Logger // needed to deliver only
}

// Service reads the feed and delivers it. It is safe for concurrent use, and by several processes on one database.
type Service struct{ cfg Config }

// New returns the feed of a database.
func New(c Config) *Service { return &Service{c} }

// Event is one thing that happened to a writ's case. State and outstanding are those of the case now, when the page is
// read, not those right after the event: an event says that something happened, the case how it stands.
type Event struct {
	ID             string    `json:"id"` // of this event for ever: case number and sequence
	DocumentNumber string    `json:"document_number"`
	Case           string    `json:"case"`
	Sequence       int       `json:"sequence"` // of this event in its case: 1, 2, 3, …
	Event          string    `json:"event"`
	At             time.Time `json:"at"` // legal time
	State          string    `json:"state"`
	Outstanding    string    `json:"outstanding"`
	Ground         string    `json:"ground,omitempty"` // why a case was cancelled: the issuer's word, or ours
}

// Page is a part of the feed.
type Page struct {
	Events []Event `json:"writs"`
	Next   string  `json:"next"` // where the next page begins
	More   bool    `json:"more"` // there is another page already
}

// ErrCursor says that a cursor is none of ours.
var ErrCursor = errors.New("feed: this cursor is not one that the feed has given: leave it out to begin anew")

// place is a position between two events. The zero place is before the first.
type place struct {
	tx, caseID int64
	seq        int
}

func (p place) String() string {
	if p == (place{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "1.%d.%d.%d", p.tx, p.caseID, p.seq))
}

func parse(cursor string) (p place, err error) {
	if cursor == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) > 100 {
		return p, ErrCursor
	}
	n, err := fmt.Sscanf(string(raw), "1.%d.%d.%d", &p.tx, &p.caseID, &p.seq)
	if err != nil || n != 3 || p.String() != cursor || strings.Contains(string(raw), "-") {
		return place{}, ErrCursor
	}
	return p, nil
}

// last is behind every event.
var last = place{tx: 1<<63 - 1}

// Read gives what happened to the writs of a source after the cursor, in the order of the transactions that recorded it:
// within a case always by sequence. Nothing is passed over, however late a transaction commits; while one runs, what began
// after it waits. The same cursor gives the same events again, and perhaps more.
func (s *Service) Read(ctx context.Context, source, since string, limit int) (Page, error) {
	from, err := parse(since)
	if err != nil {
		return Page{}, err
	}
	if limit <= 0 || limit > MaxPage {
		limit = MaxPage
	}
	page, end, err := s.read(ctx, source, from, last, limit)
	page.Next = end.String()
	return page, err
}

func (s *Service) read(ctx context.Context, source string, from, to place, limit int) (Page, place, error) {
	page := Page{Events: []Event{}}
	rows, err := s.cfg.Pool.Query(ctx, readFeedSQL, source, from.tx, from.caseID, from.seq, to.tx, to.caseID, to.seq, scanAtOnce)
	if err != nil {
		return page, from, fmt.Errorf("feed: read: %w", err)
	}
	var (
		at             place
		e              Event
		mine           bool
		scanned, total int
		tiyn           int64
		end            = from
	)
	_, err = pgx.ForEachRow(rows, []any{&at.tx, &at.caseID, &at.seq, &e.Event, &e.At, &e.DocumentNumber, &e.State, &tiyn, &mine, &scanned, &total, &e.Ground}, func() error {
		if len(page.Events) == limit {
			page.More = true
			return nil
		}
		if end = at; mine {
			e.Case, e.Sequence, e.Outstanding, e.At = caseno.Format(at.caseID), at.seq, money.FromTiyn(tiyn).String(), e.At.UTC()
			e.ID = fmt.Sprintf("%s.%d", e.Case, e.Sequence)
			page.Events = append(page.Events, e)
		}
		page.More = scanned == total && total == scanAtOnce
		return nil
	})
	if err != nil {
		return page, from, fmt.Errorf("feed: read: %w", err)
	}
	return page, end, nil
}
