package queue

import (
	"robotbailiff/payments"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Claimant is what is due to one claimant, as far as the writs say the same of him.
type Claimant struct {
	payments.Scope

	ID      string              // of the scope, for addresses and forms
	To      payments.Requisites // where the money goes: as the writs say, or as people have completed it
	Given   bool                // people have completed it
	Wrong   string              // what is missing or cannot be: the name of a field; empty: nothing
	Number  string              // of the case, when the scope is one case; else empty
	Pending *payments.Completed // waits for a second person; nil: nothing does

	Ready    Pile          // can be sent now, if nothing is wrong
	Young    Pile          // the wait after the value date is not over
	Gateway  Pile          // no statement has shown the money on our account
	Withheld Pile          // the case is suspended or held
	Claimed  Pile          // the claimant owes for the case: that comes first
	Refused  int64         // of all these: the bank has refused or returned the last order
	Oldest   calendar.Date // value date of the oldest that is ready; zero: none
	Ages     [4]Pile       // of those that are ready, by days since the value date
}

// Pile is some payments.
type Pile struct {
	Count int64
	Sum   money.Amount
}

// Due is all of them.
func (c Claimant) Due() Pile {
	all := Pile{}
	for _, p := range []Pile{c.Ready, c.Young, c.Gateway, c.Withheld, c.Claimed} {
		all = all.With(p)
	}
	return all
}

// With is both together.
func (p Pile) With(q Pile) Pile { return Pile{p.Count + q.Count, p.Sum.Add(q.Sum)} }

// Run is what a run has collected into a file.
type Run struct {
	File  int64
	Count int
	Sum   money.Amount
	Left  int // payments that are due, and whose requisites are missing or wrong
}

// Owed is what a claimant owes for one payment.
type Owed struct {
	payments.Owed

	Number   string // of the case
	Claimant string
}

// Total is what of a file goes to one account under one code.
type Total struct {
	Pile

	To payments.Requisites
}
