package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	maxAttempts   = 6
	commitTimeout = 5 * time.Second
	backoffBase   = 5 * time.Millisecond
	backoffCap    = 250 * time.Millisecond
)

// Beginner is what [InTx] needs: a pool or a single connection, never a running transaction.
type Beginner interface {
	BeginTx(ctx context.Context, opts pgx.TxOptions) (pgx.Tx, error)
}

// InTx runs fn in one READ COMMITTED transaction and commits it.
//
// The whole of fn is repeated, a bounded number of times and after a short random pause, only
// when nothing can have been committed: serialization failure (40001), deadlock (40P01), or an
// error before anything was sent. So fn must do nothing but database work, must begin from
// fresh values on each call, and must take its locks in the order given in the package comment.
//
// When the answer to COMMIT is lost the result is an [*AmbiguousCommitError]; InTx never
// repeats after that. Every other error means that nothing was committed.
func InTx(ctx context.Context, db Beginner, fn func(pgx.Tx) error) error {
	var err error
	for attempt := range maxAttempts {
		if attempt > 0 {
			if sleep(ctx, backoff(attempt)) != nil {
				return err
			}
		}
		if err = once(ctx, db, fn); err == nil || !retryable(err) {
			return err
		}
	}
	return fmt.Errorf("transaction given up after %d attempts: %w", maxAttempts, err)
}

func once(ctx context.Context, db Beginner, fn func(pgx.Tx) error) error {
	tx, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// Also runs when fn panics. After a commit it does nothing.
	defer rollback(ctx, tx)
	if err := fn(tx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err // nobody waits for the outcome: better not to commit
	}
	if conn := tx.Conn(); conn != nil && conn.IsClosed() {
		return &lostBeforeCommitError{} // fn dropped the error; COMMIT is certainly not sent
	}
	return commit(ctx, tx)
}

// lostBeforeCommitError says that the connection broke while fn still worked.
type lostBeforeCommitError struct{}

func (*lostBeforeCommitError) Error() string     { return "the connection was lost before the commit" }
func (*lostBeforeCommitError) SafeToRetry() bool { return true }

// commit is cut off from the caller's cancellation, since giving up between sending COMMIT
// and reading its answer is exactly what makes an outcome unknown.
func commit(ctx context.Context, tx pgx.Tx) error {
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err := tx.Commit(detached)
	if err == nil {
		return nil
	}
	if rolledBack(err) {
		return fmt.Errorf("commit refused: %w", err)
	}
	return &AmbiguousCommitError{Err: err}
}

// rolledBack reports whether the failed commit certainly did not happen: the server answered
// ROLLBACK, or answered with an ordinary error.
//
// pgconn.SafeToRetry is not asked here. In pgx 5.12.0 a connection that breaks after COMMIT was
// sent reports "conn closed" and claims to be safe to retry (the first read's error is dropped,
// the second read finds the connection closed), though the transaction may be committed.
func rolledBack(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, pgx.ErrTxClosed) {
		return true
	}
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	// FATAL and PANIC end the connection and prove nothing about the commit record; 40003 is the
	// server's own "completion unknown".
	return ok && pgErr.SeverityUnlocalized == "ERROR" && pgErr.Code != "40003"
}

func rollback(ctx context.Context, tx pgx.Tx) {
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	_ = tx.Rollback(detached) // on failure the pool discards the connection, and the server rolls back
}

func retryable(err error) bool {
	if _, ambiguous := errors.AsType[*AmbiguousCommitError](err); ambiguous {
		return false
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code == "40001" || pgErr.Code == "40P01"
	}
	return pgconn.SafeToRetry(err)
}

// backoff grows from 5 ms to 250 ms, with full jitter so that two deadlocked transactions do
// not meet again.
func backoff(attempt int) time.Duration {
	ceiling := min(backoffBase<<attempt, backoffCap)
	return time.Duration(rand.Int64N(int64(ceiling))) + time.Millisecond
}
