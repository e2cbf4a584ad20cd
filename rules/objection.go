package rules

import (
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// ObjectionDue returns the last day on which an objection that was made on a day is answered (EL 126(2), by analogy). The zero Date
// means that the pack knows no objections.
func ObjectionDue(p *pack.Pack, made calendar.Date) (calendar.Date, Step) {
	t, ok := p.ObjectionDays(made)
	return last(p, pack.KeyObjectionDays, t, ok, "objected_on", made)
}
