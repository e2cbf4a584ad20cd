package signing

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/seal"
)

// Kept are the decrees that were signed.
type Kept struct{ keys *seal.Keys }

// NewKept opens them.
func NewKept(keys *seal.Keys) *Kept { return &Kept{keys} }

// place binds a sealed decree to its row.
func place(caseID int64, seq int) string { return fmt.Sprintf("decrees.body/%d/%d", caseID, seq) }

// Of implements [papers.Signatures].
func (k *Kept) Of(ctx context.Context, q papers.Querier, caseID int64, seq int) (*papers.Signed, error) {
	var (
		s      papers.Signed
		sealed []byte
	)
	err := q.QueryRow(ctx, bodySQL, caseID, seq).Scan(&s.By.Signer, &s.By.Post, &s.By.Certificate, &s.By.At, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // as the interface says
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	if s.Body, err = k.keys.Open(sealed, place(caseID, seq)); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return &s, nil
}

// List implements [papers.Signatures].
func (k *Kept) List(ctx context.Context, q papers.Querier, caseID int64) (map[int]paper.Signature, error) {
	rows, err := q.Query(ctx, listSQL, caseID)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	var (
		all = map[int]paper.Signature{}
		seq int
		by  paper.Signature
	)
	_, err = pgx.ForEachRow(rows, []any{&seq, &by.Signer, &by.Post, &by.Certificate, &by.At}, func() error {
		all[seq] = by
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return all, nil
}

const bodySQL = `SELECT signer, post, serial, signed_at, body FROM decrees WHERE case_id = $1 AND seq = $2`

const listSQL = `SELECT seq, signer, post, serial, signed_at FROM decrees WHERE case_id = $1`
