package sandbox

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/internal/pg"
)

// steady makes a call of a port until the books can be reached: banks and providers do not go down with our database, their
// books only happen to live in it here. again tells the call that an earlier try of it may have been done.
func steady[T any](ctx context.Context, call func(again bool) (T, error)) (T, error) {
	for again := false; ; again = true {
		out, err := call(again)
		if err == nil || !away(err) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// away says whether an error means that the database is gone, or on its way back.
func away(err error) bool {
	if _, unknown := errors.AsType[*pg.AmbiguousCommitError](err); unknown {
		return true
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.SeverityUnlocalized != "ERROR"
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
