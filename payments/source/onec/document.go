package onec

import (
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func (p *parser) closeDocument() error {
	v := &p.rec.values
	l := source.Line{Place: p.rec.place, EndToEnd: v[number], Currency: tenge(v[currency]), Purpose: words(v)}
	credit, sum, err := p.direction()
	if err != nil {
		return err
	}
	l.Credit, l.Amount = credit, sum
	if l.Booked, l.Value, err = p.dates(credit); err != nil {
		return err
	}
	s, err := p.sectionOf(credit, l.Booked)
	if err != nil {
		return err
	}
	l.Payer = party(v, credit)
	if len(v[knp]) == 3 && source.Digits(v[knp]) {
		l.KNP = v[knp]
	}
	if len(v[kbk]) == 6 && source.Digits(v[kbk]) {
		l.KBK = v[kbk]
	}
	total := &s.out
	if credit {
		total = &s.in
	}
	if *total, err = total.CheckedAdd(sum); err != nil {
		return p.fault(p.rec.place, source.CodeAmount, "Сумма", "the sum of all is beyond any account")
	}
	if p.visit.Line == nil {
		return nil
	}
	p.line = l
	return p.visit.Line(s.head, &p.line)
}

// direction finds the sum and which way it went: by the key of the sum, or by whose account is ours.
func (p *parser) direction() (credit bool, total money.Amount, err error) {
	v := &p.rec.values
	read := func(k key, field string) (a money.Amount, err error) {
		if v[k] == "" {
			return a, nil
		}
		a, code := amount(v[k])
		if code != "" {
			return a, p.fault(p.rec.place, code, field, "")
		}
		return a, nil
	}
	in, err := read(sumIn, "СуммаПриход")
	if err != nil {
		return false, in, err
	}
	out, err := read(sumOut, "СуммаРасход")
	if err != nil {
		return false, in, err
	}
	ours, theirs := p.ours(v[payeeAccount]), p.ours(v[payerAccount])
	switch {
	case in.IsPositive() && out.IsPositive():
		return false, in, p.fault(p.rec.place, source.CodeInvalid, "СуммаПриход", "the document goes both ways")
	case in.IsPositive() || out.IsPositive():
		credit, total = in.IsPositive(), in.Add(out) // one of them is zero
		if credit && theirs && !ours || !credit && ours && !theirs {
			return false, in, p.fault(p.rec.place, source.CodeInvalid, "СуммаПриход", "the accounts tell the other direction")
		}
		return credit, total, nil
	case v[sum] == "":
		return false, in, p.fault(p.rec.place, source.CodeMissing, "Сумма", "")
	}
	if total, err = read(sum, "Сумма"); err != nil {
		return false, in, err
	}
	switch {
	case ours && !theirs:
		return true, total, nil
	case theirs && !ours:
		return false, total, nil
	case ours:
		if v[receivedDate] != "" && v[spentDate] == "" {
			return true, total, nil
		}
		if v[spentDate] != "" && v[receivedDate] == "" {
			return false, total, nil
		}
		return false, in, p.fault(p.rec.place, source.CodeInvalid, "ПолучательСчет", "both accounts are of this file, and no date tells the direction")
	}
	return false, in, p.fault(p.rec.place, source.CodeInvalid, "ПолучательСчет", "neither account is of this file")
}

func (p *parser) ours(number string) bool {
	number = strings.ReplaceAll(number, " ", "")
	for _, s := range p.sections {
		if s.head.Account == number {
			return true
		}
	}
	return false
}

// dates finds when a document was booked and from when it counts.
func (p *parser) dates(credit bool) (booked, value calendar.Date, err error) {
	v := &p.rec.values
	own := spentDate
	if credit {
		own = receivedDate
	}
	for _, k := range []struct {
		key   key
		field string
	}{{own, "ДатаПоступило"}, {operationDate, "ДатаОперации"}, {documentDate, "Дата"}} {
		if v[k.key] == "" && k.key != documentDate {
			continue
		}
		if booked, err = p.date(p.rec.place, v[k.key], k.field); err != nil {
			return 0, 0, err
		}
		break
	}
	if v[valueDate] == "" {
		return booked, booked, nil
	}
	value, err = p.date(p.rec.place, v[valueDate], "ДатаВалютирования")
	return booked, value, err
}

// sectionOf finds the account and the period to which a document belongs.
func (p *parser) sectionOf(credit bool, booked calendar.Date) (*section, error) {
	number := p.rec.values[payerAccount]
	if credit {
		number = p.rec.values[payeeAccount]
	}
	number = strings.ReplaceAll(number, " ", "")
	if !p.ours(number) { // then all sections must be of one account
		number = ""
	}
	var found *section
	many, accounts := 0, map[string]bool{}
	for _, s := range p.sections {
		accounts[s.head.Account] = true
		if number != "" && s.head.Account != number {
			continue
		}
		many++
		if found == nil || booked >= s.head.From && booked <= s.head.To {
			found = s
		}
	}
	switch {
	case found == nil:
		return nil, p.fault(p.rec.place, source.CodeStructure, "СекцияДокумент", "no section of an account stands before it")
	case number == "" && len(accounts) > 1:
		return nil, p.fault(p.rec.place, source.CodeInvalid, "ПолучательСчет", "the account is none of this file")
	case many > 1 && (booked < found.head.From || booked > found.head.To):
		return nil, p.fault(p.rec.place, source.CodeOutside, "ДатаОперации", booked.String())
	}
	return found, nil
}

func words(v *[keyCount]string) string {
	if v[purpose] != "" {
		return v[purpose]
	}
	var parts []string
	for k := purpose1; k <= purpose6; k++ {
		if v[k] != "" {
			parts = append(parts, v[k])
		}
	}
	return strings.Join(parts, " ")
}

// party is the other side.
func party(v *[keyCount]string, credit bool) source.Party {
	shift := key(0)
	if !credit {
		shift = payeeAccount - payerAccount
	}
	out := source.Party{Name: v[payerName+shift], IIN: v[payerID+shift], IBAN: strings.ReplaceAll(v[payerAccount+shift], " ", ""), BIC: v[payerBank+shift]}
	if out.Name == "" {
		out.Name = v[payerNameShort+shift]
	}
	if !source.IsIIN(out.IIN) {
		out.IIN = ""
	}
	return out
}
