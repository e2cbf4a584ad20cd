package pg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ConnectError says why the database could not be used and what to do about it. Its text
// never holds a password.
type ConnectError struct {
	Target string // host:port/database, empty when the address itself is unusable
	Cause  string
	Remedy string
	Err    error // the error underneath, may be nil; its own text is not printed
}

// Error gives target, cause and remedy in one line.
func (e *ConnectError) Error() string {
	where := ""
	if e.Target != "" {
		where = " at " + e.Target
	}
	return fmt.Sprintf("cannot reach the database%s (%s): %s", where, e.Cause, e.Remedy)
}

// Unwrap gives the error underneath.
func (e *ConnectError) Unwrap() error { return e.Err }

// NotDurableError names a server setting under which acknowledged work can be lost.
type NotDurableError struct{ Setting, Value string }

// Error names the setting, its value and the remedy.
func (e *NotDurableError) Error() string {
	return fmt.Sprintf("the database may lose acknowledged work: %s is %q: set %s = on in postgresql.conf and reload",
		e.Setting, e.Value, e.Setting)
}

// AmbiguousCommitError says that COMMIT was sent and its answer never came: the transaction
// may or may not be committed. The caller re-reads by its command id and repeats nothing
// blindly.
type AmbiguousCommitError struct{ Err error }

// Error says that the outcome is unknown and what to do.
func (e *AmbiguousCommitError) Error() string {
	return fmt.Sprintf("the outcome of the commit is unknown (%v): re-read by command id before repeating", e.Err)
}

// Unwrap gives the error underneath.
func (e *AmbiguousCommitError) Unwrap() error { return e.Err }

// addressError reports an address that could not be parsed. The parser's own text is dropped
// where it may quote the address.
func addressError(err error) error {
	cause := "the address is not a PostgreSQL address"
	if parse, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if detail := parse.Unwrap(); detail != nil && !quotesAddress(detail.Error()) {
			cause += ": " + detail.Error()
		}
	}
	return &ConnectError{Cause: cause, Remedy: "write it as postgres://user@host:5432/database"}
}

// quotesAddress is deliberately broad: losing a detail is better than printing a secret.
func quotesAddress(text string) bool { return strings.ContainsAny(text, "@:=\"'`/") }

func target(c *pgx.ConnConfig) string {
	if strings.HasPrefix(c.Host, "/") {
		return c.Host + "/" + c.Database
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

func connectError(c *pgx.ConnConfig, err error) error {
	if _, ok := errors.AsType[*ConnectError](err); ok {
		return err
	}
	e := &ConnectError{Target: target(c), Err: err, Cause: scrub(rootCause(err), c.Password)}
	e.Remedy = "start it or set BAILIFF_DATABASE_URL"
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.Cause = scrub(pgErr.Message, c.Password)
		switch pgErr.Code {
		case "28P01", "28000":
			e.Remedy = "check the user and the password in BAILIFF_DATABASE_URL and pg_hba.conf"
		case "3D000":
			e.Remedy = "create the database or correct its name in BAILIFF_DATABASE_URL"
		case "53300":
			e.Remedy = "lower the pool sizes or raise max_connections"
		case "57P03":
			e.Remedy = "the server is starting or stopping: wait and try again"
		default:
			e.Remedy = "see the server's log (code " + pgErr.Code + ")"
		}
	}
	return e
}

// rootCause finds the few words that matter in pgx's nested connection errors.
func rootCause(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.Err
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		return sys.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

func scrub(text, password string) string {
	if password == "" {
		return text
	}
	return strings.ReplaceAll(text, password, "…")
}

// BlamesData says whether an error may belong to one of the rows of a statement (SQLSTATE classes 22 and 23, and what our own
// triggers raise), so that halving the set makes sense. Trouble of the database or of the connection belongs to nobody.
func BlamesData(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pgErr.Code[:2] {
	case "22", "23": // data exception, integrity violation
		return true
	}
	return pgErr.Code == "P0001"
}
