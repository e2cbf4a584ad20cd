package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/webhook"
	"robotbailiff/rules/calendar"
)

// The sources of money. Each signs its messages with a secret of its own.
const (
	SourceGateway = "gateway" // what debtors pay
	SourceBank    = "bank"    // what banks take by collection orders
)

// Config is what a world is made of.
type Config struct {
	Pool    *pgxpool.Pool     // of the world's own, on a database that Install prepared; or Books
	Books   Books             // NewMemoryBooks, or nothing with a Pool
	Clock   clock.Clock       // the world's time as adapters see it; Step is told it
	Secrets map[string]string // webhook secret of each source
	Shares  *Shares           // nil: DefaultShares
	Faults  *Faults           // nil: DefaultFaults
	Senders int               // payment messages under way at once; 0: 8
}

// World is everything outside of our house. Several processes may share one through the database. Its parts are the
// ports [World.Banks] and [World.Messages], the gateway [World.Till], and [World.Step].
type World struct {
	seed    uint64
	books   Books
	clock   clock.Clock
	secrets map[string]string
	shares  Shares
	faults  Faults
	senders int
}

// New makes a world. The same seed gives the same fates.
func New(seed uint64, c Config) (*World, error) {
	w := &World{seed: seed, books: c.Books, clock: c.Clock, secrets: c.Secrets, shares: DefaultShares(), faults: DefaultFaults()}
	if w.senders = c.Senders; w.senders <= 0 {
		w.senders = 8
	}
	if w.books == nil && c.Pool != nil {
		w.books = NewPGBooks(c.Pool)
	}
	if w.books == nil || w.clock == nil {
		return nil, errors.New("sandbox: books and a clock are needed")
	}
	if c.Shares != nil {
		w.shares = *c.Shares
	}
	if c.Faults != nil {
		w.faults = *c.Faults
	}
	if err := w.shares.check(); err != nil {
		return nil, err
	}
	for _, source := range []string{SourceGateway, SourceBank} {
		if _, err := webhook.NewVerifier([]string{w.secrets[source]}); err != nil {
			return nil, fmt.Errorf("sandbox: secret of %s: %w", source, err)
		}
	}
	return w, nil
}

func (w *World) now(ctx context.Context) (time.Time, error) {
	now, err := w.clock.Now(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("sandbox: %w", err)
	}
	return instant(now), nil
}

// instant brings a time to the precision of the books.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// NextAt is when the next thing will happen in the world, inner things included; false when nothing is going to. There
// are many such moments: a demo jumps to the later of NextAt and an hour from now.
func (w *World) NextAt(ctx context.Context) (time.Time, bool, error) { return w.books.Next(ctx) }

// errBroken is the failure of a whole call. What it says is all that the caller learns.
var errBroken = errors.New("sandbox: connection reset")

// line is the state of a line to a bank or a provider.
type line int

const (
	lineUp   line = iota
	lineDown      // nothing gets through
	lineMute      // what is asked for is done, and no answer gets through
)

// line tells how a line is in the minute of an instant. It is the same for all who call then, whatever they ask and however
// often, so that what becomes of an order does not hang on what others share its call.
func (w *World) line(name string, now time.Time) line {
	d := roll(w.seed, "line/"+name, strconv.FormatInt(now.Unix()/60, 10))
	switch n := d.below(whole); {
	case n < w.faults.LineDown:
		return lineDown
	case n < w.faults.LineDown+w.faults.LineMute:
		return lineMute
	}
	return lineUp
}

// dayOf is the beginning of an instant's day. What people do, and what is late by days, hangs on days: something that
// happens some hours later on the same day leads to the same.
func dayOf(t time.Time) time.Time { return calendar.DateOf(t).Start().UTC() }

// encode writes the body of an item; the types are ours and always fit.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func decode[T any](it Item) (v T, err error) {
	if err = json.Unmarshal([]byte(it.Body), &v); err != nil {
		err = fmt.Errorf("sandbox: item %s: %w", it.Key, err)
	}
	return v, err
}
