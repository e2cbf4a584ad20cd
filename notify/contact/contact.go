package contact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

// Keys seal and find what a debtor is reached by; seal.Keys does.
type Keys interface {
	Seal(plaintext []byte, aad string) []byte
	Open(sealed []byte, aad string) ([]byte, error)
	Blind(purpose, value string) []byte
}

// Querier reads and writes: a pool, a connection or a transaction.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// Store keeps what debtors said. It is safe for concurrent use and holds no connection.
type Store struct{ keys Keys }

// New gives a store.
func New(keys Keys) *Store { return &Store{keys: keys} }

// Who is a debtor, and the case by whose link he came in.
type Who struct{ DebtorID, CaseID int64 }

// ErrSealed says that what somebody is reached by cannot be read: the fault of one row, not of the database.
var ErrSealed = errors.New("contact: a sealed value cannot be read")

// ErrUnknown says that a wish names a language or a channel that there is not.
var ErrUnknown = errors.New("contact: no such language or channel")

// Preference is the wish of a debtor. The zero one says nothing.
type Preference struct {
	Language string
	Channel  notify.Channel
}

const preferSQL = `WITH p AS (
    INSERT INTO contact_preferences AS c (debtor_id, language, channel, changed_at) VALUES ($1, $3, $4, $5)
    ON CONFLICT (debtor_id) DO UPDATE SET language = $3, channel = $4, changed_at = $5 WHERE (c.language, c.channel) <> ($3, $4)
    RETURNING debtor_id)
INSERT INTO contact_acts (debtor_id, case_id, actor, act, data, at)
SELECT debtor_id, $2, 'debtor', 'preferred', json_build_object('language', $3::text, 'channel', $4::text), $5 FROM p`

// Prefer keeps a debtor's wish, and who changed it. The same wish again changes nothing.
func (s *Store) Prefer(ctx context.Context, q Querier, who Who, p Preference, now time.Time) error {
	if !slices.Contains(text.Languages, p.Language) || !slices.Contains(notify.Channels, p.Channel) {
		return ErrUnknown
	}
	if _, err := q.Exec(ctx, preferSQL, who.DebtorID, who.CaseID, p.Language, string(p.Channel), now); err != nil {
		return fmt.Errorf("contact: preference of debtor %d: %w", who.DebtorID, err)
	}
	return nil
}

const preferenceSQL = `SELECT language, channel FROM contact_preferences WHERE debtor_id = $1`

// Preference gives a debtor's wish, or the zero one.
func (s *Store) Preference(ctx context.Context, q Querier, debtorID int64) (p Preference, err error) {
	err = q.QueryRow(ctx, preferenceSQL, debtorID).Scan(&p.Language, &p.Channel)
	if errors.Is(err, pgx.ErrNoRows) {
		return Preference{}, nil
	}
	if err != nil {
		return p, fmt.Errorf("contact: preference of debtor %d: %w", debtorID, err)
	}
	return p, nil
}
