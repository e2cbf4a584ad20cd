package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Result says what the verifier found.
type Result string

// Results; the command line turns them into 0, 1 and 2.
const (
	Intact   Result = "intact"
	Tampered Result = "tampered"
	Unknown  Result = "unknown" // the database could not be read to the end
)

// Report is the outcome of a verification.
type Report struct {
	Events   int64  `json:"events"`
	Cases    int64  `json:"cases"`
	Result   Result `json:"result"`
	FirstBad *Place `json:"first_bad"` // nil when intact
}

// Place names the first record that is not as it was written.
type Place struct {
	CaseID int64  `json:"case_id"`
	Seq    int    `json:"seq"`
	Why    string `json:"why"`
}

// Verify reads every event once, in the order of cases, recomputes the links and compares them with the stored hashes
// and with the heads of the cases, all in one snapshot. It sees edits, deletions, insertions, swaps and cut tails; a
// rewritten whole chain together with its head shows only against a checkpoint kept elsewhere.
func Verify(ctx context.Context, pool *pgxpool.Pool) (Report, error) {
	r := Report{Result: Unknown}
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
		return r, fmt.Errorf("audit: %w", err)
	}
	bad, err := verifyChains(ctx, tx, &r)
	if err != nil {
		return r, fmt.Errorf("audit: read events: %w", err)
	}
	if bad == nil {
		if bad, err = bareCase(ctx, tx); err != nil {
			return r, fmt.Errorf("audit: read cases: %w", err)
		}
	}
	r.Result, r.FirstBad = Intact, bad
	if bad != nil {
		r.Result = Tampered
	}
	return r, nil
}

// chain is the case being read.
type chain struct {
	id      int64
	seq     int
	hash    [32]byte
	wantSeq *int
	want    []byte
}

func verifyChains(ctx context.Context, tx pgx.Tx, r *Report) (*Place, error) {
	rows, err := tx.Query(ctx, readChainSQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var c chain
	for rows.Next() {
		var (
			rec    Record
			stored []byte
			seq    *int
			head   []byte
			pack   *string
		)
		if err := rows.Scan(&rec.CaseID, &rec.Seq, &rec.Kind, &rec.At, &rec.Actor, &pack, &rec.Data, &stored, &seq, &head); err != nil {
			return nil, err
		}
		r.Events++
		if rec.CaseID != c.id {
			if bad := c.end(); bad != nil {
				return bad, nil
			}
			c = chain{id: rec.CaseID}
			r.Cases++
		}
		c.wantSeq, c.want = seq, head
		if pack == nil {
			return &Place{rec.CaseID, rec.Seq, "the rule pack of the event is gone"}, nil
		}
		rec.Pack = *pack
		if bad := c.next(rec, stored); bad != nil {
			return bad, nil
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return c.end(), nil
}

// next follows the chain by one record.
func (c *chain) next(rec Record, stored []byte) *Place {
	if rec.Seq != c.seq+1 {
		return &Place{rec.CaseID, c.seq + 1, "the event is missing"}
	}
	c.seq, c.hash = rec.Seq, Link(c.hash, rec)
	if string(c.hash[:]) != string(stored) {
		return &Place{rec.CaseID, rec.Seq, "the event is not what was written"}
	}
	return nil
}

// end compares the last link with the head that the case keeps.
func (c *chain) end() *Place {
	switch {
	case c.id == 0:
		return nil
	case c.wantSeq == nil:
		return &Place{c.id, 1, "the case of these events is gone"}
	case *c.wantSeq != c.seq:
		return &Place{c.id, c.seq + 1, "the event is missing"}
	case string(c.want) != string(c.hash[:]):
		return &Place{c.id, c.seq, "the head of the case is not the hash of its last event"}
	}
	return nil
}

// bareCase finds a case whose events are all gone, or a writ whose case is.
func bareCase(ctx context.Context, tx pgx.Tx) (*Place, error) {
	p := Place{Seq: 1, Why: "the events of the case are gone"}
	err := tx.QueryRow(ctx, bareCaseSQL).Scan(&p.CaseID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

const readChainSQL = `SELECT e.case_id, e.seq, e.kind, e.at, e.actor, p.hash, e.data::text, e.hash, c.seq, c.head
  FROM events e LEFT JOIN cases c ON c.id = e.case_id LEFT JOIN rule_packs p ON p.id = e.pack
 ORDER BY e.case_id, e.seq`

const bareCaseSQL = `SELECT id FROM (SELECT id FROM cases UNION SELECT case_id FROM writs) c
 WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.case_id = c.id) ORDER BY id LIMIT 1`
