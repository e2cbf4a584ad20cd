package wire

import (
	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// Words for what became of an order. The first two are no answers: the bank has it and is not done, the bank has never seen it.
const (
	wordTaken   = "taken"
	wordUnknown = "unknown"
)

var words = map[engine.Answer]string{
	engine.Accepted: "accepted", engine.Partial: "partial", engine.NoFunds: "no_funds", engine.NoAccount: "account_closed",
	engine.Protected: "protected", engine.AlreadyDone: "already_done", engine.Refused: "rejected",
}

var answers = func() map[string]engine.Answer {
	m := make(map[string]engine.Answer, len(words))
	for a, w := range words {
		m[w] = a
	}
	return m
}()

// word gives the word of a reply; false: no bank says this.
func word(r orders.Reply) (string, bool) {
	switch {
	case !r.Known:
		return wordUnknown, r.Answer == ""
	case r.Answer == "":
		return wordTaken, true
	}
	w, ok := words[r.Answer]
	return w, ok
}

// Codes of doubts.
const (
	DoubtStranger = "id_not_asked"     // nobody asked for this id
	DoubtTwice    = "id_twice"         // two replies to one id, so none
	DoubtCase     = "wrong_case"       // the order is another case's, or none is named
	DoubtAbove    = "sum_above_order"  // more than was ordered, in all or on one account
	DoubtSum      = "sum_contradicts"  // the sum does not go with the answer
	DoubtParts    = "parts_contradict" // parts that do not add up, or on an account that was not named
	DoubtUnseen   = "unseen"           // an order that was just sent is said to be unknown
)

// Doubt says why a reply cannot be believed, "" when it can. Of the order nothing but its id may be known (no purpose): then only what
// contradicts itself is found.
func Doubt(order orders.Instruction, r orders.Reply) string {
	known := order.Purpose != ""
	switch {
	case r.ID != order.ID:
		return DoubtStranger
	case known && r.Known && r.CaseID != order.CaseID:
		return DoubtCase
	case r.Answer == "":
		if !r.Sum.IsZero() || len(r.Parts) > 0 {
			return DoubtSum
		}
		return ""
	case known && order.Amount.Less(r.Sum):
		return DoubtAbove
	}
	if contradicts(order, r) {
		return DoubtSum
	}
	return doubtParts(order, r)
}

func contradicts(order orders.Instruction, r orders.Reply) bool {
	whole := r.Sum.Equal(order.Amount)
	switch r.Answer {
	case engine.Accepted:
		return order.Purpose.Coercive() && !whole
	case engine.Partial:
		return order.Purpose.Coercive() && whole || order.Purpose == engine.Lift || order.Purpose == engine.Recall || !r.Sum.IsPositive()
	case engine.AlreadyDone:
		return false
	default:
		return !r.Sum.IsZero() || len(r.Parts) > 0
	}
}

func doubtParts(order orders.Instruction, r orders.Reply) string {
	if len(r.Parts) == 0 {
		return ""
	}
	named := make(map[string]money.Amount, len(order.Parts))
	for _, p := range order.Parts {
		named[p.Account] = p.Amount
	}
	seen := make(map[string]bool, len(r.Parts))
	amounts := make([]money.Amount, len(r.Parts))
	for i, p := range r.Parts {
		most, ok := named[p.Account]
		switch {
		case seen[p.Account], !ok && len(named) > 0:
			return DoubtParts
		case ok && most.Less(p.Amount):
			return DoubtAbove
		}
		seen[p.Account], amounts[i] = true, p.Amount
	}
	if total, ok := sum(amounts); !ok || !total.Equal(r.Sum) {
		return DoubtParts
	}
	return ""
}

// Believe sorts the replies to a set of orders: each id at most once, and only what is beyond doubt. What is not is told to report,
// which may be nil. Sent says that the orders came with the same call, so that a bank cannot have missed them.
func Believe(replies []orders.Reply, asked map[uuid.UUID]orders.Instruction, sent bool, report func(code string, id uuid.UUID)) []orders.Reply {
	times := make(map[uuid.UUID]int, len(replies))
	for _, r := range replies {
		times[r.ID]++
	}
	believed := make([]orders.Reply, 0, len(replies))
	for _, r := range replies {
		order, ok := asked[r.ID]
		code := DoubtStranger
		switch {
		case !ok:
		case times[r.ID] < 0: // told before
			continue
		case times[r.ID] > 1:
			code, times[r.ID] = DoubtTwice, -1
		case sent && !r.Known:
			code = DoubtUnseen
		default:
			order.ID = r.ID
			code = Doubt(order, r)
		}
		if code == "" {
			believed = append(believed, r)
		} else if report != nil {
			report(code, r.ID)
		}
	}
	return believed
}
