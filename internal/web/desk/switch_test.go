package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"robotbailiff/engine/breaker"
	"robotbailiff/engine/stop"
)

// One person stops after one question, two different ones let it go on; the first page agrees; nothing needs a script.
func TestSwitch_oneStopsTwoRelease(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	second := s.two(t)
	s.wants(t, s.Get("/desk/switch?lang=en").Text("main"), "Nothing is stopped", "Stop measures", "too little to compare yet", "Nothing has been stopped so far")
	second.Get("/desk/switch?lang=en")

	ask := s.Get("/desk/switch/stop?scope=measure:arrest")
	s.wants(t, ask.Text("main"), "Confirm the stop", "Measure: arrests", "Stopped: arrests.", "Payments, lifts, refunds and objections go on", "do not count against debtors")
	if got := s.Submit(ask, "/desk/switch/stop", map[string]string{"reason": " "}); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Say why") {
		t.Errorf("stopped in silence: %d", got.Status)
	}
	submit(t, s.Browser, "/desk/switch/stop?scope=measure:arrest", "/desk/switch/stop", map[string]string{"reason": "INC-7"})
	s.wants(t, s.Get("/desk/switch").Text("main"), "Measure: arrests", "desk:demo", "INC-7", "Two people let it go on")
	s.wants(t, s.Get("/desk/").Text("main"), "The robot is on.", "1 stop is in force.")
	if got := s.Submit(s.Get("/desk/switch/stop?scope=measure:arrest"), "/desk/switch/stop", map[string]string{"reason": "again"}); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "stopped already") {
		t.Errorf("stopped twice: %d", got.Status)
	}
	for _, wrong := range []string{"", "lift", "measure:lift", "bank:"} {
		if got := s.Get("/desk/switch/stop?scope=" + url.QueryEscape(wrong)); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), "There is no such scope") {
			t.Errorf("scope %q: %d", wrong, got.Status)
		}
	}

	const release = "/desk/switch/1/release"
	submit(t, s.Browser, "/desk/switch", release, map[string]string{"reason": "checked"})
	page := s.Get("/desk/switch")
	s.wants(t, page.Text("main"), "desk:demo proposes to go on", "checked")
	if page.Has(`form[action="` + release + `"]`) {
		t.Error("the page offers him to agree to his own proposal")
	}
	form := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "reason": {"me"}, "lang": {"en"}}
	if got := s.Post(release, form); got.Status != http.StatusConflict || !strings.Contains(got.Text(`[role="alert"]`), "Another person") {
		t.Errorf("the same person: %d", got.Status)
	}
	submit(t, second, "/desk/switch", release, map[string]string{"reason": "looked too"})
	s.wants(t, s.Get("/desk/switch").Text("main"), "Nothing is stopped", "INC-7", "released · desk:demo-2", "looked too")
	form.Set("form_token", second.Get("/desk/switch/stop?scope=all").Attr(`input[name="form_token"]`, "value"))
	if got := second.Post("/desk/switch/9/release", form); got.Status != http.StatusNotFound {
		t.Errorf("a stop that never was: %d", got.Status)
	}
	if strings.Contains(s.Get("/desk/").Text("main"), "in force") {
		t.Error("the first page still tells of a stop")
	}
}

// A breaker says in the reader's language what it saw.
func TestSwitch_showsBreakers(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	now, err := s.Clock.Now(t.Context())
	must(t, err)
	f := stop.Figures{Count: 20, Of: 80, Limit: 10}
	_, err = stop.NewStore(s.Pool).Trip(t.Context(), stop.Everything, breaker.Rejects, breaker.Why(breaker.Rejects, f, "en"), f, now)
	must(t, err)
	s.signIn(t)
	for lang, wants := range map[string][]string{
		"kk": {"Барлығы", "сақтандырғыш: Банктердің бас тартуы", "Банктердің 80 жауабының 20 бас тарту"},
		"ru": {"Всё", "предохранитель: Отказы банков", "Отказов банков: 20 из 80 ответов; предел 10 %"},
		"en": {"Everything", "breaker: Refusals of banks", "Banks refused 20 of 80 orders"},
	} {
		page := s.Get("/desk/switch?lang=" + lang)
		if page.Status != http.StatusOK || strings.Contains(page.Text(), "<no value>") {
			t.Errorf("%s: %d", lang, page.Status)
		}
		s.wants(t, page.Text("main"), wants...)
		if got := s.Get("/desk/switch/stop?scope=region:75&lang=" + lang); got.Status != http.StatusOK {
			t.Errorf("the question in %s: %d", lang, got.Status)
		}
	}
	for lang, want := range map[string]string{"kk": "Банктердің 80 жауабының 20 бас тарту", "ru": "Отказов банков: 20 из 80 ответов", "en": "Banks refused 20 of 80 orders"} {
		for _, path := range []string{"/desk/?lang=", "/desk/orders?lang="} {
			s.wants(t, s.Get(path+lang).Text("main"), want)
		}
	}
}
