package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/text"
)

const editReminder = "/desk/texts/edit?kind=reminder&language=ru"

// words are a reminder in Russian with another first sentence of the push.
func words(first string) map[string]string {
	w := text.BuiltIn().Words()["ru"][text.Reminder]
	w.Body[0] = first
	sms, title, body, _ := w.Lines()
	return map[string]string{"sms": sms, "title": title, "body": strings.ReplaceAll(body, "\n", "\r\n"), "lang": "en"}
}

// two signs two operators in.
func (s stage) two(t *testing.T) (second *uitest.Browser) {
	t.Helper()
	second = s.Another()
	s.signIn(t)
	if got := second.Submit(second.Get("/desk/texts"), "/desk/sign-in", map[string]string{"person": "desk:demo-2"}); got.Status != http.StatusSeeOther {
		t.Fatalf("the second operator: %d", got.Status)
	}
	return second
}

func submit(t *testing.T, b *uitest.Browser, page, action string, fill map[string]string) {
	t.Helper()
	if got := b.Submit(b.Get(page), action, fill); got.Status != http.StatusSeeOther {
		t.Fatalf("%s: %d\n%s", action, got.Status, got.Text("main"))
	}
}

func TestTexts_twoPeopleChangeThem(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	second := s.two(t)
	s.wants(t, s.Get("/desk/texts?lang=en").Text("main"), "Version 1 is in force", "built into the program", "You have changed nothing yet")
	second.Get("/desk/texts?lang=en")

	// several changes are collected
	submit(t, s.Browser, editReminder, editReminder, words("Долг по этому делу ещё не оплачен."))
	paid := text.BuiltIn().Words()["ru"][text.Paid]
	paid.Body[2] = "Большое спасибо."
	sms, title, body, _ := paid.Lines()
	edit := "/desk/texts/edit?kind=paid&language=ru"
	submit(t, s.Browser, edit, edit, map[string]string{"sms": sms, "title": title, "body": body})
	s.wants(t, s.Get(edit+"&kept=1").Text("main"), "Saved to your changes", "These words are good to send", "Большое спасибо.")
	s.wants(t, s.Get("/desk/texts").Text("main"), "Reminder, Russian", "Paid, Russian", "Compare and send")
	if strings.Contains(second.Get("/desk/texts").Text("main"), "Reminder, Russian") {
		t.Error("one sees the other's changes before they are sent")
	}

	draft := s.Get("/desk/texts/draft")
	s.wants(t, draft.Text("main"), "compared with version 1", "Another person has to approve")
	if del, ins := draft.Text("del"), draft.Text("ins"); !strings.Contains(ins, "этому") || !strings.Contains(ins, "Большое спасибо.") || !strings.Contains(del, "Спасибо.") {
		t.Errorf("taken out %q, put in %q", del, ins)
	}
	submit(t, s.Browser, "/desk/texts/draft", "/desk/texts/draft", map[string]string{"reason": "kinder"})

	// one person is not enough
	page := s.Get("/desk/texts/2")
	s.wants(t, page.Text("main"), "Waits for a second person", "This is your proposal", "kinder")
	if page.Has(`form[action="/desk/texts/2/approve"]`) {
		t.Error("the page offers him to approve his own words")
	}
	form := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "reason": {"me"}, "lang": {"en"}}
	if got := s.Post("/desk/texts/2/approve", form); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Another person") {
		t.Errorf("the same person: %d", got.Status)
	}
	// the second one refuses only with a reason, and approves
	page = second.Get("/desk/texts/2?lang=en")
	s.wants(t, page.Text("main"), "desk:demo proposes this version", "until 3 March", "этому")
	if got := second.Submit(page, "/desk/texts/2/approve", map[string]string{"form_token": "x"}); got.Status != http.StatusForbidden {
		t.Errorf("without the form's token: %d", got.Status)
	}
	form.Set("form_token", page.Attr(`input[name="form_token"]`, "value"))
	form.Set("reason", " ")
	if got := second.Post("/desk/texts/2/reject", form); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Say why") {
		t.Errorf("rejected in silence: %d", got.Status)
	}
	submit(t, second, "/desk/texts/2", "/desk/texts/2/approve", nil)
	s.wants(t, s.Get("/desk/texts").Text("main"), "Version 2 is in force", "desk:demo-2", "Was in force", "kinder", "You have changed nothing yet")
	if got := second.Submit(page, "/desk/texts/2/approve", nil); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "does not wait") {
		t.Errorf("approved again from an old page: %d", got.Status)
	}
	// the words of before can be taken up again
	submit(t, second, "/desk/texts/1", "/desk/texts/1/take", nil)
	s.wants(t, second.Get("/desk/texts/draft").Text("del"), "этому", "Большое")
	if got := second.Submit(second.Get("/desk/texts/1"), "/desk/texts/1/take", nil); got.Header.Get("Location") != "/desk/texts/draft" {
		t.Errorf("taken twice: %d", got.Status)
	}
	submit(t, second, "/desk/texts/draft", "/desk/texts/discard", nil)
	for _, l := range []string{"kk", "ru", "en"} {
		for _, path := range []string{"/desk/texts?", "/desk/texts/1?", "/desk/texts/2?", "/desk/texts/draft?", editReminder + "&"} {
			if got := s.Get(path + "lang=" + l); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
				t.Errorf("%s in %s: %d", path, l, got.Status)
			}
		}
	}
}

func TestTexts_saysWhatIsWrongAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.signIn(t)
	page := s.Get(editReminder + "&lang=en")
	s.wants(t, page.Text("#look"), "These words are good to send", "86499,99", "SMS parts: 1", "this one is sent")
	s.wants(t, s.Get("/desk/texts/edit?kind=reminder&language=kk").Text("#look"), "Length: 79, SMS parts: 2 · at most 1, so the next one is tried", "Length: 69, SMS parts: 1 · this one is sent")

	// what is only wrong is kept, shown and not sent
	submit(t, s.Browser, editReminder, editReminder, words("Уважаемый {name}, долг не оплачен."))
	page = s.Get(editReminder)
	s.wants(t, page.Text("#look"), "1 thing to mend", "Push text 1: There is no such value: {name}", "Take one of the values")
	s.wants(t, page.Text("textarea"), "Уважаемый {name}, долг не оплачен.")
	draft := s.Get("/desk/texts/draft")
	s.wants(t, draft.Text("main"), "There is no such value: {name}")
	if draft.Has(`form[action="/desk/texts/draft"]`) {
		t.Error("words that are not good yet can be sent")
	}
	// what may not be kept is shown again as it was typed
	got := s.Submit(page, editReminder, words("Ваш ИИН 850101300075."))
	if got.Status != http.StatusUnprocessableEntity {
		t.Fatalf("an IIN: %d", got.Status)
	}
	s.wants(t, got.Text("main"), "This was not saved", "There is a long number", "850101300075")
	if strings.Contains(s.Get(editReminder).Body, "850101300075") {
		t.Error("the number was kept")
	}
	// a form beside words that are not in force any more
	fill := words("Долг ещё не оплачен.")
	fill["base"] = "7"
	if got := s.Submit(page, editReminder, fill); got.Status != http.StatusConflict || !strings.Contains(got.Text("textarea"), "Долг ещё не оплачен.") {
		t.Errorf("a stale form: %d", got.Status)
	}
	fill = words("<b>Долг</b> & ещё")
	submit(t, s.Browser, editReminder, editReminder, fill)
	if got := s.Get(editReminder); strings.Contains(got.Body, "<b>Долг") {
		t.Error("words are taken for HTML")
	}
	for _, path := range []string{"/desk/texts/edit?kind=greeting&language=ru", "/desk/texts/99", "/desk/texts/0", "/desk/texts/x"} {
		if got := s.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if got := s.Another().Get("/desk/texts"); got.Status != http.StatusForbidden {
		t.Errorf("a stranger: %d", got.Status)
	}
	submit(t, s.Browser, editReminder, "/desk/texts/discard", nil)
	s.wants(t, s.Get("/desk/texts").Text("main"), "You have changed nothing yet")
}

func TestTexts_showsARealCase(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{Amount: 12345})
	s.signIn(t)
	number := caseno.Format(p.CaseID)
	page := s.Get("/desk/texts/edit?kind=opening&language=ru&lang=en&case=" + number)
	s.wants(t, page.Text("section"), "дело "+number+" (А.Д.), долг 12345 тг")
	if strings.Contains(page.Body, p.Token) || strings.Contains(page.Body, "Ахметов") {
		t.Error("the page shows the person, or a link that opens the case")
	}
	if got := s.Get("/desk/texts/edit?kind=opening&language=ru&lang=en&case=26-1"); got.Status != http.StatusOK || !strings.Contains(got.Text(`[role="alert"]`), "There is no such case") {
		t.Errorf("no such case: %d", got.Status)
	}
}

func TestTexts_countsWhatWasSent(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	p := s.open(t, uitest.Writ{})
	for i, attempts := range []int{0, 1, 2} {
		_, err := s.Pool.Exec(t.Context(), `INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, attempts, denied, not_before, expires_at, created_at, sent_at)
VALUES ($1, $2, 'sms', 'opening', 'kk', 1, '{}', 'created', $3, 0, $4, $5, $4, $4)`, p.CaseID, i+1, attempts, uitest.Morning, uitest.Morning.Add(time.Hour))
		must(t, err)
	}
	s.signIn(t)
	s.wants(t, s.Get("/desk/texts/1?lang=en").Text("main"), "Notices sent with this version: 2")
}

func TestTexts_areAsTheyWere(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	second := s.two(t)
	submit(t, s.Browser, editReminder, editReminder, words("Долг по этому делу ещё не оплачен."))
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "textedit."+l+".txt", []byte(s.Get(editReminder+"&lang="+l).Outline("main")))
	}
	submit(t, s.Browser, "/desk/texts/draft", "/desk/texts/draft", map[string]string{"reason": "так яснее"})
	for _, l := range []string{"kk", "ru", "en"} {
		testkit.Golden(t, "text."+l+".txt", []byte(second.Get("/desk/texts/2?lang="+l).Outline("main")))
		testkit.Golden(t, "texts."+l+".txt", []byte(second.Get("/desk/texts?lang="+l).Outline("main")))
	}
}
