package jobs

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/payments/source/pain"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Codes of refusals about remittances, in [acts.Error].
const (
	CodeNoWait    = "no_wait"    // the rule pack does not say when money goes on
	CodeFileStale = "file_stale" // since it was collected, a payment in it was taken back, or its case was stopped
)

// remitDue is what is due to claimants, payment by payment, with how it stands and what the writ, as corrected, says of the claimant. A payment in
// an order waits for the end of that order. $1 is the last value date whose wait is over.
const remitDueSQL = `SELECT p.id, p.case_id, p.allocated - p.remitting - p.remitted AS free, p.value_date, w.document_number, w.document_date,
       CASE WHEN EXISTS (SELECT 1 FROM payments x WHERE x.case_id = p.case_id AND x.remitting + x.remitted > x.allocated) THEN 'claimed'
            WHEN c.hold <> '' OR c.suspended <> '' THEN 'withheld'
            WHEN r.source <> 'treasury' AND NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = r.id) THEN 'gateway'
            WHEN p.value_date > $1 OR p.remitting > 0 THEN 'young' ELSE 'ready' END AS stands,
       w.source, coalesce(k.issuer_bin, w.issuer_bin) AS issuer_bin, coalesce(k.claimant_bin, w.claimant_bin) AS claimant_bin,
       coalesce(k.claimant_name, w.claimant_name) AS claimant_name, coalesce(k.iban, w.iban) AS iban, coalesce(k.kbk, w.kbk) AS kbk, coalesce(k.knp, w.knp) AS knp
  FROM payments p JOIN cases c ON c.id = p.case_id JOIN writs w ON w.case_id = p.case_id
  LEFT JOIN LATERAL (SELECT * FROM writ_corrections k WHERE k.case_id = p.case_id ORDER BY k.ordinal DESC LIMIT 1) AS k ON true
  LEFT JOIN money_moves m ON m.to_id = p.id AND m.kind = 'split' JOIN payments r ON r.id = coalesce(m.payment_id, p.id)
 WHERE p.allocated > p.remitting + p.remitted`

const (
	claimantsSQL = `WITH due AS (` + remitDueSQL + `)
SELECT source, issuer_bin, claimant_name, claimant_bin, iban, kbk, knp, CASE WHEN claimant_bin = '' THEN case_id ELSE 0 END AS one, min(value_date) FILTER (WHERE stands = 'ready'),
       array[count(*) FILTER (WHERE stands = 'ready'), count(*) FILTER (WHERE stands = 'young'), count(*) FILTER (WHERE stands = 'gateway'),
             count(*) FILTER (WHERE stands = 'withheld'), count(*) FILTER (WHERE stands = 'claimed'),
             count(*) FILTER (WHERE stands = 'ready' AND value_date > $2), count(*) FILTER (WHERE stands = 'ready' AND value_date <= $2 AND value_date > $3),
             count(*) FILTER (WHERE stands = 'ready' AND value_date <= $3 AND value_date > $4), count(*) FILTER (WHERE stands = 'ready' AND value_date <= $4)],
       array[coalesce(sum(free) FILTER (WHERE stands = 'ready'), 0), coalesce(sum(free) FILTER (WHERE stands = 'young'), 0), coalesce(sum(free) FILTER (WHERE stands = 'gateway'), 0),
             coalesce(sum(free) FILTER (WHERE stands = 'withheld'), 0), coalesce(sum(free) FILTER (WHERE stands = 'claimed'), 0),
             coalesce(sum(free) FILTER (WHERE stands = 'ready' AND value_date > $2), 0), coalesce(sum(free) FILTER (WHERE stands = 'ready' AND value_date <= $2 AND value_date > $3), 0),
             coalesce(sum(free) FILTER (WHERE stands = 'ready' AND value_date <= $3 AND value_date > $4), 0), coalesce(sum(free) FILTER (WHERE stands = 'ready' AND value_date <= $4), 0)]::bigint[],
       count(*) FILTER (WHERE (SELECT o.state FROM payouts o WHERE o.payment_id = due.id AND o.kind = 'remittance' ORDER BY o.id DESC LIMIT 1) IN ('rejected', 'returned'))
  FROM due GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY sum(free) DESC, 1, 2, 3, 4, 5, 6, 7, 8 LIMIT $5`
	readyPageSQL = `WITH due AS (` + remitDueSQL + ` AND p.id > $2)
SELECT id, case_id, free, document_number, document_date, source, issuer_bin, claimant_name, claimant_bin, iban, kbk, knp FROM due WHERE stands = 'ready' ORDER BY id LIMIT $3`
	staleFileSQL = `SELECT count(*) FROM payouts o JOIN payments p ON p.id = o.payment_id JOIN cases c ON c.id = p.case_id
 WHERE o.file_id = $1 AND (p.remitting + p.remitted > p.allocated OR c.hold <> '' OR c.suspended <> '')`
)

// mostClaimants bounds how many are shown.
const mostClaimants = 1000

// CheckRequisites says what of a claimant's requisites is missing or cannot be; "" when money can go there.
func CheckRequisites(q *payments.Requisites) string {
	digits := func(s string, n int) bool {
		for i := range len(s) {
			if s[i] < '0' || s[i] > '9' {
				return false
			}
		}
		return len(s) == n
	}
	some := pain.Transfer{EndToEnd: "x", Amount: money.FromTiyn(1), KNP: "000", Purpose: "x", To: pain.Party{Name: q.Name, IBAN: q.IBAN}}
	switch {
	case rules.CheckBIN(q.BIN) != nil:
		return "bin"
	case rules.CheckIBAN(q.IBAN) != nil:
		return "iban"
	case !digits(q.KBK, 6):
		return "kbk"
	case !digits(q.KNP, 3):
		return "knp"
	case pain.Wrong(some) != "":
		return "name"
	}
	return ""
}

// remitTo is what an order says to whom it goes. It is sealed in the order.
type remitTo struct {
	payments.Requisites

	Document string        `json:"d"` // the issuer's number of the writ
	Dated    calendar.Date `json:"o,omitzero"`
}

func (r *remitTo) transfer(o *payments.PayOrder) pain.Transfer {
	return pain.Transfer{
		EndToEnd: o.EndToEnd, Amount: o.Amount, KNP: r.KNP, KBK: r.KBK, Purpose: r.purpose(o),
		To: pain.Party{Name: r.Name, ID: r.BIN, Body: true, IBAN: r.IBAN},
	}
}

// maxDocument bounds the letters of a number in a purpose text.
const maxDocument = 200

// purpose begins with the issuer's number: by it the claimant tells which writ was paid.
func (r *remitTo) purpose(o *payments.PayOrder) string {
	of := ""
	if !r.Dated.IsZero() {
		of = " от " + r.Dated.String()
	}
	number := []rune(pain.Clean(r.Document))
	number = number[:min(len(number), maxDocument)]
	return fmt.Sprintf("Взыскано по исполнительному документу № %s%s, дело %s, платёж %d", string(number), of, caseno.Format(o.CaseID), o.PaymentID)
}

// until gives the last value date whose wait is over.
func (r *Robot) until(now time.Time) (calendar.Date, error) {
	last, ok := rules.RemittableTo(r.cfg.Packs.Current(), calendar.DateOf(now))
	if !ok {
		return 0, &acts.Error{Code: CodeNoWait, Remedy: "the rule pack has to name remittance.wait"}
	}
	return last, nil
}

// Claimants gives what is due to claimants, those with most of it first.
func (r *Robot) Claimants(ctx context.Context) (list []queue.Claimant, err error) {
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		last, err := r.until(now)
		if err != nil {
			return err
		}
		given, err := r.Payments.RequisitesInForce(ctx, tx)
		if err != nil {
			return err
		}
		pending, err := r.Payments.WaitingRequisites(ctx, tx, now)
		if err != nil {
			return err
		}
		today := calendar.DateOf(now)
		rows, err := tx.Query(ctx, claimantsSQL, last.UTC(), today.AddDays(-7).UTC(), today.AddDays(-14).UTC(), today.AddDays(-30).UTC(), mostClaimants)
		if err != nil {
			return fmt.Errorf("jobs: claimants: %w", err)
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c queue.Claimant, err error) {
			var counts, sums []int64
			var oldest *time.Time
			err = row.Scan(&c.Source, &c.IssuerBIN, &c.Said.Name, &c.Said.BIN, &c.Said.IBAN, &c.Said.KBK, &c.Said.KNP, &c.CaseID, &oldest, &counts, &sums, &c.Refused)
			if err != nil {
				return c, err
			}
			for i, pile := range []*queue.Pile{&c.Ready, &c.Young, &c.Gateway, &c.Withheld, &c.Claimed, &c.Ages[0], &c.Ages[1], &c.Ages[2], &c.Ages[3]} {
				pile.Count, pile.Sum = counts[i], money.FromTiyn(sums[i])
			}
			if oldest != nil {
				c.Oldest = calendar.FromUTC(*oldest)
			}
			if c.CaseID != 0 {
				c.Number = caseno.Format(c.CaseID)
			}
			digest := c.Digest()
			c.ID, c.To = hex.EncodeToString(digest[:]), c.Said
			if g, ok := given[digest]; ok {
				c.To, c.Given = g.To, true
			}
			if p, ok := pending[digest]; ok {
				c.Pending = &p
			}
			c.Wrong = CheckRequisites(&c.To)
			return c, nil
		})
		if err != nil {
			return fmt.Errorf("jobs: claimants: %w", err)
		}
		return nil
	})
	return list, err
}

// remitPage is how many payments are looked at together.
const remitPage = 2000

// CollectRemittances puts all that is due, or what is due to one scope, into a file that another person may release. What has no good
// requisites is left for a person. A file holds at most [payments.MaxBatch] orders; the next run takes the rest.
func (r *Robot) CollectRemittances(ctx context.Context, scope, account, actor, reason string) (run queue.Run, err error) {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return run, err
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		run = queue.Run{}
		last, err := r.until(now)
		if err != nil {
			return err
		}
		given, err := r.Payments.RequisitesInForce(ctx, tx)
		if err != nil {
			return err
		}
		var wanted []payments.Wanted
		for after := int64(0); ; {
			page, err := readyPage(ctx, tx, last, after)
			if err != nil {
				return err
			}
			for i := range page {
				p := &page[i]
				after = p.order.PaymentID
				digest := p.Digest()
				if scope != "" && hex.EncodeToString(digest[:]) != scope {
					continue
				}
				p.to.Requisites = p.Said
				if g, ok := given[digest]; ok {
					p.to.Requisites = g.To
				}
				if CheckRequisites(&p.to.Requisites) != "" || pain.Wrong(p.to.transfer(&p.order)) != "" {
					run.Left++
					continue
				}
				if len(wanted) == payments.MaxBatch {
					continue
				}
				run.Sum = run.Sum.Add(p.order.Amount)
				wanted = append(wanted, payments.Wanted{PaymentID: p.order.PaymentID, Amount: p.order.Amount, EndToEnd: r.payoutName, Requisites: r.sealJSON(&p.to, payments.OrderPlace)})
			}
			if len(page) < remitPage || len(wanted) == payments.MaxBatch {
				break
			}
		}
		if len(wanted) == 0 {
			return &acts.Error{Code: CodeNotDue, Remedy: "nothing can be sent now: look at the list"}
		}
		run.Count = len(wanted)
		run.File, err = r.Payments.Collect(ctx, tx, payments.RemittanceKind, account, wanted, who, why, now)
		return err
	})
	if err == nil {
		r.cfg.Observe("remittance", "collected", run.Count)
	}
	return run, err
}

// ready is a payment whose money can go on.
type ready struct {
	payments.Scope

	order payments.PayOrder
	to    remitTo
}

func readyPage(ctx context.Context, tx pgx.Tx, last calendar.Date, after int64) ([]ready, error) {
	rows, err := tx.Query(ctx, readyPageSQL, last.UTC(), after, remitPage)
	if err != nil {
		return nil, fmt.Errorf("jobs: due to claimants: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ready, err error) {
		var tiyn int64
		var dated *time.Time
		o := &p.order
		o.EndToEnd = "RB-0-0-x"
		err = row.Scan(&o.PaymentID, &o.CaseID, &tiyn, &p.to.Document, &dated, &p.Source, &p.IssuerBIN, &p.Said.Name, &p.Said.BIN, &p.Said.IBAN, &p.Said.KBK, &p.Said.KNP)
		o.Amount = money.FromTiyn(tiyn)
		if dated != nil {
			p.to.Dated = calendar.FromUTC(*dated)
		}
		if p.Said.BIN == "" {
			p.CaseID = o.CaseID
		}
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: due to claimants: %w", err)
	}
	return list, nil
}

// sealJSON seals a value for its place.
func (r *Robot) sealJSON(v any, place string) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		return nil // texts and a day can always be written
	}
	return r.cfg.Keys.Seal(text, place)
}

// remittance opens what an order says to whom it goes.
func (r *Robot) remittance(o *payments.PayOrder) (pain.Transfer, error) {
	var to remitTo
	text, err := r.cfg.Keys.Open(o.Requisites, payments.OrderPlace)
	if err == nil {
		err = json.Unmarshal(text, &to)
	}
	if err != nil {
		return pain.Transfer{}, errUnreadable
	}
	return to.transfer(o), nil
}

// FileTotals gives the control sums of a file of remittances: how many orders of what sum go to each account and code. No person is in it.
func (r *Robot) FileTotals(ctx context.Context, file int64) ([]queue.Total, error) {
	list, err := r.Payments.PayoutsOf(ctx, r.cfg.Pool, file)
	if err != nil {
		return nil, err
	}
	var totals []queue.Total
	at := map[payments.Requisites]int{}
	for i := range list {
		if list[i].Kind != payments.RemittanceKind {
			return nil, nil
		}
		t, err := r.remittance(&list[i])
		if err != nil {
			return nil, err
		}
		to := payments.Requisites{Name: t.To.Name, BIN: t.To.ID, IBAN: t.To.IBAN, KBK: t.KBK, KNP: t.KNP}
		k, ok := at[to]
		if !ok {
			k = len(totals)
			at[to], totals = k, append(totals, queue.Total{To: to})
		}
		totals[k].Pile = totals[k].With(queue.Pile{Count: 1, Sum: list[i].Amount})
	}
	return totals, nil
}

// stillDue stops the release of a file of which something may not go any more.
func (r *Robot) stillDue(ctx context.Context, tx pgx.Tx, file int64) error {
	var n int
	if err := tx.QueryRow(ctx, staleFileSQL, file).Scan(&n); err != nil {
		return fmt.Errorf("jobs: file %d: %w", file, err)
	}
	if n > 0 {
		return &acts.Error{Code: CodeFileStale, Remedy: fmt.Sprintf("%d of its payments were taken back or stopped since: drop it and collect anew", n)}
	}
	return nil
}

// ProposeRequisites keeps where the money of a scope goes, as one person says, for another one to approve.
func (r *Robot) ProposeRequisites(ctx context.Context, scope string, to payments.Requisites, actor, reason string) (id int64, err error) {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return 0, err
	}
	if wrong := CheckRequisites(&to); wrong != "" {
		return 0, &acts.Error{Code: CodeRequisites, Remedy: wrong}
	}
	c := payments.Completed{To: to, ProposedBy: who, Reason: why}
	if n, err := hex.Decode(c.Scope[:], []byte(scope)); len(scope) != 2*len(c.Scope) || n != len(c.Scope) || err != nil {
		return 0, &acts.Error{Code: CodeNotDue, Remedy: "look at the list again"}
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		c.ProposedAt = now
		id, err = r.Payments.ProposeRequisites(ctx, tx, c)
		return err
	})
	return id, err
}

// ApproveRequisites lets the money of a scope go where another person has proposed.
func (r *Robot) ApproveRequisites(ctx context.Context, id int64, actor, reason string) error {
	return r.decideRequisites(ctx, id, "approved", actor, reason)
}

// RejectRequisites sends a proposal away; the one who made it may do that too.
func (r *Robot) RejectRequisites(ctx context.Context, id int64, actor, reason string) error {
	return r.decideRequisites(ctx, id, "rejected", actor, reason)
}

func (r *Robot) decideRequisites(ctx context.Context, id int64, verdict, actor, reason string) error {
	who, why, err := acts.Who(actor, reason, verdict == "rejected")
	if err != nil {
		return err
	}
	return r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		c, err := r.Payments.LockRequisites(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case !c.Open(now):
			return &acts.Error{Code: acts.CodeNotOpen, Remedy: "it is " + cmp.Or(c.Verdict, "lapsed") + ", nothing was done"}
		case verdict == "approved" && c.ProposedBy == who:
			return &acts.Error{Code: acts.CodeSamePerson, Remedy: "another person has to approve what you have proposed"}
		}
		return r.Payments.DecideRequisites(ctx, tx, id, verdict, who, why, now)
	})
}

const claimantNamesSQL = `SELECT w.case_id, coalesce((SELECT k.claimant_name FROM writ_corrections k WHERE k.case_id = w.case_id ORDER BY k.ordinal DESC LIMIT 1), w.claimant_name)
  FROM writs w WHERE w.case_id = ANY($1::bigint[])`

// OwedByClaimants gives what claimants owe after a payment: a person asks for each, and two people book how it was made good.
func (r *Robot) OwedByClaimants(ctx context.Context, after int64, limit int) ([]queue.Owed, error) {
	list, err := r.Payments.OwedList(ctx, r.cfg.Pool, after, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	cases, out := make([]int64, len(list)), make([]queue.Owed, len(list))
	for i, o := range list {
		cases[i], out[i] = o.CaseID, queue.Owed{Owed: o, Number: caseno.Format(o.CaseID)}
	}
	rows, err := r.cfg.Pool.Query(ctx, claimantNamesSQL, cases)
	if err != nil {
		return nil, fmt.Errorf("jobs: owed: %w", err)
	}
	names := map[int64]string{}
	var id int64
	var name string
	if _, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error { names[id] = name; return nil }); err != nil {
		return nil, fmt.Errorf("jobs: owed: %w", err)
	}
	for i := range out {
		out[i].Claimant = names[out[i].CaseID]
	}
	return out, nil
}
