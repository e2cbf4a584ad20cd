package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// MoneyEffect says exactly what an act would do as things stand now. It changes nothing.
func (r *Robot) MoneyEffect(ctx context.Context, a acts.Act) (acts.Effect, error) {
	if err := r.acts.Possible(ctx, r.cfg.Pool, &a); err != nil {
		return acts.Effect{}, err
	}
	known, err := r.Payments.ByID(ctx, r.cfg.Pool, a.Payments())
	if err != nil {
		return acts.Effect{}, err
	}
	cmds := payCommands(&a, known, func(i int) int64 { return a.Parts[i].PaymentID }, "")
	if len(cmds) == 0 {
		return effectOf(&a, nil, nil)
	}
	pl, err := r.Engine.Preview(ctx, cmds)
	if err != nil {
		return acts.Effect{}, err
	}
	return effectOf(&a, pl, func(i int) int64 { return a.Parts[i].PaymentID })
}

// ProposeMoney keeps what a person wants to do with money, for another one to decide.
func (r *Robot) ProposeMoney(ctx context.Context, a acts.Act) (id int64, err error) {
	if _, err := r.MoneyEffect(ctx, a); err != nil {
		return 0, err
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		id, err = r.acts.Propose(ctx, tx, a, now)
		return err
	})
	return id, err
}

// RejectMoney sends an act away.
func (r *Robot) RejectMoney(ctx context.Context, id int64, actor, reason string) error {
	return r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error { return r.acts.Reject(ctx, tx, id, actor, reason, now) })
}

// ApproveMoney does an act that another person has proposed, in one transaction, if it does exactly what this person saw.
func (r *Robot) ApproveMoney(ctx context.Context, id int64, actor, reason, seen string) error {
	var kind acts.Kind
	err := r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		a, who, why, err := r.acts.Begin(ctx, tx, id, actor, reason, now)
		if err != nil {
			return err
		}
		kind = a.Kind
		if err := r.acts.Possible(ctx, tx, &a); err != nil {
			return err
		}
		if err := r.doMoney(ctx, tx, &a, a.ProposedBy+", "+who, seen, now); err != nil {
			return err
		}
		if err := r.Payments.ClearDoubts(ctx, tx, a.Payments()); err != nil {
			return err
		}
		return r.acts.Done(ctx, tx, id, who, why, now)
	})
	if err == nil {
		r.cfg.Observe("money_act", string(kind), 1)
	}
	return err
}

// moneyTx runs f at the legal time; a race with another transaction begins it again, and what the books refuse is said as stale.
func (r *Robot) moneyTx(ctx context.Context, f func(tx pgx.Tx, now time.Time) error) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	now = now.UTC().Truncate(time.Microsecond)
	work := func(tx pgx.Tx) error { return f(tx, now) }
	err = pg.InTx(ctx, r.cfg.Pool, work)
	for tries := 1; errors.Is(err, payments.ErrRaced) && tries < maxRaces; tries++ {
		err = pg.InTx(ctx, r.cfg.Pool, work)
	}
	if _, refused := errors.AsType[*payments.RefusedError](err); refused || errors.Is(err, payments.ErrRaced) {
		return &acts.Error{Code: acts.CodeStale, Remedy: "the money has moved meanwhile: look again"}
	}
	return err
}

// payCommands are what an act tells the cases. by names the people.
func payCommands(a *acts.Act, known map[int64]payments.Payment, paymentOf func(part int) int64, by string) []engine.For {
	var cmds []engine.For
	for i, p := range a.Parts {
		if p.CaseID == 0 || a.Kind == acts.Explain { // what went to a claimant changes no case
			continue
		}
		from := known[p.PaymentID]
		cmds = append(cmds, engine.For{CaseID: p.CaseID, Actor: by, Command: engine.Pay{
			PaymentID: paymentOf(i), Amount: p.Amount, ValueDate: from.ValueDate, Source: from.Source,
		}})
	}
	return cmds
}

// effectOf reads off a plan what it does, part by part.
func effectOf(a *acts.Act, pl *engine.Plan, paymentOf func(part int) int64) (acts.Effect, error) {
	e := acts.Effect{Account: a.Meaning.Account()}
	used := map[[2]int64]engine.MoneyAllocated{}
	if pl != nil {
		for _, o := range pl.Outcomes {
			if o.Refusal != nil {
				return e, &acts.Error{Code: acts.CodeNoCase, Remedy: "look at the number of the case"}
			}
		}
		for _, x := range pl.Effects() {
			if m, ok := x.(engine.MoneyAllocated); ok {
				used[[2]int64{m.CaseID, m.PaymentID}] = m
			}
		}
	}
	for i, p := range a.Parts {
		part := acts.PartEffect{PaymentID: p.PaymentID, CaseID: p.CaseID, Amount: p.Amount}
		switch {
		case p.CaseID != 0 && a.Kind != acts.Explain:
			m := used[[2]int64{p.CaseID, paymentOf(i)}]
			part.Allocated, part.RefundDue = m.Allocated, m.RefundDue
			before, after, _ := pl.Change(p.CaseID)
			part.Left, part.State = after.Outstanding, string(after.State)
			for _, o := range after.Orders[len(before.Orders):] {
				switch o.Purpose {
				case engine.Lift:
					part.Lifts++
				case engine.Reduce:
					part.Reduces++
				case engine.Recall:
					part.Recalls++
				case engine.Arrest, engine.Collect, engine.Register, engine.Deregister, engine.Entrust:
				}
			}
		case a.Kind == acts.Refund:
			part.RefundDue = p.Amount
		}
		e.Parts = append(e.Parts, part)
	}
	return e, nil
}

// asSeen stops what would not do what the person saw.
func asSeen(a *acts.Act, pl *engine.Plan, paymentOf func(int) int64, seen string) error {
	e, err := effectOf(a, pl, paymentOf)
	if err == nil && e.Seen() != seen {
		err = &acts.Error{Code: acts.CodeStale, Remedy: "it would do something else now than what you saw: look again"}
	}
	return err
}

func (r *Robot) doMoney(ctx context.Context, tx pgx.Tx, a *acts.Act, by, seen string, now time.Time) error {
	known, err := r.Payments.ByID(ctx, tx, a.Payments())
	if err != nil {
		return err
	}
	switch a.Kind {
	case acts.Assign, acts.Merge:
		paymentOf := func(i int) int64 { return a.Parts[i].PaymentID }
		_, err = r.Engine.ApplyTx(ctx, tx, payCommands(a, known, paymentOf, by), engine.BeforeWrite(func(_ context.Context, _ pgx.Tx, pl *engine.Plan) error {
			return asSeen(a, pl, paymentOf, seen)
		}))
		return err
	case acts.Split:
		return r.splitMoney(ctx, tx, a, known[a.Parts[0].PaymentID], by, seen, now)
	case acts.Refund, acts.SameAs, acts.Explain, acts.Recover, acts.DueAgain:
	}
	if err := asSeen(a, nil, nil, seen); err != nil {
		return err
	}
	switch a.Kind {
	case acts.Refund:
		return r.Payments.Allocate(ctx, tx, []payments.Allocation{{PaymentID: a.Parts[0].PaymentID, RefundDue: a.Parts[0].Amount, Reason: fmt.Sprint("act ", a.ID)}}, now)
	case acts.SameAs:
		return r.Payments.SameAs(ctx, tx, a.Parts[0].PaymentID, a.Parts[0].Known, a.ID, now)
	case acts.Explain:
		return r.explain(ctx, tx, a, now)
	case acts.Recover:
		return r.recover(ctx, tx, a, now)
	case acts.DueAgain:
		return r.dueAgain(ctx, tx, a, now)
	case acts.Assign, acts.Split, acts.Merge:
	}
	return &acts.Error{Code: acts.CodeShape, Remedy: "there is no such act"}
}

// NameSent says which payments a departure was the money of, by the cases that a person names.
func (r *Robot) NameSent(ctx context.Context, txn string, named []acts.Named) ([]acts.Part, error) {
	gone, err := r.Payments.UnexplainedList(ctx, r.cfg.Pool, txn, 1)
	if err != nil {
		return nil, err
	}
	if txn == "" || len(gone) == 0 {
		return nil, &acts.Error{Code: acts.CodeExplained, Remedy: "look at the list again"}
	}
	cases := make([]int64, len(named))
	for i, n := range named {
		cases[i] = n.CaseID
	}
	paid, err := r.Payments.CaseMoney(ctx, r.cfg.Pool, cases)
	if err != nil {
		return nil, err
	}
	return acts.SentParts(named, gone[0].Amount, paid)
}

// explain books why money left.
func (r *Robot) explain(ctx context.Context, tx pgx.Tx, a *acts.Act, now time.Time) error {
	if a.Meaning != ledger.Remittance {
		return r.Payments.Explain(ctx, tx, a.TxnID, a.Meaning, a.ID, now)
	}
	sent := make([]payments.Sent, len(a.Parts))
	for i, p := range a.Parts {
		sent[i] = payments.Sent{PaymentID: p.PaymentID, CaseID: p.CaseID, Amount: p.Amount}
	}
	return r.Payments.ExplainSent(ctx, tx, a.TxnID, sent, a.ID, now)
}

// recover books what a claimant has made good. The act was looked at before the locks; the books refuse what has moved since.
func (r *Robot) recover(ctx context.Context, tx pgx.Tx, a *acts.Act, now time.Time) error {
	part := a.Parts[0]
	known, err := r.Payments.LockByID(ctx, tx, a.Payments())
	if err != nil {
		return err
	}
	from, of := known[part.PaymentID], known[part.Known]
	return r.Payments.Recover(ctx, tx, from.ID, of.ID, acts.Kept(from, of), part.Amount, a.ID, now)
}

// NameBack says whose money came back by a payment in suspense, of a departure that a person names.
func (r *Robot) NameBack(ctx context.Context, payment int64, came money.Amount, txn string, caseID int64) ([]acts.Part, error) {
	gone, err := r.Payments.SentByHand(ctx, r.cfg.Pool, txn, payments.MaxBatch)
	if err != nil {
		return nil, err
	}
	if txn == "" || len(gone) == 0 {
		return nil, &acts.Error{Code: acts.CodeNotSent, Remedy: "choose the departure"}
	}
	return acts.BackParts(payment, came, gone[0], caseID)
}

// SentByHand gives departures by which money went to claimants by hand and has not come back, the newest first.
func (r *Robot) SentByHand(ctx context.Context, limit int) ([]payments.ByHand, error) {
	return r.Payments.SentByHand(ctx, r.cfg.Pool, "", limit)
}

// dueAgain books what came back from claimants. The act was looked at before the locks; the books refuse what has moved since.
func (r *Robot) dueAgain(ctx context.Context, tx pgx.Tx, a *acts.Act, now time.Time) error {
	if _, err := r.Payments.LockByID(ctx, tx, a.Payments()); err != nil {
		return err
	}
	back := make([]payments.Sent, len(a.Parts))
	for i, p := range a.Parts {
		back[i] = payments.Sent{PaymentID: p.Known, Amount: p.Amount}
	}
	return r.Payments.DueAgain(ctx, tx, a.TxnID, a.Parts[0].PaymentID, back, a.ID, now)
}

// splitMoney makes each part a payment of its own, with the value date of the whole, and lets the cases have them.
func (r *Robot) splitMoney(ctx context.Context, tx pgx.Tx, a *acts.Act, whole payments.Payment, by, seen string, now time.Time) error {
	transfers := make([]payments.Transfer, len(a.Parts))
	for i, p := range a.Parts {
		transfers[i] = payments.Transfer{
			Source: ledger.SourceSplit, TxnID: fmt.Sprintf("act/%d/%d", a.ID, i+1), Amount: p.Amount, Currency: payments.Currency, ValueDate: whole.ValueDate, CaseID: p.CaseID,
		}
	}
	reserved, err := r.Payments.Reserve(ctx, tx, transfers)
	if err != nil {
		return err
	}
	parts := make([]payments.Split, len(a.Parts))
	for i, got := range reserved {
		if !got.Fresh {
			return payments.ErrRaced // cannot be: an act is done once
		}
		parts[i] = payments.Split{PaymentID: whole.ID, ToID: got.PaymentID, Amount: a.Parts[i].Amount}
	}
	paymentOf := func(i int) int64 { return parts[i].ToID }
	_, err = r.bookBy(ctx, tx, transfers, reserved, by, now, func(pl *engine.Plan) error { return asSeen(a, pl, paymentOf, seen) })
	if err != nil {
		return err
	}
	return r.Payments.MoveOn(ctx, tx, parts, a.ID, now)
}
