//go:build e2e

package chromium

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Package finds an npm package that `make e2e` has fetched.
func Package(tb testing.TB, name string) string {
	tb.Helper()
	folder := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); folder == "" || err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatalf("the npm package %s is not there: run `make e2e`", name)
		}
		tb.Skipf("the npm package %s is not there: run `make e2e`", name)
	}
	return path
}

// rules of axe: WCAG 2.0 to 2.2, A and AA, and its good practice.
const axeRun = `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
 .then(r => r.violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.target.join(" ") + "  " + (n.any.concat(n.all, n.none)[0] || {message: ""}).message).join("\n    ")))`

// Axe holds the page against the rules of axe-core.
func (t *Tab) Axe(name string) {
	t.tb.Helper()
	script, err := os.ReadFile(filepath.Join(Package(t.tb, "axe-core"), "axe.min.js"))
	if err != nil {
		t.tb.Fatal(err)
	}
	t.script(true) // axe waits for timers, which do not run where scripts do not
	defer t.script(t.scripted)
	Eval[int](t, string(script)+";0")
	for _, f := range Eval[[]string](t, axeRun) {
		t.tb.Errorf("%s: axe %s", name, f)
	}
}

// Fits fails when the page is wider than the screen, or something on it is cut off (WCAG 1.4.10).
func (t *Tab) Fits(name string) {
	t.tb.Helper()
	wide := Eval[[]string](t, `[...document.querySelectorAll("body *")].filter(e => { const r = e.getBoundingClientRect(); return r.width > 0 && r.right > screen.width + 1 && getComputedStyle(e).position !== "absolute" })
 .map(e => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().right) + " of " + screen.width + ": " + (e.textContent || "").trim().slice(0, 60))`)
	if len(wide) > 0 {
		t.tb.Errorf("%s: wider than the screen:\n  %s", name, strings.Join(wide, "\n  "))
	}
}

// Targets fails when something to press is smaller than a fingertip: 44 pixels for controls of ours, 24 for any other (WCAG 2.5.8);
// links within sentences are excepted there.
func (t *Tab) Targets(name string) {
	t.tb.Helper()
	small := Eval[[]string](t, `[...document.querySelectorAll("button, input:not([type=hidden]), select, textarea, summary, a.button, nav a")].filter(e => e.checkVisibility()).map(e => { const r = (e.closest("label") || e).getBoundingClientRect(); return [e, Math.round(r.height), Math.round(r.width)] })
 .filter(([e, h, w]) => h < 44 || w < 24).map(([e, h, w]) => e.tagName + " " + (e.innerText || e.name) + " " + w + "x" + h)`)
	for _, s := range small {
		t.tb.Errorf("%s: too small to press: %s", name, s)
	}
}

// Keyboard walks through the page with the tab key: whatever has the focus must be visible and not be covered (WCAG 2.4.7, 2.4.11), and all
// that can be pressed must be reached, in the order of the page.
func (t *Tab) Keyboard(name string) {
	t.tb.Helper()
	// One stop is enough for a group of radio buttons: the arrows go on from there. The keyboard goes on from where the focus was last, even if nothing has it: so it is taken to the page's begin.
	all := Eval[int](t, `(s => { s.tabIndex = -1; document.body.prepend(s); s.focus(); s.remove() })(document.createElement("span")), scrollTo(0, 0), [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(e => e.checkVisibility() && e.tabIndex >= 0 && (e.type !== "radio" || e === (g => g.find(x => x.checked) || g[0])([...e.form.elements].filter(x => x.type === "radio" && x.name === e.name)))).length`)
	last := -1
	reached := 0
	for range all + 2 {
		t.run(chromedp.KeyEvent(kb.Tab))
		got := Eval[focus](t, focusLook)
		if got.Tag == "BODY" {
			break
		}
		if got.At < last {
			break // round again
		}
		last = got.At
		reached++
		if got.Problem != "" {
			t.tb.Errorf("%s: focus on %s %s", name, got.Tag, got.Problem)
		}
	}
	if reached < all {
		t.tb.Errorf("%s: the keyboard reaches %d of %d", name, reached, all)
	}
}

type focus struct {
	Tag     string `json:"tag"`
	Problem string `json:"problem"`
	At      int    `json:"at"` // place in the document
}

const focusLook = `(() => { const e = document.activeElement; if (!e || e === document.body) return {tag: "BODY", problem: "", at: 0};
 const all = [...document.querySelectorAll("*")], r = e.getBoundingClientRect(), s = getComputedStyle(e);
 const x = Math.min(Math.max(r.left + r.width / 2, 0), innerWidth - 1), y = Math.min(Math.max(r.top + Math.min(r.height / 2, 20), 0), innerHeight - 1);
 const top = document.elementFromPoint(x, y); let problem = "";
 if (r.bottom < 1 || r.top > innerHeight - 1) problem = "is outside the screen";
 else if (!top || !(e.contains(top) || top.contains(e) || (e.labels && [...e.labels].some(l => l.contains(top))))) problem = "is covered by " + (top && top.tagName);
 else if (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2) problem = "is not shown";
 return {tag: e.tagName + " " + (e.innerText || e.name || "").slice(0, 40), problem: problem, at: all.indexOf(e)} })()`

// Larger shows the page with letters twice as large (WCAG 1.4.4).
func (t *Tab) Larger() {
	t.tb.Helper()
	Eval[int](t, `document.documentElement.style.fontSize = "200%", 0`)
}

// Valid holds pages, which are files, against html-validate.
func Valid(tb testing.TB, folder string) {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "node", filepath.Join(Package(tb, "html-validate"), "bin", "html-validate.mjs"), //nolint:gosec // a fixed program
		"--config", htmlRules(tb), "--formatter", "text", filepath.Join(folder, "*.html")).CombinedOutput()
	if err != nil {
		tb.Errorf("html-validate: %v\n%s", err, out)
	}
}

func htmlRules(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "html.json")
	// A page as the browser has it has lost how it was written.
	rules := `{"root": true, "extends": ["html-validate:standard"], "rules": {"no-trailing-whitespace": "off", "attribute-boolean-style": "off", "attribute-empty-style": "off", "doctype-style": "off", "void-style": "off", "no-inline-style": "error"}}`
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Scores are what Lighthouse thinks of a page on a phone, in per cent.
type Scores struct{ Performance, Accessibility, BestPractices int }

// String prints them.
func (s Scores) String() string {
	return fmt.Sprintf("performance %d, accessibility %d, best practices %d", s.Performance, s.Accessibility, s.BestPractices)
}
