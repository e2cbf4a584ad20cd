package paper

import (
	"errors"
	"fmt"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/rules/money"
)

// Application asks the body that took a decision for more time to pay it. It is the debtor's own paper: what the house does not have to tell,
// such as the number of the person, the address and the telephone, is left to be written by hand.
type Application struct {
	Lang    i18n.Lang // kk or ru
	Region  string    // of the department of justice that has the case
	Case    string
	Debtor  string
	Writ    Writ
	Sum     money.Amount // outstanding
	Parts   bool         // to pay in parts; else later
	Months  int
	Article string // on which it may be granted
	Words   string // of the debtor
	At      time.Time
}

// MakeApplication lays out an application for more time.
func MakeApplication(d Application) ([]byte, error) {
	if d.Lang != i18n.KK && d.Lang != i18n.RU || d.Case == "" || d.Region == "" || d.Debtor == "" || d.Writ.Document == "" || !d.Sum.IsPositive() || d.Months < 1 || d.At.IsZero() {
		return nil, errors.New("paper: an application needs a language of proceedings, a case, a body, a person, a decision, a sum, months and an instant")
	}
	w := &words{p: i18n.For(d.Lang)}
	kind, title := "paper.application.deferral", w.say("paper.application.deferral_title")
	if d.Parts {
		kind, title = "paper.application.instalments", w.say("paper.application.instalments_title")
	}
	s := newSheet(title+", "+d.Case, string(d.Lang), d.At)
	to := d.Writ.Issuer
	if to == "" {
		to = w.say("paper.application.issuer")
	}
	for _, line := range []string{
		w.say("paper.application.to", "issuer", to), w.say("paper.application.from", "name", d.Debtor),
		w.say("paper.application.iin") + blank, w.say("paper.application.address") + blank, w.say("paper.application.phone") + blank,
	} {
		s.write(regular, decreeSize, black, line)
		s.space(1)
	}
	s.space(8)
	s.write(bold, 15, accent, title)
	s.space(4)
	para := func(text string) {
		s.write(regular, decreeSize, black, text)
		s.space(2)
	}
	document := "№\u00a0" + d.Writ.Document
	if !d.Writ.Date.IsZero() {
		document += ", " + w.p.Date(d.Writ.Date)
	}
	para(w.say("paper.application.decision", "document", document))
	para(w.say("paper.application.case", "number", d.Case, "body", w.of("paper.body.", d.Region), "sum", d.Sum))
	para(w.say(kind, "article", d.Article, "n", d.Months))
	s.part(w.say("paper.application.why"))
	para(d.Words)
	para(w.say("paper.application.tell"))
	s.space(10)
	s.ends(regular, decreeSize, black, w.say("paper.application.day")+" ____________________", w.say("paper.application.sign")+" ____________________")
	s.foot(w.say("paper.foot.case", "number", d.Case), w.page)
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return s.bytes()
}

const blank = " ________________________________________"
