package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// byNumber tries the way in without a link.
func (s stage) byNumber(number, iin, year string) *uitest.Page {
	return s.Submit(s.Get("/p/?lang=ru"), "/p/", map[string]string{"number": number, "iin": iin, "year": year})
}

func TestNumber_opensTheCaseHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	for _, typed := range []string{number, strings.ReplaceAll(number, "-", ""), " № " + strings.ReplaceAll(number, "-", " – "), strings.ReplaceAll(number, "0", "О")} {
		in := stage{World: s.World, Browser: s.Another()}
		got := in.byNumber(typed, p.IIN[8:], p.Year)
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/p/case" {
			t.Fatalf("%q: %d %s", typed, got.Status, got.Text("main"))
		}
		in.wants(t, in.Get("/p/case"), "Ахметов", "20 155,00 ₸")
	}
}

func TestNumber_isCheckedBeforeAnythingIsLookedUp(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	mistyped := number[:11] + string('0'+(number[11]-'0'+1)%10)
	before, err := s.Counts(t.Context())
	must(t, err)
	for typed, want := range map[string]string{
		mistyped: "последняя цифра не сходится", "26-12": "ровно десять цифр", p.IIN: "ИИН сюда писать не нужно", "дело " + number: "только цифры", "00-0000000-0": "Такого номера дела не бывает",
	} {
		got := s.byNumber(typed, p.IIN[8:], p.Year)
		if got.Status != http.StatusUnprocessableEntity || !got.Has("#number[aria-invalid]") || got.Has("#iin[aria-invalid]") || got.Attr("#number", "value") != typed {
			t.Errorf("%q: %d", typed, got.Status)
		}
		s.wants(t, got, want)
		checkPage(t, got, "ru")
	}
	got := s.byNumber(mistyped, "12", "")
	if !got.Has("#number[aria-invalid]") || !got.Has("#iin[aria-invalid]") || !got.Has("#year[aria-invalid]") {
		t.Error("not all mistakes are told at once")
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Error("a number that is none was counted")
	}
}

// A number that no case has, and one of a case that can be seen no more, are told from a wrong answer by nothing.
func TestNumber_saysTheSameOfAllThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, ended := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	must(t, s.Pay(t.Context(), ended.CaseID, 20155))
	s.Clock.Advance(45 * 24 * time.Hour)
	talks := map[string]bool{}
	for number, iin := range map[string]string{caseno.Format(p.CaseID): "9999", caseno.Format(ended.CaseID): ended.IIN[8:], caseno.Format(260_999_999): "9999"} {
		in := stage{World: s.World, Browser: s.Another()}
		talk := ""
		for range 6 {
			got := in.byNumber(number, iin, "1985")
			talk += got.Text("main") + strings.Repeat("!", got.Status)
			if got.Status == http.StatusSeeOther {
				t.Errorf("%s opens", number)
			}
		}
		talks[talk] = true
	}
	if len(talks) != 1 {
		t.Errorf("%d different conversations: a number gives itself away", len(talks))
	}
}

func TestNumber_andLinkAreLockedEachByItself(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, other := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	number := caseno.Format(p.CaseID)
	for i := range 6 {
		want := map[bool]int{true: http.StatusUnprocessableEntity, false: http.StatusTooManyRequests}[i < 4]
		if got := s.byNumber(number, "9999", p.Year); got.Status != want {
			t.Errorf("wrong answer %d gave %d", i+1, got.Status)
		}
	}
	if got := s.byNumber(number, p.IIN[8:], p.Year); got.Status != http.StatusTooManyRequests {
		t.Errorf("the right answer got through the lock: %d", got.Status)
	}
	s.enter(t, p) // the link lives
	path := "/p/" + other.Token
	for range 5 {
		s.Submit(s.Get(path), path, map[string]string{"iin": "9999", "year": other.Year})
	}
	if got := s.byNumber(caseno.Format(other.CaseID), other.IIN[8:], other.Year); got.Status != http.StatusSeeOther {
		t.Errorf("the lock of a link shuts the number: %d", got.Status)
	}
	s.Clock.Advance(24*time.Hour + time.Minute)
	if got := s.byNumber(number, p.IIN[8:], p.Year); got.Status != http.StatusSeeOther {
		t.Errorf("the lock has not ended: %d", got.Status)
	}
}

// The page that tells forgeries apart is at a short address, and linked on every page at the same place.
func TestReal_isLinkedEverywhereAtTheSamePlace(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	out := s.Another()
	s.enter(t, p)
	for _, page := range []*uitest.Page{
		out.Get("/p/"), out.Get("/p/sms"), out.Get("/p/" + p.Token), out.Get("/p/nowhere/at/all"), out.Get("/p/case"), out.Get("/p/stranger"), out.Get("/p/" + p.Token + "/helper"),
		s.Get("/p/case"), s.Get("/p/case/refuse"), s.Get("/p/case/contact"), s.Get("/p/case/helper"),
	} {
		if got := page.Attr(`footer section[aria-labelledby="help"] p:nth-of-type(3) a`, "href"); got != "/p/sms" {
			t.Errorf("the way there is %q: %s", got, page.Text("h1"))
		}
	}
	s.wants(t, out.Get("/p/sms?lang=ru"), "1414.gov.kz", "Отправитель SMS — 1414", "Чего мы никогда не просим", "позвоните по телефону 1414")
	for _, l := range []string{"kk", "ru", "en", "ky", "uz"} {
		page := out.Get("/p/sms?lang=" + l)
		checkPage(t, page, l)
		testkit.Golden(t, "real."+l+".txt", []byte(page.Outline("main")))
	}
}

// After the gate, a case that has ended says where it went, and how to reach who has it.
func TestEnded_saysWhereTheCaseWent(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	for _, step := range []step{notified, later(40 * day), tick, assigned} {
		step(t, s, p.CaseID)
	}
	_, err := s.Pool.Exec(t.Context(), `UPDATE bailiffs SET contact = '+7 727 000 00 00, Алматы, Абай 1'`)
	must(t, err)
	if got := s.byNumber(caseno.Format(p.CaseID), p.IIN[8:], p.Year); got.Status != http.StatusSeeOther {
		t.Fatalf("%d", got.Status)
	}
	s.wants(t, s.Get("/p/case"), "Сейтқали Айнұр, лицензия ЖСО-2711", "Связаться с ним можно так: +7 727 000 00 00, Алматы, Абай 1.")
}
