package stop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
)

// ReleaseWithin is how long a proposed release waits for the second person, in legal time. The database knows the same bound.
const ReleaseWithin = 24 * time.Hour

// BreakerPrefix begins the actor of a stop that no person threw.
const BreakerPrefix = "breaker:"

// Stop is one throw of the switch and what became of it.
type Stop struct {
	ID         int64      `json:"id"`
	Scope      Scope      `json:"scope"`
	Stops      []string   `json:"stops"`
	Actor      string     `json:"actor"`
	Reason     string     `json:"reason"`
	Figures    *Figures   `json:"figures,omitempty"`
	At         time.Time  `json:"at"`
	ReleasedAt *time.Time `json:"released_at,omitempty"`
	Proposal   *Act       `json:"proposal,omitempty"` // the latest, while the stop is open and somebody can still agree
	Acts       []Act      `json:"acts"`
}

// Open says whether the stop is in force.
func (s *Stop) Open() bool { return s.ReleasedAt == nil }

// Breaker is the name of the breaker that threw the switch; empty: a person did.
func (s *Stop) Breaker() string {
	name, _ := strings.CutPrefix(s.Actor, BreakerPrefix)
	if name == s.Actor {
		return ""
	}
	return name
}

// Figures are what a breaker saw.
type Figures struct {
	Count int64 `json:"count"`
	Of    int64 `json:"of,omitempty"` // what the count is compared with; 0: with the limit alone
	Limit int64 `json:"limit"`
}

// ActKind is what a person did towards a release.
type ActKind string

// Acts towards a release.
const (
	ActProposed ActKind = "proposed"
	ActReleased ActKind = "released"
)

// Act is one recorded act. Acts are never changed.
type Act struct {
	Kind   ActKind   `json:"act"`
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ErrNoStop says that there is no such stop.
var ErrNoStop = errors.New("stop: there is no such stop")

// ActError says why a person may not do this.
type ActError struct {
	Code   string // one of the Act codes
	Remedy string
}

// Codes of [ActError].
const (
	CodeNoScope    = "scope_unknown"
	CodeAlready    = "already_stopped"
	CodeReleased   = "already_released"
	CodeSamePerson = "same_person" // who proposed cannot agree
	CodeNoReason   = "reason_missing"
	CodeNoActor    = "actor_missing"
)

// Error names code and remedy.
func (e *ActError) Error() string { return "stop: " + e.Code + ": " + e.Remedy }

// Store is the switch as people work with it.
type Store struct{ pool *pgxpool.Pool }

// NewStore makes a store on a database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Throw stops a scope: one person is enough. It is in force for everybody when Throw returns: what had passed its look at the
// switch before is waited for, for at most five seconds of real time. Whoever calls must know that the actor is who he says.
func (s *Store) Throw(ctx context.Context, scope Scope, actor, reason string, now time.Time) (id int64, err error) {
	if scope, err = ParseScope(string(scope)); err != nil {
		return 0, err
	}
	if actor, reason, err = who(actor, reason); err != nil {
		return 0, err
	}
	return s.insert(ctx, scope, actor, reason, nil, now)
}

// Trip stops a scope by a breaker. It gives 0 when that breaker holds the scope already.
func (s *Store) Trip(ctx context.Context, scope Scope, breaker, reason string, f Figures, now time.Time) (id int64, err error) {
	raw, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	id, err = s.insert(ctx, scope, BreakerPrefix+breaker, reason, raw, now)
	if wrong, ok := errors.AsType[*ActError](err); ok && wrong.Code == CodeAlready {
		return 0, nil
	}
	return id, err
}

func (s *Store) insert(ctx context.Context, scope Scope, actor, reason string, figures []byte, now time.Time) (id int64, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockActsSQL); err != nil {
			return err
		}
		return tx.QueryRow(ctx, insertStopSQL, string(scope), actor, reason, figures, whole(now)).Scan(&id)
	})
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.ConstraintName == "stops_open" {
		return 0, &ActError{CodeAlready, string(scope) + " is stopped already; bailiff switch list shows by whom"}
	}
	if err != nil {
		return 0, fmt.Errorf("stop: %s: %w", scope, err)
	}
	return id, s.settle(ctx)
}

// settle waits for the transactions that looked at the switch before it was thrown, see [Guard].
func (s *Store) settle(ctx context.Context) error {
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '5s'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, lockGuardSQL)
		return err
	})
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "55P03" {
		return nil // it is in force all the same; what is still being written saw the time before
	}
	if err != nil {
		return fmt.Errorf("stop: settle: %w", err)
	}
	return nil
}

// Guard is the last look of a transaction that is about to write something coercive. It says whether nothing has been stopped
// since the set was read; until the transaction ends, whoever throws the switch waits for it. So nothing coercive is committed
// after [Store.Throw] has returned that did not know of it.
func (s Set) Guard(ctx context.Context, tx pgx.Tx) (still bool, err error) {
	b := &pgx.Batch{}
	b.Queue(shareGuardSQL)
	var newest int64
	b.Queue(newestSQL).QueryRow(func(row pgx.Row) error { return row.Scan(&newest) })
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return false, fmt.Errorf("stop: guard: %w", err)
	}
	return newest == s.newest, nil
}

// Release ends a stop, by two people: the first call is a proposal, which stands for [ReleaseWithin]; the call of another person
// within that time releases. It returns the stop, still in force with its proposal, or released.
func (s *Store) Release(ctx context.Context, id int64, actor, reason string, now time.Time) (Stop, error) {
	actor, reason, err := who(actor, reason)
	if err != nil {
		return Stop{}, err
	}
	now = whole(now)
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockActsSQL); err != nil {
			return err
		}
		var open bool
		err := tx.QueryRow(ctx, openSQL, id).Scan(&open)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return fmt.Errorf("%w: %d", ErrNoStop, id)
		case err != nil:
			return err
		case !open:
			return &ActError{CodeReleased, "nothing was done"}
		}
		act := ActReleased
		var first string
		err = tx.QueryRow(ctx, liveProposalSQL, id, now.Add(-ReleaseWithin)).Scan(&first)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			act = ActProposed
		case err != nil:
			return err
		case first == actor:
			return &ActError{CodeSamePerson, "another person has to agree to what you have proposed"}
		}
		_, err = tx.Exec(ctx, insertActSQL, id, string(act), actor, reason, now)
		return err
	})
	if err != nil {
		if _, told := errors.AsType[*ActError](err); !told && !errors.Is(err, ErrNoStop) {
			err = fmt.Errorf("stop: release %d: %w", id, err)
		}
		return Stop{}, err
	}
	all, err := list(ctx, s.pool, now, false, id, 1)
	if err != nil || len(all) == 0 {
		return Stop{}, err
	}
	return all[0], nil
}

// Open lists what is stopped, the oldest last.
func (s *Store) Open(ctx context.Context, now time.Time) ([]Stop, error) {
	return list(ctx, s.pool, now, true, 0, 1000)
}

// History lists stops, open and released, the newest first.
func (s *Store) History(ctx context.Context, now time.Time, limit int) ([]Stop, error) {
	return list(ctx, s.pool, now, false, 0, limit)
}

// List reads as Open and History do, on a picture that the caller has.
func List(ctx context.Context, q Querier, now time.Time, openOnly bool, limit int) ([]Stop, error) {
	return list(ctx, q, now, openOnly, 0, limit)
}

func list(ctx context.Context, q Querier, now time.Time, openOnly bool, id int64, limit int) ([]Stop, error) {
	rows, err := q.Query(ctx, listSQL, openOnly, id, limit)
	if err != nil {
		return nil, fmt.Errorf("stop: list: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Stop, err error) {
		err = row.Scan(&s.ID, &s.Scope, &s.Actor, &s.Reason, &s.Figures, &s.At, &s.ReleasedAt, &s.Acts)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("stop: list: %w", err)
	}
	for i := range all {
		s := &all[i]
		s.At, s.Stops = s.At.UTC(), s.Scope.Stops().List()
		if s.ReleasedAt != nil {
			at := s.ReleasedAt.UTC()
			s.ReleasedAt = &at
			continue
		}
		if n := len(s.Acts); n > 0 && s.Acts[n-1].At.Add(ReleaseWithin).After(now) {
			s.Proposal = &s.Acts[n-1]
		}
	}
	return all, nil
}

// Held is what a breaker holds: a scope under its name.
type Held struct {
	Breaker string
	Scope   Scope
}

// LastReleases tells when each breaker was last released, and of which scope: it looks only at what came after.
func LastReleases(ctx context.Context, q Querier) (map[Held]time.Time, error) {
	rows, err := q.Query(ctx, lastReleasesSQL)
	if err != nil {
		return nil, fmt.Errorf("stop: releases: %w", err)
	}
	out := map[Held]time.Time{}
	var (
		actor string
		scope Scope
		at    time.Time
	)
	if _, err = pgx.ForEachRow(rows, []any{&actor, &scope, &at}, func() error {
		out[Held{strings.TrimPrefix(actor, BreakerPrefix), scope}] = at.UTC()
		return nil
	}); err != nil {
		return nil, fmt.Errorf("stop: releases: %w", err)
	}
	return out, nil
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// who tidies a person's name and reason.
func who(actor, reason string) (string, string, error) {
	name, ok := person.Name(actor)
	if !ok || strings.HasPrefix(name, BreakerPrefix) {
		return "", "", &ActError{CodeNoActor, "say who acts"}
	}
	if reason, ok = person.Reason(reason); !ok || reason == "" {
		return "", "", &ActError{CodeNoReason, "say why, in at most 2000 bytes and without personal data"}
	}
	return name, reason, nil
}

const (
	// lockActsSQL lets one act follow another, so that numbers of stops grow in the order of their commits.
	lockActsSQL   = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.stops', 0))`
	lockGuardSQL  = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.stops.guard', 0))`
	shareGuardSQL = `SELECT pg_advisory_xact_lock_shared(hashtextextended('bailiff.stops.guard', 0))`
	newestSQL     = `SELECT ` + newestOfAll

	insertStopSQL = `INSERT INTO stops (scope, actor, reason, figures, at) VALUES ($1, $2, $3, $4, $5) RETURNING id`
	openSQL       = `SELECT released_at IS NULL FROM stops WHERE id = $1`
	insertActSQL  = `INSERT INTO stop_acts (stop_id, act, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`

	liveProposalSQL = `SELECT actor FROM stop_acts WHERE stop_id = $1 AND act = 'proposed' AND at > $2 ORDER BY id DESC LIMIT 1`

	listSQL = `SELECT s.id, s.scope, s.actor, s.reason, s.figures, s.at, s.released_at, coalesce((SELECT json_agg(
       json_build_object('act', a.act, 'actor', a.actor, 'reason', a.reason, 'at', a.at) ORDER BY a.id) FROM stop_acts a WHERE a.stop_id = s.id), '[]')
  FROM stops s WHERE (NOT $1 OR s.released_at IS NULL) AND ($2 = 0 OR s.id = $2) ORDER BY s.id DESC LIMIT $3`

	lastReleasesSQL = `SELECT actor, scope, max(released_at) FROM stops WHERE breaker <> '' AND released_at IS NOT NULL GROUP BY actor, scope`
)
