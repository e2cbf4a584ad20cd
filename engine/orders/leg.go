package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/money"
)

// Leg is the part of an order that one bank gets. It is settled before the order is sent for the first time.
type Leg struct {
	Bank   string
	Parts  []Part         // asked for; none for lift and recall, none where nothing is to be left held
	Answer engine.Answer  // of this bank; empty: none yet
	Done   []money.Amount // of each part what is held, left held or taken, once answered
	Detail string
}

func byBank(a, b Leg) int { return strings.Compare(a.Bank, b.Bank) }

// asked is the sum of a leg.
func (l *Leg) asked() (sum money.Amount) {
	for _, p := range l.Parts {
		sum = sum.Add(p.Amount)
	}
	return sum
}

// done is what the bank did of it.
func (l *Leg) done() (sum money.Amount) {
	for _, d := range l.Done {
		sum = sum.Add(d)
	}
	return sum
}

// settled says whether nothing is to be asked of this bank any more. What gives back is settled only when it is done.
func (l *Leg) settled(p engine.Purpose) bool {
	return l.Answer == engine.Accepted || l.Answer == engine.AlreadyDone || l.Answer != "" && p.Coercive()
}

// plain says whether the bank did exactly what it was asked to, so that its answer need not be kept.
func (l *Leg) plain() bool {
	if l.Detail != "" || l.Answer != engine.Accepted && (l.Answer != engine.AlreadyDone || len(l.Parts) > 0) {
		return false
	}
	for i, p := range l.Parts {
		if i >= len(l.Done) || !l.Done[i].Equal(p.Amount) {
			return false
		}
	}
	return true
}

// hear takes a bank's answer to the leg of an order. It says whether the answer can be believed: it must be one that we know and
// name the case. A bank cannot do more than it was asked; where it does not say on which account, the parts are filled in turn.
func (l *Leg) hear(in Instruction, r Reply) bool {
	switch r.Answer {
	case engine.Accepted, engine.Partial, engine.AlreadyDone:
	case engine.NoFunds, engine.Protected, engine.NoAccount, engine.Refused:
		r.Sum, r.Parts = money.Zero, nil
	default: // withdrawing is ours alone
		return false
	}
	if r.CaseID != in.CaseID || r.Sum.Sign() < 0 {
		return false
	}
	asked := l.asked()
	if r.Answer == engine.Accepted && r.Sum.IsZero() {
		r.Sum = asked // accepted is the whole sum
	}
	if r.Answer == engine.Partial && r.Sum.IsZero() && in.Purpose.Coercive() {
		r.Answer = engine.NoFunds
	}
	l.Answer, l.Detail = r.Answer, r.Detail
	if asked.Less(r.Sum) {
		r.Sum, r.Parts, l.Detail = asked, nil, detailAbove // the daily compare shows what it holds
	}
	l.Done = spread(l.Parts, r)
	return true
}

const (
	detailAbove   = "sum_above_order"
	detailAdopted = "adopted" // taken over from a bank that holds it
)

// spread divides what a bank did among the parts: as it says itself, if that agrees with its sum.
func spread(parts []Part, r Reply) []money.Amount {
	if len(parts) == 0 {
		return nil
	}
	out := make([]money.Amount, len(parts))
	told, sound := money.Zero, true
	for _, p := range r.Parts {
		i := slices.IndexFunc(parts, func(q Part) bool { return q.Account == p.Account })
		if sound = i >= 0 && p.Amount.IsPositive() && !parts[i].Amount.Less(p.Amount) && out[i].IsZero(); !sound {
			break
		}
		out[i], told = p.Amount, told.Add(p.Amount)
	}
	if sound && told.Equal(r.Sum) {
		return out
	}
	left := r.Sum
	for i, p := range parts {
		out[i] = money.Min(left, p.Amount)
		left = left.Sub(out[i])
	}
	return out
}

// instruction is what a bank is told: its part of an order, under the id of the leg.
func (l *Leg) instruction(order Instruction) Instruction {
	in := order
	in.ID, in.Parts, in.Amount = LegID(order.ID, l.Bank), l.Parts, l.asked()
	if order.Of != uuid.Nil {
		in.Of = LegID(order.Of, l.Bank)
	}
	return in
}

// worst says why nothing was done, the strongest reason first: what we withdrew ourselves may be asked for anew.
var worst = []engine.Answer{engine.Withdrawn, engine.NoFunds, engine.Protected, engine.NoAccount, engine.Refused}

// combine makes the answer to an order out of the answers of its legs; false while a bank has still to answer.
func combine(in Instruction, legs []Leg) (Reply, bool) {
	r := Reply{ID: in.ID, CaseID: in.CaseID, Known: true}
	var banks, details []string
	got := map[engine.Answer]bool{}
	for i := range legs {
		l := &legs[i]
		if !l.settled(in.Purpose) {
			return Reply{}, false
		}
		got[l.Answer] = true
		r.Sum = r.Sum.Add(l.done())
		banks = append(banks, l.Bank)
		switch {
		case len(legs) == 1:
			details = append(details, l.Detail)
		case !l.plain():
			details = append(details, strings.TrimSpace(l.Bank+" "+string(l.Answer)+" "+l.Detail))
		}
	}
	r.Bank, r.Detail = strings.Join(banks, ", "), strings.Join(details, "; ")
	switch {
	case in.Purpose.Coercive() && r.Sum.IsPositive() && r.Sum.Less(in.Amount):
		r.Answer = engine.Partial
	case got[engine.Accepted], in.Purpose.Coercive() && r.Sum.IsPositive():
		r.Answer = engine.Accepted
	case got[engine.Partial]:
		r.Answer = engine.Partial
	case in.Purpose == engine.Collect && len(legs) == 0:
		r.Answer, r.Detail = engine.Refused, "nothing_held"
	default:
		r.Answer = engine.AlreadyDone
		for _, a := range worst {
			if got[a] && !got[engine.AlreadyDone] {
				r.Answer = a
				break
			}
		}
	}
	return r, true
}

// legRow is a leg as it is stored with its order: sums in the clear, in tiyn, account numbers sealed.
type legRow struct {
	Bank     string   `json:"bank"`
	Accounts [][]byte `json:"accounts,omitempty"`
	Sums     []int64  `json:"sums,omitempty"` // asked for, by account
	Answer   string   `json:"answer,omitempty"`
	Done     []int64  `json:"done,omitempty"` // by account
	Detail   string   `json:"detail,omitempty"`
}

const sealedLegs = "orders.legs"

func encodeLegs(legs []Leg, keys *seal.Keys) (string, error) {
	rows := make([]legRow, len(legs))
	for i, l := range legs {
		r := legRow{Bank: l.Bank, Answer: string(l.Answer), Detail: l.Detail}
		for _, p := range l.Parts {
			r.Accounts, r.Sums = append(r.Accounts, keys.Seal([]byte(p.Account), sealedLegs)), append(r.Sums, p.Amount.Tiyn())
		}
		for _, d := range l.Done {
			r.Done = append(r.Done, d.Tiyn())
		}
		rows[i] = r
	}
	text, err := json.Marshal(rows)
	return string(text), err
}

func decodeLegs(text []byte, keys *seal.Keys) ([]Leg, error) {
	if text == nil {
		return nil, nil
	}
	var rows []legRow
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("legs: %w", err)
	}
	legs := make([]Leg, len(rows))
	for i, r := range rows {
		var err error
		if legs[i], err = r.leg(keys); err != nil {
			return nil, fmt.Errorf("legs: %s: %w", r.Bank, err)
		}
	}
	return legs, nil
}

var errLegs = errors.New("accounts, sums and what was done of them do not fit each other")

func (r *legRow) leg(keys *seal.Keys) (Leg, error) {
	l := Leg{Bank: r.Bank, Answer: engine.Answer(r.Answer), Detail: r.Detail}
	if len(r.Accounts) != len(r.Sums) || len(r.Done) != 0 && len(r.Done) != len(r.Sums) {
		return l, errLegs
	}
	all := int64(0)
	for i, sealed := range r.Accounts {
		account, err := keys.Open(sealed, sealedLegs)
		if err != nil {
			return l, err
		}
		if r.Sums[i] <= 0 || r.Sums[i] > money.Limit-all {
			return l, errLegs
		}
		all += r.Sums[i]
		l.Parts = append(l.Parts, Part{Account: string(account), Amount: money.FromTiyn(r.Sums[i])})
	}
	for i, d := range r.Done {
		if d < 0 || d > r.Sums[i] {
			return l, errLegs
		}
		l.Done = append(l.Done, money.FromTiyn(d))
	}
	return l, nil
}
