package audit

import (
	"context"
	"errors"
	"fmt"
	"math"

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
	Fault  Fault  `json:"-"`
}

// Fault says in one word what is wrong with a record.
type Fault string

// Faults.
const (
	NoPack   Fault = "pack"   // the rule pack of the event is gone
	Missing  Fault = "gap"    // there is no event where one must be
	Edited   Fault = "edited" // the event is not what was written
	NoCase   Fault = "case"   // there are events and no case
	BadHead  Fault = "head"   // the case does not end in its last event
	NoEvents Fault = "events" // there is a case, or a writ that had one, and no event
)

var whys = map[Fault]string{
	NoPack: "the rule pack of the event is gone", Missing: "the event is missing", Edited: "the event is not what was written",
	NoCase: "the case of these events is gone", BadHead: "the head of the case is not the hash of its last event", NoEvents: "the events of the case are gone",
}

func placeOf(caseID int64, seq int, f Fault) *Place { return &Place{caseID, seq, whys[f], f} }

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
	return r, verifyBetween(ctx, tx, &r, math.MinInt64, math.MaxInt64)
}

// verifyBetween verifies the cases with ids above one and up to another.
func verifyBetween(ctx context.Context, tx pgx.Tx, r *Report, after, upto int64) error {
	bad, err := verifyChains(ctx, tx, r, after, upto)
	if err != nil {
		return fmt.Errorf("audit: read events: %w", err)
	}
	if bad == nil {
		if bad, err = bareCase(ctx, tx, after, upto); err != nil {
			return fmt.Errorf("audit: read cases: %w", err)
		}
	}
	r.Result, r.FirstBad = Intact, bad
	if bad != nil {
		r.Result = Tampered
	}
	return nil
}

// chain is the case being read.
type chain struct {
	id      int64
	seq     int
	hash    [32]byte
	wantSeq *int
	want    []byte
}

func verifyChains(ctx context.Context, tx pgx.Tx, r *Report, after, upto int64) (*Place, error) {
	rows, err := tx.Query(ctx, readChainSQL, after, upto)
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
			return placeOf(rec.CaseID, rec.Seq, NoPack), nil
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
		return placeOf(rec.CaseID, c.seq+1, Missing)
	}
	c.seq, c.hash = rec.Seq, Link(c.hash, rec)
	if string(c.hash[:]) != string(stored) {
		return placeOf(rec.CaseID, rec.Seq, Edited)
	}
	return nil
}

// end compares the last link with the head that the case keeps.
func (c *chain) end() *Place {
	switch {
	case c.id == 0:
		return nil
	case c.wantSeq == nil:
		return placeOf(c.id, 1, NoCase)
	case *c.wantSeq != c.seq:
		return placeOf(c.id, c.seq+1, Missing)
	case string(c.want) != string(c.hash[:]):
		return placeOf(c.id, c.seq, BadHead)
	}
	return nil
}

// bareCase finds a case whose events are all gone, or a writ whose case is.
func bareCase(ctx context.Context, tx pgx.Tx, after, upto int64) (*Place, error) {
	p := placeOf(0, 1, NoEvents)
	err := tx.QueryRow(ctx, bareCaseSQL, after, upto).Scan(&p.CaseID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return p, err
}

const readChainSQL = `SELECT e.case_id, e.seq, e.kind, e.at, e.actor, p.hash, e.data::text, e.hash, c.seq, c.head
  FROM events e LEFT JOIN cases c ON c.id = e.case_id LEFT JOIN rule_packs p ON p.id = e.pack
 WHERE e.case_id > $1 AND e.case_id <= $2 ORDER BY e.case_id, e.seq`

const bareCaseSQL = `SELECT id FROM (SELECT id FROM cases UNION SELECT case_id FROM writs) c
 WHERE id > $1 AND id <= $2 AND NOT EXISTS (SELECT 1 FROM events e WHERE e.case_id = c.id) ORDER BY id LIMIT 1`
