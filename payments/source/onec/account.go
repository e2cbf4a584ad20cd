package onec

import (
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// section is one account over one period.
type section struct {
	head            *source.Statement
	place           int
	received, spent *money.Amount // what the bank says, nil where it does not
	in, out         money.Amount
}

func (s *section) controlled() bool { return s.received != nil && s.spent != nil }

func (p *parser) closeAccount() error {
	v := &p.rec.values
	s := &section{place: p.rec.place, head: &source.Statement{
		Format: Format, Account: strings.ReplaceAll(v[account], " ", ""), Currency: tenge(v[currency]),
	}}
	h := s.head
	if h.Account == "" {
		return p.fault(s.place, source.CodeMissing, "РасчСчет", "")
	}
	var err error
	for _, d := range []struct {
		to    *calendar.Date
		key   key
		field string
	}{{&h.From, from, "ДатаНачала"}, {&h.To, to, "ДатаКонца"}} {
		text := v[d.key]
		if text == "" {
			text = p.header.values[d.key]
		}
		if *d.to, err = p.date(s.place, text, d.field); err != nil {
			return err
		}
	}
	open, err := p.optional(opening, "НачальныйОстаток")
	if err != nil {
		return err
	}
	end, err := p.optional(closing, "КонечныйОстаток")
	if err != nil {
		return err
	}
	if h.Balanced = open != nil && end != nil; h.Balanced {
		h.Opening, h.Closing = *open, *end
	}
	if s.received, err = p.optional(received, "ВсегоПоступило"); err != nil {
		return err
	}
	if s.spent, err = p.optional(spent, "ВсегоСписано"); err != nil {
		return err
	}
	return p.add(s)
}

func (p *parser) add(s *section) error {
	for _, other := range p.sections {
		if o := other.head; o.Account == s.head.Account && o.From <= s.head.To && s.head.From <= o.To {
			return p.fault(s.place, source.CodeDayTwice, "СекцияРасчСчет", "this account has a section for these days")
		}
	}
	if len(p.sections) == maxSections {
		return p.fault(s.place, source.CodeSize, "СекцияРасчСчет", "too many accounts")
	}
	p.sections = append(p.sections, s)
	return nil
}

// optional reads a balance or a control sum, which may be negative.
func (p *parser) optional(k key, field string) (*money.Amount, error) {
	text := p.rec.values[k]
	if text == "" {
		return nil, nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	a, code := amount(digits)
	if code != "" {
		return nil, p.fault(p.rec.place, code, field, "")
	}
	if negative {
		a = a.Neg()
	}
	return &a, nil
}

// amount reads a sum with a point or a comma.
func amount(s string) (money.Amount, string) {
	return source.ParseAmount(strings.Replace(s, ",", ".", 1))
}

// date reads DD.MM.YYYY.
func (p *parser) date(place int, s, field string) (calendar.Date, error) {
	if s == "" {
		return 0, p.fault(place, source.CodeMissing, field, "")
	}
	if len(s) == 10 && s[2] == '.' && s[5] == '.' {
		if d, err := calendar.ParseDate(s[6:] + "-" + s[3:5] + "-" + s[:2]); err == nil {
			return d, nil
		}
	}
	return 0, p.fault(place, source.CodeDate, field, "")
}

// tenge is the currency of accounts of which nothing else is said.
func tenge(s string) string {
	switch strings.ToUpper(s) {
	case "", "398", source.Currency:
		return source.Currency
	}
	return strings.ToUpper(s)
}

// totals compare what the documents come to with what the bank says.
func (p *parser) totals(s *section) error {
	for _, c := range []struct {
		said  *money.Amount
		found money.Amount
		field string
	}{{s.received, s.in, "ВсегоПоступило"}, {s.spent, s.out, "ВсегоСписано"}} {
		if c.said != nil && !c.said.Equal(c.found) {
			return p.fault(s.place, source.CodeTotals, c.field, c.said.String()+" is said, the documents have "+c.found.String())
		}
	}
	return nil
}
