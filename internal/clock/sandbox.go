package clock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNotSandbox says that the database is not marked as a sandbox, so its time may not be moved.
var ErrNotSandbox = errors.New("this database is not a sandbox: its clock is the system's and cannot be moved")

// ErrBackwards says that somebody tried to move the sandbox's clock back. Legal time only
// goes on; to begin earlier, begin with a fresh database.
var ErrBackwards = errors.New("the sandbox clock cannot go back")

// DB is what the sandbox's clock needs of a pool.
type DB interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// SandboxClock is one row of the database, shared by all processes of a sandbox.
type SandboxClock struct{ db DB }

var _ Clock = (*SandboxClock)(nil)

// Sandbox gives the clock of a database that is marked as a sandbox, and [ErrNotSandbox] for
// any other. There is no other way to get one, so a production database never has a clock
// that can be moved.
func Sandbox(ctx context.Context, db DB) (*SandboxClock, error) {
	c := &SandboxClock{db: db}
	var exists bool // asked first, since a failed statement would spoil a caller's transaction
	if err := db.QueryRow(ctx, existsSQL).Scan(&exists); err != nil {
		return nil, fmt.Errorf("reading the sandbox clock: %w", err)
	}
	if !exists {
		return nil, ErrNotSandbox
	}
	if _, err := c.Now(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// MarkSandbox turns an empty database into a sandbox whose clock begins at start, and gives
// that clock. A database that is a sandbox already keeps its time. One that holds cases but no
// mark is somebody's real database and is refused.
func MarkSandbox(ctx context.Context, db DB, start time.Time) (*SandboxClock, error) {
	c, err := Sandbox(ctx, db)
	if err == nil || !errors.Is(err, ErrNotSandbox) {
		return c, err
	}
	if _, err := db.Exec(ctx, tableSQL); err != nil {
		return nil, fmt.Errorf("making the sandbox clock: %w", err)
	}
	tag, err := db.Exec(ctx, markSQL, start.UTC())
	if isMissing(err) {
		return nil, fmt.Errorf("making the sandbox clock: the schema is missing, run bailiff migrate up: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("making the sandbox clock: %w", err)
	}
	c, err = Sandbox(ctx, db)
	if err != nil && tag.RowsAffected() == 0 {
		return nil, fmt.Errorf("the database holds cases: %w", ErrNotSandbox)
	}
	return c, err
}

// Now reads the shared moment. Callers read it once per batch and before they begin a
// transaction, never inside one, since it takes a connection of its own.
func (c *SandboxClock) Now(ctx context.Context) (time.Time, error) {
	var now time.Time
	if err := c.db.QueryRow(ctx, readSQL).Scan(&now); err != nil {
		return time.Time{}, explain(err)
	}
	return now.UTC(), nil
}

// Set moves the clock forward to t for all processes. Setting the present moment changes
// nothing; an earlier one is [ErrBackwards].
func (c *SandboxClock) Set(ctx context.Context, t time.Time) error {
	tag, err := c.db.Exec(ctx, setSQL, t.UTC())
	if err != nil {
		return explain(err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	now, err := c.Now(ctx)
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: it shows %s, %s was asked for", ErrBackwards, now.Format(time.RFC3339), t.UTC().Format(time.RFC3339))
}

// Advance moves the clock forward by d for all processes and tells the new moment. Two
// processes that advance at once both count.
func (c *SandboxClock) Advance(ctx context.Context, d time.Duration) (time.Time, error) {
	if d < 0 {
		return time.Time{}, fmt.Errorf("%w: %s was asked for", ErrBackwards, d)
	}
	var now time.Time
	if err := c.db.QueryRow(ctx, advanceSQL, d.Microseconds()).Scan(&now); err != nil {
		return time.Time{}, explain(err)
	}
	return now.UTC(), nil
}

const (
	// A production database does not even have the table.
	tableSQL = `CREATE TABLE IF NOT EXISTS sandbox_clock (
	singleton boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
	now       timestamptz NOT NULL
)`
	existsSQL  = `SELECT to_regclass('sandbox_clock') IS NOT NULL`
	readSQL    = `SELECT now FROM sandbox_clock`
	setSQL     = `UPDATE sandbox_clock SET now = $1 WHERE now <= $1`
	advanceSQL = `UPDATE sandbox_clock SET now = now + $1::bigint * interval '1 microsecond' RETURNING now`
	markSQL    = `INSERT INTO sandbox_clock (now) SELECT $1::timestamptz
WHERE NOT EXISTS (SELECT FROM cases) ON CONFLICT DO NOTHING`
)

// explain tells a database that is no sandbox from other faults.
func explain(err error) error {
	if errors.Is(err, pgx.ErrNoRows) || isMissing(err) {
		return ErrNotSandbox
	}
	return fmt.Errorf("reading the sandbox clock: %w", err)
}

func isMissing(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "42P01" // undefined_table
}
