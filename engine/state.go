package engine

import "slices"

// State is where a case stands. The order of the constants is the order of a life.
type State string

// States of a case (architecture, section 3). The last three are final.
const (
	Opened     State = "opened"      // writ accepted, decree issued, the term runs
	Notified   State = "notified"    // delivery of a notice is proven
	Enforcing  State = "enforcing"   // the voluntary period is over, an arrest was ordered
	Paid       State = "paid"        // EL 10-5(1)(1)
	Cancelled  State = "cancelled"   // EL 10-5(1)(2)
	HandedOver State = "handed_over" // EL 10-6
)

// States lists every state once.
var States = []State{Opened, Notified, Enforcing, Paid, Cancelled, HandedOver}

// Transitions is the only table of moves. The database trigger, the diagram in ARCHITECTURE.md and the tests are compared
// with it.
var Transitions = map[State][]State{
	Opened:     {Notified, Paid, Cancelled, HandedOver},
	Notified:   {Enforcing, Paid, Cancelled, HandedOver},
	Enforcing:  {Paid, Cancelled, HandedOver},
	Paid:       nil,
	Cancelled:  nil,
	HandedOver: nil,
}

// Final says whether a case in this state has ended for ever (EL 10-5(3), 10-6(2)).
func (s State) Final() bool { return s == Paid || s == Cancelled || s == HandedOver }

// May says whether the table allows the move.
func (s State) May(to State) bool { return slices.Contains(Transitions[s], to) }

// Purpose is what an order asks of an outside body.
type Purpose string

// Purposes of orders. Arrest, Collect and Register take something from the debtor; Entrust says who goes on; the others give back.
const (
	Arrest  Purpose = "arrest"  // hold money for the case, never more than the outstanding sum (EL 10-3, 62(6))
	Reduce  Purpose = "reduce"  // hold less, after a part payment
	Lift    Purpose = "lift"    // hold nothing any more (EL 10-5(4))
	Collect Purpose = "collect" // collection order on the arrested money (EL 10-3)
	Recall  Purpose = "recall"  // withdraw a collection order (EL 10-5, 10-6)

	Register   Purpose = "register"   // enter the debtor into the public register (EL 10-3, 36)
	Deregister Purpose = "deregister" // take the entry out of it (EL 36)
	Entrust    Purpose = "entrust"    // tell the register that a private bailiff executes (EL 10-6(3), 36)
)

// Purposes lists every purpose once.
var Purposes = []Purpose{Arrest, Reduce, Lift, Collect, Recall, Register, Deregister, Entrust}

// Coercive says whether an order of this purpose takes something from the debtor.
func (p Purpose) Coercive() bool { return p == Arrest || p == Collect || p == Register }

// Public says whether an order of this purpose goes to the register of debtors and to no bank.
func (p Purpose) Public() bool { return p == Register || p == Deregister || p == Entrust }

// OrderStatus is what is known of an order.
type OrderStatus string

// Statuses of orders. Requested and Unknown are open: the same id is queried or sent again until the body answers.
const (
	Requested        OrderStatus = "requested"      // intended, not yet sent
	Unknown          OrderStatus = "unknown"        // sent at least once, no answer yet
	Active           OrderStatus = "active"         // arrest in force, collection order taken by the bank, or entry in the register
	Done             OrderStatus = "done"           // executed
	RejectedOrder    OrderStatus = "rejected"       // refused by the bank
	LiftRequested    OrderStatus = "lift_requested" // arrest or entry whose end is ordered
	Lifted           OrderStatus = "lifted"         // arrest or entry ended, confirmed by the body
	HandedOverArrest OrderStatus = "handed_over"    // arrest or entry that stays with the private bailiff (EL 10-6(3))
	Recalled         OrderStatus = "recalled"       // collection order withdrawn, confirmed by the bank
	WithdrawnOrder   OrderStatus = "withdrawn"      // taken back before it was sent; asked for anew when the gate is open again
)

// Open says whether the outside body has still to answer.
func (s OrderStatus) Open() bool { return s == Requested || s == Unknown }
