package sandbox

import "fmt"

// Shares says how debtors behave, in basis points of all who read a notice. The rest keeps silent.
type Shares struct {
	AtOnce      int // within hours of reading
	Voluntary   int // within the voluntary period
	InParts     int // two or three parts over two weeks
	AfterArrest int // when the account is blocked
	LastDay     int // on the last day of the term
	TooLate     int // when a private bailiff has the case
	TooMuch     int // rounded up or more
	Elsewhere   int // at a cash desk, without the case number
	Refuse      int // opts out through the link; a quarter takes it back in time
}

// DefaultShares exercise every path in a demo of some thousand cases: about 45 % pay, 4 % refuse.
func DefaultShares() Shares {
	return Shares{
		AtOnce: 1500, Voluntary: 1250, InParts: 400, AfterArrest: 600, LastDay: 250, TooLate: 200, TooMuch: 150,
		Elsewhere: 150, Refuse: 400,
	}
}

// Faults says how often the world misbehaves, in basis points.
type Faults struct {
	LineDown    int // of the minutes of each line: nothing gets through
	LineMute    int // of the minutes of each line: all is done, and no answer gets through
	LostAnswer  int // taken, but no answer for it at that instant
	SlowAnswer  int // an order is done, and the bank says so only hours later
	Stubborn    int // of removals from the register of debtors: refused when they first come
	LateReceipt int // of messages: hours or days later
	NoReceipt   int // delivered or not: nobody will ever know
	Failed      int // undeliverable
	TwiceTold   int // of receipts: told twice
	NoDevice    int // of debtors: no device for a push
	Returned    int // of letters: nobody took them
	LostLetter  int // of letters: nobody knows where they are

	HookTwice    int // the same event again
	HookNewEvent int // the same transfer under a new event id
	HookLate     int // hours or days after the money
	HookLost     int // never: only the statement tells
	Reversed     int // taken back days later
	ReversedSoon int // of these: told before the payment itself
}

// DefaultFaults are those of a bad but possible month.
func DefaultFaults() Faults {
	return Faults{
		LineDown: 100, LineMute: 100, LostAnswer: 200, SlowAnswer: 300, Stubborn: 500, LateReceipt: 400, NoReceipt: 150, Failed: 300,
		TwiceTold: 300, NoDevice: 3500, Returned: 2000, LostLetter: 100, HookTwice: 300, HookNewEvent: 150, HookLate: 500, Reversed: 80, ReversedSoon: 1000,
	}
}

// NoFaults are those of a world where everything answers at once.
func NoFaults() Faults { return Faults{} }

func (s Shares) list() []int {
	parts := []int{s.AtOnce, s.Voluntary, s.InParts, s.AfterArrest, s.LastDay, s.TooLate, s.TooMuch, s.Elsewhere, s.Refuse}
	rest := whole
	for _, p := range parts {
		rest -= p
	}
	return append(parts, rest)
}

func (s Shares) check() error {
	for _, p := range s.list() {
		if p < 0 {
			return fmt.Errorf("sandbox: shares must be 0 or more and come to 10 000 at most: %+v", s)
		}
	}
	return nil
}
