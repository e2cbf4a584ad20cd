package engine

import (
	"time"

	"github.com/google/uuid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Case is the snapshot of one simplified proceeding: the sum of its events.
type Case struct {
	ID       int64 // year*10^7 + serial, see internal/caseno
	DebtorID int64
	Region   string // two digits
	Language string // kk, ru, en, ky, uz
	Mail     bool   // the debtor has an address: a letter can reach him

	State          State
	Hold           string        // why coercion waits for a person; empty: it does not
	Suspended      string        // why coercion is suspended; empty: it is not
	SuspendedOn    calendar.Date // since when; unset while it is not
	SuspendedUntil calendar.Date // its last day; unset: until lifted by a command
	SuspendedDays  int           // left out of the term so far

	Debt        money.Amount // what the writ says
	Outstanding money.Amount
	Paid        money.Amount
	Adjusted    money.Amount // Debt + Adjusted = Paid + Outstanding, always

	OpenedOn        calendar.Date
	TermEndsOn      calendar.Date // last day of the 30 calendar days (EL 10-4), suspended ones left out
	NotifiedOn      calendar.Date
	VoluntaryEndsOn calendar.Date // last day to pay before any arrest
	CollectOn       calendar.Date // first day of the collection order
	RegisterOn      calendar.Date // first day on which the entry into the register may be asked for; unset: none is wanted

	PausedTo     calendar.Date // first day on which a pause has not been taken into account yet; unset: none was
	LimitationOn calendar.Date // last day on which the writ may be enforced at all (CAO 890)

	Rung       int       // rung of the notice ladder reached
	NextRungAt time.Time // when the next rung is tried or, once told, the person is reminded; zero: neither is wanted
	RefusalAt  time.Time // when the debtor refused; final after the undo period
	BailiffID  int64     // private bailiff, after hand-over
	EndedAt    time.Time
	ReleasedAt time.Time // every order that the end requires is confirmed

	Orders []Order // in the order in which they were asked for

	Objections []Objection // in the order in which they were made

	Pack int16 // id of the pack that decided last
	Seq  int   // number of events
	Head Hash  // hash of the last event
}

// Hash is a link of the per-case chain, SHA-256.
type Hash [32]byte

// Order is one instruction to an outside body, as the case sees it.
type Order struct {
	Purpose Purpose
	Ordinal int
	Status  OrderStatus
	Amount  money.Amount // asked for; zero for lift and recall, and for the register, whose entries name no sum
	Held    money.Amount // what the bank holds (arrest) or has executed (collect)
	At      time.Time    // when it was asked for
}

// orderSpace is the UUID name space of order ids; changing it would break the idempotency of every order ever sent.
var orderSpace = uuid.MustParse("5b3f1f0e-6d0a-4f57-9a54-0c5a6f4a1c11")

// OrderID is the deterministic id under which an order is sent, however often it is sent (UUIDv5, RFC 9562).
func OrderID(caseID int64, p Purpose, ordinal int) uuid.UUID {
	name := make([]byte, 0, 40)
	name = appendInt(name, caseID)
	name = append(name, '/')
	name = append(name, p...)
	name = append(name, '/')
	name = appendInt(name, int64(ordinal))
	return uuid.NewSHA1(orderSpace, name)
}

// last returns the newest order of a purpose, or nil.
func (c *Case) last(p Purpose) *Order {
	for i := len(c.Orders) - 1; i >= 0; i-- {
		if c.Orders[i].Purpose == p {
			return &c.Orders[i]
		}
	}
	return nil
}

// NextArrests are the ordinals of arrests that may still be sent for the first time: the next one, and before it one that was not
// sent or was taken back before it was.
func (c *Case) NextArrests() []int {
	next := []int{c.nextOrdinal(Arrest)}
	if a := c.last(Arrest); a != nil && (a.Status == Requested || a.Status == WithdrawnOrder) {
		next = append(next, a.Ordinal)
	}
	return next
}

func (c *Case) order(p Purpose, ordinal int) *Order {
	for i := range c.Orders {
		if c.Orders[i].Purpose == p && c.Orders[i].Ordinal == ordinal {
			return &c.Orders[i]
		}
	}
	return nil
}

func (c *Case) nextOrdinal(p Purpose) int {
	if o := c.last(p); o != nil {
		return o.Ordinal + 1
	}
	return 1
}

// LiveArrest returns the arrest that holds, or may hold, money now; nil if there is none.
func (c *Case) LiveArrest() *Order {
	o := c.last(Arrest)
	if o == nil || o.Status == RejectedOrder || o.Status == WithdrawnOrder || o.Status == Lifted || o.Status == HandedOverArrest {
		return nil
	}
	return o
}

// withdrawnArrest returns the last arrest if it was taken back before it was sent, as by a hold or the kill-switch.
func (c *Case) withdrawnArrest() *Order {
	if a := c.last(Arrest); a != nil && a.Status == WithdrawnOrder {
		return a
	}
	return nil
}

// settled says whether no order of the case waits for an answer and no arrest or entry of ours is left.
func (c *Case) settled() bool {
	for i := range c.Orders {
		if c.Orders[i].unsettled() {
			return false
		}
	}
	return true
}

// unsettled says whether an order keeps its case from being released.
func (o *Order) unsettled() bool {
	return o.Status.Open() || o.Status == LiftRequested || o.Status == Active && (o.Purpose == Arrest || o.Purpose == Collect || o.Purpose == Register)
}

// holds says whether a bank holds money that may be collected.
func (c *Case) holds() bool {
	a := c.last(Arrest)
	return a != nil && a.Status == Active && a.Held.IsPositive()
}

// clone copies the case so that the original stays untouched.
func (c Case) clone() Case {
	if len(c.Orders) > 0 {
		c.Orders = append(make([]Order, 0, len(c.Orders)+2), c.Orders...)
	}
	if len(c.Objections) > 0 {
		c.Objections = append(make([]Objection, 0, len(c.Objections)+1), c.Objections...)
	}
	return c
}
