package source

import (
	"crypto/sha256"
	"strconv"
	"strings"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Currency is the one in which debts are paid here.
const Currency = "KZT"

// maxFaults bounds what is told of one statement: who sees fifty faults needs no more.
const maxFaults = 50

// Check says what is wrong with a whole statement: opening + lines = closing, every line once, dates within the period, tenge,
// a well-formed account.
func Check(s *Statement) []*Fault {
	var c Checker
	for i := range s.Lines {
		c.Line(s, &s.Lines[i])
	}
	return c.End(s)
}

// Checker is [Check] for a statement that is told line by line. It keeps sixteen bytes and a number of each line. The zero value
// is ready; each statement needs its own.
type Checker struct {
	seen        map[[16]byte]int // first place of a key
	net         money.Amount
	over        bool // the sum went beyond what an amount can hold
	first, last Line // with the earliest and the latest booking date
	faults      []*Fault
}

func (c *Checker) fault(s *Statement, f Fault) {
	if f.Format = s.Format; len(c.faults) < maxFaults {
		c.faults = append(c.faults, &f)
	}
}

// Line looks at the next line.
func (c *Checker) Line(s *Statement, l *Line) {
	if c.seen == nil {
		c.seen = map[[16]byte]int{}
		c.first, c.last = *l, *l
	}
	sum := sha256.Sum256([]byte(l.Key()))
	key := [16]byte(sum[:16])
	if before, twice := c.seen[key]; twice && l.Ref != "" { // without a reference two payments may well look the same
		c.fault(s, Fault{Place: l.Place, Code: CodeLineTwice, Detail: "the same as " + strconv.Itoa(before)})
	} else {
		c.seen[key] = l.Place
	}
	if l.Currency != s.Currency && s.Currency == Currency {
		c.fault(s, Fault{Place: l.Place, Code: CodeCurrency, Detail: l.Currency})
	}
	if l.Booked < c.first.Booked {
		c.first = *l
	}
	if l.Booked > c.last.Booked {
		c.last = *l
	}
	change := l.Amount
	if !l.Credit {
		change = change.Neg()
	}
	net, err := c.net.CheckedAdd(change)
	if c.net = net; err != nil {
		c.over = true
	}
}

// End gives the faults, none if the statement is sound.
func (c *Checker) End(s *Statement) []*Fault {
	if rules.CheckIBAN(s.Account) != nil {
		c.fault(s, Fault{Code: CodeAccount, Field: "account"})
	}
	if s.Currency != Currency {
		c.fault(s, Fault{Code: CodeCurrency, Detail: s.Currency})
	}
	c.period(s)
	c.balance(s)
	return c.faults
}

func (c *Checker) period(s *Statement) {
	if s.From.IsZero() || s.To.IsZero() || s.To.Before(s.From) {
		c.fault(s, Fault{Code: CodePeriod, Detail: span(s.From, s.To)})
		return
	}
	if len(c.seen) == 0 {
		return
	}
	if c.first.Booked.Before(s.From) {
		c.fault(s, Fault{Place: c.first.Place, Code: CodeOutside, Detail: c.first.Booked.String() + " is before " + span(s.From, s.To)})
	}
	if c.last.Booked.After(s.To) {
		c.fault(s, Fault{Place: c.last.Place, Code: CodeOutside, Detail: c.last.Booked.String() + " is after " + span(s.From, s.To)})
	}
}

func (c *Checker) balance(s *Statement) {
	if !s.Balanced {
		if !strings.HasPrefix(s.Format, "camt.054") { // a notification has no balances by its nature
			c.fault(s, Fault{Code: CodeBalanceMissing})
		}
		return
	}
	sum, err := s.Opening.CheckedAdd(c.net)
	switch {
	case err != nil || c.over:
		c.fault(s, Fault{Code: CodeBalance, Detail: "the sum of the lines is beyond any account"})
	case !sum.Equal(s.Closing):
		c.fault(s, Fault{Code: CodeBalance, Detail: s.Opening.String() + " and lines of " + c.net.String() + " give " + sum.String() + ", not " + s.Closing.String()})
	}
}

func span(from, to calendar.Date) string {
	if from == to {
		return from.String()
	}
	return from.String() + ".." + to.String()
}
