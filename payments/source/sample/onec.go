package sample

import (
	"io"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/onec"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// OneC writes a file with the keys of Kazakhstan's banks, in UTF-8.
func OneC(w io.Writer, parts ...Part) error {
	o := to(w)
	o.put(onec.Header, "\r\nВерсияФормата=2.00\r\nКодировка=UTF-8\r\nОтправитель=Банк\r\nПолучатель=1С\r\n")
	for _, p := range parts {
		h := p.Head
		in, out := money.Zero, money.Zero
		for l := range p.Lines {
			if l.Credit {
				in = in.Add(l.Amount)
			} else {
				out = out.Add(l.Amount)
			}
		}
		o.put("СекцияРасчСчет\r\n")
		o.pairs("ДатаНачала", dotted(h.From), "ДатаКонца", dotted(h.To), "РасчСчет", h.Account)
		o.pairs("НачальныйОстаток", h.Opening.String(), "ВсегоПоступило", in.String(), "ВсегоСписано", out.String(), "КонечныйОстаток", h.Closing.String())
		o.put("КонецРасчСчет\r\n")
	}
	for _, p := range parts {
		for l := range p.Lines {
			o.document(p.Head, l)
		}
	}
	o.put("КонецФайла\r\n")
	return o.w.Flush()
}

func (o *out) pairs(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			o.put(pairs[i], "=", pairs[i+1], "\r\n")
		}
	}
}

func dotted(d calendar.Date) string {
	s := strings.Split(d.String(), "-")
	return s[2] + "." + s[1] + "." + s[0]
}

func (o *out) document(h *source.Statement, l *source.Line) {
	side, own, sum := "Плательщик", "Получатель", "СуммаПриход"
	if !l.Credit {
		side, own, sum = own, side, "СуммаРасход"
	}
	o.put("СекцияДокумент=ПлатежноеПоручение\r\n")
	o.pairs("НомерДокумента", l.EndToEnd, "ДатаДокумента", dotted(l.Booked), "ДатаОперации", dotted(l.Booked), "ДатаВалютирования", dotted(l.Value), sum, l.Amount.String())
	o.pairs(side+"Наименование", l.Payer.Name, side+"БИН_ИИН", l.Payer.IIN, side+"ИИК", l.Payer.IBAN, side+"БанкБИК", l.Payer.BIC, own+"ИИК", h.Account)
	o.pairs("НазначениеПлатежа", l.Purpose, "КодНазначенияПлатежа", l.KNP, "КБК", l.KBK, "Валюта", l.Currency)
	o.put("КонецДокумента\r\n")
}
