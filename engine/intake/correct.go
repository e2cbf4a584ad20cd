package intake

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// round cuts rows in the order of the file into rows that begin cases and rows that correct them, such that taking the
// former first gives the same as taking all one by one. What names a document that a correction before it has named begins
// the next round.
func round(items []*item) (opens, corrections, rest []*item) {
	named := map[docKey]bool{}
	for i, it := range items {
		correction := it.writ.Action != ActionOpen
		if named[it.doc] {
			return opens, corrections, items[i:]
		}
		if correction {
			named[it.doc] = true
			corrections = append(corrections, it)
			continue
		}
		opens = append(opens, it)
	}
	return opens, corrections, nil
}

// correct gives rows that correct or take back a writ their verdict, and carries it out.
func (r *run) correct(ctx context.Context, tx pgx.Tx, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, lockCorrectedSQL, sourcesOf(items), numbersOf(items)); err != nil {
		return fmt.Errorf("intake: lock corrected cases: %w", err)
	}
	c := correcting{q: tx, suspects: r.suspects, apply: func(cmds []engine.For) ([]engine.Outcome, error) {
		pl, err := r.im.store.ApplyTx(ctx, tx, cmds)
		if err != nil {
			return nil, err
		}
		return pl.Outcomes, nil
	}}
	if err := c.decide(ctx, items); err != nil {
		return err
	}
	now, err := r.im.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("intake: legal time: %w", err)
	}
	for _, it := range items {
		if it.verdict != Accepted || it.writ.Action != ActionCorrect {
			continue
		}
		w := &it.writ
		_, err := tx.Exec(ctx, insertCorrectionSQL, it.of, w.Amount.Tiyn(), w.IssuerBIN, w.IssuerName, w.ClaimantBIN, w.ClaimantName, w.IBAN, w.KBK, w.KNP,
			w.Ground, w.Act, it.hash[:], r.batchID, it.row.No, now)
		if err != nil {
			return fmt.Errorf("intake: write correction: %w", err)
		}
	}
	return nil
}

// previewCorrections decides them on the cases as they are. A document that an earlier row of the same file would open has no
// case yet; what corrects it would be taken.
func (im *Importer) previewCorrections(ctx context.Context, items []*item, k *known) error {
	c := correcting{q: im.store.Pool(), suspects: k.suspects, opened: k.docs, apply: func(cmds []engine.For) ([]engine.Outcome, error) {
		pl, err := im.store.Preview(ctx, cmds)
		if err != nil {
			return nil, err
		}
		return pl.Outcomes, nil
	}}
	return c.decide(ctx, items)
}

// correcting decides rows that correct writs, at most one for each writ.
type correcting struct {
	q        engine.Querier
	suspects suspects
	opened   map[docKey]document
	apply    func([]engine.For) ([]engine.Outcome, error)
}

// corrected is a writ as it stands: as it was received, or as it was last corrected.
type corrected struct {
	caseID int64
	blind  []byte
	person person
	writ   Writ // the fields that a correction is compared with
	first  Writ
}

func (c *correcting) decide(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	have, err := c.read(ctx, items)
	if err != nil {
		return err
	}
	var cmds []engine.For
	var asked []*item
	for _, it := range items {
		w, ok := have[it.doc]
		if !ok {
			if _, soon := c.opened[it.doc]; soon {
				it.settle(Problem{})
			} else {
				it.settle(Problem{Code: CodeWritUnknown, Field: FieldDocumentNumber.String()})
			}
			continue
		}
		it.of = w.caseID
		if p := c.compare(it, w); p.Code != "" {
			it.settle(p)
			continue
		}
		cmd := command(it, w)
		if cmd == nil {
			it.settle(Problem{}) // requisites alone
			continue
		}
		cmds, asked = append(cmds, engine.For{CaseID: w.caseID, Actor: engine.ActorCourt, Command: cmd}), append(asked, it)
	}
	if len(cmds) == 0 {
		return nil
	}
	outcomes, err := c.apply(cmds)
	if err != nil {
		return err
	}
	for i, it := range asked {
		it.settle(answerOf(it, outcomes[i]))
	}
	return nil
}

// compare says why a row may not even be tried. A wrong number in a list must not end the case of somebody else, so that a
// row which names the debtor must name the right one.
func (c *correcting) compare(it *item, w corrected) Problem {
	n := &it.writ
	if n.DebtorIIN != "" && !bytes.Equal(it.blind, w.blind) || c.suspects[it.person] && it.blind != nil {
		return Problem{Code: rules.CodeIdentityConflict, Field: FieldDebtorIIN.String()}
	}
	if n.Action != ActionCorrect {
		return Problem{}
	}
	if w.person.other(n.DebtorName, n.birthDate()) {
		return Problem{Code: rules.CodeIdentityConflict, Field: FieldDebtorName.String()}
	}
	for _, f := range [...]struct {
		field Field
		same  bool
	}{
		{FieldKind, n.Kind == w.first.Kind},
		{FieldInForceDate, n.InForceDate == w.first.InForceDate},
		{FieldDocumentDate, n.DocumentDate == w.first.DocumentDate},
		{FieldRegion, n.Region == w.first.Region},
		{FieldCurrency, n.Currency == "" || n.Currency == "KZT"},
	} {
		if !f.same {
			return Problem{Code: CodeCorrectionField, Field: f.field.String()}
		}
	}
	o := &w.writ
	if n.Amount.Equal(o.Amount) && n.IssuerBIN == o.IssuerBIN && n.IssuerName == o.IssuerName && n.ClaimantBIN == o.ClaimantBIN &&
		n.ClaimantName == o.ClaimantName && n.IBAN == o.IBAN && n.KBK == o.KBK && n.KNP == o.KNP {
		return Problem{Code: CodeDuplicate}
	}
	return Problem{}
}

// command is what the row asks of the case; nil when nothing but requisites changes.
func command(it *item, w corrected) engine.Command {
	n := &it.writ
	switch {
	case n.Action != ActionCorrect:
		return engine.Cancel{Ground: n.Ground, Act: n.Act}
	case n.Amount.Equal(w.writ.Amount):
		return nil
	}
	return engine.Adjust{Debt: n.Amount, Ground: n.Ground, Act: n.Act}
}

// answerOf turns the engine's answer into the row's.
func answerOf(it *item, o engine.Outcome) Problem {
	switch {
	case o.Refusal == nil, o.Refusal.Code == engine.CodeAlready:
		return Problem{}
	case o.Refusal.Code == engine.CodeRaises:
		return Problem{Code: CodeCorrectionRaises, Field: FieldAmount.String()}
	case o.Refusal.Code != engine.CodeEnded:
		return Problem{Code: rules.CodeFieldInvalid, Field: FieldAction.String()}
	case it.writ.Action != ActionCorrect && o.State != engine.Paid:
		return Problem{Code: CodeDuplicate} // it was cancelled, or taken back from the bailiff, before
	}
	return Problem{Code: CodeCaseEnded, Field: FieldAction.String()}
}

func (c *correcting) read(ctx context.Context, items []*item) (map[docKey]corrected, error) {
	rows, err := c.q.Query(ctx, correctedWritsSQL, sourcesOf(items), numbersOf(items))
	if err != nil {
		return nil, fmt.Errorf("intake: corrected writs: %w", err)
	}
	found := make(map[docKey]corrected, len(items))
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var (
			w              corrected
			source, number string
			name           string
			born           pgtype.Date
			dated, inForce pgtype.Date
			amount         int64
			o              = &w.writ
		)
		err := row.Scan(&source, &number, &w.caseID, &w.blind, &name, &born, &w.first.Kind, &inForce, &dated, &w.first.Region,
			&amount, &o.IssuerBIN, &o.IssuerName, &o.ClaimantBIN, &o.ClaimantName, &o.IBAN, &o.KBK, &o.KNP)
		w.person.learn(name, fromDate(born))
		w.first.InForceDate, w.first.DocumentDate, o.Amount = fromDate(inForce), fromDate(dated), money.FromTiyn(amount)
		found[keyOfDocument(source, number)] = w
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("intake: corrected writs: %w", err)
	}
	return found, nil
}

func sourcesOf(items []*item) []string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.writ.Source
	}
	return out
}

func numbersOf(items []*item) []string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.writ.DocumentNumber
	}
	return out
}

// Two statements, so that what was committed while the locks were waited for is seen.
const lockCorrectedSQL = `SELECT c.id FROM cases c WHERE c.id IN (
	SELECT w.case_id FROM unnest($1::text[], $2::text[]) AS u(source, document_number) JOIN writs w USING (source, document_number))
 ORDER BY c.id FOR UPDATE`

const correctedWritsSQL = `SELECT w.source, w.document_number, w.case_id, d.iin_blind, d.name, d.birth_date, w.kind, w.in_force_date, w.document_date, c.region,
       coalesce(l.amount, w.amount), coalesce(l.issuer_bin, w.issuer_bin), coalesce(l.issuer_name, w.issuer_name),
       coalesce(l.claimant_bin, w.claimant_bin), coalesce(l.claimant_name, w.claimant_name), coalesce(l.iban, w.iban),
       coalesce(l.kbk, w.kbk), coalesce(l.knp, w.knp)
  FROM unnest($1::text[], $2::text[]) AS u(source, document_number)
  JOIN writs w USING (source, document_number) JOIN debtors d ON d.id = w.debtor_id JOIN cases c ON c.id = w.case_id
  LEFT JOIN LATERAL (SELECT * FROM writ_corrections k WHERE k.case_id = w.case_id ORDER BY k.ordinal DESC LIMIT 1) l ON true`

const insertCorrectionSQL = `INSERT INTO writ_corrections (case_id, ordinal, amount, issuer_bin, issuer_name, claimant_bin, claimant_name, iban, kbk, knp,
	ground, act, content_hash, batch_id, row_no, at)
SELECT $1, coalesce(max(ordinal), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
  FROM writ_corrections WHERE case_id = $1`
