package portal_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/calendar"
)

const timePath = "/p/case/time"

// read gives the words of a PDF.
func read(t *testing.T, pdf string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "pdftotext", "-", "-")
	cmd.Stdin = strings.NewReader(pdf)
	out, err := cmd.CombinedOutput()
	must(t, err)
	return strings.Join(strings.Fields(string(out)), " ")
}

// Who may grant more time, what its decision does, and the application, filled in as far as the case goes.
func TestMoreTime_applicationIsMadeAndNotKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	if !s.Get("/p/case?lang=ru").Has(`a[href="` + timePath + `"]`) {
		t.Error("the case does not lead there")
	}
	page := s.Get(timePath)
	s.wants(t, page, "Можно платить частями", "Алматы қ. Полиция департаменті", "до 1 мес.", "до 3 мес.", "888", "Арест, который уже наложен, останется")
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, c := range []struct{ want, paper, words, says string }{
		{"parts-3", "ru", "Потерял работу,\r\nтрое детей.", "Прошу разрешить уплату частями в течение 3 месяцев"}, {"later-1", "kk", "Жұмыссыз қалдым.", "Төлеуді 1 айға кейінге қалдыруды сұраймын"},
	} {
		got := s.Submit(page, timePath, map[string]string{"want": c.want, "paper": c.paper, "words": c.words})
		if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/pdf" || got.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s: %d %s", c.want, got.Status, got.Text("main"))
		}
		text := read(t, got.Body)
		for _, w := range []string{c.says, "26-0000001-4", "Ахметов Данияр Серікұлы", "Алматы қ. Полиция департаменті", "20 155,00", strings.Fields(c.words)[0]} {
			if !strings.Contains(strings.ReplaceAll(text, "\u00a0", " "), w) {
				t.Errorf("%s: the paper does not say %q: %s", c.want, w, text)
			}
		}
		if strings.Contains(text, p.IIN) {
			t.Error("the paper has the IIN")
		}
	}
	for _, bad := range []struct{ want, paper, words, says string }{
		{"later-2", "ru", "x", "Выберите, о чём просите"},
		{"parts-4", "ru", "x", "Выберите"},
		{"parts-1", "ru", "x", "Выберите"},
		{"", "ru", "x", "Выберите"},
		{"later-1", "en", "x", "Выберите"},
		{"later-1", "ru", " \x00 ", "Напишите, почему"},
		{"later-1", "ru", strings.Repeat("ә", 1001), "слишком длинный"},
	} {
		got := s.post(page, timePath, map[string]string{"want": bad.want, "paper": bad.paper, "words": bad.words})
		s.wants(t, got, bad.says)
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%+.40v: %d", bad, got.Status)
		}
		checkPage(t, got, "ru")
	}
	again := s.post(page, timePath, map[string]string{"want": "parts-2", "paper": "kk", "words": "моё", "speak": "uz"})
	if again.Attr("html", "lang") != "uz" || again.Text("#words") != "моё" || again.Attr(`#want option[selected]`, "value") != "parts-2" || again.Attr(`#paper option[selected]`, "value") != "kk" {
		t.Errorf("another language loses what was typed: %s", again.Outline("#fill"))
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Error("something was kept")
	}
}

// What the issuing body decides stands on the page; a tax has other rules, a case that has ended none, and a helper asks for nothing.
func TestMoreTime_whereThereIsNone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	fine, tax := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{Kind: "tax_order"})
	s.enter(t, tax)
	page := s.Get(timePath + "?lang=ru")
	s.wants(t, page, "порядок для него другой", "Можно платить частями")
	checkPage(t, page, "ru")
	if page.Has("#words") || s.post(page, timePath, map[string]string{"want": "later-1", "paper": "ru", "words": "x"}).Status != http.StatusUnprocessableEntity {
		t.Error("an application about a tax")
	}
	s.enter(t, fine)
	path, code := s.invite(t)
	helper := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	helper.helps(path, code)
	if got := helper.Get(timePath); got.Status != http.StatusForbidden {
		t.Errorf("a helper: %d", got.Status)
	}
	do(engine.ActorCourt, engine.Suspend{Reason: "deferral", Until: calendar.MakeDate(2026, 4, 2)})(t, s, fine.CaseID)
	s.wants(t, s.Get("/p/case?lang=ru"), "Дело приостановлено", "2 апреля")
	must(t, s.Pay(t.Context(), fine.CaseID, 20155))
	if got := s.Get(timePath); got.Status != http.StatusConflict {
		t.Errorf("a case that is paid: %d", got.Status)
	}
}

// Complaint and help say what there is, by the state of the case, to helpers too; the footer leads there.
func TestAdvice_saysWhatThereIs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.Get("/p/case?lang=ru")
	for _, path := range []string{"/p/case/complain", "/p/case/help"} {
		if !page.Has(`main a[href="` + path + `"]`) {
			t.Errorf("the case does not lead to %s", path)
		}
	}
	if !s.Get("/p/case/pay").Has(`footer a[href="/p/case/help"]`) || s.Another().Get("/p/").Has(`footer a[href="/p/case/help"]`) {
		t.Error("the footer leads to help behind the gate, and only there")
	}
	s.wants(t, s.Get("/p/case/complain"), "10 рабочих дней", "ст. 10(5)", "быстрее возразить", "Алматы қ. Полиция департаменті")
	s.wants(t, s.Get("/p/case/help"), "1414", "Не могу заплатить всё сразу", "Это не мой долг")
	for _, l := range i18n.DebtorLangs {
		for name, path := range map[string]string{"complain": "/p/case/complain", "help": "/p/case/help", "time": timePath} {
			shown := s.Get(path + "?lang=" + string(l))
			checkPage(t, shown, string(l))
			testkit.Golden(t, "advice/"+name+"."+string(l)+".txt", []byte(shown.Outline("main")))
		}
	}
	path, code := s.invite(t)
	helper := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	helper.helps(path, code)
	for _, path := range []string{"/p/case/complain", "/p/case/help"} {
		got := helper.Get(path)
		if got.Status != http.StatusOK || got.Has(`main a[href^="/p/case/object"]`) || got.Has(`main a[href="/p/case/refuse"]`) {
			t.Errorf("a helper at %s: %d", path, got.Status)
		}
	}
	must(t, s.Pay(t.Context(), p.CaseID, 20155))
	if got := s.Get("/p/case/complain"); got.Has(`main a[href^="/p/case/object"]`) {
		t.Error("a case that has ended takes objections")
	}
}
