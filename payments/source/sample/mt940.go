package sample

import (
	"io"
	"strings"
	"unicode/utf8"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// MT940 writes messages without their envelope, with the numbered parts of :86: in lines of at most 65 letters.
func MT940(w io.Writer, parts ...Part) error {
	o := to(w)
	for _, p := range parts {
		h := p.Head
		o.put(":20:", h.ID, "\r\n:25:", h.Account, "\r\n:28C:", h.Number, "\r\n:60F:", mtBalance(h.Opening, h.Currency, h.From), "\r\n")
		for l := range p.Lines {
			o.movement(l)
		}
		o.put(":62F:", mtBalance(h.Closing, h.Currency, h.To), "\r\n-\r\n")
	}
	return o.w.Flush()
}

func mtBalance(a money.Amount, currency string, on calendar.Date) string {
	mark := "C"
	if a.Sign() < 0 {
		mark, a = "D", a.Neg()
	}
	return mark + short(on) + currency + comma(a)
}

func short(d calendar.Date) string { return strings.ReplaceAll(d.String()[2:], "-", "") }

func comma(a money.Amount) string { return strings.Replace(a.String(), ".", ",", 1) }

func (o *out) movement(l *source.Line) {
	mark := map[[2]bool]string{{true, false}: "C", {false, false}: "D", {false, true}: "RC", {true, true}: "RD"}[[2]bool{l.Credit, l.Reversal}]
	ref := l.Ref
	if ref != "" {
		ref = "//" + ref
	}
	o.put(":61:", short(l.Value), short(l.Booked)[2:], mark, l.Currency[2:], comma(l.Amount), "NTRFNONREF", ref, "\r\n")
	var b strings.Builder
	b.WriteString("166?00PAYMENT")
	no := 0
	put := func(s string) {
		b.WriteString("?2" + string(rune('0'+no)) + s)
		no++
	}
	if l.EndToEnd != "" {
		put("EREF+" + l.EndToEnd)
	}
	for i, piece := range pieces("SVWZ+"+l.Purpose, 27) {
		if l.Purpose != "" || i > 0 {
			put(piece)
		}
	}
	for _, f := range [][2]string{{"30", l.Payer.BIC}, {"31", l.Payer.IBAN}} {
		if f[1] != "" {
			b.WriteString("?" + f[0] + f[1])
		}
	}
	for i, piece := range pieces(l.Payer.Name, 27) {
		b.WriteString("?3" + string(rune('2'+i)) + piece)
	}
	o.put(":86:", strings.Join(pieces(b.String(), 65), "\r\n"), "\r\n")
}

// pieces cuts a text into parts of full length, the last one excepted.
func pieces(s string, full int) []string {
	var all []string
	for s != "" {
		n := 0
		for i := 0; i < full && n < len(s); i++ {
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		}
		all = append(all, s[:n])
		s = s[n:]
	}
	return all
}
