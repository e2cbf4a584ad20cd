//go:build e2e

package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/ui/uitest"
)

// follow clicks the first link that a person sees and whose words begin so.
func follow(t *testing.T, tab *chromium.Tab, words string) {
	t.Helper()
	if !chromium.Eval[bool](tab, fmt.Sprintf(`(a => a && (a.id = "followed", true) || false)([...document.querySelectorAll("a[href]")].find(a => a.checkVisibility() && a.innerText.trim().startsWith(%q)))`, words)) {
		t.Fatalf("no link says %q on %s:\n%.1500s", words, tab.Path(), tab.Text("body"))
	}
	tab.Press("#followed")
}

// operators are a desk at which cases of some weeks are, as in a demonstration, and two of them that are asked about.
func operators(t *testing.T) (s stage, tomorrow []string, asked string) {
	t.Helper()
	s = setupFor(t, app.DemoActors)
	open := func(n int, region string) (last uitest.Person) {
		for i := range n {
			last = s.open(t, uitest.Writ{Region: region, Amount: int64(8650 + 1200*i)})
			if i%2 == 0 {
				must(t, s.Notify(t.Context(), last.CaseID))
			}
		}
		return last
	}
	sweep := func(days int) {
		for range days {
			s.Clock.Advance(24 * time.Hour)
			for {
				n, err := s.Store.Sweep(t.Context(), 500)
				must(t, err)
				if n == 0 {
					break
				}
			}
		}
	}
	open(5, "75")
	sweep(26)
	open(4, "71")
	p := s.open(t, uitest.Writ{Region: "75", Amount: 20155})
	sweep(1)
	must(t, s.Notify(t.Context(), p.CaseID))
	sweep(3)
	rows, err := s.Pool.Query(t.Context(), `SELECT id FROM cases WHERE term_ends_on = '2026-04-01' AND ended_at IS NULL ORDER BY id`)
	must(t, err)
	for rows.Next() {
		var id int64
		must(t, rows.Scan(&id))
		tomorrow = append(tomorrow, caseno.Format(id))
	}
	must(t, rows.Err())
	if len(tomorrow) == 0 {
		t.Fatal("nothing is handed over tomorrow")
	}
	return s, tomorrow, caseno.Format(p.CaseID)
}

// A new operator, who knows nothing but the address of the desk, answers which cases are handed over tomorrow and why a case is not arrested
// yet, by what stands on the pages alone.
func TestBrowser_aNewOperatorFindsTheAnswers(t *testing.T) {
	chrome := chromium.Start(t)
	s, tomorrow, asked := operators(t)
	words := map[string][5]string{
		"ru": {"Какие дела передаются завтра: ", "Сегодня", "Что дальше", "Не раньше 4 апреля 2026 г., если долг до этого не уплатят.", "Идёт время на добровольную оплату, последний день 3 апреля. наступит само"},
		"kk": {"Ертең қай істер жеке орындаушыға беріледі: ", "Бүгін", "Әрі қарай", "Қарыз оған дейін төленбесе, ең ертесі 4 сәуірде.", "Өз еркімен төлеу мерзімі әлі өткен жоқ, соңғы күні 3 сәуір. күні келгенде"},
	}
	for name, d := range map[string]chromium.Device{"wide": {Width: 1280, Height: 900}, "phone": {}} {
		for _, lang := range chromium.Of([]string{"ru", "kk"}, "ru") {
			say := words[lang]
			began := time.Now()
			tab := chrome.Tab(t, d)
			tab.Go(s.URL("/desk/?lang=" + lang))
			tab.Press(`button[value="desk:demo"]`)
			tab.Shot("why/1-today." + name + "." + lang)
			follow(t, tab, say[0]+fmt.Sprint(len(tomorrow)))
			tab.Shot("why/2-tomorrow." + name + "." + lang)
			if got := tab.Text("section[aria-labelledby=list] tbody th"); got != strings.Join(tomorrow, " ") {
				t.Errorf("%s %s: handed over tomorrow are %s, want %s", name, lang, got, tomorrow)
			}
			follow(t, tab, say[1])
			tab.Type("#q", asked)
			tab.Enter("#q")
			tab.Tap(`nav.parts a`)
			if got := tab.Text("nav.parts a:first-child"); got != say[2] {
				t.Errorf("the first part of a case is %q", got)
			}
			answer := tab.Text(".next > li:nth-child(2)")
			for _, want := range []string{say[3], say[4]} {
				if !strings.Contains(answer, want) {
					t.Errorf("%s %s: the answer is %q, want %q", name, lang, answer, want)
				}
			}
			tab.Shot("why/3-case." + name + "." + lang)
			if took := time.Since(began); took > time.Minute {
				t.Errorf("the browser alone took %s", took)
			}
		}
	}
}

// The page of a case and the list of keys look finished: axe finds nothing, everything is reached by the keyboard and large enough, nothing is
// cut off, in the dark, with forced colours and letters twice as large too.
func TestBrowser_whyNotYet(t *testing.T) {
	chrome := chromium.Start(t)
	s := setup(t, true)
	people := s.fill(t)
	full := people["enforcing"]
	must(t, s.World.Do(t.Context(), people["notified"].CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundPaid}))
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO case_notes (case_id, author, text, corrects) VALUES ($1, 'desk:demo', E'Звонили из суда: документ верен.\nОтвет обещали в понедельник.', NULL), ($1, 'desk:demo-2', 'Не из суда, из полиции.', 1)`, full.CaseID)
	must(t, err)
	_, err = caselist.New(s.Pool, s.Keys).Unmask(t.Context(), caselist.Who{Name: "desk:demo"}, full.CaseID, "INC-42")
	must(t, err)
	folder := t.TempDir()
	for name, d := range map[string]chromium.Device{"wide": {Width: 1280, Height: 900, Script: true}, "phone": {}, "dark": {Width: 1280, Dark: true}, "forced": {Width: 1280, Forced: true}} {
		tab := chrome.Tab(t, d)
		s.enter(tab, "/desk/")
		for _, lang := range []string{"ru", "kk", "en"} {
			if lang != "ru" && (name != "wide" || lang == "en") {
				continue
			}
			for _, p := range []struct{ what, path string }{{"case", "/desk/cases/" + caseno.Format(full.CaseID)}, {"objected", "/desk/cases/" + caseno.Format(people["notified"].CaseID)}, {"keys", "/desk/keys"}} {
				tab.Go(s.URL(p.path + "?lang=" + lang))
				checked(t, tab, folder, "why/"+p.what+"."+name+"."+lang)
			}
		}
		if name == "phone" {
			tab.Go(s.URL("/desk/cases/" + caseno.Format(full.CaseID) + "?lang=ru"))
			tab.Larger()
			tab.Shot("why/case.larger.ru")
		}
	}
	chromium.Valid(t, folder)
}

// Keys lead where the list says, never while somebody types, also on a keyboard of another script, and not when they are switched off.
func TestBrowser_keysLeadAndDisturbNobody(t *testing.T) {
	chrome := chromium.Start(t)
	s := setup(t, true)
	tab := chrome.Tab(t, chromium.Device{Width: 1280, Height: 900, Script: true})
	s.enter(tab, "/desk/?lang=en")
	for _, x := range []struct{ first, last, path string }{{"g", "d", "/desk/deadlines"}, {"g", "c", "/desk/cases"}, {"g", "t", "/desk/"}, {"", "?", "/desk/keys"}, {"", "/", "/desk/cases"}} {
		tab.Strike(x.first)
		if tab.KeyLeads(x.last); tab.Path() != x.path {
			t.Errorf("%s%s leads to %s", x.first, x.last, tab.Path())
		}
	}
	const focused = `document.activeElement.id`
	if tab.Strike("/"); chromium.Eval[string](tab, focused) != "q" {
		t.Errorf("the focus is on %q", chromium.Eval[string](tab, focused))
	}
	chromium.Eval[int](tab, `document.querySelector("#q").value = "", 0`) // the protocol of the browser types a key even when the page has used it
	if tab.Strike("gt?/"); tab.Path() != "/desk/cases" || chromium.Eval[string](tab, `document.querySelector("#q").value`) != "gt?/" {
		t.Errorf("typing leads to %s, and the box has %q", tab.Path(), chromium.Eval[string](tab, `document.querySelector("#q").value`))
	}
	const press = `document.activeElement.blur(), %s.map(x => document.body.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, cancelable: true, ...x}))).join(" ")`
	for keys, want := range map[string]string{
		`[{key: "g", code: "KeyG"}, {key: "x", code: "KeyX"}, {key: "t", code: "KeyT"}]`:      "true true true", // a key between them forgets the first
		`[{key: "?", code: "Slash", ctrlKey: true}, {key: "/", code: "Slash", altKey: true}]`: "true true",
		`[{key: "/", code: "Slash"}]`: "false", // used, so that it is not typed into the box
		`[{key: ".", code: "Slash"}]`: "true",  // the point of a Russian keyboard is a point
	} {
		if got := chromium.Eval[string](tab, fmt.Sprintf(press, keys)); got != want || tab.Path() != "/desk/cases" {
			t.Errorf("%s: let through %s, at %s", keys, got, tab.Path())
		}
	}
	if got := chromium.Eval[string](tab, fmt.Sprintf(press, `[{key: "п", code: "KeyG"}, {key: "Shift", code: "ShiftLeft", shiftKey: true}]`)); got != "true true" {
		t.Errorf("the first of two keys is swallowed: %s", got)
	}
	tab.Go(s.URL("/desk/keys"))
	tab.Press(`button[name=single]`)
	tab.Strike("gd")
	if tab.Path() != "/desk/keys" || chromium.Eval[int](tab, `document.scripts.length`) != 0 {
		t.Errorf("keys that are switched off lead to %s", tab.Path())
	}
}
