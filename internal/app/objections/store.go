// Package objections keeps what people say and hand in when they object, and what they are answered: drafts, words and papers, all
// sealed, and which operator has taken which paper.
//
// It must not decide anything about a case, show a paper, or keep a word or a paper in the clear.
//
// The entry point is [New].
package objections

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
)

// Sealer seals what is kept; seal.Keys does.
type Sealer interface {
	Seal(plaintext []byte, aad string) []byte
	Open(sealed []byte, aad string) ([]byte, error)
}

// Where the sealed values belong.
const (
	sealedDraft = "objection_drafts.sealed"
	sealedWords = "objection_words.sealed"
	sealedPart  = "objection_file_parts.sealed"
)

// MaxWords is the longest statement, in characters.
const MaxWords = 2000

// Limits of papers.
const (
	MaxFiles     = 5  // of one objection
	maxCaseFiles = 15 // of all objections of a case together, drafts included
	partSize     = 1 << 20
)

// Why something is not kept.
var (
	ErrLong  = errors.New("objections: the text is too long")
	ErrMany  = errors.New("objections: there are as many files as are taken")
	ErrNoOne = errors.New("objections: there is no such file")
)

// Who has said something.
const (
	Debtor = "debtor"
	Desk   = "desk"
)

// Store keeps them in PostgreSQL.
type Store struct {
	pool *pgxpool.Pool
	keys Sealer
}

// New returns a store.
func New(pool *pgxpool.Pool, keys Sealer) *Store { return &Store{pool: pool, keys: keys} }

// Draft gives what a debtor has begun to write; found is false when nothing was.
func (s *Store) Draft(ctx context.Context, caseID int64, g engine.Ground) (words string, found bool, err error) {
	var sealed []byte
	err = s.pool.QueryRow(ctx, readDraftSQL, caseID, g).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("objections: draft: %w", err)
	}
	plain, err := s.keys.Open(sealed, sealedDraft)
	return string(plain), true, err
}

// SaveDraft keeps what a debtor has written so far.
func (s *Store) SaveDraft(ctx context.Context, caseID int64, g engine.Ground, words string) error {
	if utf8.RuneCountInString(words) > MaxWords {
		return ErrLong
	}
	_, err := s.pool.Exec(ctx, saveDraftSQL, caseID, g, s.keys.Seal([]byte(words), sealedDraft))
	return err
}

// Hand turns the draft into what belongs to an objection that was just made, in the transaction that made it.
func (s *Store) Hand(ctx context.Context, tx pgx.Tx, caseID int64, g engine.Ground, seq int, now time.Time) error {
	var sealed []byte
	err := tx.QueryRow(ctx, takeDraftSQL, caseID, g).Scan(&sealed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("objections: draft: %w", err)
	}
	words, err := "", error(nil)
	if len(sealed) > 0 {
		plain, err := s.keys.Open(sealed, sealedDraft)
		if err != nil {
			return err
		}
		words = string(plain)
	}
	if err := s.Say(ctx, tx, caseID, seq, Debtor, words, now); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, handFilesSQL, caseID, g, seq)
	return err
}

// Say keeps the words of one side about an objection, once and for ever; none leave no row.
func (s *Store) Say(ctx context.Context, tx pgx.Tx, caseID int64, seq int, who, words string, now time.Time) error {
	if words == "" {
		return nil
	}
	if utf8.RuneCountInString(words) > MaxWords {
		return ErrLong
	}
	_, err := tx.Exec(ctx, sayWordsSQL, caseID, seq, who, s.keys.Seal([]byte(words), sealedWords), now)
	return err
}

// Words gives what both sides have said about an objection.
func (s *Store) Words(ctx context.Context, q engine.Querier, caseID int64, seq int) (debtor, desk string, err error) {
	rows, err := q.Query(ctx, readWordsSQL, caseID, seq)
	if err != nil {
		return "", "", fmt.Errorf("objections: words: %w", err)
	}
	var (
		who    string
		sealed []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&who, &sealed}, func() error {
		plain, err := s.keys.Open(sealed, sealedWords)
		if who == Debtor {
			debtor = string(plain)
		} else {
			desk = string(plain)
		}
		return err
	})
	return debtor, desk, err
}

// Purge forgets drafts that were not sent for a day, with their files. Somebody calls it now and then.
func (s *Store) Purge(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, purgeSQL).Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("objections: purge: %w", err)
	}
	return n, nil
}

const (
	readDraftSQL = `SELECT sealed FROM objection_drafts WHERE case_id = $1 AND ground = $2`

	saveDraftSQL = `INSERT INTO objection_drafts (case_id, ground, sealed) VALUES ($1, $2, $3)
ON CONFLICT (case_id, ground) DO UPDATE SET sealed = EXCLUDED.sealed, touched_at = now()`

	takeDraftSQL = `DELETE FROM objection_drafts WHERE case_id = $1 AND ground = $2 RETURNING sealed`

	handFilesSQL = `UPDATE objection_files SET seq = $3 WHERE case_id = $1 AND ground = $2 AND seq IS NULL`

	sayWordsSQL = `INSERT INTO objection_words (case_id, seq, who, sealed, at) VALUES ($1, $2, $3, $4, $5)`

	readWordsSQL = `SELECT who, sealed FROM objection_words WHERE case_id = $1 AND seq = $2`

	purgeSQL = `WITH d AS (DELETE FROM objection_drafts WHERE touched_at < now() - interval '1 day' RETURNING 1),
     f AS (DELETE FROM objection_files WHERE seq IS NULL AND stored_at < now() - interval '1 day' RETURNING 1)
SELECT (SELECT count(*) FROM d) + (SELECT count(*) FROM f)`
)
