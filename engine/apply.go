package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/pack"
)

// Sink writes the effects of a batch that belong to somebody else (notices, money) in the transaction of the batch.
// It gets all effects at once and must write them as sets.
type Sink func(ctx context.Context, tx pgx.Tx, effects []Effect, now time.Time) error

// Enqueue starts work on chunks in the transaction that made them.
type Enqueue func(ctx context.Context, tx pgx.Tx, chunks []Chunk) error

// Store keeps cases in PostgreSQL. It is the only writer of a case.
type Store struct {
	pool    *pgxpool.Pool
	clock   clock.Clock
	packs   *Packs
	sinks   []Sink
	enqueue Enqueue
	transit func(ctx context.Context, tx pgx.Tx) (bool, error)

	register bool
}

// Config joins a store with what surrounds it. Sinks, Enqueue and MoneyInTransit may be nil.
type Config struct {
	Pool    *pgxpool.Pool
	Clock   clock.Clock
	Packs   *Packs
	Sinks   []Sink
	Enqueue Enqueue
	// MoneyInTransit says, inside the transaction, whether received money waits to be looked at.
	MoneyInTransit func(ctx context.Context, tx pgx.Tx) (bool, error)
	// Register says that the register of debtors is connected; without it nobody is entered into it.
	Register bool
}

// NewStore returns a store.
func NewStore(c Config) *Store {
	return &Store{pool: c.Pool, clock: c.Clock, packs: c.Packs, sinks: c.Sinks, enqueue: c.Enqueue, transit: c.MoneyInTransit, register: c.Register}
}

// Pool returns the pool on which the store works.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Now returns the legal instant.
func (s *Store) Now(ctx context.Context) (time.Time, error) { return s.clock.Now(ctx) }

// Pack returns the rule pack in force.
func (s *Store) Pack() *pack.Pack { return s.packs.Current() }

// Packs returns the packs that the store knows.
func (s *Store) Packs() *Packs { return s.packs }

// MaxBatch is the largest number of cases that one transaction changes. Larger batches are split by [Store.Apply].
const MaxBatch = 2000

// Apply decides and writes a batch of commands, at most [MaxBatch] cases a transaction. When a transaction fails for a
// reason that repeating does not cure, the batch is halved until the one bad case is found; that case gets a hold, the
// rest go on. The outcomes are in the order of the commands.
func (s *Store) Apply(ctx context.Context, cmds []For) ([]Outcome, error) {
	out := make([]Outcome, 0, len(cmds))
	for part := range slices.Chunk(cmds, MaxBatch) {
		o, err := s.applyPart(ctx, part)
		if err != nil {
			return out, err
		}
		out = append(out, o...)
	}
	return out, nil
}

// newApplyID names one call of Apply. It begins with the time, so that old marks stand together and are forgotten together.
func newApplyID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func (s *Store) applyPart(ctx context.Context, cmds []For) ([]Outcome, error) {
	id := newApplyID()
	var out []Outcome
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		pl, err := s.ApplyTx(ctx, tx, cmds, WithID(id))
		if err == nil {
			out = pl.Outcomes
		}
		return err
	})
	var unsure *pg.AmbiguousCommitError
	if errors.As(err, &unsure) {
		done, rerr := s.applied(ctx, id)
		if rerr != nil {
			return nil, errors.Join(err, rerr)
		}
		if done {
			return out, nil
		}
		return nil, err
	}
	if err == nil || !pg.BlamesData(err) {
		return out, err
	}
	if len(cmds) == 1 {
		return s.isolate(ctx, cmds[0], err)
	}
	half := len(cmds) / 2
	for half < len(cmds)-1 && half > 0 && cmds[half].CaseID == cmds[half-1].CaseID {
		half++ // commands to one case stay together and in order
	}
	first, err := s.applyPart(ctx, cmds[:half])
	if err != nil {
		return first, err
	}
	second, err := s.applyPart(ctx, cmds[half:])
	return append(first, second...), err
}

// isolate puts the one case that cannot be written on hold, so that a person looks and the others go on.
func (s *Store) isolate(ctx context.Context, f For, cause error) ([]Outcome, error) {
	if _, holding := f.Command.(SetHold); holding {
		return nil, cause
	}
	hold := For{CaseID: f.CaseID, Actor: ActorRobot, Command: SetHold{Reason: "failed_" + f.Command.Kind()}}
	if _, err := s.applyPart(ctx, []For{hold}); err != nil {
		return nil, errors.Join(cause, err)
	}
	return []Outcome{{CaseID: f.CaseID, Refusal: &Refusal{Code: CodeFailed}}}, nil
}

// CodeFailed marks a command that could not be written; its case is on hold.
const CodeFailed = "failed"

// Option changes one call of ApplyTx.
type Option func(*options)

type options struct {
	id         uuid.UUID
	skipLocked bool
	drop       func(ctx context.Context, tx pgx.Tx, pl *Plan) error
}

// WithID names the call, so that its commit can be found again.
func WithID(id uuid.UUID) Option { return func(o *options) { o.id = id } }

// SkipLocked leaves out cases that somebody else is changing; for sweeps, which come again.
func SkipLocked() Option { return func(o *options) { o.skipLocked = true } }

// BeforeWrite runs f between the decision and the writing; f may take cases out of the plan.
func BeforeWrite(f func(ctx context.Context, tx pgx.Tx, pl *Plan) error) Option {
	return func(o *options) { o.drop = f }
}

// ApplyTx is Apply for one batch inside a transaction of the caller, who has taken no lock that comes after cases in the
// lock order (cases, payments, notices).
func (s *Store) ApplyTx(ctx context.Context, tx pgx.Tx, cmds []For, opts ...Option) (*Plan, error) {
	o := options{}
	for _, opt := range opts {
		opt(&o)
	}
	if o.id == uuid.Nil {
		o.id = newApplyID()
	}
	loaded, err := loadForUpdate(ctx, tx, caseIDs(cmds), o.skipLocked)
	if err != nil {
		return nil, err
	}
	pl, err := s.decide(ctx, tx, loaded, cmds)
	if err != nil {
		return nil, err
	}
	if o.drop != nil {
		if err := o.drop(ctx, tx, pl); err != nil {
			return nil, err
		}
	}
	return pl, s.write(ctx, tx, pl, o.id)
}

// Preview decides commands on the cases as they are and writes nothing.
func (s *Store) Preview(ctx context.Context, cmds []For) (*Plan, error) {
	var pl *Plan
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		loaded, err := loadCases(ctx, tx, caseIDs(cmds))
		if err != nil {
			return err
		}
		around, err := s.surroundings(ctx, tx, loaded)
		if err != nil {
			return err
		}
		around.preview = true
		pl, err = makePlan(loaded, cmds, around)
		return err
	})
	return pl, err
}

func (s *Store) applied(ctx context.Context, id uuid.UUID) (bool, error) {
	var found bool
	err := s.pool.QueryRow(ctx, appliedSQL, id).Scan(&found)
	return found, err
}

func caseIDs(cmds []For) []int64 {
	ids := make([]int64, 0, len(cmds))
	for _, f := range cmds {
		ids = append(ids, f.CaseID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
