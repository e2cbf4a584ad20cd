package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoVisit says that there is no such visit any more.
var ErrNoVisit = errors.New("desk: there is no such visit")

// Signed is a visit as the lists show it.
type Signed struct {
	ID      int64
	Actor   string
	Roles   []Role
	Regions []string // nil: all
	Way     string   // demo, account or oidc
	Browser string   // as it names itself
	Started time.Time
	Seen    time.Time
	Until   time.Time // when it ends whatever happens
	This    bool      // the one that asks
}

// mostVisits bounds the list of everybody's visits.
const mostVisits = 500

// Visits lists the actor's own visits, the newest first. session is the one that asks.
func (s *Service) Visits(ctx context.Context, actor Actor, session string) ([]Signed, error) {
	if err := actor.check(); err != nil {
		return nil, err
	}
	return s.visits(ctx, actor.Name, session)
}

// People lists everybody's visits.
func (s *Service) People(ctx context.Context, actor Actor, session string) ([]Signed, error) {
	if err := actor.check(); err != nil {
		return nil, err
	}
	return s.visits(ctx, "", session)
}

func (s *Service) visits(ctx context.Context, of, session string) ([]Signed, error) {
	rows, err := s.cfg.Pool.Query(ctx, visitsSQL, of, sessionHash(session), IdleFor, s.ways(), mostVisits)
	if err != nil {
		return nil, fmt.Errorf("desk: visits: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Signed])
}

// EndVisit ends one of the actor's own visits.
func (s *Service) EndVisit(ctx context.Context, actor Actor, id int64) error {
	if err := actor.check(); err != nil {
		return err
	}
	return s.end(ctx, id, actor.Name)
}

// EndVisits ends all of the actor's own visits, this one among them.
func (s *Service) EndVisits(ctx context.Context, actor Actor) error {
	if err := actor.check(); err != nil {
		return err
	}
	_, err := s.cfg.Pool.Exec(ctx, endVisitsSQL, actor.Name)
	return err
}

// EndOther ends a visit of anybody.
func (s *Service) EndOther(ctx context.Context, actor Actor, id int64) error {
	if err := actor.check(); err != nil {
		return err
	}
	_, err := s.cfg.Pool.Exec(ctx, noteEndedSQL, id, actor.Name)
	if err != nil {
		return err
	}
	return s.end(ctx, id, "")
}

func (s *Service) end(ctx context.Context, id int64, of string) error {
	tag, err := s.cfg.Pool.Exec(ctx, endVisitSQL, id, of)
	if err == nil && tag.RowsAffected() == 0 {
		err = ErrNoVisit
	}
	return err
}

const (
	visitsSQL = `SELECT id, actor, roles, regions, way, browser, started_at, seen_at, expires_at, id_hash = $2 FROM desk_sessions
 WHERE ($1 = '' OR actor = $1) AND expires_at > now() AND seen_at > now() - $3::interval AND way = ANY ($4) ORDER BY started_at DESC, id DESC LIMIT $5`
	endVisitSQL  = `DELETE FROM desk_sessions WHERE id = $1 AND ($2 = '' OR actor = $2)`
	noteEndedSQL = `INSERT INTO desk_visits (visit_id, actor, act, subject) SELECT id, $2, 'visit_ended', actor FROM desk_sessions WHERE id = $1 AND actor <> $2`
	endVisitsSQL = `DELETE FROM desk_sessions WHERE actor = $1`
)
