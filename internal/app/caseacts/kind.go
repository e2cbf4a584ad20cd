package caseacts

import (
	"fmt"

	"robotbailiff/engine"
)

// Kind is what is done. It is stored.
type Kind string

// Kinds of acts.
const (
	Hold    Kind = "hold"    // nothing is taken until somebody lets the case go on
	Resume  Kind = "resume"  // ends a hold and a suspension
	Suspend Kind = "suspend" // nothing is taken until a day, which is left out of the term (EL 42)
	Notify  Kind = "notify"  // sends the notice of the opening once more
	Cancel  Kind = "cancel"  // ends the case on the issuer's act (EL 10-5(1)(2))
	Correct Kind = "correct" // lowers the sum on the issuer's act
	Lift    Kind = "lift"    // gives back what is arrested, before any end

	// OtherPerson ends cases whose debtor is another person than the one whom they are about: an error of their court, or two people under one
	// number. The first word holds them, and all other open cases of the debtor; the second ends them, their links, and the ways to reach him.
	OtherPerson Kind = "other_person"
)

// People says for which number of cases an act takes a second person.
type People int

// How many people an act takes.
const (
	One       People = iota // whatever the number of cases
	TwoIfMany               // one for a single case
	Two
)

// Rule is how a kind of act is done.
type Rule struct {
	Kind   Kind
	People People
	Many   bool // to more than one case at once
	Acts   bool // needs number and date of the issuer's act
	Most   int  // cases at once; 0: MostCases
}

// Kinds is the one table of what may be done by hand, in the order in which it is offered. The database knows how many people each takes, too.
var Kinds = []Rule{
	{Kind: Hold, People: One, Many: true},                             // stops only, and is undone by one click
	{Kind: Resume, People: TwoIfMany, Many: true},                     // of one case its operator knows why it waited; many go on to arrests at once
	{Kind: Suspend, People: One, Many: true},                          // stops only; the days are the debtor's
	{Kind: Notify, People: TwoIfMany, Many: true},                     // delivery begins the time after which money is arrested
	{Kind: Cancel, People: Two, Many: true, Acts: true},               // ends for ever, and gives back what was paid
	{Kind: Correct, People: Two, Many: false, Acts: true},             // gives up a claim; each case has a sum of its own
	{Kind: Lift, People: Two, Many: true},                             // gives up what secures a claim
	{Kind: OtherPerson, People: Two, Many: true, Most: mostOfPersons}, // ends for ever, and the hold of the first word is one transaction
}

// RuleOf gives the rule of a kind; ok is false when there is no such kind.
func RuleOf(k Kind) (r Rule, ok bool) {
	for _, r := range Kinds {
		if r.Kind == k {
			return r, true
		}
	}
	return r, false
}

// Second says whether an act on so many cases takes a second person.
func (r Rule) Second(cases int) bool { return r.People == Two || r.People == TwoIfMany && cases > 1 }

// mostOfPersons is how many cases one act ends because their debtor is another person.
const mostOfPersons = 100

// most is how many cases an act may have on its list.
func (r Rule) most() int {
	if r.Most > 0 {
		return r.Most
	}
	return MostCases
}

// ground is why a case is cancelled or corrected, in the one word that events keep.
const ground = "issuer_act"

// command is what an act tells a case.
func (a *Act) command() engine.Command {
	switch a.Kind {
	case Hold:
		return engine.SetHold{Reason: engine.HoldByHand, Note: a.Reason}
	case Resume:
		return engine.Resume{Reason: a.Reason}
	case Suspend:
		return engine.Suspend{Reason: a.Reason, Until: a.Params.Until}
	case Notify:
		return engine.NotifyAgain{Reason: a.Reason}
	case Cancel:
		// A list may be an amnesty's, which gives back nothing that was paid: that is asked for case by case.
		return engine.Cancel{Ground: ground, Act: a.Params.cite(), GiveBack: a.Cases == 1}
	case Correct:
		return engine.Adjust{Debt: a.Params.Debt, Ground: ground, Act: a.Params.cite()}
	case Lift:
		return engine.LiftByHand{Reason: a.Reason}
	case OtherPerson:
		return engine.Cancel{Ground: engine.GroundOtherPerson, GiveBack: true}
	}
	panic(fmt.Sprintf("caseacts: no command for %q", a.Kind)) // cannot happen: the database knows the kinds
}

// commands are what an act tells some of its cases.
func (a *Act) commands(ids []int64, by string) []engine.For {
	out := make([]engine.For, 0, len(ids))
	for _, id := range ids {
		out = append(out, engine.For{CaseID: id, Actor: by, Command: a.command()})
	}
	return out
}

// Possible are the acts that make sense for a case as it stands, for those who offer them. What is done is decided by the engine.
func Possible(c *engine.Case) (out []Kind) {
	for _, r := range Kinds {
		if makesSense(r.Kind, c) {
			out = append(out, r.Kind)
		}
	}
	return out
}

func makesSense(k Kind, c *engine.Case) bool {
	open, waits := !c.State.Final(), c.Hold != "" || c.Suspended != ""
	switch k {
	case Hold:
		return open && c.Hold == ""
	case Resume:
		return open && waits
	case Suspend:
		return open && c.Suspended == ""
	case Notify:
		return c.State == engine.Opened && !waits && !c.Objected() && c.RefusalAt.IsZero()
	case Cancel, OtherPerson:
		return open || c.State != engine.Cancelled && (c.Outstanding.IsPositive() || c.Paid.IsPositive())
	case Correct:
		return c.State != engine.Cancelled && c.Paid.Add(c.Outstanding).IsPositive()
	case Lift:
		a := c.LiveArrest()
		return open && a != nil && a.Status == engine.Active
	}
	return false
}

// String names how many people, in words of the catalogs.
func (p People) String() string {
	switch p {
	case TwoIfMany:
		return "two_if_many"
	case Two:
		return "two"
	case One:
	}
	return "one"
}
