package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html"

	appportal "robotbailiff/internal/app/portal"
	"robotbailiff/internal/web/ui/uitest"
)

// crawler follows every link and sends every form that it finds, as some programs do which look at messages before people: once as the
// form stands there, and once with something in every field and a tick in every box. It knows no answer of the gate.
type crawler struct {
	*uitest.Browser
	t     *testing.T
	seen  map[string]bool
	forms int
}

func (c *crawler) visit(path string) {
	if c.seen[path] || !strings.HasPrefix(path, "/") {
		return
	}
	c.seen[path] = true
	c.look(path, c.Get(path))
}

// look goes on from a page.
func (c *crawler) look(at string, p *uitest.Page) {
	if to := p.Header.Get("Location"); to != "" {
		c.visit(to)
		return
	}
	if p.Status >= 500 {
		c.t.Errorf("%s: %d", at, p.Status)
	}
	for _, form := range p.All("form") {
		action := attribute(form, "action")
		for _, junk := range []bool{false, true} {
			fields := url.Values{}
			for n := range form.Descendants() {
				name, kind := attribute(n, "name"), attribute(n, "type")
				if n.Type != html.ElementNode || name == "" {
					continue
				}
				fields.Set(name, attribute(n, "value"))
				switch {
				case kind == "hidden":
				case junk && (kind == "checkbox" || kind == "radio"):
				case junk && name == "code":
					fields.Set(name, "123456")
				case junk:
					fields.Set(name, "1234")
				case kind == "checkbox" || kind == "radio":
					fields.Del(name)
				}
			}
			key := fmt.Sprint("POST ", action, junk)
			if c.seen[key] {
				continue
			}
			c.seen[key] = true
			c.forms++
			c.look(action, c.Post(action, fields))
		}
	}
	for _, a := range p.All("a[href]") {
		to, err := url.Parse(attribute(a, "href"))
		if err == nil && to.Host == "" && to.Path != "" {
			c.visit(to.Path)
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Every link in the outbox of the sandbox's SMS centre is fetched by GET and HEAD, and walked by a program that follows all links and
// sends all forms. Nothing of any case, notice, visit or debtor changes; only wrong answers at the gate are counted.
func TestSite_linksInMessagesChangeNothing(t *testing.T) {
	s := durableShell(t)
	ids := s.cases(4)
	phones := make([][]byte, len(ids))
	p := s.parts()
	for i := range ids {
		phones[i] = p.keys.Seal(fmt.Appendf(nil, "+7701000%04d", 7000+i), "debtors.phone_sealed")
	}
	s.exec(`UPDATE debtors d SET phone_sealed = x.phone FROM unnest($1::bigint[], $2::bytea[]) x (id, phone), cases c WHERE c.id = x.id AND d.id = c.debtor_id`, ids, phones)
	if !t.Run("sending", func(t *testing.T) {
		sender := *s
		sender.t = t
		sender.serves("--pulse", "50ms")
		sender.until(`SELECT count(DISTINCT case_id) = $1 FROM sandbox.messages WHERE channel = 'sms' AND token <> ''`, len(ids))
	}) { // and then nobody works: what changes is changed by those who look
		return
	}
	rows, err := s.pool.Query(t.Context(), `SELECT DISTINCT token FROM sandbox.messages WHERE token <> ''`)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tokens) < len(ids) {
		t.Fatalf("%d links: %v", len(tokens), err)
	}
	var quiet bytes.Buffer
	site, err := newEnv(command{name: "test"}, &quiet, &quiet).site(t.Context(), p, "http://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	sums := func() map[string]string {
		got, err := uitest.Sums(t.Context(), s.pool, "portal_gate")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	before := sums()
	for i, token := range tokens {
		curl := uitest.Visit(t, server)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			if got := curl.Do(method, "/p/"+token, nil, nil); got.Status != http.StatusOK {
				t.Errorf("%s: %d", method, got.Status)
			}
		}
		if i > 0 && i%2 == 0 {
			continue // the gate takes twenty answers of one address a minute
		}
		c := &crawler{Browser: uitest.Visit(t, server), t: t, seen: map[string]bool{}}
		c.visit("/p/" + token)
		if c.forms < 4 || !c.seen["/p/sms"] || !c.seen["/p/stranger"] {
			t.Errorf("the crawler sent %d forms and saw %v", c.forms, c.seen)
		}
	}
	if diff := cmp.Diff(before, sums()); diff != "" {
		t.Errorf("looking has changed something:\n%s", diff)
	}
	s.visit(server.URL, ids[0], 0) // a debtor who knows the answers is seen by this test
	if cmp.Equal(before, sums()) {
		t.Error("this test does not see a change")
	}
	for _, token := range tokens {
		if strings.Contains(quiet.String(), token) {
			t.Errorf("the log has a link:\n%s", quiet.String())
		}
	}
}

// The page that tells forgeries apart is at an address that can be typed, and what has no page is protected as well.
func TestSite_shortAddresses(t *testing.T) {
	s := newShell(t)
	var quiet bytes.Buffer
	site, err := newEnv(command{name: "test"}, &quiet, &quiet).site(t.Context(), s.parts(), "http://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	b := uitest.Open(t, site)
	for path, want := range map[string]string{"/": "/p/", "/sms": "/p/sms", "/nowhere": ""} {
		got := b.Get(path)
		uitest.Headers(t, path, got.Status, got.Header, false)
		if got.Header.Get("Location") != want {
			t.Errorf("%s leads to %q", path, got.Header.Get("Location"))
		}
	}
}

// Somebody who guesses is told of once a minute, and of what does not exist alone.
func TestGateTries_tellsOfGuesses(t *testing.T) {
	s := newShell(t)
	var log bytes.Buffer
	count := newEnv(command{name: "test"}, &log, &log).gateTries(s.parts())
	for range 2 * guesses {
		count(appportal.TryWrong)
		count(appportal.TryOpened)
	}
	for range guesses {
		count(appportal.TryUnknown)
	}
	if log.Len() != 0 {
		t.Errorf("nobody guesses: %s", log.String())
	}
	for range 100 {
		count(appportal.TryUnknown)
	}
	if got := strings.Count(log.String(), "somebody guesses"); got != 1 {
		t.Errorf("told %d times: %s", got, log.String())
	}
}
