package payments

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Requisites say where the money of a claimant goes.
type Requisites struct {
	Name, BIN, IBAN string
	KBK             string // budget classification code, six digits
	KNP             string // payment purpose code, three digits
}

// Scope is all writs that say the same of their claimant: what a person completes holds for each of them. Writs that name no claimant have
// nothing in common but that, so that each of them is a scope of its own.
type Scope struct {
	Source, IssuerBIN string
	Said              Requisites
	CaseID            int64 // when no claimant is named; else 0
}

// Digest names a scope.
func (s *Scope) Digest() [32]byte {
	var b []byte
	for _, part := range []string{s.Source, s.IssuerBIN, s.Said.Name, s.Said.BIN, s.Said.IBAN, s.Said.KBK, s.Said.KNP, strconv.FormatInt(s.CaseID, 10)} {
		b = strconv.AppendQuote(b, part)
	}
	return sha256.Sum256(b)
}

// Completed is requisites that one person proposes for a scope and another approves within 24 hours.
type Completed struct {
	ID         int64
	Scope      [32]byte
	To         Requisites
	ProposedBy string
	Reason     string
	ProposedAt time.Time
	Verdict    string // "approved", "rejected"; empty: nobody has decided
	DecidedBy  string
	DecidedWhy string
	DecidedAt  time.Time
}

// Open says whether another person may still approve.
func (c *Completed) Open(now time.Time) bool {
	return c.Verdict == "" && now.Before(c.ProposedAt.Add(ReleaseWithin))
}

const (
	lockScopesSQL    = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.claimant_requisites', 0))`
	proposeScopeSQL  = `INSERT INTO claimant_requisites (scope, name, bin, iban, kbk, knp, proposed_by, reason, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`
	decideScopeSQL   = `INSERT INTO claimant_requisites_decisions (requisites_id, verdict, actor, reason, at) VALUES ($1, $2, $3, $4, $5)`
	completedColumns = `SELECT r.id, r.scope, r.name, r.bin, r.iban, r.kbk, r.knp, r.proposed_by, r.reason, r.proposed_at, coalesce(d.verdict, ''), coalesce(d.actor, ''), coalesce(d.reason, ''), d.at
  FROM claimant_requisites r LEFT JOIN claimant_requisites_decisions d ON d.requisites_id = r.id `
	completedSQL = completedColumns + `WHERE r.id = $1`
	waitingSQL   = completedColumns + `WHERE d.requisites_id IS NULL AND r.proposed_at > $1 ORDER BY r.id`
	inForceSQL   = `SELECT DISTINCT ON (scope) * FROM (` + completedColumns + `WHERE d.verdict = 'approved') AS c ORDER BY scope, id DESC`
)

// ProposeRequisites keeps what a person proposes for a scope. The caller has locked nothing.
func (s *Store) ProposeRequisites(ctx context.Context, tx pgx.Tx, c Completed) (id int64, err error) {
	if _, err := tx.Exec(ctx, lockScopesSQL); err != nil {
		return 0, fmt.Errorf("payments: requisites: %w", err)
	}
	waiting, err := s.WaitingRequisites(ctx, tx, c.ProposedAt)
	if err != nil {
		return 0, err
	}
	if w, busy := waiting[c.Scope]; busy {
		return 0, &RefusedError{Step: "requisites", Problem: "others wait for this claimant", IDs: []int64{w.ID}}
	}
	t := c.To
	if err := tx.QueryRow(ctx, proposeScopeSQL, c.Scope[:], t.Name, t.BIN, t.IBAN, t.KBK, t.KNP, c.ProposedBy, c.Reason, c.ProposedAt).Scan(&id); err != nil {
		return 0, fmt.Errorf("payments: requisites: %w", err)
	}
	return id, nil
}

// LockRequisites reads a proposal to decide it: nobody else does until the transaction ends.
func (s *Store) LockRequisites(ctx context.Context, tx pgx.Tx, id int64) (Completed, error) {
	if _, err := tx.Exec(ctx, lockScopesSQL); err != nil {
		return Completed{}, fmt.Errorf("payments: requisites: %w", err)
	}
	list, err := readCompleted(ctx, tx, completedSQL, id)
	if err == nil && len(list) == 0 {
		err = ErrNoSuch
	}
	if err != nil {
		return Completed{}, err
	}
	return list[0], nil
}

// DecideRequisites keeps what another person said of a proposal. The caller holds LockRequisites.
func (s *Store) DecideRequisites(ctx context.Context, tx pgx.Tx, id int64, verdict, actor, why string, now time.Time) error {
	if _, err := tx.Exec(ctx, decideScopeSQL, id, verdict, actor, why, now); err != nil {
		return fmt.Errorf("payments: requisites %d: %w", id, err)
	}
	return nil
}

// WaitingRequisites gives the proposals that wait for a second person, by scope.
func (s *Store) WaitingRequisites(ctx context.Context, q Querier, now time.Time) (map[[32]byte]Completed, error) {
	return byScope(readCompleted(ctx, q, waitingSQL, now.Add(-ReleaseWithin)))
}

// RequisitesInForce gives what people have completed, by scope.
func (s *Store) RequisitesInForce(ctx context.Context, q Querier) (map[[32]byte]Completed, error) {
	return byScope(readCompleted(ctx, q, inForceSQL))
}

func byScope(list []Completed, err error) (map[[32]byte]Completed, error) {
	out := make(map[[32]byte]Completed, len(list))
	for _, c := range list {
		out[c.Scope] = c
	}
	return out, err
}

func readCompleted(ctx context.Context, q Querier, sql string, args ...any) ([]Completed, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("payments: requisites: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Completed, err error) {
		var scope []byte
		var at pgtype.Timestamptz
		err = row.Scan(&c.ID, &scope, &c.To.Name, &c.To.BIN, &c.To.IBAN, &c.To.KBK, &c.To.KNP, &c.ProposedBy, &c.Reason, &c.ProposedAt, &c.Verdict, &c.DecidedBy, &c.DecidedWhy, &at)
		if err == nil && copy(c.Scope[:], scope) != len(c.Scope) {
			err = errors.New("a scope of another length")
		}
		c.DecidedAt = at.Time
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("payments: requisites: %w", err)
	}
	return list, nil
}
