//go:build e2e

package desk_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	appstatistics "robotbailiff/internal/app/statistics"
	"robotbailiff/internal/web/statistics"
	"robotbailiff/internal/web/ui/uitest"
)

// sqlmap tries to slip SQL into all that a page of the desk, or that of the public figures, reads from its address, and into the search box. It
// finds nothing; and that it would find something is seen on a page that was made for it.
func TestSQLMap_findsNothing(t *testing.T) {
	if _, err := exec.LookPath("sqlmap"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("sqlmap is not installed (package sqlmap)")
		}
		t.Skip("sqlmap is not installed (package sqlmap)")
	}
	s := openTillFor(t, anybody)
	b, cookies := s.Another(), []string{}
	keep := func(p *uitest.Page) *uitest.Page {
		for _, c := range (&http.Response{Header: p.Header}).Cookies() {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		return p
	}
	keep(b.Submit(keep(b.Get("/desk/cases")), "/desk/sign-in", map[string]string{"person": anybody[0].Name}))
	token := keep(b.Get("/desk/cases")).Attr("input[name=form_token]", "value")

	acts := caseacts.New(s.Pool, s.robot.Engine)
	who := caseacts.Who{Name: anybody[0].Name}
	act, err := acts.Draft(t.Context(), who, caseacts.Request{Kind: caseacts.Hold, Numbers: s.number(2), Reason: "for a list"})
	must(t, err)
	must(t, acts.Confirm(t.Context(), who, act))
	must(t, s.World.Do(t.Context(), s.people[1].CaseID, engine.ActorDebtor, engine.Object{Ground: engine.GroundPaid}))
	var objection string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT case_id || '/' || seq FROM objections`).Scan(&objection))
	found, err := url.Parse(b.Submit(b.Get("/desk/cases"), "/desk/cases/search", map[string]string{"q": "12000", "as": "sum"}).Header.Get("Location"))
	must(t, err)
	words := strings.NewReplacer("CASE", s.number(0), "OBJECTION", url.QueryEscape(objection), "SEARCH", found.Query().Get("s"))

	var targets []target
	for _, x := range queried {
		if os.Getenv("BAILIFF_E2E") == "slice" && !x.slice {
			continue
		}
		fill := "1"
		if strings.Contains(x.pattern, "{number}") {
			fill = s.number(0)
		}
		_, path := uitest.Route(x.pattern, fill)
		path += "?" + words.Replace(x.query)
		if got := b.Get(path); got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.Status, got.Text("h1"))
		}
		targets = append(targets, target{url: s.URL(path), cookies: strings.Join(cookies, "; ")})
	}
	targets = append(targets, target{url: s.URL("/desk/cases/search"), cookies: strings.Join(cookies, "; "), form: url.Values{"q": {"12000"}, "as": {"sum"}, "form_token": {token}}.Encode()})
	_, err = s.Pool.Exec(t.Context(), `INSERT INTO statistics_counted (month) VALUES ('2026-02-01'); INSERT INTO statistics_months VALUES ('2026-02-01', '75', 100, 50, 40, 10, 10, 10, 50, 9000000, 1000000)`)
	must(t, err)
	figures, err := statistics.Handler(statistics.Config{App: appstatistics.New(s.Pool, s.Store), Key: uitest.Key()})
	must(t, err)
	targets = append(targets, target{url: uitest.Open(t, figures).URL("/statistics?month=2026-02")})

	weak := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		if err := s.Pool.QueryRow(r.Context(), `SELECT count(*) FROM cases WHERE region = '`+r.URL.Query().Get("region")+`'`).Scan(&n); err != nil { // what sqlmap is for
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprintf(w, "<html><body>%d cases</body></html>", n)
	}))
	defer weak.Close()
	targets = append(targets, target{url: weak.URL + "/?region=75", weak: true})

	var wait sync.WaitGroup
	turn := make(chan struct{}, 2)
	for _, x := range targets {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			x.try(t)
		})
	}
	wait.Wait()
}

// target is an address that sqlmap tries.
type target struct {
	url, cookies string
	form         string // of a post
	weak         bool   // it is to find something
}

func (x target) try(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	args := []string{
		"--batch", "--level", "1", "--risk", "1", "--technique", "BEUST", "--flush-session", "--disable-coloring", "--dbms", "PostgreSQL", "--output-dir", filepath.Join(home, "out"),
		"--skip", "form_token", "--ignore-code", "404", "--ignore-stdin", "--url", x.url,
	}
	if x.cookies != "" {
		args = append(args, "--cookie", x.cookies)
	}
	if x.form != "" {
		args = append(args, "--data", x.form)
	}
	cmd := exec.CommandContext(t.Context(), "sqlmap", args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "TERM=dumb")
	out, err := cmd.CombinedOutput()
	text := string(out)
	found, clean := strings.Contains(text, "identified the following injection point"), strings.Contains(text, "all tested parameters do not appear to be injectable")
	if err != nil || found == clean || found != x.weak {
		t.Errorf("%s: found %v, clean %v, %v\n%.6000s", x.url, found, clean, err, text)
	}
}
