package camt

import (
	"io"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
)

// Read tells a visitor the statements of a document. It is a [source.Reader].
func Read(r io.Reader, v source.Visitor) error {
	d, err := iso.Open(r)
	if err != nil {
		return err
	}
	if err := known(d); err != nil {
		return err
	}
	x := &reader{doc: d, visit: v}
	if err := d.Walk(table, x); err != nil {
		return err
	}
	if d.At == 0 {
		return d.Fault(source.CodeMissing, "Stmt", "")
	}
	return nil
}

func known(d *iso.Document) error {
	switch d.Kind {
	case "camt.053", "camt.054":
	case "camt.052":
		return d.Fault(source.CodeKind, "", "camt.052, an account report within the day")
	default:
		return &source.Fault{Code: source.CodeFormat, Detail: "ISO 20022 message " + d.Format()}
	}
	minor, ok := strings.CutPrefix(d.Version, "001.")
	if !ok || len(minor) != 2 || !source.Digits(minor) || minor < "02" || minor > "13" {
		return d.Fault(source.CodeVersion, "", d.Format())
	}
	return nil
}

// reader turns the calls of a walk into statements and lines.
type reader struct {
	doc   *iso.Document
	visit source.Visitor

	head   *source.Statement
	bal    balanceRecord
	open   balanceRecord // opening balance, and closing
	closed balanceRecord
	sums   totals
	span   period // of the bookings

	entry entryRecord
	part  detailRecord
	line  source.Line
}

// Open implements iso.Handler.
func (x *reader) Open(f iso.Field) error {
	switch f {
	case statement:
		x.doc.At++
		x.doc.Place = 0
		x.head = &source.Statement{Format: x.doc.Format()}
		x.open, x.closed, x.sums, x.span = balanceRecord{}, balanceRecord{}, totals{}, period{}
	case balance:
		x.bal = balanceRecord{}
	case entry:
		x.doc.Place++
		x.entry.reset()
	case detail:
		return x.openDetail()
	}
	return nil
}

// Close implements iso.Handler.
func (x *reader) Close(f iso.Field) error {
	switch f {
	case statement:
		return x.closeStatement()
	case balance:
		return x.closeBalance()
	case entry:
		return x.closeEntry()
	case detail:
		return x.closeDetail()
	}
	return nil
}

// Value implements iso.Handler.
func (x *reader) Value(f iso.Field, text, ccy []byte) error {
	switch {
	case f < balance:
		return x.headValue(f, text)
	case f < totalCount:
		return x.balanceValue(f, text, ccy)
	case f < entry:
		return x.totalValue(f, text)
	case f < detail:
		return x.entryValue(f, text, ccy)
	}
	return x.detailValue(f, text, ccy)
}

// credit reads a direction.
func (x *reader) credit(text []byte) (credit bool, err error) {
	switch string(text) {
	case "CRDT":
		return true, nil
	case "DBIT":
		return false, nil
	}
	return false, x.doc.Fault(source.CodeInvalid, "CdtDbtInd", "neither CRDT nor DBIT")
}
