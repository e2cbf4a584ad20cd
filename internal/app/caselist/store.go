package caselist

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/seal"
)

// Errors of lists. Each means what it says to the one who asked; all else is a fault of ours.
var (
	ErrNoSearch = errors.New("caselist: the search has expired, or it is somebody else's")
	ErrNoCase   = errors.New("caselist: there is no such case")
	ErrNoExport = errors.New("caselist: there is no such export")
)

// Who looks: a name, and the regions whose cases are his to see; nil: all.
type Who struct {
	Name    string
	Regions []string
}

// Store reads lists, and writes who has looked.
type Store struct {
	pool *pgxpool.Pool
	keys *seal.Keys

	// Page is how many cases a page has, Scan how many cases one statement looks at, and Patience for how long a page looks on while it
	// is not full. Tests make them small.
	Page     int
	Scan     int
	Patience time.Duration
}

const (
	scanCases = 20_000
	patience  = 100 * time.Millisecond
)

// New returns a store.
func New(pool *pgxpool.Pool, keys *seal.Keys) *Store {
	return &Store{pool: pool, keys: keys, Page: PageSize, Scan: scanCases, Patience: patience}
}
