package jobs

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"robotbailiff/payments"
)

// payoutPrefix begins the reference that travels with our payment orders.
const payoutPrefix = "RB-"

// payoutName makes the reference of the n-th order of a file. Its end is keyed, so that nobody guesses one.
func (r *Robot) payoutName(file int64, n int) string {
	name := fmt.Sprintf("%s%d-%d-", payoutPrefix, file, n)
	return name + hex.EncodeToString(r.cfg.Keys.Blind("payout.end_to_end", name)[:5])
}

// ourPayoutName says whether a reference is one that we made.
func (r *Robot) ourPayoutName(name string) bool {
	at := strings.LastIndexByte(name, '-') + 1
	if !strings.HasPrefix(name, payoutPrefix) || at <= len(payoutPrefix) {
		return false
	}
	want := hex.EncodeToString(r.cfg.Keys.Blind("payout.end_to_end", name[:at])[:5])
	return subtle.ConstantTimeCompare([]byte(name[at:]), []byte(want)) == 1
}

// sealAt seals requisites for their place.
func (r *Robot) sealAt(p payments.Payer, place string) []byte {
	text, err := json.Marshal(p)
	if err != nil {
		return nil // four texts can always be written
	}
	return r.cfg.Keys.Seal(text, place)
}

var errUnreadable = errors.New("jobs: requisites or a file cannot be read: the key that sealed them is missing")

// openAt opens sealed requisites.
func (r *Robot) openAt(sealed []byte, place string) (p payments.Payer, err error) {
	text, err := r.cfg.Keys.Open(sealed, place)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return payments.Payer{}, errUnreadable // the cause might repeat them
	}
	return p, nil
}

// findPayouts looks up the payment orders of ours that lines name, and takes those out of the incoming ones that bring a refund back.
// What has our reference and is no such refund pays no case.
func (p *linePage) findPayouts(ctx context.Context, incoming []int) (left, returned []int, err error) {
	for i := range p.lines {
		if name := p.lines[i].line.EndToEnd; p.ourPayoutName(name) {
			p.ours = append(p.ours, name)
		}
	}
	if len(p.ours) == 0 {
		return incoming, nil, nil
	}
	if p.payouts, err = p.Payments.Payouts(ctx, p.tx, p.ours); err != nil {
		return nil, nil, err
	}
	known, err := p.knownReturns(ctx, incoming)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range incoming {
		l := &p.lines[i]
		o, ours := p.payouts[l.line.EndToEnd]
		switch {
		case !ours:
			left = append(left, i)
		case known[l.txn]:
			p.verdicts[i].Verdict, p.verdicts[i].PaymentID = payments.Duplicate, o.PaymentID
		case p.returns(i, o):
			returned = append(returned, i)
		default:
			l.doubtful = true
			left = append(left, i)
		}
	}
	return left, returned, nil
}

func (p *linePage) returns(i int, o payments.PayOrder) bool {
	return p.lines[i].line.Amount.Equal(o.Amount) && (o.State == payments.PayoutSent || o.State == payments.PayoutPaid)
}

func (p *linePage) knownReturns(ctx context.Context, at []int) (map[string]bool, error) {
	txns := make([]string, len(at))
	for k, i := range at {
		txns[k] = p.lines[i].txn
	}
	return p.Payments.Returned(ctx, p.tx, txns)
}

// comeBack books refunds that came back, and holds the locks of all orders that the page names. The cases are locked before.
func (p *linePage) comeBack(ctx context.Context, at []int) (err error) {
	if p.payouts, err = p.Payments.LockPayouts(ctx, p.tx, p.ours); err != nil {
		return err
	}
	for _, i := range at {
		l, v := &p.lines[i], &p.verdicts[i]
		o := p.payouts[l.line.EndToEnd]
		if !p.returns(i, o) {
			return payments.ErrRaced // it came back by another line meanwhile
		}
		if err := p.Payments.CameBack(ctx, p.tx, &o, l.txn, p.now); err != nil {
			return err
		}
		v.Verdict, v.PaymentID, p.payouts[o.EndToEnd] = payments.CameBack, o.PaymentID, o
	}
	return nil
}
