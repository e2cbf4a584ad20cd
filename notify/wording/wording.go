package wording

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/text"
)

// ApproveWithin is how long a proposal waits for the second person, in legal time. The database knows the same bound.
const ApproveWithin = 24 * time.Hour

// State is what has become of a version.
type State string

// The states of a version.
const (
	StateOpen     State = "open"     // proposed; another person may approve it
	StateLapsed   State = "lapsed"   // nobody did in time
	StateRejected State = "rejected" // somebody sent it away
	StateInForce  State = "in_force" // new notices are written so
	StateFormer   State = "former"   // notices were written so, until a later one came
)

// Version is one version and what people did to it.
type Version struct {
	Number     int
	Base       int // the version that it changes; 0: it is built in
	State      State
	ProposedBy string
	Reason     string
	ProposedAt time.Time
	DecidedBy  string // who approved or rejected it; empty: nobody has
	DecidedWhy string
	DecidedAt  time.Time
}

// ErrNoVersion says that there is no such version.
var ErrNoVersion = errors.New("wording: there is no such version")

// ActError says why a person may not do this to the words.
type ActError struct {
	Code   string // one of the Act codes
	Remedy string
}

// Codes of [ActError].
const (
	CodeNotOpen     = "not_open"    // the proposal does not wait for anybody, or not any more
	CodeSamePerson  = "same_person" // who proposed cannot approve
	CodeNoReason    = "reason_missing"
	CodeNoActor     = "actor_missing"
	CodeStale       = "stale"        // the page shows what is not so any more
	CodeOpenAlready = "open"         // another proposal waits
	CodeNothing     = "nothing"      // nothing was changed
	CodeProblems    = "problems"     // some words are not good yet
	CodeNotKept     = "not_storable" // words that may not even be kept
)

// Error names code and remedy.
func (e *ActError) Error() string { return "wording: " + e.Code + ": " + e.Remedy }

// Store is the versions as people work with them. It is safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool
	library Library
}

// NewStore makes a store on a database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Edition gives one version.
func (s *Store) Edition(ctx context.Context, version int) (*text.Edition, error) {
	e, err := s.library.Edition(ctx, s.pool, version)
	if errors.Is(err, text.ErrUnknown) {
		return nil, fmt.Errorf("%w: %d", ErrNoVersion, version)
	}
	return e, err
}

// InForce gives the version that new notices get, as the database knows it now.
func (s *Store) InForce(ctx context.Context) (v int, err error) {
	err = s.pool.QueryRow(ctx, inForceSQL).Scan(&v)
	return v, err
}

const (
	versionsSQL = `SELECT v.version, v.base, v.proposed_by, v.reason, v.proposed_at,
       coalesce(a.act, ''), coalesce(a.actor, ''), coalesce(a.reason, ''), coalesce(a.at, v.proposed_at)
  FROM text_versions v LEFT JOIN text_version_acts a ON a.version = v.version ORDER BY v.version DESC`

	lockSQL          = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.texts', 0))`
	insertVersionSQL = `INSERT INTO text_versions (version, base, words, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, $4, $5, $6)`
	insertActSQL     = `INSERT INTO text_version_acts (version, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`
)

// rowsQuerier reads rows too.
type rowsQuerier interface {
	Querier
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// List reads all versions, the newest first. Now is the legal time.
func (s *Store) List(ctx context.Context, now time.Time) ([]Version, error) {
	return list(ctx, s.pool, now)
}

func list(ctx context.Context, q rowsQuerier, now time.Time) ([]Version, error) {
	rows, err := q.Query(ctx, versionsSQL)
	if err != nil {
		return nil, fmt.Errorf("wording: versions: %w", err)
	}
	inForce := false
	approved := func() State {
		if inForce {
			return StateFormer
		}
		inForce = true
		return StateInForce
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Version, error) {
		var v Version
		var act string
		err := row.Scan(&v.Number, &v.Base, &v.ProposedBy, &v.Reason, &v.ProposedAt, &act, &v.DecidedBy, &v.DecidedWhy, &v.DecidedAt)
		switch {
		case act == "approved":
			v.State = approved()
		case act == "rejected":
			v.State = StateRejected
		case now.Before(v.ProposedAt.Add(ApproveWithin)):
			v.State = StateOpen
		default:
			v.State = StateLapsed
		}
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("wording: versions: %w", err)
	}
	return append(out, Version{Number: text.Version, State: approved()}), nil
}

// Version reads one version.
func (s *Store) Version(ctx context.Context, number int, now time.Time) (Version, error) {
	all, err := s.List(ctx, now)
	if err != nil {
		return Version{}, err
	}
	return find(all, number)
}

func find(all []Version, number int) (Version, error) {
	for _, v := range all {
		if v.Number == number {
			return v, nil
		}
	}
	return Version{}, fmt.Errorf("%w: %d", ErrNoVersion, number)
}

// Approve puts a proposal of another person into force for new notices.
func (s *Store) Approve(ctx context.Context, number int, actor, reason string, now time.Time) error {
	return s.decide(ctx, number, "approved", actor, reason, now)
}

// Reject sends a proposal away; one person may do that, also the one who made it.
func (s *Store) Reject(ctx context.Context, number int, actor, reason string, now time.Time) error {
	return s.decide(ctx, number, "rejected", actor, reason, now)
}

func (s *Store) decide(ctx context.Context, number int, act, actor, reason string, now time.Time) error {
	actor, reason, err := who(actor, reason, act == "rejected")
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL); err != nil {
			return err
		}
		all, err := list(ctx, tx, now)
		if err != nil {
			return err
		}
		v, err := find(all, number)
		switch {
		case err != nil:
			return err
		case v.State != StateOpen:
			return &ActError{CodeNotOpen, "it is " + string(v.State) + ", nothing was done"}
		case act == "approved" && v.ProposedBy == actor:
			return &ActError{CodeSamePerson, "another person has to approve what you have proposed"}
		}
		_, err = tx.Exec(ctx, insertActSQL, number, act, actor, reason, now)
		return err
	})
	return told(err, "wording: version %d: %w", number)
}

// told adds to an error where it happened, unless it says so itself.
func told(err error, format string, args ...any) error {
	_, known := errors.AsType[*ActError](err)
	if err == nil || known || errors.Is(err, ErrNoVersion) {
		return err
	}
	return fmt.Errorf(format, append(args, err)...)
}

// who tidies the name and the reason of somebody who acts.
func who(actor, reason string, must bool) (string, string, error) {
	name, ok := person.Name(actor)
	if !ok {
		return "", "", &ActError{CodeNoActor, "say who acts"}
	}
	if reason, ok = person.Reason(reason); !ok || must && reason == "" {
		return "", "", &ActError{CodeNoReason, "say why, in at most 2000 bytes and without personal data"}
	}
	return name, reason, nil
}
