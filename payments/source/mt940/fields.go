package mt940

import (
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// message is a statement that is being read.
type message struct {
	head           *source.Statement
	seen           map[string]bool
	opened, closed bool
	openedOn       calendar.Date
	closedOn       calendar.Date
	first          calendar.Date // booking
	pending        *source.Line  // until it is known whether :86: follows
	supplement     string        // second line of :61:
}

// period tells the days of a statement. By the rules of SWIFT the opening balance bears the date of the closing balance before
// it; many banks write the day itself.
func (m *message) period() {
	h := m.head
	h.To = m.closedOn
	h.From = min(m.openedOn.AddDays(1), m.closedOn)
	if m.openedOn == m.closedOn {
		h.From = m.closedOn
	}
	if !m.first.IsZero() && m.first >= m.openedOn {
		h.From = min(h.From, m.first)
	}
}

// field gives a whole field its meaning.
func (p *parser) field() error {
	switch p.tag {
	case "13", "13D", "34F", "90C", "90D":
		return p.here(source.CodeKind, "MT942, an interim report")
	case "20":
		return p.begin()
	}
	m := p.cur
	if m == nil {
		return p.here(source.CodeStructure, "before :20:")
	}
	switch p.tag {
	case "61":
		return p.movement()
	case "86":
		return p.words()
	case "65": // there may be several forward balances
		return p.release()
	}
	name := strings.TrimRight(p.tag, "CFMP")
	if m.seen[name] {
		return p.here(source.CodeTwice, "")
	}
	m.seen[name] = true
	if m.closed && p.tag != "64" {
		return p.here(source.CodeStructure, "behind the closing balance")
	}
	v := strings.TrimSpace(p.value[0])
	switch p.tag {
	case "21", "64":
		return p.release()
	case "25", "25P":
		m.head.Account = account(v)
	case "28", "28C":
		m.head.Number = trimZeros(v)
	case "60F", "60M":
		m.opened = true
		return p.balance(v, &m.head.Opening, &m.openedOn)
	case "62F", "62M":
		if !m.opened {
			return p.here(source.CodeStructure, "before the opening balance")
		}
		if err := p.release(); err != nil {
			return err
		}
		m.closed = true
		return p.balance(v, &m.head.Closing, &m.closedOn)
	default:
		return p.here(source.CodeStructure, "a field that statements do not have")
	}
	return nil
}

func (p *parser) begin() error {
	if err := p.finish(); err != nil {
		return err
	}
	p.count++
	p.cur = &message{
		head: &source.Statement{Format: Format, ID: strings.TrimSpace(p.value[0]), Balanced: true},
		seen: map[string]bool{},
	}
	return nil
}

// account reads :25:, an IBAN with or without the currency behind it, or bank and account divided by a slash.
func account(v string) string {
	if _, number, ok := strings.Cut(v, "/"); ok {
		v = number
	}
	v = strings.ReplaceAll(v, " ", "")
	const length = 20 // of an IBAN here
	if len(v) == length+3 && rules.CheckIBAN(v[:length]) == nil {
		return v[:length]
	}
	return v
}

// trimZeros writes 00007/001 as 7/1.
func trimZeros(v string) string {
	parts := strings.Split(v, "/")
	for i, part := range parts {
		if cut := strings.TrimLeft(part, "0"); cut != "" {
			parts[i] = cut
		} else if part != "" {
			parts[i] = "0"
		}
	}
	return strings.Join(parts, "/")
}

// balance reads C260131KZT1234,56.
func (p *parser) balance(v string, sum *money.Amount, on *calendar.Date) error {
	if len(v) < 11 || v[0] != 'C' && v[0] != 'D' {
		return p.here(source.CodeInvalid, "")
	}
	day, ok := shortDate(v[1:7])
	if !ok {
		return p.here(source.CodeDate, "")
	}
	h := p.cur.head
	currency := v[7:10]
	for i := range currency {
		if currency[i] < 'A' || currency[i] > 'Z' {
			return p.here(source.CodeInvalid, "currency")
		}
	}
	switch h.Currency {
	case "":
		h.Currency = currency
	case currency:
	default:
		return p.here(source.CodeCurrency, h.Currency+" and another")
	}
	a, code := amount(v[10:])
	if code != "" {
		return p.here(code, "")
	}
	if v[0] == 'D' {
		a = a.Neg()
	}
	*sum, *on = a, day
	return nil
}

// shortDate reads YYMMDD of this century.
func shortDate(s string) (calendar.Date, bool) {
	if !source.Digits(s) {
		return 0, false
	}
	d, err := calendar.ParseDate("20" + s[:2] + "-" + s[2:4] + "-" + s[4:6])
	return d, err == nil
}

// amount reads a sum with a decimal comma, which is always there.
func amount(s string) (money.Amount, string) {
	if strings.HasPrefix(s, "-") {
		return money.Zero, source.CodeNegative
	}
	whole, part, ok := strings.Cut(s, ",")
	if !ok || strings.Contains(s, ".") {
		return money.Zero, source.CodeAmount
	}
	if part == "" {
		part = "0"
	}
	return source.ParseAmount(whole + "." + part)
}
