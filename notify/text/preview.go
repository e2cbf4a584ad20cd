package text

import (
	"strings"
	"time"
	"unicode/utf8"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// sampleLink has the length of every token, and opens nothing.
const sampleLink = "AbCdEfGhIjKlMnOpQrStUv"

// LongestHost is a host of the length up to which budgets are kept.
const LongestHost = "portal.gov.kz"

// Longest gives facts that take the most room and can still occur: sums just under the limit
// of small claims with tiyn, the longest host, a day and a month of two figures.
func Longest(k Kind) Facts {
	f := Facts{
		Case: "26-0012345-7", Host: LongestHost, Token: sampleLink, Initials: "Щ.Щ.",
		Amount: money.FromTiyn(8_649_999), Outstanding: money.FromTiyn(8_649_999), Until: calendar.MakeDate(2026, 12, 21),
	}
	if k == HandedOver {
		f.Bailiff = "Нұрмұхаммедова Қарлығаш Жақсылыққызы"
	}
	if k == Refusal {
		f.UndoUntil = time.Date(2026, 12, 21, 17, 59, 0, 0, time.UTC)
	}
	if k == ObjectionDeclined {
		f.Reason = longestReason
	}
	return f
}

// shortest gives facts that take the least room.
func shortest(k Kind) Facts {
	f := Longest(k)
	f.Host, f.Initials = "1414.kz", "А."
	f.Amount, f.Outstanding = money.FromTiyn(100), money.FromTiyn(100)
	f.Until = calendar.MakeDate(2026, 5, 1)
	if k == Refusal {
		f.UndoUntil = time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)
	}
	if k == ObjectionDeclined {
		f.Reason = "sum_right"
	}
	return f
}

// Preview is how a wording looks with some values.
type Preview struct {
	SMS         []PreviewSMS
	Budget      int // parts
	Title, Body string
	TitleLength int // characters
	BodyLength  int

	LetterHeading string // empty: this kind never goes by post
	Letter        []string
}

// PreviewSMS is one of the messages of a wording.
type PreviewSMS struct {
	Text  string // empty: a value is missing, so that it is passed over
	Units int
	GSM   bool
	Parts int
	Sent  bool // this is the one that is sent
}

// Show fills a wording in, every message of it. A line whose placeholders cannot be read shows
// nothing.
func Show(k Kind, lang string, w Wording, f Facts) Preview {
	p := Preview{Budget: Budget(k)}
	l, ok := BuiltIn().languages[lang]
	if !ok {
		return p
	}
	sms, push := l.values(f, l.sms), l.values(f, l.push)
	messages := readable(w.SMS)
	_, at := messages.shortest(&sms, p.Budget)
	for i, s := range messages {
		text, _ := s.fill(&sms)
		m := PreviewSMS{Text: text, Parts: Parts(text), Sent: i == at}
		m.Units, m.GSM = Length(text)
		p.SMS = append(p.SMS, m)
	}
	p.Title, p.Body = readable([]string{w.Title}).all(&push), readable(w.Body).all(&push)
	if heading, rest := (&compiled{letter: readable(w.Letter)}).letterOf(&push); heading != "" {
		p.LetterHeading, p.Letter = heading, strings.Split(rest, "\n\n")
	}
	p.TitleLength, p.BodyLength = utf8.RuneCountInString(p.Title), utf8.RuneCountInString(p.Body)
	return p
}

// readable cuts the lines that can be cut; the others become empty sentences, which are passed over.
func readable(lines []string) passage {
	p := make(passage, len(lines))
	for i, line := range lines {
		if one, err := cutAll(line); err == nil {
			p[i] = one[0]
		}
	}
	return p
}
