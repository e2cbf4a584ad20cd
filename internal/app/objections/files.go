package objections

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/exhibit"
	"robotbailiff/internal/pg"
)

// File is a paper of a debtor, without its content.
type File struct {
	ID   int64
	Kind string // pdf, jpeg or png
	Size int
	At   time.Time
}

// AddFile looks at the content of a paper, makes it harmless and keeps it with the draft. What cannot be taken is refused by the
// errors of package exhibit; its name and its declared type are not asked for.
func (s *Store) AddFile(ctx context.Context, caseID int64, g engine.Ground, content []byte, now time.Time) error {
	x, err := exhibit.Take(content)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(x.Bytes)
	return pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockFilesSQL, caseID); err != nil {
			return err
		}
		var draft, all int
		if err := tx.QueryRow(ctx, countFilesSQL, caseID, g).Scan(&draft, &all); err != nil {
			return err
		}
		if draft >= MaxFiles || all >= maxCaseFiles {
			return ErrMany
		}
		var id int64
		if err := tx.QueryRow(ctx, insertFileSQL, caseID, g, x.Kind, len(x.Bytes), sum[:], now).Scan(&id); err != nil {
			return fmt.Errorf("objections: keep a file: %w", err)
		}
		no := 0
		for part := range slices.Chunk(x.Bytes, partSize) {
			if _, err := tx.Exec(ctx, insertPartSQL, id, no, s.keys.Seal(part, sealedPart)); err != nil {
				return fmt.Errorf("objections: keep a file: %w", err)
			}
			no++
		}
		return nil
	})
}

// RemoveFile takes a paper back that was not handed in yet.
func (s *Store) RemoveFile(ctx context.Context, caseID int64, g engine.Ground, id int64) error {
	_, err := s.pool.Exec(ctx, removeFileSQL, caseID, g, id)
	return err
}

// Drafted lists the papers of a draft.
func (s *Store) Drafted(ctx context.Context, caseID int64, g engine.Ground) ([]File, error) {
	return s.files(ctx, s.pool, draftedSQL, caseID, g)
}

// Handed lists the papers of an objection.
func (s *Store) Handed(ctx context.Context, q engine.Querier, caseID int64, seq int) ([]File, error) {
	return s.files(ctx, q, handedSQL, caseID, seq)
}

func (s *Store) files(ctx context.Context, q engine.Querier, sql string, args ...any) ([]File, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("objections: files: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[File])
}

// ReadFile gives a paper that was handed in to an operator, and keeps that he has it: first that, then the content.
func (s *Store) ReadFile(ctx context.Context, caseID int64, seq int, id int64, actor string, now time.Time) (f File, content []byte, err error) {
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		content = nil
		var sum []byte
		err := tx.QueryRow(ctx, oneFileSQL, caseID, seq, id).Scan(&f.ID, &f.Kind, &f.Size, &f.At, &sum)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoOne
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, readBySQL, id, actor, now); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, readPartsSQL, id)
		if err != nil {
			return err
		}
		var sealed []byte
		_, err = pgx.ForEachRow(rows, []any{&sealed}, func() error {
			plain, err := s.keys.Open(sealed, sealedPart)
			content = append(content, plain...)
			return err
		})
		if err != nil {
			return err
		}
		if got := sha256.Sum256(content); !slices.Equal(got[:], sum) {
			return fmt.Errorf("objections: file %d is not what was kept", id)
		}
		return nil
	})
	return f, content, err
}

const (
	lockFilesSQL = `SELECT pg_advisory_xact_lock(hashtextextended('objection.files', $1))`

	countFilesSQL = `SELECT count(*) FILTER (WHERE ground = $2 AND seq IS NULL), count(*) FROM objection_files WHERE case_id = $1`

	insertFileSQL = `INSERT INTO objection_files (case_id, ground, kind, size, sha256, at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`

	insertPartSQL = `INSERT INTO objection_file_parts (file_id, part, sealed) VALUES ($1, $2, $3)`

	removeFileSQL = `DELETE FROM objection_files WHERE case_id = $1 AND ground = $2 AND id = $3 AND seq IS NULL`

	draftedSQL = `SELECT id, kind, size, at FROM objection_files WHERE case_id = $1 AND ground = $2 AND seq IS NULL ORDER BY id`

	handedSQL = `SELECT id, kind, size, at FROM objection_files WHERE case_id = $1 AND seq = $2 ORDER BY id`

	oneFileSQL = `SELECT id, kind, size, at, sha256 FROM objection_files WHERE case_id = $1 AND seq = $2 AND id = $3`

	readBySQL = `INSERT INTO objection_file_reads (file_id, actor, at) VALUES ($1, $2, $3)`

	readPartsSQL = `SELECT sealed FROM objection_file_parts WHERE file_id = $1 ORDER BY part`
)
