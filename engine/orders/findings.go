package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules/money"
)

// Finding is a difference that stands between a bank's list and our arrests, or between the register of debtors and our entries.
type Finding struct {
	ID       int64        `json:"id"`
	Bank     string       `json:"bank"`
	CaseID   int64        `json:"-"` // as the bank has it; it need not exist
	Kind     string       `json:"kind"`
	Ours     money.Amount `json:"ours"`
	Theirs   money.Amount `json:"theirs"`
	Found    time.Time    `json:"found_at"`
	Proposal string       `json:"proposal,omitempty"` // lift, reduce or deregister
	Ordered  bool         `json:"ordered"`            // the bank was told to give it back, and has not confirmed yet
	Known    bool         `json:"known"`              // there is such a case
}

// Findings lists what stands, the oldest first; no banks are all banks.
func Findings(ctx context.Context, q engine.Querier, banks []string, limit int) ([]Finding, error) {
	rows, err := q.Query(ctx, findingsSQL, banks, limit)
	if err != nil {
		return nil, fmt.Errorf("orders: findings: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Finding, err error) {
		var ours, theirs int64
		err = row.Scan(&f.ID, &f.Bank, &f.CaseID, &f.Kind, &ours, &theirs, &f.Found, &f.Proposal, &f.Ordered, &f.Known)
		f.Ours, f.Theirs, f.Found = money.FromTiyn(ours), money.FromTiyn(theirs), f.Found.UTC()
		return f, err
	})
}

const findingsSQL = `SELECT f.id, f.bank, f.case_id, f.kind, f.ours, f.theirs, f.found_at, f.proposal, k.finding_id IS NOT NULL, c.id IS NOT NULL
  FROM bank_findings f LEFT JOIN bank_corrections k ON k.finding_id = f.id LEFT JOIN cases c ON c.id = f.case_id
 WHERE f.resolved_at IS NULL AND (cardinality($1::text[]) IS NULL OR cardinality($1) = 0 OR f.bank = ANY ($1))
UNION ALL
SELECT f.id, '` + RegisterName + `', f.case_id, 'register_' || f.kind, 0, 0, f.found_at, CASE WHEN f.removal_id IS NOT NULL THEN 'deregister' ELSE '' END, f.removal_id IS NOT NULL, c.id IS NOT NULL
  FROM register_findings f LEFT JOIN cases c ON c.id = f.case_id
 WHERE f.resolved_at IS NULL AND (cardinality($1::text[]) IS NULL OR cardinality($1) = 0 OR '` + RegisterName + `' = ANY ($1)) ORDER BY 7, 1 LIMIT $2`
