package wording

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/clock"
	"robotbailiff/notify/text"
)

// Querier reads one row: a pool, a connection or a transaction.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// lookEvery is the real time for which a process believes what it knows of the version in force.
const lookEvery = time.Second

// Library holds the versions that this process has met, and knows which one is in force. Its zero value is ready. It is safe
// for concurrent use, and asks the database at most once a second, and once for each version.
type Library struct {
	mu      sync.Mutex
	known   map[int]*text.Edition
	current int // 0: nobody has asked yet
	looked  clock.Stopwatch
}

const (
	inForceSQL = `SELECT coalesce(max(version), 1) FROM text_version_acts WHERE act = 'approved'`
	wordsSQL   = `SELECT words FROM text_versions WHERE version = $1`
)

// Current gives the version that new notices get.
func (l *Library) Current(ctx context.Context, q Querier) (int, error) {
	l.mu.Lock()
	if l.current > 0 && l.looked.Elapsed() < lookEvery {
		defer l.mu.Unlock()
		return l.current, nil
	}
	l.looked = clock.StartStopwatch() // while one looks, the others go on with what is known
	l.mu.Unlock()
	var v int
	if err := q.QueryRow(ctx, inForceSQL).Scan(&v); err != nil {
		return 0, fmt.Errorf("wording: the version in force: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = max(l.current, v) // an answer that comes late does not take anything back
	return l.current, nil
}

// Edition gives a version, from the database when this process meets it for the first time.
func (l *Library) Edition(ctx context.Context, q Querier, version int) (*text.Edition, error) {
	if version == text.Version {
		return text.BuiltIn(), nil
	}
	l.mu.Lock()
	e := l.known[version]
	l.mu.Unlock()
	if e != nil {
		return e, nil
	}
	e, err := load(ctx, q, version)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[int]*text.Edition{}
	}
	l.known[version] = e
	return e, nil
}

func load(ctx context.Context, q Querier, version int) (*text.Edition, error) {
	var raw []byte
	err := q.QueryRow(ctx, wordsSQL, version).Scan(&raw)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("%w: version %d", text.ErrUnknown, version)
	}
	if err != nil {
		return nil, fmt.Errorf("wording: version %d: %w", version, err)
	}
	var words text.Words
	if err := json.Unmarshal(raw, &words); err != nil {
		return nil, fmt.Errorf("wording: version %d: %w", version, err)
	}
	e, err := text.Compile(words)
	if err != nil {
		return nil, fmt.Errorf("wording: version %d: %w", version, err)
	}
	return e, nil
}
