package trail

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/app/portal/story"
)

// Errors of what is asked. Each means what it says to the one who asked.
var (
	ErrNoEvent  = errors.New("trail: there is no such event")
	ErrNoReason = errors.New("trail: no reason was given, or it is too long")
	ErrRunning  = errors.New("trail: a run of the verifier is under way")
	ErrTooMany  = errors.New("trail: a file has no room for so many rows")
	ErrTooSlow  = errors.New("trail: the search is too wide to be walked through at once")
	ErrNothing  = errors.New("trail: there is nothing")
)

// Who asks: a name, and the regions whose cases are his to see; nil: all.
type Who struct {
	Name    string
	Regions []string
}

const (
	// PageSize is how many rows a page has as a rule.
	PageSize = 50
	// MostTaken is the most rows that a file has.
	MostTaken = 10_000

	scanEvents = 20_000
	patience   = 100 * time.Millisecond
	takeFor    = 20 * time.Second
)

// Store reads the trail.
type Store struct {
	pool  *pgxpool.Pool
	now   func(ctx context.Context) (time.Time, error) // legal
	packs story.Packs

	// Page is how many rows a page has, Scan how many events one statement looks at, and Patience for how long a page looks on while it is
	// not full. Tests make them small.
	Page     int
	Scan     int
	Patience time.Duration
}

// New returns a store. now tells the legal time; packs explains decisions by the rules that made them.
func New(pool *pgxpool.Pool, now func(ctx context.Context) (time.Time, error), packs story.Packs) *Store {
	return &Store{pool: pool, now: now, packs: packs, Page: PageSize, Scan: scanEvents, Patience: patience}
}
