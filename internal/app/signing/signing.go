package signing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
)

// All names the signer of every territorial body that has none of its own.
const All = "all"

// Config is what signing needs. All fields are required.
type Config struct {
	Pool   *pgxpool.Pool
	Keys   *seal.Keys
	Clock  clock.Clock
	Papers *papers.Service // which is told of signed decrees by [Kept]
	// Signers are the heads of territorial bodies, by their regions (two digits) and [All].
	Signers map[string]*pades.Signer
	Log     *slog.Logger
}

// Signing signs what is not signed yet.
type Signing struct{ cfg Config }

// New returns it.
func New(cfg Config) (*Signing, error) {
	if cfg.Pool == nil || cfg.Keys == nil || cfg.Clock == nil || cfg.Papers == nil || len(cfg.Signers) == 0 || cfg.Log == nil {
		return nil, errors.New("signing: the configuration is not complete")
	}
	return &Signing{cfg}, nil
}

const (
	eventsAtOnce = 5000
	casesAtOnce  = 8
	// spell is how long one run goes on, so that whoever calls it gets to other things.
	spell = 300 * time.Millisecond
	// soon is when a case is looked at again whose accounts are not chosen yet; later, when something was wrong.
	soon  = time.Minute
	later = 10 * time.Minute
)

// Run signs decrees for a while, and says how many. What is left is signed by the next runs, of any process.
func (s *Signing) Run(ctx context.Context) (signed int, err error) {
	watch := clock.StartStopwatch()
	if err := s.gather(ctx); err != nil {
		return 0, fmt.Errorf("signing: gather: %w", err)
	}
	for watch.Elapsed() < spell && ctx.Err() == nil {
		n, cases, err := s.some(ctx)
		signed += n
		if err != nil {
			return signed, fmt.Errorf("signing: %w", err)
		}
		if cases == 0 {
			break
		}
	}
	return signed, nil
}

// gather finds cases in which something has happened of which there may be a decree. One process at a time does; the others go on.
func (s *Signing) gather(ctx context.Context) error {
	var news bool
	if err := s.cfg.Pool.QueryRow(ctx, newsSQL).Scan(&news); err != nil || !news {
		return err
	}
	return pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, gatherSQL, eventsAtOnce, decreeEvents)
		return err
	})
}

// some signs the decrees of a few cases, in one transaction.
func (s *Signing) some(ctx context.Context) (signed, cases int, err error) {
	now, err := s.cfg.Clock.Now(ctx)
	if err != nil {
		return 0, 0, err
	}
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		signed = 0
		rows, err := tx.Query(ctx, takeSQL, casesAtOnce)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		cases = len(ids)
		for _, id := range ids {
			n, again, err := s.one(ctx, tx, id, now)
			if err != nil {
				return err
			}
			signed += n
			if again > 0 {
				_, err = tx.Exec(ctx, againSQL, id, again)
			} else {
				_, err = tx.Exec(ctx, doneSQL, id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return signed, cases, err
}

// one signs the decrees of a case; again is when it is to be looked at once more, zero: not before something happens in it.
func (s *Signing) one(ctx context.Context, tx pgx.Tx, id int64, now time.Time) (signed int, again time.Duration, err error) {
	drafts, whole, err := s.cfg.Papers.Drafts(ctx, tx, id)
	if err != nil {
		return 0, 0, err
	}
	if !whole {
		again = soon
	}
	for _, d := range drafts {
		by := s.cfg.Signers[d.Region]
		if by == nil {
			by = s.cfg.Signers[All]
		}
		if by == nil {
			again = later // until there is one
			continue
		}
		body, sig, err := sign(ctx, d, by, now)
		if err != nil { // the others go on, and it says so itself that it is not signed
			s.cfg.Log.ErrorContext(ctx, "signing: a decree is not signed", "case", caseno.Format(id), "seq", d.Seq, "certificate", by.Serial(), "error", err)
			again = later
			continue
		}
		if _, err := tx.Exec(ctx, keepSQL, id, d.Seq, sig.At, sig.Signer, sig.Post, sig.Certificate, s.cfg.Keys.Seal(body, place(id, d.Seq))); err != nil {
			return 0, 0, err
		}
		signed++
	}
	return signed, again, nil
}

// sign lays a decree out with who is about to sign it, signs it, and verifies what was made.
func sign(ctx context.Context, d papers.Draft, by *pades.Signer, now time.Time) ([]byte, paper.Signature, error) {
	sig := paper.Signature{Signer: by.Name(), Post: by.Post(), Certificate: by.Serial(), At: now.UTC().Truncate(time.Second)}
	plain, err := d.Make(ctx, sig)
	if err != nil {
		return nil, sig, err
	}
	body, err := by.Sign(plain, sig.At)
	if err != nil {
		return nil, sig, err
	}
	got, err := pades.Verify(body)
	if err == nil && !got.At.Equal(sig.At) {
		err = pades.ErrChanged
	}
	return body, sig, err
}

// decreeEvents are the kinds of events that may have a decree, and the answers of banks, by which the accounts of an arrest are known at
// the latest. Whether there is one is for package papers to say.
var decreeEvents = []string{
	string(engine.EvOpened), string(engine.EvArrestOrdered), string(engine.EvCollectOrdered), string(engine.EvOrderAnswered), string(engine.EvPaidInPart), string(engine.EvPaid),
	string(engine.EvPaidAfterEnd), string(engine.EvHandedOver), string(engine.EvHandoverRecalled), string(engine.EvCancelled), string(engine.EvVoided), string(engine.EvAdjusted), string(engine.EvBankHolds),
}
