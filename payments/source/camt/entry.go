package camt

import (
	"strconv"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// entryRecord is one Ntry as far as it was read. All but the words of the bank come before its details.
type entryRecord struct {
	amount                money.Amount
	there, signed, credit bool
	reversal              bool
	status                string
	bookedOn, valueOn     calendar.Date
	ref, info             string
	parts                 int          // details so far
	sum                   money.Amount // of the parts, in the entry's direction
	waiting               bool         // the first part is kept until it is known whether it is the only one
}

func (e *entryRecord) reset() { *e = entryRecord{} }

func (e *entryRecord) booked() bool { return e.status == "BOOK" }

func (x *reader) entryValue(f iso.Field, text, ccy []byte) (err error) {
	e := &x.entry
	if e.parts > 0 && f != entryInfo {
		return x.doc.Fault(source.CodeStructure, "NtryDtls", "a part of the entry stands behind its details")
	}
	switch f {
	case entryAmount:
		e.there = true
		e.amount, err = x.amount(text, ccy, "Amt")
	case entrySign:
		e.signed = true
		e.credit, err = x.credit(text)
	case entryReversal:
		switch string(text) {
		case "true", "1":
			e.reversal = true
		case "false", "0":
		default:
			return x.doc.Fault(source.CodeInvalid, "RvslInd", "neither true nor false")
		}
	case entryStatus, entryStatusCode:
		e.status = string(text)
	case entryBooked, entryValue:
		d, ok := iso.Date(text)
		if !ok {
			field := "BookgDt"
			if f == entryValue {
				field = "ValDt"
			}
			return x.doc.Fault(source.CodeDate, field, "")
		}
		if f == entryBooked {
			e.bookedOn = d
		} else {
			e.valueOn = d
		}
	case entryRef:
		e.ref = reference(text)
	case entryInfo:
		e.info = string(text)
	}
	return err
}

// reference reads an identifier that says nothing when it says that there is none.
func reference(text []byte) string {
	switch s := string(text); s {
	case "NOTPROVIDED", "NONREF", "NOTAVAILABLE":
		return ""
	default:
		return s
	}
}

// complete sees that all that a line needs was said, and gives it to the record.
func (x *reader) complete() error {
	e := &x.entry
	switch {
	case !e.there:
		return x.doc.Fault(source.CodeMissing, "Amt", "")
	case !e.signed:
		return x.doc.Fault(source.CodeMissing, "CdtDbtInd", "")
	}
	switch e.status {
	case "BOOK":
	case "PDNG", "INFO", "FUTR":
		return nil
	case "":
		return x.doc.Fault(source.CodeMissing, "Sts", "")
	default:
		return x.doc.Fault(source.CodeInvalid, "Sts", "none of BOOK, PDNG, INFO, FUTR")
	}
	switch {
	case e.bookedOn.IsZero() && e.valueOn.IsZero():
		return x.doc.Fault(source.CodeMissing, "BookgDt", "")
	case e.bookedOn.IsZero():
		e.bookedOn = e.valueOn
	case e.valueOn.IsZero():
		e.valueOn = e.bookedOn
	}
	return nil
}

func (x *reader) closeEntry() error {
	e := &x.entry
	if e.parts == 0 {
		if err := x.complete(); err != nil {
			return err
		}
	}
	if err := x.sums.add(e); err != nil {
		return x.doc.Fault(source.CodeAmount, "Amt", "the sum of all is beyond any account")
	}
	if !e.booked() {
		x.head.Skipped++
		return nil
	}
	switch {
	case e.parts == 0:
		x.part.reset()
		return x.emit(e.amount, e.credit, e.ref)
	case e.waiting:
		return x.emitOnly()
	case !e.sum.Equal(e.amount):
		return x.doc.Fault(source.CodeBatch, "TxDtls", strconv.Itoa(e.parts)+" parts give "+e.sum.String()+", the entry has "+e.amount.String())
	}
	return nil
}

// emitOnly tells of the one detail of an entry: it has the entry's sum and, without one of its own, its reference.
func (x *reader) emitOnly() error {
	e, p := &x.entry, &x.part
	if p.there && (p.currency == x.head.Currency && !p.amount.Equal(e.amount) || p.signed && p.credit != e.credit) {
		return x.doc.Fault(source.CodeBatch, "TxDtls", "the only part does not have the sum and direction of the entry")
	}
	ref := p.ref
	if ref == "" {
		ref = e.ref
	}
	return x.emit(e.amount, e.credit, ref)
}

// emitPart tells of one detail of several.
func (x *reader) emitPart(no int) error {
	e, p := &x.entry, &x.part
	if !p.there {
		if !p.insideThere {
			return x.doc.Fault(source.CodeMissing, "TxDtls/Amt", "part "+strconv.Itoa(no)+" of a batch has no sum")
		}
		p.amount, p.currency = p.inside, p.insideCurrency
	}
	if p.currency != x.head.Currency {
		return x.doc.Fault(source.CodeCurrency, "TxDtls/Amt", x.head.Currency+" and another")
	}
	if !p.signed {
		p.credit = e.credit
	}
	change := p.amount
	if p.credit != e.credit {
		change = change.Neg()
	}
	var err error
	if e.sum, err = e.sum.CheckedAdd(change); err != nil {
		return x.doc.Fault(source.CodeAmount, "TxDtls/Amt", "the sum of the parts is beyond any account")
	}
	ref := p.ref
	if (ref == "" || ref == e.ref) && e.ref != "" {
		ref = e.ref + "/" + strconv.Itoa(no)
	}
	return x.emit(p.amount, p.credit, ref)
}

// emit tells the visitor of a line made of the entry and the current detail.
func (x *reader) emit(amount money.Amount, credit bool, ref string) error {
	e, p := &x.entry, &x.part
	x.span.add(e.bookedOn)
	if x.visit.Line == nil {
		return nil
	}
	side, other := p.debtor, p.creditor
	if credit == e.reversal {
		side, other = other, side
	}
	if side.IBAN != "" && side.IBAN == x.head.Account { // this bank names the roles by the direction of the reversal
		side = other
	}
	words := p.words
	if len(words) == 0 && p.info != "" {
		words = append(words, p.info)
	}
	if len(words) == 0 && e.info != "" {
		words = append(words, e.info)
	}
	x.line = source.Line{
		Place: x.doc.Place, Ref: ref, EndToEnd: p.endToEnd, Credit: credit, Reversal: e.reversal, Amount: amount, Currency: x.head.Currency,
		Booked: e.bookedOn, Value: e.valueOn, Purpose: strings.Join(words, " "), Payer: side, KNP: p.knp, KBK: p.kbk,
	}
	return x.visit.Line(x.head, &x.line)
}
