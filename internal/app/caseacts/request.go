package caseacts

import (
	"slices"
	"strings"
	"unicode"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/person"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Request is what somebody has typed who wants to do something.
type Request struct {
	Kind    Kind
	Numbers string // of cases, with anything but digits and dashes between them
	Reason  string
	Until   string // YYYY-MM-DD
	Act     string
	ActOn   string // YYYY-MM-DD
	Debt    string // tenge
}

// mostNamed is how many wrong numbers are named.
const mostNamed = 20

// read makes an act of a request, and the list of its cases without saying whether there are such cases.
func (r *Request) read(today calendar.Date) (Act, []int64, error) {
	rule, known := RuleOf(r.Kind)
	if !known {
		return Act{}, nil, ErrNone
	}
	a, wrong := Act{Kind: r.Kind}, &WrongError{}
	say := func(bad bool, code string) {
		if bad {
			wrong.Codes = append(wrong.Codes, code)
		}
	}
	var ok bool
	a.Reason, ok = person.Reason(r.Reason)
	say(!ok || a.Reason == "", WrongReason)
	ids, unread := numbers(r.Numbers)
	say(len(ids)+len(unread) == 0, WrongCases)
	say(len(ids) > rule.most(), WrongMany)
	say(len(ids) > 1 && !rule.Many, WrongOne)
	say(len(unread) > 0, WrongUnknown)
	wrong.Numbers = unread[:min(len(unread), mostNamed)]
	if r.Kind == Suspend {
		until, err := calendar.ParseDate(strings.TrimSpace(r.Until))
		say(err != nil || !until.After(today), WrongUntil)
		a.Params.Until = until
	}
	if rule.Acts {
		a.Params.Act = strings.TrimSpace(r.Act)
		say(!actNumber(a.Params.Act), WrongAct)
		on, err := calendar.ParseDate(strings.TrimSpace(r.ActOn))
		say(err != nil || on.IsZero() || on.After(today), WrongActOn)
		a.Params.ActOn = on
	}
	if r.Kind == Correct {
		debt, err := money.Parse(strings.ReplaceAll(strings.Join(strings.Fields(r.Debt), ""), ",", "."))
		say(err != nil || !debt.IsPositive(), WrongDebt)
		a.Params.Debt = debt
	}
	if len(wrong.Codes) > 0 {
		return a, ids, wrong
	}
	a.Cases, a.Two = len(ids), rule.Second(len(ids))
	return a, ids, nil
}

// numbers reads a list of case numbers, each once, in the order of the cases.
func numbers(s string) (ids []int64, unread []string) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }) {
		id, err := caseno.ParseTyped(word)
		if err != nil {
			unread = append(unread, shorten(word))
			continue
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), unread
}

// shorten keeps a page from repeating at length what somebody pasted.
func shorten(word string) string {
	const most = 20
	if r := []rune(word); len(r) > most {
		return string(r[:most]) + "…"
	}
	return word
}

// maxAct is how long a number of an act may be.
const maxAct = 40

// actNumber says whether something may be the number of an act: short, with a digit, and nothing that could be an identity number, since it
// stands in events for ever. Batches of courts are held to the same.
func actNumber(s string) bool {
	run, seen := 0, false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			if run++; run == 12 {
				return false
			}
			seen = true
			continue
		case !unicode.IsLetter(r) && !strings.ContainsRune(" №./-_", r):
			return false
		}
		run = 0
	}
	return seen && len([]rune(s)) <= maxAct
}
