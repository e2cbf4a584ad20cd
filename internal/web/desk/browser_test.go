//go:build e2e

package desk_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/testkit/chromium"
	"robotbailiff/internal/web/ui/uitest"
)

// busy is a desk with cases of some weeks, and a queue on which something has gone wrong.
func busy(t *testing.T) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	robot, err := jobs.New(jobs.Config{Pool: w.Pool, Clock: w.Clock, Packs: w.Packs, Keys: w.Keys, Log: slog.New(slog.DiscardHandler), Host: "example.kz"})
	must(t, err)
	s := roomOf(t, w, robot, anybody)
	for day := range 24 {
		for i := range 2 + day*day%7 {
			p := s.open(t, uitest.Writ{Region: []string{"75", "71", "10"}[i%3], Amount: int64(9000 + 731*i + 117*day)})
			must(t, s.Notify(t.Context(), p.CaseID))
			if i%3 == 1 {
				must(t, s.Pay(t.Context(), p.CaseID, int64(9000+731*i+117*day)))
			}
			if i%5 == 3 {
				must(t, s.World.Do(t.Context(), p.CaseID, engine.ActorDebtor, engine.RequestRefusal{}))
			}
		}
		s.Clock.Advance(24 * time.Hour)
		must(t, s.Store.Watch(t.Context()))
	}
	for {
		n, err := s.Store.Sweep(t.Context(), 500)
		must(t, err)
		if n == 0 {
			break
		}
	}
	for _, sql := range []string{
		`INSERT INTO river_queue (name, created_at, updated_at) SELECT unnest(ARRAY['lift','money','tills','orders','notify','handover','intake','feed','compare','codes']), now(), now()`,
		`INSERT INTO river_job (kind, queue, state, args, attempt, max_attempts, errors, scheduled_at) VALUES ('orders.send', 'orders', 'retryable', '{"chunk": 12}', 3, 5, ARRAY['{"at": "2026-03-20T05:00:00Z", "attempt": 3, "error": "bank BTBKZ does not answer", "trace": ""}'::jsonb], now())`,
		`INSERT INTO payments (source, txn_id, amount, currency, value_date, received_at) VALUES ('gateway', 'x1', 770000, 'KZT', '2026-03-10', '2026-03-10 05:00+00')`,
	} {
		_, err := s.Pool.Exec(t.Context(), sql)
		must(t, err)
	}
	return s
}

// enter signs in by one click.
func (s stage) enter(tab *chromium.Tab, path string) {
	tab.Go(s.URL(path))
	tab.Press("main form button")
}

func checked(t *testing.T, tab *chromium.Tab, folder, name string) {
	t.Helper()
	tab.Axe(name)
	// Tables of figures scroll within themselves (WCAG 1.4.10 excepts them); nothing else may be wider than the screen.
	for _, wide := range chromium.Eval[[]string](tab, `[...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll") && e.getBoundingClientRect().right > screen.width + 1 && getComputedStyle(e).position !== "absolute").map(e => e.tagName + "." + e.className)`) {
		t.Errorf("%s: wider than the screen: %s", name, wide)
	}
	tab.Targets(name)
	tab.Keyboard(name)
	tab.Shot(name)
	must(t, os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".html"), []byte(tab.HTML()), 0o600))
}

var todayPages = []struct{ name, path string }{
	{"today", "/desk/?period=30"}, {"deadlines", "/desk/deadlines"}, {"robot", "/desk/robot"},
}

// The pages in each language, on a phone and a desk, in the dark, with forced colours: nothing that axe or html-validate finds, nothing cut off.
func TestBrowser_todayDeadlinesRobot(t *testing.T) {
	chrome := chromium.Start(t)
	s := busy(t)
	folder := t.TempDir()
	for name, d := range map[string]chromium.Device{"wide": {Width: 1280, Height: 900, Script: true}, "phone": {}, "dark": {Width: 1280, Dark: true}, "forced": {Width: 1280, Forced: true}} {
		tab := chrome.Tab(t, d)
		s.enter(tab, "/desk/")
		for _, p := range todayPages {
			for _, lang := range []string{"kk", "ru", "en"} {
				if lang != "ru" && name != "wide" {
					continue
				}
				tab.Go(s.URL(p.path + map[bool]string{true: "&", false: "?"}[strings.Contains(p.path, "?")] + "lang=" + lang))
				checked(t, tab, folder, fmt.Sprintf("desk/%s.%s.%s", p.name, name, lang))
			}
		}
	}
	empty := room(t, nil, anybody)
	tab := chrome.Tab(t, chromium.Device{Width: 1280})
	empty.enter(tab, "/desk/?lang=ru")
	checked(t, tab, folder, "desk/today.empty.ru")
	chromium.Valid(t, folder)
}

// Live figures change in their places, and whoever types, has chosen, or has read on is not disturbed: focus, selection, scroll and filter
// stay, no row is pushed in, and what is new is announced.
func TestBrowser_liveFiguresDisturbNobody(t *testing.T) {
	chrome := chromium.Start(t)
	s := busy(t)
	tab := chrome.Tab(t, chromium.Device{Width: 1280, Height: 900, Script: true})
	s.enter(tab, "/desk/?lang=en&region=75&period=7")
	before := tab.Text("#c-s-opened")
	rows := chromium.Eval[int](tab, `document.querySelectorAll("#latest ~ .scroll tbody tr").length`)
	tab.Type("#q", "26-00")
	chromium.Eval[int](tab, `scrollTo(0, 700), window.top0 = document.querySelector("#figures").getBoundingClientRect().top, document.querySelector("#q").setSelectionRange(1, 4), window.was = document.querySelector("#q"), 0`)
	for range 3 {
		s.open(t, uitest.Writ{Region: "75"})
	}
	wait(t, tab, "3 new cases.")
	state := chromium.Eval[string](tab, `[document.activeElement === window.was, document.activeElement.selectionStart, document.activeElement.selectionEnd, document.querySelector("#figures").getBoundingClientRect().top === window.top0, document.querySelector("#q").value, location.search, document.querySelectorAll("#latest ~ .scroll tbody tr").length].join(" ")`)
	if want := fmt.Sprintf("true 1 4 true 26-00 ?lang=en&region=75&period=7 %d", rows); state != want {
		t.Errorf("disturbed: %s, want %s", state, want)
	}
	if after := tab.Text("#c-s-opened"); after == before {
		t.Errorf("the figure has not changed: %s", after)
	}
	tab.Shot("desk/live")
	tab.Axe("live")
	tab.Press("#c-news a")
	if got := tab.Path(); got != "/desk/?lang=en&region=75&period=7" || tab.Text("#c-news") != "" {
		t.Errorf("show leads to %s, %q", got, tab.Text("#c-news"))
	}
	if errs := chromium.Eval[int](tab, `performance.getEntriesByType("resource").filter(r => r.name.includes("/desk/script/")).length`); errs != 2 { // htmx and the keys, each once
		t.Errorf("scripts were loaded %d times", errs)
	}
}

// wait looks at the announcement until it says something.
func wait(t *testing.T, tab *chromium.Tab, words string) {
	t.Helper()
	got := chromium.Eval[string](tab, fmt.Sprintf(`new Promise(done => { const look = () => document.querySelector("#c-news").innerText.includes(%q) ? done("") : 0; new MutationObserver(look).observe(document.querySelector("#c-news"), {childList: true, subtree: true}); setTimeout(() => done(document.querySelector("#c-news").innerText || "nothing"), 20000); look() })`, words))
	if got != "" {
		t.Fatalf("announced: %q", got)
	}
}
