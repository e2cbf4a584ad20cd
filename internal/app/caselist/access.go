package caselist

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// MostUnmasked is how many times an hour one person may look at whom a case is of. Who asks oftener is refused, and that is counted.
const MostUnmasked = 50

// Errors of looking at a person.
var (
	ErrNoReason = errors.New("caselist: no reason was given, or it is too long")
	ErrTooOften = errors.New("caselist: looked at too many people within an hour")
)

// Identity is a debtor as the court named him.
type Identity struct {
	Name, IIN, Phone string
	Born             calendar.Date
}

// access is a row of the log.
type access struct {
	actor, what, kind, reason string
	caseID                    int64
	blind                     []byte
	hits                      *int
}

const insertAccessSQL = `INSERT INTO desk_access (actor, what, case_id, kind, blind, hits, reason) VALUES ($1, $2, nullif($3::bigint, 0), $4, $5, $6, $7)`

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func (s *Store) note(ctx context.Context, a access) error { return note(ctx, s.pool, a) }

func note(ctx context.Context, db execer, a access) error {
	if _, err := db.Exec(ctx, insertAccessSQL, a.actor, a.what, a.caseID, a.kind, a.blind, a.hits, a.reason); err != nil {
		return fmt.Errorf("caselist: access log: %w", err)
	}
	return nil
}

const identitySQL = `SELECT d.name, d.iin_sealed, coalesce(d.phone_sealed, ''), d.birth_date
  FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1 AND ($2::text[] IS NULL OR c.region = ANY($2))`

const unmaskedSQL = `SELECT count(*) FROM desk_access WHERE actor = $1 AND what = 'unmask' AND at > clock_timestamp() - interval '1 hour'`

// lockActorSQL makes the looks of one person wait for each other, so that they are counted right.
const lockActorSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.unmask/' || $1, 0))`

// Unmask shows whom a case is of, to one who says why. It is in the log before it is on the screen, and so is the refusal.
func (s *Store) Unmask(ctx context.Context, who Who, caseID int64, reason string) (v Identity, err error) {
	reason, ok := person.Reason(reason)
	if !ok || reason == "" {
		return v, ErrNoReason
	}
	refused := false
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		v = Identity{}
		if _, err := tx.Exec(ctx, lockActorSQL, who.Name); err != nil {
			return err
		}
		var iin, phone []byte
		var born pgtype.Date
		err := tx.QueryRow(ctx, identitySQL, caseID, who.Regions).Scan(&v.Name, &iin, &phone, &born)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoCase
		}
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, unmaskedSQL, who.Name).Scan(&n); err != nil {
			return err
		}
		if refused = n >= MostUnmasked; refused {
			v = Identity{}
			return note(ctx, tx, access{actor: who.Name, what: "unmask_refused", caseID: caseID, reason: reason})
		}
		if err := s.open(&v, iin, phone, born); err != nil {
			return err
		}
		return note(ctx, tx, access{actor: who.Name, what: "unmask", caseID: caseID, reason: reason})
	})
	switch {
	case errors.Is(err, ErrNoCase):
		return Identity{}, err
	case err != nil:
		return Identity{}, fmt.Errorf("caselist: unmask case %d: %w", caseID, err)
	case refused:
		return Identity{}, ErrTooOften
	}
	return v, nil
}

// open reads what is sealed; a phone that cannot be opened is none.
func (s *Store) open(v *Identity, iin, phone []byte, born pgtype.Date) error {
	plain, err := s.keys.Open(iin, intake.SealedIIN)
	if err != nil {
		return err
	}
	v.IIN = string(plain)
	if plain, err := s.keys.Open(phone, intake.SealedPhone); err == nil {
		v.Phone = string(plain)
	}
	if born.Valid {
		v.Born = calendar.FromUTC(born.Time)
	}
	return nil
}
