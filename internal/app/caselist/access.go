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
		var iin, phone []byte
		var born pgtype.Date
		err := tx.QueryRow(ctx, identitySQL, caseID, who.Regions).Scan(&v.Name, &iin, &phone, &born)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoCase
		}
		if err != nil {
			return err
		}
		if refused, err = noteLook(ctx, tx, access{actor: who.Name, caseID: caseID, reason: reason}); refused || err != nil {
			v = Identity{}
			return err
		}
		return s.open(&v, iin, phone, born)
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

// noteLook writes down that somebody looks at a person, or that it was refused since he looks at too many.
func noteLook(ctx context.Context, tx pgx.Tx, a access) (refused bool, err error) {
	if _, err := tx.Exec(ctx, lockActorSQL, a.actor); err != nil {
		return false, err
	}
	var n int
	if err := tx.QueryRow(ctx, unmaskedSQL, a.actor).Scan(&n); err != nil {
		return false, err
	}
	if a.what = "unmask"; n >= MostUnmasked {
		a.what, refused = "unmask_refused", true
	}
	return refused, note(ctx, tx, a)
}

// NoteRow writes down that somebody looks at whom a row of a batch means, for a reason; it is counted with the looks at cases, and has the same
// end. The transaction has to be committed also when it is refused.
func NoteRow(ctx context.Context, tx pgx.Tx, actor string, batchID int64, row int, reason string) (refused bool, err error) {
	return noteLook(ctx, tx, access{actor: actor, kind: fmt.Sprintf("row %d/%d", batchID, row), reason: reason})
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
