package paper

import (
	"errors"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/qr"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// ReceiptPaper is the receipt for a payment. It names no person: who holds it can have it checked by its code.
type ReceiptPaper struct {
	Lang             i18n.Lang
	Case             string
	Document, Issuer string // what was enforced; the issuer may be empty
	Amount           money.Amount
	On               calendar.Date // of value
	Received         time.Time
	Code             string // check code
	Verify, Check    string // where to type the code, and the address that holds it already
}

// qrSide is the side of the square with the QR code, in millimetres.
const qrSide = 42.0

// Receipt lays out a receipt on one page. The same receipt always gives the same bytes.
func Receipt(d ReceiptPaper) ([]byte, error) {
	if d.Case == "" || d.Code == "" || d.Verify == "" || d.Check == "" || !d.Amount.IsPositive() || d.On.IsZero() || d.Received.IsZero() {
		return nil, errors.New("paper: a receipt needs a case, a sum, its days and a code")
	}
	code, err := qr.Make(d.Check)
	if err != nil {
		return nil, err
	}
	p := i18n.For(d.Lang)
	w := &words{p: p}
	s := newSheet(w.say("receipt.title", "number", d.Case), string(d.Lang), d.Received)
	s.write(regular, bodySize, faint, w.say("receipt.from"))
	s.space(3)
	s.write(bold, 16, accent, w.say("receipt.title", "number", d.Case))
	s.space(6)
	s.write(bold, 24, black, p.Money(d.Amount))
	s.space(6)
	t := table{s: s, widths: []float64{58, bodyWidth - 58}, size: 10.5, shaded: -1}
	s.line()
	t.row(w.say("receipt.case"), d.Case)
	if d.Document != "" {
		t.row(w.say("receipt.document"), d.Document)
	}
	if d.Issuer != "" {
		t.row(w.say("receipt.issuer"), d.Issuer)
	}
	t.row(w.say("receipt.sum"), p.Money(d.Amount))
	t.row(w.say("receipt.on"), p.Date(d.On))
	t.row(w.say("receipt.booked"), p.Stamp(d.Received))
	t.row(w.say("receipt.code"), d.Code)
	s.space(8)
	y := s.pdf.GetY()
	s.square(code, left, y, qrSide)
	s.pen(regular, bodySize, black)
	const beside = left + qrSide + 6
	for _, l := range wrap(shown(w.say("receipt.check", "address", d.Verify)), pageWidth-right-beside, s.pdf.GetStringWidth) {
		s.at(beside, y+2, pageWidth-right-beside, lineOf(bodySize), "L", l)
		y += lineOf(bodySize)
	}
	s.pdf.SetXY(left, max(y, s.pdf.GetY())+qrSide)
	if w.err != nil {
		return nil, w.err
	}
	return s.bytes()
}

// square draws a QR code whose side has a length.
func (s *sheet) square(code qr.Code, x, y, side float64) {
	unit := side / float64(code.Size())
	s.pdf.SetFillColor(0, 0, 0)
	code.Runs(func(cx, cy, n int) {
		s.pdf.Rect(x+float64(cx)*unit, y+float64(cy)*unit, float64(n)*unit, unit, "F")
	})
}
