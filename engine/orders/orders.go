// Package orders sends orders to banks and brings their answers home: intent first, then the call, then the answer by a
// command. Of a person's accounts it chooses those that an arrest needs, and remembers which bank has which part of an order.
// It must not decide whether an order is lawful in the first place (engine does), and never calls a bank inside a transaction.
// Its entry point is [Sender.Run].
package orders

import (
	"context"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/rules/money"
)

// Instruction is one order as a bank gets it.
type Instruction struct {
	ID      uuid.UUID // deterministic; the bank does the same id once, however often it comes
	CaseID  int64
	Purpose engine.Purpose
	IIN     string       // of the debtor, twelve digits; never logged
	Amount  money.Amount // to hold, to leave held (reduce), to take; zero for lift and recall
	Of      uuid.UUID    // the arrest or collection order meant, as this bank knows it, for reduce, lift, collect and recall
	Parts   []Part       // where to hold, to leave held, or to take; the sum of all is Amount. Empty for lift and recall
}

// Reply is what a bank says of one order.
type Reply struct {
	ID     uuid.UUID
	CaseID int64         // as the bank has it; an answer that does not name the case of the order is not believed
	Known  bool          // false: the bank has never seen this id (only from Query)
	Answer engine.Answer // empty: taken, not yet answered
	Sum    money.Amount  // held, left held, or executed
	Bank   string        // short name of the bank that holds the account
	Detail string
	Parts  []Part // of one bank: what is held, left held or taken, by account; may be empty
}

// Reply is the answer to an instruction by who got it.
func (in Instruction) Reply(a engine.Answer, sum money.Amount) Reply {
	return Reply{ID: in.ID, CaseID: in.CaseID, Known: true, Answer: a, Sum: sum}
}

// Bank is the port to a bank's orders. Both calls work on sets; an id without a reply has an unknown outcome, and so has every
// id when the call returns an error. An order that a bank refused to do counts as not done: what gives back is sent again.
type Bank interface {
	Submit(ctx context.Context, batch []Instruction) ([]Reply, error)
	Query(ctx context.Context, ids []uuid.UUID) ([]Reply, error)
}
