package papers

import (
	"context"

	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/internal/paper"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
)

const writSQL = `SELECT w.document_number, w.document_date, w.in_force_date, w.kind, w.issuer_name, w.claimant_name, d.name, d.iin_sealed
  FROM writs w JOIN debtors d ON d.id = w.debtor_id WHERE w.case_id = $1`

// writ is the document behind a case, and who has to pay.
type writ struct {
	paper.Writ
	inForce calendar.Date
	name    string
	sealed  []byte
}

func readWrit(ctx context.Context, q Querier, caseID int64) (writ, error) {
	var w writ
	var dated, force pgtype.Date
	err := q.QueryRow(ctx, writSQL, caseID).Scan(&w.Document, &dated, &force, &w.Kind, &w.Issuer, &w.Claimant, &w.name, &w.sealed)
	if dated.Valid {
		w.Date = calendar.FromUTC(dated.Time)
	}
	if force.Valid {
		w.inForce = calendar.FromUTC(force.Time)
	}
	return w, err
}

// named is the debtor as a reader may see him.
func (w *writ) named(who Reader) string {
	if who == Debtor {
		return w.name
	}
	return text.Initials(w.name)
}
