package jobs

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/match"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// namer gives every line of an account its identity: its key, and, where the bank gives no reference, how many such lines stood before it
// in the same statement. Overlapping statements name a movement alike.
type namer struct {
	account string
	seen    map[string]int
}

func newNamer(account string) *namer { return &namer{account: account, seen: map[string]int{}} }

func (n *namer) of(l *source.Line) string {
	name := n.account + "/"
	if !l.Credit {
		name += "-"
	}
	name += l.Key()
	if l.Ref != "" {
		return name
	}
	n.seen[name]++
	return name + "." + strconv.Itoa(n.seen[name])
}

// signed is the sum of a line: positive is to us.
func signed(l *source.Line) money.Amount {
	if l.Credit {
		return l.Amount
	}
	return l.Amount.Neg()
}

func (r *Robot) sealPayer(p *source.Party) []byte {
	if *p == (source.Party{}) {
		return nil
	}
	return r.sealAt(payments.Payer(*p), payments.PayerPlace)
}

// person is a payer who is a debtor, with the cases that still ask him for money.
type person struct {
	id   int64
	open []match.Open
}

const payersSQL = `SELECT b.n, d.id, c.id, c.outstanding
  FROM unnest($1::bytea[]) WITH ORDINALITY AS b (iin, n) JOIN debtors d ON d.iin_blind = b.iin
  JOIN writs w ON w.debtor_id = d.id JOIN cases c ON c.id = w.case_id WHERE c.outstanding > 0 AND c.state <> 'cancelled' ORDER BY b.n, c.id`

// findDebtors looks up the payers of lines that name no case.
func (p *linePage) findDebtors(ctx context.Context) error {
	p.debtors = map[string]person{}
	var iins []string
	var blind [][]byte
	seen := map[string]bool{}
	for i := range p.lines {
		l := &p.lines[i].line
		if iin := l.Payer.IIN; l.Credit && !l.Reversal && iin != "" && !seen[iin] && !namesCase(l.Purpose) {
			seen[iin], iins, blind = true, append(iins, iin), append(blind, p.cfg.Keys.Blind(intake.BlindIIN, iin))
		}
	}
	if len(iins) == 0 {
		return nil
	}
	rows, err := p.tx.Query(ctx, payersSQL, blind)
	if err != nil {
		return fmt.Errorf("jobs: payers: %w", err)
	}
	var n, debtor, id, tiyn int64
	_, err = pgx.ForEachRow(rows, []any{&n, &debtor, &id, &tiyn}, func() error {
		who := p.debtors[iins[n-1]]
		who.id, who.open = debtor, append(who.open, match.Open{CaseID: id, Outstanding: money.FromTiyn(tiyn)})
		p.debtors[iins[n-1]] = who
		return nil
	})
	if err != nil {
		return fmt.Errorf("jobs: payers: %w", err)
	}
	return nil
}

func namesCase(purpose string) bool {
	_, how, _ := match.ByReference(purpose)
	return how != match.NoNumber
}

// caseOf says which case a line pays; 0: a person must look.
func (p *linePage) caseOf(i int) int64 {
	l := &p.lines[i].line
	if p.lines[i].doubtful || l.Reversal {
		return 0 // a returned payment of ours may well name a case
	}
	id, how, ok := match.ByReference(l.Purpose)
	if !ok && how == match.NoNumber && p.lines[i].gateway == "" {
		if who, debtor := p.debtors[l.Payer.IIN]; debtor {
			id, _, _ = match.ByPerson(l.Amount, who.open)
		}
	}
	return id
}

// meet settles payments that gateways have told of, and gives the lines that are money nobody has told of yet.
func (p *linePage) meet(ctx context.Context, at []int) (arrived []int, err error) {
	payouts := make([]payments.Payout, len(at))
	for k, i := range at {
		payouts[k] = p.payout(i)
	}
	met, err := p.Payments.Meet(ctx, p.tx, payouts)
	if err != nil {
		return nil, err
	}
	var settled []payments.Settlement
	for k, m := range met {
		i := at[k]
		v, l := &p.verdicts[i], &p.lines[i]
		switch {
		case m.Known:
			v.Verdict = payments.Duplicate
		case m.PaymentID == 0:
			l.doubtful, l.unsaid = l.doubtful || l.net, l.net // what it is the money of, and less what fee, its word says
			arrived = append(arrived, i)
		case !m.Sure:
			l.doubtful, l.unmet = true, true
			if arrived = append(arrived, i); payments.ValidID(l.line.EndToEnd) && (!l.net || m.Told.IsPositive()) {
				p.payoutAlarm(ctx, payoutDiffers, l.gateway)
			}
		default:
			if m.Told.IsPositive() && m.Fee.IsZero() {
				p.payoutAlarm(ctx, feeNotKept, l.gateway)
			}
			v.Verdict, v.PaymentID = payments.WasSettled, m.PaymentID
			settled = append(settled, payments.Settlement{TxnID: p.lines[i].txn, Gateway: p.lines[i].gateway, PaymentID: m.PaymentID, Amount: p.lines[i].line.Amount, Fee: m.Fee})
		}
	}
	return arrived, p.Payments.Settle(ctx, p.tx, settled, p.now)
}

func (p *linePage) payout(i int) payments.Payout {
	l := &p.lines[i].line
	id, _, _ := match.ByReference(l.Purpose)
	return payments.Payout{TxnID: p.lines[i].txn, Gateway: p.lines[i].gateway, Ref: l.EndToEnd, CaseID: id, Amount: l.Amount, ValueDate: l.Value}
}

// doubtDeparted lets no case have money of which a later statement, taken before, says that the bank took it back.
func (p *linePage) doubtDeparted(ctx context.Context, at []int) error {
	var mirror []string
	of, name := map[string]int{}, newNamer(p.account)
	for _, i := range at {
		if l := p.lines[i].line; l.Ref != "" {
			l.Credit, l.Reversal = false, true
			id := name.of(&l)
			mirror, of[id] = append(mirror, id), i
		}
	}
	gone, err := p.Payments.Departed(ctx, p.tx, mirror)
	for id := range gone {
		p.lines[of[id]].doubtful = true
	}
	return err
}

// takeIn makes payments of money that is new, and pays cases with them.
func (p *linePage) takeIn(ctx context.Context, at []int) error {
	if len(at) == 0 {
		return nil
	}
	if err := p.doubtDeparted(ctx, at); err != nil {
		return err
	}
	transfers := make([]payments.Transfer, len(at))
	for k, i := range at {
		l := &p.lines[i].line
		transfers[k] = payments.Transfer{
			Source: ledger.SourceTreasury, TxnID: p.lines[i].txn, Amount: l.Amount, Currency: l.Currency, ValueDate: l.Value,
			Reference: l.Purpose, CaseID: p.caseOf(i),
		}
	}
	reserved, err := p.Payments.Reserve(ctx, p.tx, transfers)
	if err != nil {
		return err
	}
	bookings, err := p.book(ctx, p.tx, transfers, reserved, p.now)
	if err != nil {
		return err
	}
	var arrivals []payments.Arrival
	var waits []payments.Wait
	var doubts, debtors []int64
	next := 0
	for k, r := range reserved {
		i := at[k]
		v := &p.verdicts[i]
		v.Verdict, v.PaymentID = r.Verdict(), r.PaymentID
		if !r.Fresh {
			continue
		}
		b := bookings[next]
		next++
		v.Verdict = payments.Held
		if b.CaseID != 0 {
			v.Verdict = payments.Matched
		} else if who, debtor := p.debtors[p.lines[i].line.Payer.IIN]; debtor {
			doubts, debtors = append(doubts, r.PaymentID), append(debtors, who.id)
		}
		if l := &p.lines[i]; (l.unsaid || l.unmet) && payments.ValidID(l.line.EndToEnd) {
			waits = append(waits, payments.Wait{PaymentID: r.PaymentID, Gateway: l.gateway, Ref: l.line.EndToEnd})
		}
		if p.lines[i].gateway != "" && !p.lines[i].doubtful {
			arrivals = append(arrivals, payments.Arrival{PaymentID: r.PaymentID, Payout: p.payout(i)})
		}
	}
	if err := p.wait(ctx, waits, at, reserved); err != nil {
		return err
	}
	if err := p.Payments.KeepArrivals(ctx, p.tx, arrivals); err != nil || len(doubts) == 0 {
		return err
	}
	_, err = p.tx.Exec(ctx, doubtSQL, doubts, debtors)
	return err
}

const doubtSQL = `INSERT INTO unmatched_money (payment_id, debtor_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])`

// giveBack books what the bank took back, and gives the lines whose payment nobody knows.
func (p *linePage) giveBack(ctx context.Context, at []int) (lost []int, err error) {
	reversals := make([]payments.Reversal, len(at))
	name := newNamer(p.account)
	for k, i := range at {
		l := p.lines[i].line
		l.Credit, l.Reversal = true, false // the identity of what is taken back
		reversals[k] = payments.Reversal{Source: ledger.SourceTreasury, TxnID: name.of(&l), Amount: l.Amount, Currency: l.Currency}
	}
	found, verdicts, err := p.takeBack(ctx, p.tx, reversals, p.now)
	if err != nil {
		return nil, err
	}
	for k, v := range verdicts {
		if v == payments.Unmatched {
			lost = append(lost, at[k])
		}
		p.verdicts[at[k]].Verdict, p.verdicts[at[k]].PaymentID = v, found[k].PaymentID
	}
	return lost, nil
}

// leave books what went from our account.
func (p *linePage) leave(ctx context.Context, at []int) error {
	gone := make([]payments.Departure, len(at))
	used := map[int64]bool{}
	for k, i := range at {
		l := &p.lines[i].line
		gone[k] = payments.Departure{TxnID: p.lines[i].txn, Gateway: p.lines[i].gateway, Amount: l.Amount}
		o, ours := p.payouts[l.EndToEnd]
		if ours && !l.Reversal && !o.Departed && !used[o.ID] && o.Amount.Equal(l.Amount) && (o.State == payments.PayoutSent || o.State == payments.PayoutPaid || o.State == payments.PayoutReturned) {
			used[o.ID] = true
			gone[k].Gateway, gone[k].Order = "", &o
		}
	}
	fresh, err := p.Payments.Leave(ctx, p.tx, gone, p.now)
	if err != nil {
		return err
	}
	for k, isNew := range fresh {
		v := &p.verdicts[at[k]]
		switch {
		case !isNew:
			v.Verdict = payments.Duplicate
		case gone[k].Order != nil:
			v.Verdict, v.PaymentID = payments.PaidOut, gone[k].Order.PaymentID
		case gone[k].Gateway != "":
			v.Verdict, v.Gateway = payments.PaidBack, gone[k].Gateway
		default:
			v.Verdict = payments.Unexplained
		}
	}
	return nil
}
