package whatif

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Opener opens sealed values; seal.Keys does.
type Opener interface {
	Open(sealed []byte, aad string) ([]byte, error)
}

// factsSQL reads what the opening of a case was decided on. The first event says whether the writ stated the birth date:
// the table of debtors keeps one date a person, also when it was read from the IIN.
const factsSQL = `SELECT w.case_id, w.kind, w.amount, w.in_force_date, w.document_date, w.unpaid_confirmed_on, w.debtor_id, d.iin_sealed, d.birth_date,
       c.region, c.language, c.opened_on, c.term_ends_on, e.data::text
  FROM writs w JOIN debtors d ON d.id = w.debtor_id JOIN cases c ON c.id = w.case_id JOIN events e ON e.case_id = w.case_id AND e.seq = 1`

const (
	oneFactsSQL  = factsSQL + ` WHERE w.case_id = $1`
	manyFactsSQL = factsSQL + ` WHERE w.case_id < $1 ORDER BY w.case_id DESC LIMIT $2`
)

// opening is one row of factsSQL.
type opening struct {
	caseID               int64
	command              engine.Open // with the facts, but for the IIN
	sealedIIN            []byte
	openedOn, termEndsOn calendar.Date
}

func scanFacts(row pgx.CollectableRow) (opening, error) {
	var (
		f                                             opening
		o                                             = &f.command
		amount                                        int64
		inForce, dated, unpaid, born, opened, termEnd pgtype.Date
		raw                                           []byte
	)
	err := row.Scan(&f.caseID, &o.Facts.Kind, &amount, &inForce, &dated, &unpaid, &o.DebtorID, &f.sealedIIN, &born,
		&o.Region, &o.Language, &opened, &termEnd, &raw)
	if err != nil {
		return f, err
	}
	o.Facts.Amount, o.Facts.InForce, o.Facts.DocumentDate = money.FromTiyn(amount), dateOf(inForce), dateOf(dated)
	o.Facts.UnpaidConfirmedOn, f.openedOn, f.termEndsOn = dateOf(unpaid), dateOf(opened), dateOf(termEnd)
	var first engine.Data
	if err := json.Unmarshal(raw, &first); err != nil {
		return f, fmt.Errorf("case %s: the first event cannot be read: %w", caseno.Format(f.caseID), err)
	}
	if statedBirth(first.Trace) {
		o.Facts.DebtorBirthDate = dateOf(born)
	}
	return f, nil
}

// statedBirth says whether the writ itself gave a birth date, by the trace of its examination.
func statedBirth(t rules.Trace) bool {
	for _, s := range t {
		for _, f := range s.Facts {
			if f.Key == "birth_date" && f.Value == "from_iin" || f.Key == "age" && f.Value == "unknown" {
				return false
			}
		}
	}
	return true
}

func dateOf(d pgtype.Date) calendar.Date {
	if !d.Valid {
		return 0
	}
	return calendar.FromUTC(d.Time)
}

// open completes the command by the IIN. The currency is left out: the examination lets only one pass.
func (f opening) open(keys Opener) (engine.Open, error) {
	iin, err := keys.Open(f.sealedIIN, intake.SealedIIN)
	if err != nil {
		return engine.Open{}, fmt.Errorf("the IIN of case %s cannot be opened: is BAILIFF_SECRET_FILE the secret of this database? %w", caseno.Format(f.caseID), err)
	}
	o := f.command
	o.Facts.DebtorIIN = string(iin)
	return o, nil
}

// Facts gives the facts of openings, for [engine.Store.Replay].
func Facts(q engine.Querier, keys Opener) engine.Facts {
	return func(ctx context.Context, caseID int64) (engine.Open, error) {
		rows, err := q.Query(ctx, oneFactsSQL, caseID)
		if err != nil {
			return engine.Open{}, fmt.Errorf("facts of case %s: %w", caseno.Format(caseID), err)
		}
		f, err := pgx.CollectExactlyOneRow(rows, scanFacts)
		if errors.Is(err, pgx.ErrNoRows) {
			return engine.Open{}, fmt.Errorf("the writ of case %s, or its first event, is gone: see bailiff check and bailiff audit verify", caseno.Format(caseID))
		}
		if err != nil {
			return engine.Open{}, fmt.Errorf("facts of case %s: %w", caseno.Format(caseID), err)
		}
		return f.open(keys)
	}
}
