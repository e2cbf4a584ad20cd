package camt

import (
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func (x *reader) headValue(f iso.Field, text []byte) error {
	s := string(text)
	switch f {
	case statementID:
		x.head.ID = s
	case numberElectronic:
		x.head.Number = s
	case numberLegal:
		if x.head.Number == "" {
			x.head.Number = s
		}
	case created:
		x.head.Created = s
	case from, to:
		d, ok := iso.Date(text)
		if !ok {
			return x.doc.Fault(source.CodeDate, "FrToDt", "")
		}
		if f == from {
			x.head.From = d
		} else {
			x.head.To = d
		}
	case accountIBAN:
		x.head.Account = s
	case accountOther:
		if x.head.Account == "" {
			x.head.Account = s
		}
	case accountCurrency:
		return x.currency(text)
	}
	return nil
}

// currency sees that all sums of a statement are in one.
func (x *reader) currency(text []byte) error {
	switch {
	case x.head.Currency == "":
		x.head.Currency = string(text)
	case x.head.Currency != string(text):
		return x.doc.Fault(source.CodeCurrency, "Ccy", x.head.Currency+" and another")
	}
	return nil
}

// balanceRecord is one Bal.
type balanceRecord struct {
	kind, subtype string
	amount        money.Amount
	signed        bool
	credit        bool
	date          calendar.Date
	there         bool
}

func (x *reader) balanceValue(f iso.Field, text, ccy []byte) (err error) {
	switch b := &x.bal; f {
	case balanceType:
		b.kind = string(text)
	case balanceSubtype:
		b.subtype = string(text)
	case balanceAmount:
		b.there = true
		b.amount, err = x.amount(text, ccy, "Bal/Amt")
	case balanceSign:
		b.signed = true
		b.credit, err = x.credit(text)
	case balanceDate:
		var ok bool
		if b.date, ok = iso.Date(text); !ok {
			return x.doc.Fault(source.CodeDate, "Bal/Dt", "")
		}
	}
	return err
}

// amount reads a sum with its currency.
func (x *reader) amount(text, ccy []byte, field string) (money.Amount, error) {
	sum, code := source.ParseAmount(string(text))
	if code != "" {
		return sum, x.doc.Fault(code, field, "")
	}
	if len(ccy) == 0 {
		return sum, x.doc.Fault(source.CodeMissing, field+"/@Ccy", "")
	}
	return sum, x.currency(ccy)
}

// closeBalance keeps the opening and the closing balance. OPBD beats PRCD, the closing balance of the day before; balances of a
// page within a statement (INTM) and of other kinds do not matter.
func (x *reader) closeBalance() error {
	b := x.bal
	kept := &x.closed
	switch {
	case b.subtype == "INTM":
		return nil
	case b.kind == "OPBD", b.kind == "PRCD":
		kept = &x.open
	case b.kind == "CLBD":
	default:
		return nil
	}
	switch {
	case !b.there || !b.signed:
		return x.doc.Fault(source.CodeMissing, "Bal", b.kind+" without a sum or a direction")
	case kept.there && kept.kind == b.kind:
		return x.doc.Fault(source.CodeTwice, "Bal", b.kind)
	case kept.there && kept.kind == "OPBD":
		return nil
	}
	if !b.credit {
		b.amount = b.amount.Neg()
	}
	*kept = b
	return nil
}

type period struct{ from, to calendar.Date }

func (p *period) add(d calendar.Date) {
	if p.from.IsZero() || d < p.from {
		p.from = d
	}
	p.to = max(p.to, d)
}

// closeStatement completes the head: its period, its balances.
func (x *reader) closeStatement() error {
	s := x.head
	x.doc.Place = 0
	if err := x.checkTotals(); err != nil {
		return err
	}
	if s.Balanced = x.open.there && x.closed.there; s.Balanced {
		s.Opening, s.Closing = x.open.amount, x.closed.amount
	}
	begin, end := x.span.from, x.span.to
	if s.Balanced && !x.open.date.IsZero() && !x.closed.date.IsZero() {
		begin, end = x.open.date, x.closed.date
		if x.open.kind == "PRCD" { // it is that of the evening before
			begin = min(begin.AddDays(1), end)
		}
	}
	if s.From.IsZero() {
		s.From = begin
	}
	if s.To.IsZero() {
		s.To = end
	}
	if x.visit.End == nil {
		return nil
	}
	return x.visit.End(s)
}
