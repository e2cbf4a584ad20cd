//go:build e2e

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// textBrowser is lynx with a jar for its cookies. A page is as long as its terminal, so that the down arrow leads from each link or field to the
// next one.
type textBrowser struct {
	t   *testing.T
	dir string
}

func (b textBrowser) run(args ...string) string {
	b.t.Helper()
	jar, cfg := filepath.Join(b.dir, "cookies"), filepath.Join(b.dir, "lynx.cfg")
	if err := os.WriteFile(cfg, []byte("PERSISTENT_COOKIES:TRUE\nACCEPT_ALL_COOKIES:TRUE\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	args = append([]string{"-cfg=" + cfg, "-cookie_file=" + jar, "-cookie_save_file=" + jar, "-display_charset=utf-8", "-assume_charset=utf-8"}, args...)
	cmd := exec.CommandContext(b.t.Context(), "lynx", args...)
	cmd.Env = append(os.Environ(), "TERM=vt100", "LINES=600", "COLUMNS=120", "LANG=C.UTF-8", "HOME="+b.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("lynx %v: %v\n%.2000s", args, err, out)
	}
	return string(out)
}

// reads gives a page as it is read.
func (b textBrowser) reads(address string) string { b.t.Helper(); return b.run("-dump", address) }

// says reads a page that must say something.
func (b textBrowser) says(address string, words ...string) {
	b.t.Helper()
	page := strings.Join(strings.Fields(b.reads(address)), " ")
	for _, w := range words {
		if !strings.Contains(page, w) {
			b.t.Fatalf("%s does not say %q:\n%s", address, w, page)
		}
	}
}

// step is one thing that a person does on a page: what is typed into a field, or nothing to press what is there.
type step struct{ at, typed string }

var (
	stops  = cascadia.MustCompile(`a[href], button, input:not([type="hidden"]), select, textarea`)
	keyOf  = map[rune]string{' ': "<space>"}
	enters = "key ^J\n"
)

// does opens a page and goes from step to step, in the order of the page, by the keys of a keyboard.
func (b textBrowser) does(address string, steps ...step) {
	b.t.Helper()
	page, err := html.Parse(strings.NewReader(b.run("-source", address)))
	if err != nil {
		b.t.Fatal(err)
	}
	all := cascadia.QueryAll(page, stops)
	var keys strings.Builder
	here := 0
	for _, s := range steps {
		to := slices.Index(all, cascadia.Query(page, cascadia.MustCompile(s.at)))
		if to < here {
			b.t.Fatalf("%s has no %s after what was done before", address, s.at)
		}
		keys.WriteString(strings.Repeat("key Down Arrow\n", to-here))
		here = to
		for _, c := range s.typed {
			key, special := keyOf[c]
			if !special {
				key = string(c)
			}
			keys.WriteString("key " + key + "\n")
		}
		if s.typed == "" {
			keys.WriteString(enters)
		}
	}
	keys.WriteString("key Q\nkey y\n")
	script := filepath.Join(b.dir, "keys")
	if err := os.WriteFile(script, []byte(keys.String()), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.run("-cmd_script="+script, address)
}

// href gives where a link of a page leads.
func (b textBrowser) href(address, selector string) string {
	b.t.Helper()
	page, err := html.Parse(strings.NewReader(b.run("-source", address)))
	if err != nil {
		b.t.Fatal(err)
	}
	if n := cascadia.Query(page, cascadia.MustCompile(selector)); n != nil {
		for _, a := range n.Attr {
			if a.Key == "href" {
				return a.Val
			}
		}
	}
	b.t.Fatalf("%s has no %s", address, selector)
	return ""
}

// From the SMS over another language, the gate, the refusal with its code and back to the payment, in a text browser that knows neither styles nor
// scripts nor the attribute form.
func TestBrowser_lynxIsEnough(t *testing.T) {
	s := durableShell(t)
	site, link := s.debtor()
	b := textBrowser{t, t.TempDir()}
	b.says(link, "Is this you?")
	b.does(link, step{at: `.langs button[value="kk"]`})
	b.says(link, "Бұл сіз бе?")
	b.does(link, step{at: `.langs button[value="en"]`})
	b.does(link, step{"#iin", iin(0)[8:]}, step{"#year", "1985"}, step{at: "#fill button.button"})
	b.says(site+"/p/case", "20,155.00", "Pay 20,155")
	b.does(site+"/p/case/refuse", step{at: `form[action="/p/case/refuse"] button`})
	code := s.codeOnPage(site)
	b.does(site+"/p/case/refuse/confirm", step{"#code", code}, step{at: `input[name="understood"]`}, step{at: "#fill button.button"})
	s.until(`SELECT refusal_at IS NOT NULL FROM cases`)
	b.says(site+"/p/case/refused", "take it back")
	b.does(site+"/p/case/refused", step{at: `form[action="/p/case/undo"] button`})
	s.until(`SELECT refusal_at IS NULL FROM cases`)
	b.does(site+"/p/case/pay", step{at: `.langs button[value="ru"]`})
	b.says(site+"/p/case/pay", "Сумма")
	b.does(site+"/p/case/pay", step{at: `#fill button[name="till"]`})
	payment := b.href(site+"/p/case/pay", `main a[href^="/p/case/payment/"]`)
	b.does(b.href(site+payment+"?new=1", "a.button.wide"), step{at: `button[value="pay"]`})
	s.run("clock", "advance", "10m")
	s.until(`SELECT count(*) = 1 FROM cases WHERE state = 'paid'`)
	b.says(site+"/p/case", "Долг оплачен")
}
