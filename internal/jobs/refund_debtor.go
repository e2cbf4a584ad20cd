package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

// MoneyBack tells what goes back, or has gone back, in a case: of an account no more than its end.
func (r *Robot) MoneyBack(ctx context.Context, q payments.Querier, caseID int64) ([]queue.Back, error) {
	list, err := r.Payments.Backs(ctx, q, caseID)
	if err != nil {
		return nil, err
	}
	var out []queue.Back
	for i := range list {
		parts, err := r.backOf(&list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// backOf divides a payment by what becomes of its money: some may have been paid back when more of it falls due.
func (r *Robot) backOf(b *payments.Back) (out []queue.Back, err error) {
	add := func(sum money.Amount, state queue.BackState, sealed []byte, place string, at time.Time) {
		if !sum.IsPositive() || err != nil {
			return
		}
		back := queue.Back{PaymentID: b.PaymentID, Amount: sum, State: state, At: at}
		if sealed != nil {
			var to payments.Payer
			if to, err = r.openAt(sealed, place); err != nil {
				return
			}
			back.Account = to.IBAN[max(0, len(to.IBAN)-4):]
		}
		if state == queue.BackReturned {
			back.Code = b.Code
		}
		back.ByDebtor = place == payments.RequisitesPlace && b.GivenBy == engine.ActorDebtor
		out = append(out, back)
	}
	if b.Paying.IsPositive() {
		state := queue.BackCollected
		if b.Order == payments.PayoutSent {
			state = queue.BackSent
		}
		add(b.Paying, state, b.Requisites, payments.OrderPlace, b.GivenAt)
	}
	failed, err := r.failedFor(b)
	if err != nil {
		return nil, err
	}
	switch {
	case failed:
		add(b.Due, queue.BackReturned, b.Requisites, payments.OrderPlace, b.EndedAt)
	case !b.OnAccount && b.Given != nil:
		add(b.Due, queue.BackGateway, b.Given, payments.RequisitesPlace, b.GivenAt)
	case !b.OnAccount:
		add(b.Due, queue.BackGateway, nil, "", time.Time{})
	case b.Given != nil:
		add(b.Due, queue.BackReady, b.Given, payments.RequisitesPlace, b.GivenAt)
	default:
		state, payer := queue.BackWanted, b.Payer
		if payer != nil {
			to, err := r.openAt(payer, payments.PayerPlace)
			if err != nil {
				return nil, err
			}
			if CheckPayer(to) != "" {
				payer = nil
			}
		}
		if payer != nil {
			state = queue.BackPayer
		}
		add(b.Due, state, payer, payments.PayerPlace, time.Time{})
	}
	add(b.ByClaimant, queue.BackClaimant, nil, "", time.Time{})
	if b.Order == payments.PayoutPaid {
		add(b.Done, queue.BackPaid, b.Requisites, payments.OrderPlace, b.EndedAt)
	} else {
		add(b.Done, queue.BackPaid, nil, "", time.Time{}) // of before, or paid back by a gateway
	}
	return out, err
}

// failedFor says whether the newest order of a payment failed, and nobody has named another account since, or the same one once more.
func (r *Robot) failedFor(b *payments.Back) (bool, error) {
	if b.Order != payments.PayoutRejected && b.Order != payments.PayoutReturned {
		return false, nil
	}
	if b.Given == nil || b.GivenAt.After(b.EndedAt) {
		return b.Given == nil, nil
	}
	given, err := r.openAt(b.Given, payments.RequisitesPlace)
	if err != nil {
		return false, err
	}
	ordered, err := r.openAt(b.Requisites, payments.OrderPlace)
	return given.IBAN == ordered.IBAN, err
}

// ConfirmedByCode is the reason of requisites that the debtor gave with a code by SMS.
const ConfirmedByCode = "sms_code"

// GiveOwnRequisites keeps, in the transaction that has used up the debtor's code, where the debtor says that all goes that is due back in his case and
// in no file. It is refused with [CodeNotDue] when there is nothing.
func (r *Robot) GiveOwnRequisites(ctx context.Context, tx pgx.Tx, caseID int64, to payments.Payer) error {
	if wrong := CheckPayer(to); wrong != "" {
		return &acts.Error{Code: CodeRequisites, Remedy: wrong}
	}
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	list, err := r.Payments.LockBacks(ctx, tx, caseID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(b payments.Back) bool { return !b.Due.IsPositive() })
	if len(list) == 0 {
		return &acts.Error{Code: CodeNotDue, Remedy: "look at the page again"}
	}
	sealed := r.sealAt(to, payments.RequisitesPlace)
	for i := range list {
		if err := r.Payments.GiveRequisites(ctx, tx, list[i].PaymentID, sealed, engine.ActorDebtor, ConfirmedByCode, now); err != nil {
			return err
		}
	}
	return nil
}
