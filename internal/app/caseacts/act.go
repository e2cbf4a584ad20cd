package caseacts

import (
	"errors"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	// MostCases is the most that one act has on its list. The database knows the same bound.
	MostCases = 10000
	// AgreeWithin is how long an act waits for its second person, in real time. The database knows the same bound.
	AgreeWithin = 24 * time.Hour
)

// Who is somebody who acts.
type Who struct {
	Name    string
	Regions []string // whose cases he sees; nil: all
}

// Params are what an act needs besides its reason, by its kind.
type Params struct {
	Until calendar.Date `json:"until,omitzero"`  // last day of a suspension
	Act   string        `json:"act,omitempty"`   // number of the issuer's act
	ActOn calendar.Date `json:"act_on,omitzero"` // its date
	Debt  money.Amount  `json:"debt,omitzero"`   // what the writ asks for now, in tenge
}

// cite is the issuer's act as events keep it.
func (p Params) cite() string { return p.Act + " (" + p.ActOn.String() + ")" }

// State is where an act stands, as it is stored.
type State string

// The states of an act.
const (
	Draft   State = "draft"   // made, and not asked for yet: its maker alone sees it
	Asked   State = "asked"   // waits for a second person
	Running State = "running" // is being done, case by case
	Done    State = "done"    // each case has its outcome
	Refused State = "refused" // by a second person, or taken back by who asked
)

// Outcomes of a case besides the codes of refusals of the engine.
const (
	OutcomeWaits   = ""        // not yet
	OutcomeDone    = "done"    // took effect
	OutcomeChanged = "changed" // the case is not as it was when the list was made
	OutcomeRecent  = "recent"  // the notice was sent by hand within a day: nobody is sent it over and over
)

// Act is one act.
type Act struct {
	ID        int64
	Kind      Kind
	Params    Params
	Reason    string
	Cases     int
	Two       bool
	State     State
	AskedBy   string
	Made      time.Time
	Asked     time.Time // zero: a draft
	Expires   time.Time // when it stops waiting for a second person; zero: a draft
	DecidedBy string    // empty: nobody has
	Agreed    bool
	Decided   time.Time
	Why       string // of who decided
	Finished  time.Time
	Expired   bool // nobody decided in time
	Counts    []Count
	Mine      bool // of who looks
}

// Count is how many cases of an act have an outcome.
type Count struct {
	Outcome string
	Cases   int
}

// Status is where an act stands, in a word of the catalogs.
func (a Act) Status() string {
	if a.State == Asked && a.Expired {
		return "expired"
	}
	if a.State == Refused && a.DecidedBy == a.AskedBy {
		return "taken_back"
	}
	return string(a.State)
}

// Waits says whether a second person may still decide.
func (a Act) Waits() bool { return a.State == Asked && !a.Expired }

// Looked is how many cases have their outcome.
func (a Act) Looked() (n int) {
	for _, c := range a.Counts {
		if c.Outcome != OutcomeWaits {
			n += c.Cases
		}
	}
	return n
}

// Errors of acts.
var (
	ErrNone    = errors.New("caseacts: there is no such act")
	ErrOwn     = errors.New("caseacts: nobody agrees to an act of his own")
	ErrNotMine = errors.New("caseacts: only who has made an act asks for it")
	ErrClosed  = errors.New("caseacts: it was asked for or decided already")
	ErrExpired = errors.New("caseacts: nobody agreed within a day: ask again")
)

// WrongError says what is wrong with what somebody wants to do, by field; the codes are words of the catalogs.
type WrongError struct {
	Codes   []string
	Numbers []string // of cases that there are not, or that the actor does not see; the first ones
}

// Error implements error.
func (e *WrongError) Error() string {
	s := "caseacts: wrong:"
	for _, c := range e.Codes {
		s += " " + c
	}
	return s
}

// Codes of [WrongError].
const (
	WrongReason  = "no_reason"
	WrongCases   = "no_cases"
	WrongMany    = "too_many"
	WrongOne     = "one_only" // this act is done to one case at a time
	WrongUnknown = "unknown"  // there are no such cases
	WrongUntil   = "until"    // no day, or one that is not ahead
	WrongAct     = "act"      // no number of the issuer's act
	WrongActOn   = "act_on"   // no date of it, or one that is ahead
	WrongDebt    = "debt"     // no sum
)
