package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/notify/text"
	"robotbailiff/payments"
	"robotbailiff/payments/match"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

// mostCases bounds how many cases of one debtor are looked at.
const mostCases = 50

// SuspenseQueue gives payments in suspense after an id, with the cases that may be meant. It runs the same few statements for a page
// of any size.
func (r *Robot) SuspenseQueue(ctx context.Context, after int64, limit int) ([]queue.Waiting, error) {
	list, err := r.Payments.SuspenseList(ctx, r.cfg.Pool, after, limit)
	if err != nil {
		return nil, err
	}
	return r.weigh(ctx, list)
}

// MoneyPayment gives one payment as the queue shows it, whether or not anything of it is in suspense.
func (r *Robot) MoneyPayment(ctx context.Context, id int64) (queue.Waiting, error) {
	found, err := r.Payments.ByID(ctx, r.cfg.Pool, []int64{id})
	if err != nil {
		return queue.Waiting{}, err
	}
	p, ok := found[id]
	if !ok {
		return queue.Waiting{}, payments.ErrNoSuch
	}
	out, err := r.weigh(ctx, []payments.Payment{p})
	if err != nil {
		return queue.Waiting{}, err
	}
	return out[0], nil
}

func (r *Robot) weigh(ctx context.Context, list []payments.Payment) ([]queue.Waiting, error) {
	if len(list) == 0 {
		return nil, nil
	}
	e, out, err := r.evidence(ctx, list)
	if err != nil {
		return nil, err
	}
	cases, err := r.mayBeMeant(ctx, e)
	if err != nil {
		return nil, err
	}
	for i := range out {
		var near []match.Known
		seen := map[int64]bool{}
		for _, id := range append(append([]int64{}, e[i].Numbers...), e[i].Near...) {
			if c, ok := cases.byID[id]; ok && !seen[id] {
				seen[id], near = true, append(near, c.Known)
			}
		}
		for _, id := range cases.ofDebtor[e[i].Debtor] {
			if !seen[id] {
				seen[id], near = true, append(near, cases.byID[id].Known)
			}
		}
		cases.show(match.Score(e[i], near), &out[i])
	}
	return out, r.addSame(ctx, e, out)
}

// evidence reads what each payment says of whose it is.
func (r *Robot) evidence(ctx context.Context, list []payments.Payment) ([]match.Evidence, []queue.Waiting, error) {
	ids := make([]int64, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	sealed, err := r.Payments.SealedPayers(ctx, r.cfg.Pool, ids)
	if err != nil {
		return nil, nil, err
	}
	gateways, err := r.Payments.GatewayAccounts(ctx, r.cfg.Pool)
	if err != nil {
		return nil, nil, err
	}
	e, out, blind := make([]match.Evidence, len(list)), make([]queue.Waiting, len(list)), make([][]byte, len(list))
	for i, p := range list {
		e[i] = match.Evidence{Amount: p.Suspense, Words: p.Reference, Numbers: caseno.FindAll(p.Reference), Near: caseno.Near(p.Reference)}
		if s := sealed[p.ID]; s != nil {
			payer, err := r.openAt(s, payments.PayerPlace)
			if err != nil {
				return nil, nil, err
			}
			e[i].Payer, out[i].Payer, out[i].Gateway = payer.Name, masked(payer), gateways[payer.IBAN].Gateway
			if payer.IIN != "" && out[i].Gateway == "" {
				blind[i] = r.cfg.Keys.Blind(intake.BlindIIN, payer.IIN)
			}
		}
		out[i].Payment = p
		out[i].Payment.Reference = "" // personal data: shown to whoever says why
	}
	return e, out, r.whoPaid(ctx, blind, e)
}

const whoPaidSQL = `SELECT b.n, d.id FROM unnest($1::bytea[]) WITH ORDINALITY AS b (iin, n) JOIN debtors d ON d.iin_blind = b.iin`

func (r *Robot) whoPaid(ctx context.Context, blind [][]byte, e []match.Evidence) error {
	rows, err := r.cfg.Pool.Query(ctx, whoPaidSQL, blind)
	if err != nil {
		return fmt.Errorf("jobs: payers: %w", err)
	}
	var n, debtor int64
	if _, err = pgx.ForEachRow(rows, []any{&n, &debtor}, func() error { e[n-1].Debtor = debtor; return nil }); err != nil {
		return fmt.Errorf("jobs: payers: %w", err)
	}
	return nil
}

// meant is the cases that some payments of a page may mean.
type meant struct {
	byID     map[int64]meantCase
	ofDebtor map[int64][]int64
}

type meantCase struct {
	match.Known
	state string
}

// The cases of a debtor that still ask for money come first: only so many are looked at.
const meantSQL = `SELECT c.id, c.debtor_id, c.outstanding, c.state, d.name FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = ANY($1::bigint[])
UNION
SELECT c.id, w.id, c.outstanding, c.state, c.name FROM unnest($2::bigint[]) AS w (id)
 CROSS JOIN LATERAL (SELECT c.id, c.outstanding, c.state, d.name FROM writs x JOIN cases c ON c.id = x.case_id JOIN debtors d ON d.id = x.debtor_id
     WHERE x.debtor_id = w.id ORDER BY c.ended_at IS NOT NULL, c.id DESC LIMIT $3) AS c
 ORDER BY 1`

func (r *Robot) mayBeMeant(ctx context.Context, e []match.Evidence) (*meant, error) {
	var ids, debtors []int64
	for i := range e {
		ids = append(append(ids, e[i].Numbers...), e[i].Near...)
		if e[i].Debtor != 0 {
			debtors = append(debtors, e[i].Debtor)
		}
	}
	m := &meant{byID: map[int64]meantCase{}, ofDebtor: map[int64][]int64{}}
	rows, err := r.cfg.Pool.Query(ctx, meantSQL, ids, debtors, mostCases)
	if err != nil {
		return nil, fmt.Errorf("jobs: cases that may be meant: %w", err)
	}
	var c meantCase
	var tiyn int64
	_, err = pgx.ForEachRow(rows, []any{&c.CaseID, &c.DebtorID, &tiyn, &c.state, &c.Debtor}, func() error {
		c.Outstanding, c.Ended = money.FromTiyn(tiyn), engine.State(c.state).Final()
		m.byID[c.CaseID] = c
		m.ofDebtor[c.DebtorID] = append(m.ofDebtor[c.DebtorID], c.CaseID)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: cases that may be meant: %w", err)
	}
	return m, nil
}

func (m *meant) show(p match.Proposal, w *queue.Waiting) {
	for _, c := range p.Candidates {
		x := m.byID[c.CaseID]
		w.Cases = append(w.Cases, queue.Candidate{
			Candidate: c, Number: caseno.Format(c.CaseID), Initials: text.Initials(x.Debtor), State: x.state, Outstanding: x.Outstanding,
		})
	}
	for _, o := range p.Split {
		w.Split = append(w.Split, queue.Part{Number: caseno.Format(o.CaseID), Amount: o.Outstanding})
	}
}

// Payments of a gateway for a case that the words name, of the same sum, whose money has not come.
const sameSQL = `SELECT w.n, p.id, p.txn_id FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) AS w (n, source, case_id, amount)
 JOIN payments p ON p.case_id = w.case_id AND p.source = w.source AND p.amount = w.amount
 WHERE NOT EXISTS (SELECT 1 FROM settlements t WHERE t.payment_id = p.id) ORDER BY w.n, p.id`

func (r *Robot) addSame(ctx context.Context, e []match.Evidence, out []queue.Waiting) error {
	var n, cases, sums []int64
	var sources []string
	for i := range out {
		if p := &out[i].Payment; out[i].Gateway != "" && p.Suspense.Equal(p.Amount) {
			for _, id := range e[i].Numbers {
				n, sources, cases, sums = append(n, int64(i)), append(sources, out[i].Gateway), append(cases, id), append(sums, p.Amount.Tiyn())
			}
		}
	}
	if len(n) == 0 {
		return nil
	}
	rows, err := r.cfg.Pool.Query(ctx, sameSQL, n, sources, cases, sums)
	if err != nil {
		return fmt.Errorf("jobs: same transfers: %w", err)
	}
	var i int64
	var s queue.Same
	_, err = pgx.ForEachRow(rows, []any{&i, &s.PaymentID, &s.TxnID}, func() error {
		if s.Source = out[i].Gateway; len(out[i].Same) < match.MaxCandidates {
			out[i].Same = append(out[i].Same, s)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("jobs: same transfers: %w", err)
	}
	return nil
}

// RefundQueue gives what is due back after an id, and whether it is known where it goes.
func (r *Robot) RefundQueue(ctx context.Context, after int64, limit int) ([]queue.Refund, error) {
	due, err := r.Payments.DueList(ctx, r.cfg.Pool, after, limit)
	return r.refunds(due, err)
}

// MoneyRefund gives the refund of one payment; none when nothing is due that is not on its way.
func (r *Robot) MoneyRefund(ctx context.Context, payment int64) ([]queue.Refund, error) {
	due, err := r.Payments.DueByID(ctx, r.cfg.Pool, []int64{payment})
	return r.refunds(due, err)
}

func (r *Robot) refunds(due []payments.Due, err error) ([]queue.Refund, error) {
	if err != nil {
		return nil, err
	}
	out := make([]queue.Refund, len(due))
	for i := range due {
		d := &due[i]
		out[i] = queue.Refund{
			PaymentID: d.PaymentID, Source: d.Source, ReceivedAt: d.ReceivedAt, Amount: d.Amount, Given: d.Given != nil, GivenBy: d.GivenBy, GivenAt: d.GivenAt, Last: d.Last, Code: d.Code, Way: queue.Ready,
		}
		if d.CaseID != 0 {
			out[i].Number = caseno.Format(d.CaseID)
		}
		to, err := r.goesTo(d)
		switch {
		case err != nil:
			return nil, err
		case !d.OnAccount || to == nil && d.ByGateway:
			out[i].Way = queue.Gateway
		case to == nil || CheckPayer(*to) != "":
			out[i].Way = queue.Missing
		}
		if to != nil {
			out[i].To = masked(*to)
		}
	}
	return out, nil
}
