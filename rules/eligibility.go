package rules

import (
	"errors"
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Eligibility decides whether a writ may open a simplified case on openingDay. It never
// panics on what a writ contains and gives the same verdict for the same input. Checks run
// in a fixed order; a ground for rejection wins over a reason to hold, since a returned
// writ needs nobody's attention. Sources: EL 9, 10-1, 10-2, 11, 38; CAO 883, 890, 893, 896.
func Eligibility(p *pack.Pack, w WritFacts, openingDay calendar.Date) Verdict {
	e := &examination{p: p, w: w, on: openingDay}
	e.steps = make(Trace, 0, 19)
	e.facts = make([]Fact, 0, 48)
	for _, check := range checks {
		if v, decided := check(e); decided {
			return v
		}
	}
	return Verdict{Outcome: OutcomeOpen, Trace: e.steps}
}

// checks is the order of the examination: whether there are rules at all, what the writ is,
// what it asks, when it came, and only then what needs a person.
var checks = []func(*examination) (Verdict, bool){
	(*examination).procedure,
	(*examination).required,
	(*examination).kindOf,
	(*examination).number,
	(*examination).currency,
	(*examination).amount,
	(*examination).threshold,
	(*examination).inForce,
	(*examination).earliest,
	(*examination).payment,
	(*examination).unpaid,
	(*examination).latest,
	(*examination).limitation,
	(*examination).unpaidAge,
	(*examination).birthDate,
	(*examination).age,
}

// examination is one run of the checks.
type examination struct {
	p     *pack.Pack
	w     WritFacts
	on    calendar.Date
	kind  pack.Kind
	steps Trace
	facts []Fact // one block for all steps
	first int    // where the facts of the current step begin
	born  calendar.Date
	paid  calendar.Date // last day of voluntary payment; unset when the class has none
}

func (e *examination) fact(key, value string) *examination {
	e.facts = append(e.facts, Fact{key, value})
	return e
}

func (e *examination) date(key string, d calendar.Date) *examination { return e.fact(key, d.String()) }

// step closes the current step.
func (e *examination) step(rule, outcome string) {
	e.steps = append(e.steps, Step{Rule: rule, Facts: e.facts[e.first:len(e.facts):len(e.facts)], Outcome: outcome})
	e.first = len(e.facts)
}

func (e *examination) pass(rule string) (Verdict, bool) {
	e.step(rule, StepPass)
	return Verdict{}, false
}

func (e *examination) reject(rule, code, field string) (Verdict, bool) {
	e.step(rule, StepFail)
	return Verdict{Outcome: OutcomeReject, Code: code, Field: field, Trace: e.steps}, true
}

func (e *examination) hold(rule, code, field string) (Verdict, bool) {
	e.step(rule, StepHold)
	return Verdict{Outcome: OutcomeHold, Code: code, Field: field, Trace: e.steps}, true
}

// missing holds a writ for which the pack has no value: nothing is decided on a guess.
func (e *examination) missing(rule string) (Verdict, bool) {
	return e.date("opening_day", e.on).hold(rule, CodeRuleMissing, "")
}

func (e *examination) required() (Verdict, bool) {
	for _, f := range [...]struct {
		name string
		have bool
	}{
		{FieldKind, e.w.Kind != ""},
		{FieldIIN, e.w.DebtorIIN != ""},
		{FieldInForce, e.w.InForce.Valid()},
		{FieldUnpaid, e.w.UnpaidConfirmedOn.Valid()},
	} {
		if !f.have {
			return e.fact("field", f.name).reject(pack.KeyCheckRequired, CodeFieldMissing, f.name)
		}
	}
	return e.pass(pack.KeyCheckRequired)
}

// procedure marks dates before the procedure existed; they are computed for comparison.
func (e *examination) procedure() (Verdict, bool) {
	start, ok := e.p.ProcedureStart(e.on)
	if !ok {
		return e.missing(pack.KeyProcedureStart)
	}
	e.date("opening_day", e.on).date("procedure_start", start)
	if e.on < start {
		e.step(pack.KeyProcedureStart, StepWarn)
		return Verdict{}, false
	}
	return e.pass(pack.KeyProcedureStart)
}

func (e *examination) kindOf() (Verdict, bool) {
	kind, ok := e.p.Kind(e.w.Kind, e.on)
	if !ok {
		return e.fact("kind", clip(e.w.Kind)).reject(pack.KeyCheckKind, CodeKindNotSimplified, FieldKind)
	}
	e.kind = kind
	return e.fact("kind", kind.Code).fact("class", kind.Class).pass(pack.KeyKindPrefix + kind.Code)
}

// clip bounds a foreign text inside a trace.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}

func (e *examination) number() (Verdict, bool) {
	err := CheckIIN(e.w.DebtorIIN)
	switch {
	case err == nil:
		e.step(pack.KeyCheckIIN, StepPass)
		return e.pass(pack.KeyCheckPerson)
	case errors.Is(err, ErrIINOfBody):
		e.step(pack.KeyCheckIIN, StepPass)
		return e.reject(pack.KeyCheckPerson, CodeNotNaturalPerson, FieldIIN)
	}
	return e.reject(pack.KeyCheckIIN, CodeIINInvalid, FieldIIN)
}

func (e *examination) currency() (Verdict, bool) {
	want, ok := e.p.Currency(e.on)
	if !ok {
		return e.missing(pack.KeyCheckCurrency)
	}
	if e.w.Currency != "" && e.w.Currency != want {
		return e.fact("currency", clip(e.w.Currency)).reject(pack.KeyCheckCurrency, CodeFieldInvalid, FieldCurrency)
	}
	return e.fact("currency", want).pass(pack.KeyCheckCurrency)
}

func (e *examination) amount() (Verdict, bool) {
	e.fact("amount", e.w.Amount.String())
	if !e.w.Amount.IsPositive() {
		return e.reject(pack.KeyCheckAmount, CodeAmountInvalid, FieldAmount)
	}
	return e.pass(pack.KeyCheckAmount)
}

// threshold compares the sum of this one writ with 20 MCI of the opening day (EL 10-1(1)).
func (e *examination) threshold() (Verdict, bool) {
	mci, ok := e.p.MCI(e.on, pack.General)
	if !ok {
		return e.missing(pack.KeyMCI)
	}
	limit, ok := e.p.Threshold(e.on)
	if !ok {
		return e.missing(pack.KeyThresholdLimit)
	}
	e.fact("mci", mci.String()).date("opening_day", e.on)
	if e.p.CarriedForward(pack.KeyMCI, e.on) {
		e.step(pack.KeyMCI, StepWarn)
	} else {
		e.step(pack.KeyMCI, StepPass)
	}
	sum := mci.MulInt(int64(limit.MCI))
	e.fact("amount", e.w.Amount.String()).fact("limit", sum.String()).
		fact("limit_mci", strconv.Itoa(limit.MCI)).fact("inclusive", yesNo(limit.Inclusive))
	if within(e.w.Amount, sum, limit.Inclusive) {
		return e.pass(pack.KeyThresholdLimit)
	}
	return e.reject(pack.KeyThresholdLimit, CodeAboveThreshold, FieldAmount)
}

func within(sum, limit money.Amount, inclusive bool) bool {
	c := sum.Cmp(limit)
	return c < 0 || c == 0 && inclusive
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
