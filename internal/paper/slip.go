package paper

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/qr"
	"robotbailiff/rules/money"
)

// Payee is whom a debtor pays through a bank. What is not known is empty, and no line is written for it.
type Payee struct {
	Name string
	BIN  string
	IBAN string
	BIC  string
	KBe  string // code of the beneficiary
	KNP  string // code of the purpose
	KBK  string // code of the budget classification
	KNO  string // code of the revenue body
}

// SlipPaper is what a debtor takes to a branch of a bank.
type SlipPaper struct {
	Lang   i18n.Lang
	Region string
	Case   string
	Debtor string
	Payee  Payee
	Sum    money.Amount // outstanding
	At     time.Time    // when that became the sum
}

// Slip lays out a payment slip: the requisites in words and as a QR code.
func Slip(d SlipPaper) ([]byte, error) {
	if _, known := i18n.Parse(string(d.Lang)); !known || d.Case == "" || d.Region == "" || d.Payee.IBAN == "" || d.Payee.Name == "" || !d.Sum.IsPositive() || d.At.IsZero() {
		return nil, errors.New("paper: a payment slip needs a language, a case, a body, a payee with an account, a sum and its instant")
	}
	code, err := qr.Make(SlipText(d))
	if err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	w := &words{p: i18n.For(d.Lang)}
	title := w.say("paper.slip.title")
	s := newSheet(title+", "+d.Case, string(d.Lang), d.At)
	s.running(title, w.say("paper.number", "number", d.Case))
	s.title(w, d.Region, title)
	s.write(regular, bodySize, faint, w.say("paper.slip.sum"))
	s.write(bold, 20, black, w.p.Money(d.Sum))
	s.write(regular, bodySize, faint, w.say("paper.slip.as_of", "at", w.p.Stamp(d.At)))
	s.space(5)
	t := &table{s: s, widths: []float64{62, bodyWidth - 62}, size: decreeSize, shaded: -1}
	s.line()
	p := d.Payee
	for _, r := range [...]struct{ label, value string }{
		{w.say("paper.slip.name"), p.Name},
		{w.say("paper.slip.bin"), p.BIN},
		{w.say("paper.slip.iban"), p.IBAN},
		{w.say("paper.slip.bic"), p.BIC},
		{w.say("paper.slip.kbe"), p.KBe},
		{w.say("paper.slip.knp"), p.KNP},
		{w.say("paper.slip.kbk"), p.KBK},
		{w.say("paper.slip.kno"), p.KNO},
		{w.say("paper.slip.payer"), d.Debtor},
		{w.say("paper.slip.purpose"), w.say("paper.slip.purpose_text", "number", d.Case)},
	} {
		if r.value != "" {
			t.row(r.label, r.value)
		}
	}
	s.space(6)
	s.code(code, w.say("paper.slip.code"))
	s.space(4)
	s.write(regular, decreeSize, black, w.say("paper.slip.number", "number", d.Case))
	s.space(1.5)
	s.write(regular, decreeSize, black, w.say("paper.slip.closes"))
	s.foot(w.say("paper.foot.case", "number", d.Case), w.page)
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return s.bytes()
}

// SlipText is what the QR code of a slip says: a line for each requisite, in Latin letters and digits alone, since readers guess the
// letters of others. No law fixes the form of such a code, so it is made for people and programs that read lines.
func SlipText(d SlipPaper) string {
	var b strings.Builder
	for _, r := range [...]struct{ name, value string }{
		{"IBAN", d.Payee.IBAN},
		{"BIC", d.Payee.BIC},
		{"BIN", d.Payee.BIN},
		{"KBE", d.Payee.KBe},
		{"KNP", d.Payee.KNP},
		{"KBK", d.Payee.KBK},
		{"KNO", d.Payee.KNO},
		{"SUM", d.Sum.String()},
		{"CUR", "KZT"},
		{"CASE", d.Case},
	} {
		if r.value != "" {
			b.WriteString(r.name + "=" + r.value + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// code draws a QR code with words beside it.
func (s *sheet) code(c qr.Code, text string) {
	const side, gap = 46.0, 6.0
	s.need(side)
	y := s.pdf.GetY()
	s.square(c, left, y, side)
	s.pen(regular, bodySize, faint)
	h := lineOf(bodySize)
	for i, line := range wrap(shown(text), bodyWidth-side-gap, s.pdf.GetStringWidth) {
		s.at(left+side+gap, y+side/float64(c.Size())*4+float64(i)*h, bodyWidth-side-gap, h, "L", line)
	}
	s.pdf.SetXY(left, y+side)
}
