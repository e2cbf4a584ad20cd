// Package ruleset keeps from which legal day on which version of the rules decides: one person proposes a version and a day, tomorrow or
// later, another agrees within 24 hours. Where nobody has agreed on a version, the one that the program brings decides. Going back is a
// proposal of the older version.
//
// It must not read rules, decide about a case, import the engine, or call anything outside the database. Its entry points are [InForce], which
// the engine asks in every transaction that decides, and [Store], with which people act.
package ruleset

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// AgreeWithin is how long a proposal waits for the second person, in legal time. The database knows the same bound.
const AgreeWithin = 24 * time.Hour

// MaxReason is the longest reason, in characters.
const MaxReason = 500

// Querier reads; a pool, a connection and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// InForce gives the id of the version that people have agreed on for a legal day; false: they have agreed on none.
func InForce(ctx context.Context, q Querier, today calendar.Date) (id int16, ok bool, err error) {
	err = q.QueryRow(ctx, `SELECT pack_id FROM rule_pack_decisions WHERE agreed AND from_on <= $1 ORDER BY from_on DESC, proposal DESC LIMIT 1`, today.UTC()).Scan(&id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("ruleset: in force: %w", err)
	}
	return id, true, nil
}

// Proposal is a version that somebody wants to be in force from a day on.
type Proposal struct {
	ID      int64
	PackID  int16
	Hash    string // of the version
	From    calendar.Date
	Actor   string
	Reason  string
	WhatIf  []byte // JSON of what came of trying it; nil: it was not tried
	At      time.Time
	Decided *Decision // nil: nobody has decided
}

// Decision is what the second person said.
type Decision struct {
	Agreed bool
	Actor  string
	Reason string // of a refusal; may be empty where somebody agreed
	At     time.Time
}

// Until is when the proposal ends if nobody agrees.
func (p Proposal) Until() time.Time { return p.At.Add(AgreeWithin) }

// Waits says whether somebody can still agree: not after a day, and not on the day from which it was to be in force.
func (p Proposal) Waits(now time.Time) bool {
	return p.Decided == nil && now.Before(p.Until()) && calendar.DateOf(now).Before(p.From)
}

// Why an act is refused.
var (
	ErrNone    = errors.New("ruleset: there is no such proposal")
	ErrDay     = errors.New("ruleset: a version is in force from tomorrow at the earliest")
	ErrReason  = errors.New("ruleset: say why, in at most 500 characters")
	ErrSame    = errors.New("ruleset: another person has to agree to what you have proposed")
	ErrDecided = errors.New("ruleset: this is decided already, or its time is over")
)

// Store is the versions as people work with them.
type Store struct{ pool *pgxpool.Pool }

// NewStore makes a store on a database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// Propose keeps the proposal of a version that the database knows, with what came of trying it.
func (s *Store) Propose(ctx context.Context, packID int16, from calendar.Date, actor, reason string, whatIf []byte, now time.Time) (id int64, err error) {
	if reason, err = whole(reason, true); err != nil {
		return 0, err
	}
	if !from.Valid() || !calendar.DateOf(now).Before(from) {
		return 0, ErrDay
	}
	err = s.pool.QueryRow(ctx, `INSERT INTO rule_pack_proposals (pack_id, from_on, actor, reason, what_if, at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
		packID, from.UTC(), actor, reason, whatIf, now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("ruleset: propose: %w", err)
	}
	return id, nil
}

// Decide keeps what a person says about a proposal: another one agrees, anybody refuses with a reason, also who has proposed.
func (s *Store) Decide(ctx context.Context, id int64, agree bool, actor, reason string, now time.Time) error {
	reason, err := whole(reason, !agree)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.rules', 0))`); err != nil {
			return fmt.Errorf("ruleset: %w", err)
		}
		all, err := list(ctx, tx, id, 1)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return ErrNone
		}
		p := all[0]
		switch {
		case !p.Waits(now):
			return ErrDecided
		case agree && p.Actor == actor:
			return ErrSame
		}
		_, err = tx.Exec(ctx, `INSERT INTO rule_pack_decisions (proposal, pack_id, from_on, agreed, actor, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			id, p.PackID, p.From.UTC(), agree, actor, reason, now)
		if err != nil {
			return fmt.Errorf("ruleset: decide %d: %w", id, err)
		}
		return nil
	})
}

func whole(reason string, needed bool) (string, error) {
	reason = strings.TrimSpace(reason)
	if needed && reason == "" || utf8.RuneCountInString(reason) > MaxReason {
		return "", ErrReason
	}
	return reason, nil
}

// List gives the proposals, the newest first.
func List(ctx context.Context, q Querier, limit int) ([]Proposal, error) {
	return list(ctx, q, 0, limit)
}

// One finds a proposal.
func One(ctx context.Context, q Querier, id int64) (Proposal, error) {
	all, err := list(ctx, q, id, 1)
	if err == nil && len(all) == 0 || id == 0 {
		err = ErrNone
	}
	if err != nil {
		return Proposal{}, err
	}
	return all[0], nil
}

func list(ctx context.Context, q Querier, id int64, limit int) ([]Proposal, error) {
	rows, err := q.Query(ctx, `SELECT p.id, p.pack_id, k.hash, p.from_on, p.actor, p.reason, p.what_if, p.at, d.agreed, d.actor, d.reason, d.at
  FROM rule_pack_proposals p JOIN rule_packs k ON k.id = p.pack_id LEFT JOIN rule_pack_decisions d ON d.proposal = p.id
 WHERE $1 = 0 OR p.id = $1 ORDER BY p.id DESC LIMIT $2`, id, limit)
	if err != nil {
		return nil, fmt.Errorf("ruleset: list: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Proposal, err error) {
		var from time.Time
		var agreed pgtype.Bool
		var actor, reason pgtype.Text
		var at pgtype.Timestamptz
		err = row.Scan(&p.ID, &p.PackID, &p.Hash, &from, &p.Actor, &p.Reason, &p.WhatIf, &p.At, &agreed, &actor, &reason, &at)
		if p.From = calendar.FromUTC(from); agreed.Valid {
			p.Decided = &Decision{Agreed: agreed.Bool, Actor: actor.String, Reason: reason.String, At: at.Time}
		}
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("ruleset: list: %w", err)
	}
	return all, nil
}
