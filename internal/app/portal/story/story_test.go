package story_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

var kinds = []engine.EventKind{
	engine.EvOpened, engine.EvNoticeRepeated, engine.EvNoticeUnproven, engine.EvNotified, engine.EvReminded, engine.EvArrestOrdered, engine.EvCollectOrdered,
	engine.EvOrderAnswered, engine.EvPaidInPart, engine.EvPaid, engine.EvPaidAfterEnd, engine.EvPaymentReversed, engine.EvRefusalRequested,
	engine.EvRefusalUndone, engine.EvHandedOver, engine.EvAssigned, engine.EvHandoverRecalled, engine.EvCancelled, engine.EvVoided, engine.EvHeld,
	engine.EvSuspended, engine.EvResumed, engine.EvProlonged, engine.EvAdjusted, engine.EvBankHolds, engine.EvAttested, engine.EvRegisterOrdered, engine.EvEntryFound,
	engine.EvObjected, engine.EvObjectionAccepted, engine.EvObjectionDeclined, engine.EvObjectionTold, engine.EvLinkRenewed, engine.EvNotifiedAgain, engine.EvLiftOrdered,
}

// data fills in all that any kind of event may need.
func data() engine.Data {
	d, a := calendar.MakeDate(2026, 12, 21), money.FromTiyn(2015500)
	return engine.Data{
		Reason: "term", Date: &d, Until: &d, Amount: &a, Left: &a, RefundDue: &a,
		Answer: &engine.OrderAnswered{Purpose: engine.Arrest, Ordinal: 1, Answer: engine.Accepted, Sum: a},
	}
}

func say(t *testing.T, texts []i18n.Text, used map[string]bool) {
	t.Helper()
	if len(texts) == 0 {
		t.Error("nothing is said")
	}
	for _, text := range texts {
		used[text.Key] = true
		for _, l := range i18n.DebtorLangs {
			if s, err := i18n.For(l).Say(text); err != nil || s == "" {
				t.Errorf("%s: %v", l, err)
			}
		}
	}
}

func TestSentences_sayEveryEventAndAnswerInThreeLanguages(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, k := range append(kinds, "something_new") {
		say(t, story.Sentences(engine.Event{Kind: k, At: time.Now(), Data: data()}), used)
	}
	for _, g := range engine.ObjectionGrounds {
		d := data()
		d.Reason = string(g)
		say(t, story.Sentences(engine.Event{Kind: engine.EvObjected, Data: d}), used)
	}
	refused, open, zero := data(), data(), data()
	refused.Reason, open.Until, zero.Amount = "refusal", nil, &money.Amount{}
	say(t, story.Sentences(engine.Event{Kind: engine.EvHandedOver, Data: refused}), used)
	say(t, story.Sentences(engine.Event{Kind: engine.EvSuspended, Data: open}), used)
	say(t, story.Sentences(engine.Event{Kind: engine.EvProlonged, Data: open}), used)
	say(t, story.Sentences(engine.Event{Kind: engine.EvPaidAfterEnd, Data: zero}), used)
	say(t, story.Sentences(engine.Event{Kind: engine.EvPaid, Data: zero}), used)
	say(t, story.Sentences(engine.Event{Kind: engine.EvBankHolds, Data: zero}), used)
	other := data()
	other.Reason = engine.GroundOtherPerson
	say(t, story.Sentences(engine.Event{Kind: engine.EvCancelled, Data: other}), used)
	for _, took := range []time.Duration{4 * time.Minute, 5 * time.Hour, 72 * time.Hour} {
		at, lift := time.Now(), engine.OrderAnswered{Purpose: engine.Lift, Ordinal: 1, Answer: engine.Accepted}
		told := story.Tell([]engine.Event{{Kind: engine.EvPaid, At: at, Data: data()}, {Kind: engine.EvOrderAnswered, At: at.Add(took), Data: engine.Data{Answer: &lift}}})
		say(t, told[1], used)
	}
	answers := []engine.Answer{
		engine.Accepted, engine.Partial, engine.NoFunds, engine.Protected, engine.NoAccount, engine.AlreadyDone, engine.Refused, engine.Withdrawn,
	}
	for _, p := range engine.Purposes {
		for _, a := range answers {
			d := data()
			d.Answer.Purpose, d.Answer.Answer = p, a
			say(t, story.Sentences(engine.Event{Kind: engine.EvOrderAnswered, Data: d}), used)
		}
	}
	for _, key := range i18n.For(i18n.KK).Keys() {
		if (strings.HasPrefix(key, "event.") || strings.HasPrefix(key, "answer.")) && !used[key] {
			t.Errorf("no event says %s", key)
		}
	}
}

func TestCitation_isInTheLanguageOfTheReader(t *testing.T) {
	t.Parallel()
	latin := regexp.MustCompile(`[A-Za-z]+`)
	for _, v := range pack.Default().Values() {
		for _, l := range []i18n.Lang{i18n.KK, i18n.RU} {
			got := story.Citation(v.Citation, l)
			for _, w := range latin.FindAllString(got, -1) {
				if w != "IV" && w != "VIII" {
					t.Errorf("%s in %s: %q keeps %q", v.Key, l, got, w)
				}
			}
		}
		if got := story.Citation(v.Citation, i18n.EN); strings.Contains(got, "EL ") || strings.Contains(got, "CAO ") {
			t.Errorf("%s in en: %q", v.Key, got)
		}
	}
}

func TestExplain_writesDatesAndSumsAsPeopleDo(t *testing.T) {
	t.Parallel()
	on := calendar.MakeDate(2026, 3, 2)
	_, step := rules.Fee(pack.Default(), money.FromTiyn(2015500), on)
	got := story.Explain(rules.Trace{step, {Rule: "no.such.rule"}}, pack.Default(), on, i18n.RU)
	if len(got) != 2 || got[1].Text != "no.such.rule" {
		t.Fatalf("steps: %+v", got)
	}
	text := ""
	for _, f := range got[0].Facts {
		text += strings.ReplaceAll(f.Label+"="+f.Value+";", "\u00a0", " ")
	}
	for _, want := range []string{"5 038,75;", "2 марта 2026 г."} {
		if !strings.Contains(text, want) {
			t.Errorf("facts lack %q: %s", want, text)
		}
	}
}
