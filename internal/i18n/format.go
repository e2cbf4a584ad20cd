package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// nbsp keeps a sum and a date on one line.
const nbsp = "\u00a0"

// styles are the ways to write a variable besides the plain one: of a date, day (21 December), of (of 21 December 2026,
// before a noun), at (on 21 December), to (to 21 December) and until (until the last minute of it); of an instant, time
// (14:07) and until; of a sum, round (without tiyn when there are none).
var styles = []string{"day", "of", "at", "to", "until", "time", "round"}

// Months are the twelve months in one form.
type months [12]string

// calendarWords are the forms that a language's dates need.
type calendarWords struct{ plain, of, at, to months }

var words = map[Lang]calendarWords{
	KK: {
		plain: months{"қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"},
		of: months{
			"қаңтардағы", "ақпандағы", "наурыздағы", "сәуірдегі", "мамырдағы", "маусымдағы", "шілдедегі", "тамыздағы", "қыркүйектегі",
			"қазандағы", "қарашадағы", "желтоқсандағы",
		},
		at: months{
			"қаңтарда", "ақпанда", "наурызда", "сәуірде", "мамырда", "маусымда", "шілдеде", "тамызда", "қыркүйекте",
			"қазанда", "қарашада", "желтоқсанда",
		},
		to: months{
			"қаңтарға", "ақпанға", "наурызға", "сәуірге", "мамырға", "маусымға", "шілдеге", "тамызға", "қыркүйекке",
			"қазанға", "қарашаға", "желтоқсанға",
		},
	},
	RU: {plain: months{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"}},
	EN: {plain: months{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}},
	KY: {
		plain: months{"январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"},
		of: months{
			"январындагы", "февралындагы", "мартындагы", "апрелиндеги", "майындагы", "июнундагы", "июлундагы", "августундагы", "сентябрындагы",
			"октябрындагы", "ноябрындагы", "декабрындагы",
		},
		at: months{
			"январда", "февралда", "мартта", "апрелде", "майда", "июнда", "июлда", "августта", "сентябрда", "октябрда", "ноябрда", "декабрда",
		},
		to: months{
			"январга", "февралга", "мартка", "апрелге", "майга", "июнга", "июлга", "августка", "сентябрга", "октябрга", "ноябрга", "декабрга",
		},
	},
	UZ: {
		plain: months{"yanvar", "fevral", "mart", "aprel", "may", "iyun", "iyul", "avgust", "sentabr", "oktabr", "noyabr", "dekabr"},
		of: months{
			"yanvardagi", "fevraldagi", "martdagi", "apreldagi", "maydagi", "iyundagi", "iyuldagi", "avgustdagi", "sentabrdagi", "oktabrdagi",
			"noyabrdagi", "dekabrdagi",
		},
		at: months{
			"yanvarda", "fevralda", "martda", "aprelda", "mayda", "iyunda", "iyulda", "avgustda", "sentabrda", "oktabrda", "noyabrda", "dekabrda",
		},
		to: months{
			"yanvarga", "fevralga", "martga", "aprelga", "mayga", "iyunga", "iyulga", "avgustga", "sentabrga", "oktabrga", "noyabrga", "dekabrga",
		},
	},
}

// bends says whether a language bends the name of a month, so that a date says what it is for.
func (p *Printer) bends() bool { return p.lang == KK || p.lang == KY || p.lang == UZ }

// write writes one value.
func (p *Printer) write(v any, style string) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case Text:
		return p.Say(v)
	case int:
		return p.Number(int64(v)), nil
	case int64:
		return p.Number(v), nil
	case money.Amount:
		if style == "round" {
			return p.Round(v), nil
		}
		return p.Money(v), nil
	case calendar.Date:
		return p.date(v, style)
	case time.Time:
		switch style {
		case "":
			return p.Instant(v), nil
		case "time":
			return p.Clock(v), nil
		case "until":
			return p.UntilInstant(v), nil
		}
		return p.date(calendar.DateOf(v), style)
	}
	return "", fmt.Errorf("cannot write a %T", v)
}

func (p *Printer) date(d calendar.Date, style string) (string, error) {
	if d.IsZero() {
		return "", fmt.Errorf("the date is not set")
	}
	switch style {
	case "":
		return p.Date(d), nil
	case "day":
		return p.Day(d), nil
	case "until":
		return p.Until(d), nil
	case "of":
		return p.of(d), nil
	case "at":
		if p.bends() {
			return p.day(d, words[p.lang].at), nil
		}
		return p.Day(d), nil
	case "to":
		if p.bends() {
			return p.day(d, words[p.lang].to), nil
		}
		return p.Day(d), nil
	}
	return "", fmt.Errorf("a date has no style %s", style)
}

func (p *Printer) day(d calendar.Date, m months) string {
	_, month, day := d.YMD()
	gap := nbsp
	if p.lang == KY || p.lang == UZ {
		gap = "\u2011" // a hyphen that does not break
	}
	return strconv.Itoa(day) + gap + m[month-1]
}

// Day writes a date without its year: "21 желтоқсан", "21 декабря", "21 December".
func (p *Printer) Day(d calendar.Date) string { return p.day(d, words[p.lang].plain) }

// Date writes a date with its year: "2026 ж. 21 желтоқсан", "21 декабря 2026 г.", "21 December 2026".
func (p *Printer) Date(d calendar.Date) string {
	year := strconv.Itoa(d.Year())
	switch p.lang {
	case KK:
		return year + nbsp + "ж. " + p.Day(d)
	case RU:
		return p.Day(d) + nbsp + year + nbsp + "г."
	case KY:
		return year + "-ж. " + p.Day(d)
	case UZ:
		return year + "-y. " + p.Day(d)
	case EN:
	}
	return p.Day(d) + nbsp + year
}

// of writes a date before the noun it belongs to; in Russian and English it follows the noun as it is.
func (p *Printer) of(d calendar.Date) string {
	year := strconv.Itoa(d.Year())
	switch p.lang {
	case KK:
		year += nbsp + "жылғы "
	case KY:
		year += "-жылдын "
	case UZ:
		year += "-yil "
	case RU, EN:
		return p.Date(d)
	}
	return year + p.day(d, words[p.lang].of)
}

// Until writes the last minute of a day as a limit: "21 желтоқсан, 23:59 дейін", "до 21 декабря, 23:59".
func (p *Printer) Until(d calendar.Date) string { return p.until(p.Day(d) + ", 23:59") }

// UntilInstant writes an instant as a limit.
func (p *Printer) UntilInstant(t time.Time) string { return p.until(p.Instant(t)) }

func (p *Printer) until(s string) string {
	switch p.lang {
	case KK:
		return s + " дейін"
	case RU:
		return "до " + s
	case KY:
		return s + " чейин"
	case UZ:
		return s + " gacha"
	case EN:
	}
	return "until " + s
}

// Instant writes an instant in Almaty without its year: "21 желтоқсан, 14:07".
func (p *Printer) Instant(t time.Time) string { return p.Day(calendar.DateOf(t)) + ", " + p.Clock(t) }

// Stamp writes an instant in Almaty with its year.
func (p *Printer) Stamp(t time.Time) string { return p.Date(calendar.DateOf(t)) + ", " + p.Clock(t) }

// ISO writes an instant in Almaty for programs.
func ISO(t time.Time) string { return t.In(calendar.Almaty).Format(time.RFC3339) }

// Clock writes the time of day in Almaty.
func (p *Printer) Clock(t time.Time) string { return t.In(calendar.Almaty).Format("15:04") }

// Number writes a whole number with its thousands apart.
func (p *Printer) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	return sign + p.group(s)
}

func (p *Printer) group(digits string) string {
	gap := nbsp
	if p.lang == EN {
		gap = ","
	}
	var b strings.Builder
	for i, c := range digits {
		if left := len(digits) - i; i > 0 && left%3 == 0 {
			b.WriteString(gap)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Money writes a sum with its tiyn: "20 155,00 ₸" in Kazakh and Russian, "20,155.00 KZT" in English.
func (p *Printer) Money(a money.Amount) string { return p.sum(a, true) + p.unit() }

// Round writes a sum without its tiyn when there are none, for buttons.
func (p *Printer) Round(a money.Amount) string {
	_, cents, _ := strings.Cut(a.String(), ".")
	return p.sum(a, cents != "00") + p.unit()
}

// Plain writes a sum with its tiyn and without its unit, where the label names it.
func (p *Printer) Plain(a money.Amount) string { return p.sum(a, true) }

func (p *Printer) unit() string {
	if p.lang == EN {
		return nbsp + "KZT"
	}
	return nbsp + "₸"
}

func (p *Printer) sum(a money.Amount, tiyn bool) string {
	text, negative := strings.CutPrefix(a.String(), "-")
	whole, cents, _ := strings.Cut(text, ".")
	out := p.group(whole)
	if negative {
		out = "−" + out
	}
	point := ","
	if p.lang == EN {
		point = "."
	}
	if tiyn {
		out += point + cents
	}
	return out
}
