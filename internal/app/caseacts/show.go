package caseacts

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// mark is a case as far as it matters to who decides about it: two marks are the same as long as nothing has happened to the case but papers
// about it and links to it. That its debtor is another person stays so whatever happens to it, and the first word has held it.
func mark(k Kind, c engine.Case) ([]byte, error) {
	c.Seq, c.Head, c.Pack = 0, engine.Hash{}, 0
	if k == OtherPerson {
		c = engine.Case{ID: c.ID, DebtorID: c.DebtorID}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("caseacts: mark of case %d: %w", c.ID, err)
	}
	sum := sha256.Sum256(raw)
	return sum[:], nil
}

// Effect is what an act would do to one case.
type Effect struct {
	Number  string
	Outcome string // done, or why it would do nothing
	Lines   []Line // what would be different
	Orders  []engine.Purpose
	Notices []string // kinds of notices that would go out
	Refund  money.Amount
	Recall  bool // the private bailiff gives the case back
}

// Line is one thing of a case before and after, of which one pair is set. The words of What are in the catalogs.
type Line struct {
	What             string
	Was, Is          string // a value of the family What
	WasSum, IsSum    money.Amount
	WasDay, IsDay    calendar.Date
	WasTime, IsTime  time.Time
	Sum, Day, Moment bool
}

// Sums are what an act would do to all of its cases together.
type Sums struct {
	Counts           []Count // by what would become of them
	Was, Is          money.Amount
	Refund           money.Amount
	Orders, Notices  []Named
	Recalls, Changed int // private bailiffs who give back; cases that are not as they were
}

// Named is how many there are of something.
type Named struct {
	Name string
	N    int
}

// View is an act with what it would do now.
type View struct {
	Act
	Sums    Sums
	Effects []Effect // of the first cases of the list
}

// shown is how many cases of a list are shown with all that would become of them.
const shown = 20

// preview says what an act would do to its cases as they are now. It changes nothing.
func (s *Store) preview(ctx context.Context, a *Act, items []item) (sums Sums, first []Effect, err error) {
	counts, orders, notices := map[string]int{}, map[string]int{}, map[string]int{}
	for part := range slices.Chunk(items, engine.MaxBatch) {
		pl, err := s.cases.Preview(ctx, a.commands(idsOf(part), a.AskedBy))
		if err != nil {
			return sums, nil, fmt.Errorf("caseacts: preview: %w", err)
		}
		recent, err := sentAgain(ctx, s.pool, a, part)
		if err != nil {
			return sums, nil, fmt.Errorf("caseacts: preview: %w", err)
		}
		effects := byCase(pl.Effects())
		for i, it := range part {
			e := Effect{Number: caseno.Format(it.id), Outcome: outcome(pl.Outcomes[i].Refusal)}
			before, after, ok := pl.Change(it.id)
			if ok {
				same, err := it.same(a.Kind, before)
				if err != nil {
					return sums, nil, err
				}
				if !same {
					sums.Changed++
					if a.Two {
						e.Outcome = OutcomeChanged
					}
				}
			}
			if recent[it.id] && e.Outcome == OutcomeDone {
				e.Outcome = OutcomeRecent
			}
			counts[e.Outcome]++
			if e.Outcome == OutcomeDone {
				e.add(before, after, effects[it.id])
				sums.Was, sums.Is, sums.Refund = sums.Was.Add(before.Outstanding), sums.Is.Add(after.Outstanding), sums.Refund.Add(e.Refund)
				if e.Recall {
					sums.Recalls++
				}
				for _, o := range e.Orders {
					orders[string(o)]++
				}
				for _, n := range e.Notices {
					notices[n]++
				}
			}
			if len(first) < shown {
				first = append(first, e)
			}
		}
	}
	sums.Counts = counted(counts)
	sums.Orders, sums.Notices = named(orders), named(notices)
	return sums, first, nil
}

// outcome is what became of a case, by what the engine said.
func outcome(r *engine.Refusal) string {
	if r == nil {
		return OutcomeDone
	}
	return r.Code
}

// byCase sorts effects by their cases, as far as they are shown.
func byCase(effects []engine.Effect) map[int64][]engine.Effect {
	out := map[int64][]engine.Effect{}
	for _, e := range effects {
		switch e := e.(type) {
		case engine.OrderWanted:
			out[e.CaseID] = append(out[e.CaseID], e)
		case engine.NoticeWanted:
			out[e.CaseID] = append(out[e.CaseID], e)
		case engine.DebtMoved:
			out[e.CaseID] = append(out[e.CaseID], e)
		case engine.HandoverRecalled:
			out[e.CaseID] = append(out[e.CaseID], e)
		}
	}
	return out
}

// add says what is different in a case afterwards.
func (e *Effect) add(was, is engine.Case, effects []engine.Effect) {
	word := func(what, a, b string) {
		if a != b {
			e.Lines = append(e.Lines, Line{What: what, Was: a, Is: b})
		}
	}
	sum := func(what string, a, b money.Amount) {
		if !a.Equal(b) {
			e.Lines = append(e.Lines, Line{What: what, WasSum: a, IsSum: b, Sum: true})
		}
	}
	day := func(what string, a, b calendar.Date) {
		if a != b {
			e.Lines = append(e.Lines, Line{What: what, WasDay: a, IsDay: b, Day: true})
		}
	}
	word("state", string(was.State), string(is.State))
	word("hold", was.Hold, is.Hold)
	word("suspended", was.Suspended, is.Suspended)
	day("suspended_until", was.SuspendedUntil, is.SuspendedUntil)
	sum("outstanding", was.Outstanding, is.Outstanding)
	sum("paid", was.Paid, is.Paid)
	day("term", was.TermEndsOn, is.TermEndsOn)
	day("voluntary", was.VoluntaryEndsOn, is.VoluntaryEndsOn)
	day("collect", was.CollectOn, is.CollectOn)
	word("arrest", arrest(&was), arrest(&is))
	if !was.NextRungAt.Equal(is.NextRungAt) {
		e.Lines = append(e.Lines, Line{What: "next_notice", WasTime: was.NextRungAt, IsTime: is.NextRungAt, Moment: true})
	}
	for _, x := range effects {
		switch x := x.(type) {
		case engine.OrderWanted:
			e.Orders = append(e.Orders, x.Order.Purpose)
		case engine.NoticeWanted:
			e.Notices = append(e.Notices, x.Kind)
		case engine.DebtMoved:
			e.Refund = e.Refund.Add(x.Refund)
		case engine.HandoverRecalled:
			e.Recall = true
		}
	}
}

// arrest is how the arrest of a case stands, in the words of orders.
func arrest(c *engine.Case) string {
	if a := c.LiveArrest(); a != nil {
		return string(a.Status)
	}
	return ""
}

func counted(n map[string]int) (out []Count) {
	for _, x := range named(n) {
		out = append(out, Count{x.Name, x.N})
	}
	return out
}

// named lists counts, the largest first.
func named(n map[string]int) (out []Named) {
	for name, k := range n {
		out = append(out, Named{name, k})
	}
	slices.SortFunc(out, func(a, b Named) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Family names the words of the values of a line in the catalogs; empty: they are in the words of a person.
func (l Line) Family() string {
	switch l.What {
	case "state", "hold":
		return l.What
	case "arrest":
		return "order"
	}
	return ""
}
