package rules

import (
	"strings"

	"robotbailiff/rules/pack"
)

// The guards before every coercive order, in the order in which they are looked at. The list is part of what is stored: it only
// ever gets a successor with another mark, never a change.
var guards = []struct{ rule, fact string }{
	{pack.KeyGuardNotice, "notified_on"},
	{pack.KeyGuardVoluntary, "voluntary_ends_on"},
	{pack.KeyGuardIdentity, ""},
	{pack.KeyGuardHold, ""},
	{pack.KeyGuardSuspended, ""},
	{pack.KeyGuardRefusal, ""},
	{pack.KeyGuardLimitation, "limitation_on"},
	{pack.KeyGuardMoney, "outstanding"},
	{pack.KeyGuardSwitch, ""},
	{pack.KeyGuardMeasure, "measure"},
}

// guardsPassed is how a trace says in one step that all guards were passed, for the bulk of orders: the facts follow in the
// order of the guards.
const guardsPassed = "guards.1"

// GateFacts are the facts that the guards look at.
type GateFacts struct{ NotifiedOn, VoluntaryEndsOn, LimitationOn, Outstanding, Measure string }

// PassedGate gives the steps of a gate that was open. There is no trace of a shut one: nothing happens then, and the case is
// looked at again.
func PassedGate(f GateFacts) Trace {
	values := map[string]string{
		"notified_on": f.NotifiedOn, "voluntary_ends_on": f.VoluntaryEndsOn, "limitation_on": f.LimitationOn,
		"outstanding": f.Outstanding, "measure": f.Measure,
	}
	facts := make([]Fact, 0, 5)
	for _, g := range guards {
		if g.fact != "" {
			facts = append(facts, Fact{g.fact, values[g.fact]})
		}
	}
	return passed(facts)
}

// passed puts facts in the order of the guards to their steps; it gives nothing when there are too few or too many.
func passed(facts []Fact) Trace {
	t := make(Trace, 0, len(guards)+1) // the act itself follows
	for _, g := range guards {
		s := Step{Rule: g.rule, Outcome: StepPass}
		if g.fact != "" {
			if len(facts) == 0 || facts[0].Key != g.fact {
				return nil
			}
			s.Facts, facts = facts[:1:1], facts[1:]
		}
		t = append(t, s)
	}
	if len(facts) > 0 {
		return nil
	}
	return t
}

// gateLen says how many steps from the first on are exactly those of an open gate: all of them or none.
func (t Trace) gateLen() int {
	if len(t) < len(guards) || t[0].Rule != guards[0].rule {
		return 0
	}
	for i, g := range guards {
		s := &t[i]
		if s.Rule != g.rule || s.Outcome != StepPass || (g.fact == "") != (len(s.Facts) == 0) || len(s.Facts) > 1 {
			return 0
		}
		if g.fact != "" && (s.Facts[0].Key != g.fact || strings.IndexByte(g.fact, '=') >= 0) {
			return 0
		}
	}
	return len(guards)
}
