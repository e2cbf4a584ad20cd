package accounts

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Violation is a broken promise, found by reading.
type Violation struct{ ID, Detail string }

// Checked is how many promises [Check] looks at.
const Checked = 2

// Check proves again that every right of an account that was given at the desk has two different people behind it, neither of them its owner,
// by SQL of its own. It only reads.
func Check(ctx context.Context, tx pgx.Tx) ([]Violation, error) {
	rows, err := tx.Query(ctx, checkSQL)
	if err != nil {
		return nil, fmt.Errorf("accounts: check: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
}

// checkSQL: the rights are those that were agreed on, or fewer; and no account that was given rights at the desk says that it was not.
const checkSQL = `SELECT 'INV-R1', 'account ' || o.login || ' has rights that no two people agreed on' FROM operators o LEFT JOIN operator_proposals p ON p.id = o.granted_by
 WHERE o.granted_by IS NOT NULL AND NOT coalesce(p.login = o.login AND p.verdict = 'agreed' AND p.decided_by <> p.proposed_by AND p.decided_by <> 'desk:' || o.login
   AND p.decided_at - p.proposed_at BETWEEN interval '0' AND interval '24 hours' AND o.roles <@ p.roles AND (p.regions IS NULL OR o.regions <@ p.regions), false)
UNION ALL
SELECT 'INV-R1', 'account ' || o.login || ' was given its rights at the desk and does not say by whom' FROM operators o
 WHERE o.granted_by IS NULL AND (SELECT c.proposal FROM operator_changes c WHERE c.login = o.login ORDER BY c.id DESC LIMIT 1) IS NOT NULL
 LIMIT 100`
