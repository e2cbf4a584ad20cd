package mt940

import (
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
)

// movement reads :61:, as in 2601020102CT1000,50NTRFcustomer//bank.
func (p *parser) movement() error {
	m := p.cur
	if err := p.release(); err != nil {
		return err
	}
	if !m.opened || m.closed {
		return p.here(source.CodeStructure, "outside the balances")
	}
	v := strings.TrimRight(p.value[0], " \t")
	l := source.Line{Place: p.place, Currency: m.head.Currency}
	if len(v) < 6 {
		return p.here(source.CodeDate, "value date")
	}
	var ok bool
	if l.Value, ok = shortDate(v[:6]); !ok {
		return p.here(source.CodeDate, "value date")
	}
	v, l.Booked = v[6:], l.Value
	if len(v) >= 4 && source.Digits(v[:4]) {
		if l.Booked, ok = entryDate(v[:4], l.Value); !ok {
			return p.here(source.CodeDate, "entry date")
		}
		v = v[4:]
	}
	mark := ""
	for _, s := range [...]string{"RC", "RD", "C", "D"} {
		if strings.HasPrefix(v, s) {
			mark, v = s, v[len(s):]
			break
		}
	}
	if mark == "" {
		return p.here(source.CodeInvalid, "none of C, D, RC, RD")
	}
	l.Credit = mark == "C" || mark == "RD"
	l.Reversal = len(mark) == 2
	if v != "" && v[0] >= 'A' && v[0] <= 'Z' { // the funds code, third letter of the currency
		v = v[1:]
	}
	n := strings.IndexFunc(v, func(r rune) bool { return (r < '0' || r > '9') && r != ',' && r != '.' && r != '-' })
	if n < 0 {
		return p.here(source.CodeMissing, "type of the transaction")
	}
	sum, code := amount(v[:n])
	if code != "" {
		return p.here(code, "")
	}
	l.Amount, v = sum, v[n:]
	if len(v) < 4 || v[0] != 'N' && v[0] != 'F' && v[0] != 'S' {
		return p.here(source.CodeInvalid, "type of the transaction")
	}
	customer, bank, _ := strings.Cut(v[4:], "//")
	l.EndToEnd, l.Ref = reference(customer), reference(bank)
	m.supplement = strings.TrimSpace(strings.Join(p.value[1:], " "))
	if m.pending = &l; m.first.IsZero() || l.Booked < m.first {
		m.first = l.Booked
	}
	return nil
}

// entryDate gives MMDD the year that brings it nearest to the value date: around New Year the two differ.
func entryDate(s string, value calendar.Date) (calendar.Date, bool) {
	best, found := calendar.Date(0), false
	for year := value.Year() - 1; year <= value.Year()+1; year++ {
		d, err := calendar.ParseDate(pad(year) + "-" + s[:2] + "-" + s[2:])
		if err == nil && (!found || distance(d, value) < distance(best, value)) {
			best, found = d, true
		}
	}
	return best, found
}

func pad(year int) string {
	const digits = "0123456789"
	return string([]byte{digits[year/1000%10], digits[year/100%10], digits[year/10%10], digits[year%10]})
}

func distance(a, b calendar.Date) int { return max(a.Sub(b), b.Sub(a)) }

func reference(s string) string {
	switch s = strings.TrimSpace(s); s {
	case "NONREF", "NOTPROVIDED":
		return ""
	}
	return s
}

// words reads :86:, of the movement before it or of the statement as a whole.
func (p *parser) words() error {
	m := p.cur
	if m.pending == nil {
		if m.opened && !m.closed {
			return p.here(source.CodeStructure, "without a movement before it")
		}
		return nil
	}
	told(m.pending, p.value)
	m.supplement = ""
	return p.release()
}

// release tells the visitor of the movement that is complete.
func (p *parser) release() error {
	m := p.cur
	if m.pending == nil {
		return nil
	}
	l := m.pending
	m.pending = nil
	if m.supplement != "" {
		l.Purpose = m.supplement
	}
	if p.visit.Line == nil {
		return nil
	}
	return p.visit.Line(m.head, l)
}
