package jobs

import (
	"context"
	"fmt"

	"robotbailiff/payments"
	"robotbailiff/payments/match"
)

// What can be wrong with what gateways pay out and keep.
const (
	payoutDiffers = "differs"       // neither its payment nor that less its fee: it waits in suspense for a person
	feeNotKept    = "fee_not_kept"  // the whole payment came though a fee was told
	feeNotBorne   = "fee_not_borne" // by the rule pack the gateway bears its fee
	feeOther      = "fee_conflict"  // another fee than before: the first stands
	feeImpossible = "fee_bad"       // not a part of a payment of this gateway
)

// payoutAlarm says what is wrong with what a gateway pays out or keeps. It names no payment: people find it in suspense.
func (r *Robot) payoutAlarm(ctx context.Context, what, gateway string) {
	r.cfg.Observe("payout", what, 1)
	r.cfg.Log.ErrorContext(ctx, "a gateway's payout or fee is not what it has to be", "what", what, "gateway", gateway)
}

// meetPayouts keeps the fees that gateways have told, and settles with payouts that have waited for a word or a fee.
func (s *settlement) meetPayouts(ctx context.Context) error {
	var told []int64
	var fees []payments.Fee
	var of []int // transfers of the fees
	for i, r := range s.reserved {
		if r.Fresh {
			told = append(told, r.PaymentID)
		}
		fee, some := s.fees[i]
		if !some || r.PaymentID == 0 || r.Conflict {
			continue
		}
		if !s.cfg.Packs.Current().StateBearsFee(s.transfers[i].ValueDate) {
			s.payoutAlarm(ctx, feeNotBorne, s.transfers[i].Source)
			continue
		}
		fees, of = append(fees, payments.Fee{PaymentID: r.PaymentID, Amount: fee}), append(of, i)
	}
	kept, err := s.Payments.TellFees(ctx, s.tx, fees)
	if err != nil {
		return err
	}
	for k, f := range kept {
		source := s.transfers[of[k]].Source
		switch {
		case f.Fresh:
			told = append(told, fees[k].PaymentID)
		case f.Late:
			s.payoutAlarm(ctx, feeNotKept, source)
		case f.Other:
			s.payoutAlarm(ctx, feeOther, source)
		case f.Bad:
			s.payoutAlarm(ctx, feeImpossible, source)
		}
	}
	met, differ, err := s.Payments.MeetWaiting(ctx, s.tx, told, s.now)
	if err != nil {
		return err
	}
	if len(differ) > 0 {
		s.cfg.Observe("payout", payoutDiffers, len(differ))
		s.cfg.Log.ErrorContext(ctx, "payouts are neither their payments nor those less their fees", "payments", differ)
	}
	return s.Payments.ClearDoubts(ctx, s.tx, met)
}

const doubtCaseSQL = `INSERT INTO unmatched_money (payment_id, debtor_id) SELECT b.id, w.debtor_id FROM unnest($1::bigint[], $2::bigint[]) AS b (id, case_id) JOIN writs w ON w.case_id = b.case_id`

// wait lets payouts wait for what their gateways will tell. Until then the debtor of the case that one names has money with us that may be his.
func (p *linePage) wait(ctx context.Context, waits []payments.Wait, at []int, reserved []payments.Recorded) error {
	var ids, cases []int64
	for k, i := range at {
		if !p.lines[i].unsaid || !reserved[k].Fresh {
			continue
		}
		if id, _, ok := match.ByReference(p.lines[i].line.Purpose); ok {
			ids, cases = append(ids, reserved[k].PaymentID), append(cases, id)
		}
	}
	if len(ids) > 0 {
		if _, err := p.tx.Exec(ctx, doubtCaseSQL, ids, cases); err != nil {
			return fmt.Errorf("jobs: doubts: %w", err)
		}
	}
	return p.Payments.KeepWaits(ctx, p.tx, waits)
}
