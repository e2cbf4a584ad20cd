package camt

import (
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
	"robotbailiff/rules/money"
)

// maxWords bounds what the payer may have written, in bytes over all parts.
const maxWords = 8 << 10

// detailRecord is one TxDtls. The sum inside AmtDtls is asked only where the detail has none of its own, as in 001.02.
type detailRecord struct {
	ref, endToEnd         string
	there, signed, credit bool
	amount                money.Amount
	currency              string
	insideThere           bool
	inside                money.Amount
	insideCurrency        string
	debtor, creditor      source.Party
	knp, kbk              string
	words                 []string
	length                int
	info                  string
}

func (p *detailRecord) reset() { *p = detailRecord{words: p.words[:0]} }

func (x *reader) openDetail() error {
	e := &x.entry
	if e.parts == 0 {
		if err := x.complete(); err != nil {
			return err
		}
	}
	if e.waiting { // so it is not the only one
		e.waiting = false
		if err := x.emitPart(1); err != nil {
			return err
		}
	}
	e.parts++
	x.part.reset()
	return nil
}

func (x *reader) closeDetail() error {
	switch e := &x.entry; {
	case !e.booked():
		return nil
	case e.parts == 1:
		e.waiting = true
		return nil
	default:
		return x.emitPart(e.parts)
	}
}

func (x *reader) detailValue(f iso.Field, text, ccy []byte) (err error) {
	p := &x.part
	switch f {
	case detailRef:
		p.ref = reference(text)
	case detailEndToEnd:
		p.endToEnd = reference(text)
	case detailAmount:
		p.there = true
		p.amount, p.currency, err = x.partAmount(text, ccy)
	case detailAmountInside:
		p.insideThere = true
		p.inside, p.insideCurrency, err = x.partAmount(text, ccy)
	case detailSign:
		p.signed = true
		p.credit, err = x.credit(text)
	case detailPurposeCode:
		if len(text) == 3 && source.Digits(string(text)) {
			p.knp = string(text)
		}
	case detailTaxCategory:
		if len(text) == 6 && source.Digits(string(text)) {
			p.kbk = string(text)
		}
	case detailWords, detailReference, detailWordsMore:
		return x.word(text)
	case detailInfo:
		p.info = string(text)
	default:
		x.party(f, text)
	}
	return err
}

func (x *reader) partAmount(text, ccy []byte) (sum money.Amount, currency string, err error) {
	sum, code := source.ParseAmount(string(text))
	switch {
	case code != "":
		return sum, "", x.doc.Fault(code, "TxDtls/Amt", "")
	case len(ccy) == 0:
		return sum, "", x.doc.Fault(source.CodeMissing, "TxDtls/Amt/@Ccy", "")
	case string(ccy) == x.head.Currency:
		return sum, x.head.Currency, nil
	}
	return sum, string(ccy), nil
}

func (x *reader) word(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	p := &x.part
	if p.length += len(text) + 1; p.length > maxWords {
		return x.doc.Fault(source.CodeLong, "RmtInf", "")
	}
	p.words = append(p.words, string(text))
	return nil
}

func (x *reader) party(f iso.Field, text []byte) {
	side := &x.part.debtor
	if f >= creditorName {
		side, f = &x.part.creditor, f-creditorName+debtorName
	}
	switch s := string(text); f {
	case debtorName:
		side.Name = s
	case debtorID:
		if side.IIN == "" && source.IsIIN(s) {
			side.IIN = s
		}
	case debtorIBAN:
		side.IBAN = s
	case debtorAccount:
		if side.IBAN == "" {
			side.IBAN = s
		}
	case debtorBIC:
		side.BIC = s
	}
}
