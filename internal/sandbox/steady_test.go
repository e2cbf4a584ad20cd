package sandbox_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
	"robotbailiff/notify"
)

// shaky are books that cannot be reached for a while: before a change, or when its end should be heard.
type shaky struct {
	sandbox.Books

	before, after []error
}

func (s *shaky) Change(ctx context.Context, want sandbox.Want, f func(*sandbox.Page) error) error {
	if len(s.before) > 0 {
		err := s.before[0]
		s.before = s.before[1:]
		return err
	}
	if err := s.Books.Change(ctx, want, f); err != nil || len(s.after) == 0 {
		return err
	}
	err := s.after[0]
	s.after = s.after[1:]
	return err
}

// TestPorts_doNotFailWithOurDatabase: the outage of the database is no outage of the bank, and nothing is done twice.
func TestPorts_doNotFailWithOurDatabase(t *testing.T) {
	ctx := context.Background()
	books := &shaky{Books: sandbox.NewMemoryBooks()}
	w := newWorld(t, 1, books, sandbox.NoFaults())
	in, msg := order(t, 1, 1, engine.Arrest, 1, 50_00), message(t, 1, notify.SMS, 50_00)
	shake := func() {
		books.before = []error{io.ErrUnexpectedEOF, &pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P03"}}
		books.after = []error{&pg.AmbiguousCommitError{Err: io.EOF}}
	}
	shake()
	if got, err := w.Banks()["altyn"].Submit(ctx, []orders.Instruction{in}); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	shake()
	if got, err := w.Messages(notify.SMS).Send(ctx, []notify.Message{msg}); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	all, err := books.All(ctx)
	if err != nil || all.Messages.Get(msg.Ref).Count != 1 {
		t.Errorf("%+v, %v", all.Messages.Get(msg.Ref), err)
	}
	refused := &pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "42P01"}
	books.before = []error{refused}
	if _, err := w.Banks()["altyn"].Query(ctx, []uuid.UUID{in.ID}); !errors.Is(err, refused) {
		t.Errorf("%v", err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	books.before = []error{io.EOF}
	if _, err := w.Messages(notify.SMS).Query(over, []string{msg.Ref}); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}
