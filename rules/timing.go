package rules

import (
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// inForce checks that the ruling is in force on the opening day (CAO 883, EL 38(1)) and
// that its dates make sense together.
func (e *examination) inForce() (Verdict, bool) {
	w := &e.w
	e.date("in_force_date", w.InForce)
	switch {
	case !w.DocumentDate.IsZero() && w.DocumentDate > w.InForce:
		return e.date("document_date", w.DocumentDate).
			reject(pack.KeyCheckInForce, CodeFieldInvalid, FieldDocumentDate)
	case !w.DeferredUntil.IsZero() && w.DeferredUntil < w.InForce:
		return e.date("deferred_until", w.DeferredUntil).
			reject(pack.KeyCheckInForce, CodeFieldInvalid, FieldDeferred)
	}
	e.date("opening_day", e.on)
	if w.InForce > e.on {
		return e.reject(pack.KeyCheckInForce, CodeNotInForce, FieldInForce)
	}
	return e.pass(pack.KeyCheckInForce)
}

// earliest checks that the full working days of EL 11(1-1) lie behind; the first day to
// present is the working day after them.
func (e *examination) earliest() (Verdict, bool) {
	term, ok := e.p.EarliestPresentation(e.on)
	if !ok {
		return e.missing(pack.KeyEarliest)
	}
	cal := e.p.Calendar()
	day := cal.RollForward(term.Last(cal, e.w.InForce).AddDays(1))
	e.date("in_force_date", e.w.InForce).date("first_day", day).date("opening_day", e.on)
	if e.on < day {
		return e.reject(pack.KeyEarliest, CodeTooEarly, FieldInForce)
	}
	return e.pass(pack.KeyEarliest)
}

// payment checks that the time for voluntary payment is over (CAO 893). It runs from entry
// into force, or from the end of a deferral (CAO 888).
func (e *examination) payment() (Verdict, bool) {
	term, ok := e.p.VoluntaryPayment(e.kind.Class, e.on)
	if !ok { // the class has no such period
		return Verdict{}, false
	}
	start := max(e.w.InForce, e.w.DeferredUntil)
	e.paid = term.Last(e.p.Calendar(), start)
	e.date("in_force_date", e.w.InForce)
	if start > e.w.InForce {
		e.date("deferred_until", start)
	}
	e.date("last_day", e.paid).date("opening_day", e.on)
	if e.on <= e.paid {
		return e.reject(pack.KeyPaymentPrefix+e.kind.Class, CodeTooEarly, FieldInForce)
	}
	return e.pass(pack.KeyPaymentPrefix + e.kind.Class)
}

// unpaid checks the data that the money has not arrived (CAO 896): they must have been
// true when the time for voluntary payment was already over.
func (e *examination) unpaid() (Verdict, bool) {
	on := e.w.UnpaidConfirmedOn
	e.date("unpaid_confirmed_on", on)
	switch {
	case on > e.on:
		return e.date("opening_day", e.on).reject(pack.KeyCheckUnpaid, CodeFieldInvalid, FieldUnpaid)
	case on < e.w.InForce:
		return e.date("in_force_date", e.w.InForce).reject(pack.KeyCheckUnpaid, CodeFieldInvalid, FieldUnpaid)
	case !e.paid.IsZero() && on <= e.paid:
		return e.date("last_day", e.paid).reject(pack.KeyCheckUnpaid, CodeTooEarly, FieldUnpaid)
	}
	return e.pass(pack.KeyCheckUnpaid)
}

// unpaidAge checks that the data are not so old that they say nothing about today. Packs of before this limit have none.
func (e *examination) unpaidAge() (Verdict, bool) {
	term, ok := e.p.UnpaidAge(e.on)
	if !ok {
		return Verdict{}, false
	}
	last := term.Last(e.p.Calendar(), e.w.UnpaidConfirmedOn)
	e.date("last_day", last)
	if e.on > last {
		return e.date("opening_day", e.on).reject(pack.KeyCheckUnpaidAge, CodeUnpaidStale, FieldUnpaid)
	}
	return e.pass(pack.KeyCheckUnpaidAge)
}

// latest checks the last day to present the writ (EL 11(1)).
func (e *examination) latest() (Verdict, bool) {
	term, ok := e.p.LatestPresentation(e.kind.Class, e.on)
	return e.notAfter(term, ok, pack.KeyLatestPrefix+e.kind.Class, e.w.InForce)
}

// limitation checks the limitation of the fine itself (CAO 890); a deferral extends it.
func (e *examination) limitation() (Verdict, bool) {
	term, ok := e.p.Limitation(e.kind.Class, e.on)
	return e.notAfter(term, ok, pack.KeyLimitationPrefix+e.kind.Class, max(e.w.InForce, e.w.DeferredUntil))
}

func (e *examination) notAfter(term pack.Term, ok bool, rule string, start calendar.Date) (Verdict, bool) {
	if !ok {
		return e.missing(rule)
	}
	last := term.Last(e.p.Calendar(), start)
	e.date("start", start).date("last_day", last).date("opening_day", e.on)
	if e.on > last {
		return e.reject(rule, CodeTooLate, FieldInForce)
	}
	return e.pass(rule)
}

// birthDate compares the stated birth date with the one inside the IIN. Numbers without a
// readable date (foreigners, old records) only warn. Where two people have found that it is the
// person all the same, the later of the two dates counts, so that nobody under age is let pass.
func (e *examination) birthDate() (Verdict, bool) {
	stated := e.w.DebtorBirthDate
	inside, _, readable := IINBirthDate(e.w.DebtorIIN)
	e.born = stated
	if e.w.IdentityConfirmed {
		e.fact("identity", "confirmed")
	}
	switch {
	case !stated.IsZero() && stated > e.on:
		return e.fact("birth_date", "future").hold(pack.KeyCheckBirth, CodeIdentityConflict, FieldBirthDate)
	case !readable:
		e.fact("iin_date", "unreadable").step(pack.KeyCheckBirth, StepWarn)
		return Verdict{}, false
	case stated.IsZero():
		e.born = inside
		return e.fact("birth_date", "from_iin").pass(pack.KeyCheckBirth)
	case stated != inside && e.w.IdentityConfirmed:
		e.born = max(stated, inside)
		e.fact("birth_date", "differs").step(pack.KeyCheckBirth, StepWarn)
		return Verdict{}, false
	case stated != inside:
		return e.fact("birth_date", "differs").hold(pack.KeyCheckBirth, CodeIdentityConflict, FieldBirthDate)
	}
	return e.fact("birth_date", "agrees").pass(pack.KeyCheckBirth)
}

// age holds the writs of minors: the issuing body decides about the parents (CAO 887(2)). Held here means that no case is
// opened: the row is quarantined, which is safer than a case on hold, whose term of thirty days would run and end with a
// private bailiff.
func (e *examination) age() (Verdict, bool) {
	adult, ok := e.p.AdultAge(e.on)
	if !ok {
		return e.missing(pack.KeyCheckAdult)
	}
	e.fact("adult_age", strconv.Itoa(adult))
	switch {
	case e.born.IsZero():
		e.fact("age", "unknown").step(pack.KeyCheckAdult, StepWarn)
		return Verdict{}, false
	case e.born.AddYears(adult) > e.on:
		return e.fact("age", "minor").hold(pack.KeyCheckAdult, CodeMinor, FieldIIN)
	}
	return e.fact("age", "adult").pass(pack.KeyCheckAdult)
}
