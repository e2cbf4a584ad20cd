package desk_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine/stop"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// stream is an open page that hears the live figures.
type stream struct {
	t     *testing.T
	res   *http.Response
	lines chan string
}

func (s stage) hear(t *testing.T, b *uitest.Browser, query string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	res, err := b.Stream(ctx, "/desk/live"+query, map[string]string{"Accept": "text/html, text/event-stream"})
	must(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	st := &stream{t, res, make(chan string, 1000)}
	go func() {
		defer close(st.lines)
		for in := bufio.NewScanner(res.Body); in.Scan(); {
			st.lines <- in.Text()
		}
	}()
	return st
}

// until reads on until a line says something, and gives all lines up to it.
func (s *stream) until(word string) (all string) {
	s.t.Helper()
	for line := range s.lines {
		all += line + "\n"
		if strings.Contains(line, word) {
			return all
		}
	}
	s.t.Fatalf("the stream ended without %q:\n%s", word, all)
	return all
}

// An open page is told its new figures, with its filter, and what is new is announced; nothing of a person is in it.
func TestLive_tellsFiguresAndAnnouncesWhatIsNew(t *testing.T) {
	t.Parallel()
	s := room(t, nil, anybody)
	p := s.open(t, uitest.Writ{})
	s.signIn(t)
	page := s.Get("/desk/?lang=ru&region=75")
	live := page.Attr("[data-hx-sse-connect]", "data-hx-sse-connect")
	if !strings.Contains(live, "region=75") || !strings.Contains(live, "cases=1") || !strings.Contains(live, "period=7") {
		t.Fatalf("the page hears %s", live)
	}
	st := s.hear(t, s.Browser, strings.TrimPrefix(live, "/desk/live"))
	if got := st.res.Header.Get("Content-Type"); st.res.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") {
		t.Fatalf("%d %s", st.res.StatusCode, got)
	}
	first := st.until(`id="c-k-opened"`)
	for _, want := range []string{"retry: 5000", `<span id="c-k-opened" hx-swap-oob="innerHTML">1</span>`, `id="c-s-opened"`, `id="c-d-handover-tomorrow"`} {
		if !strings.Contains(first, want) {
			t.Errorf("no %s in %s", want, first)
		}
	}
	for _, x := range []uitest.Writ{{}, {}, {Region: "71"}} {
		s.open(t, x)
	}
	now, _ := s.Clock.Now(t.Context())
	_, err := stop.NewStore(s.Pool).Throw(t.Context(), stop.Everything, "aigul", "INC-1", now)
	must(t, err)
	next := st.until("Меры остановлены.")
	if !strings.Contains(next, "2 новых дела.") || !strings.Contains(next, `<span id="c-cases" hx-swap-oob="innerHTML">3</span>`) || strings.Contains(next, "c-s-paid") {
		t.Errorf("told:\n%s", next)
	}
	for _, secret := range []string{p.IIN, "Ахметов", "INC-1"} {
		if strings.Contains(first+next, secret) {
			t.Errorf("the stream tells %q", secret)
		}
	}
}

// The stream ends with the visit, and the page is told not to ask again.
func TestLive_endsWithTheVisit(t *testing.T) {
	t.Parallel()
	s := room(t, nil, anybody)
	s.signIn(t)
	st := s.hear(t, s.Browser, "?cases=0")
	st.until("data:")
	if _, err := s.Pool.Exec(t.Context(), `UPDATE desk_sessions SET seen_at = now() - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	st.until("event: end")
	if got := s.Browser.Do(http.MethodGet, "/desk/live", nil, map[string]string{"Accept": "text/event-stream"}).Status; got != http.StatusForbidden {
		t.Errorf("after the visit: %d", got)
	}
}

// One reader reads for all, how many pages are open is bounded, and nobody listens past the end of the process.
func TestLive_isBounded(t *testing.T) {
	t.Parallel()
	s := room(t, nil, anybody)
	who := app.Actor{Name: "desk:test", Roles: app.Roles}
	var all []*app.Listener
	for i := range 400 {
		n, err := s.service.Listen(who, fmt.Sprint("visit ", i/12))
		if i >= 300 {
			if err == nil {
				t.Fatal("more than 300 listen")
			}
			continue
		}
		must(t, err)
		all = append(all, n)
	}
	if _, err := s.service.Listen(app.Actor{}, "x"); err == nil {
		t.Error("nobody listens")
	}
	all[0].Leave()
	all[0].Leave()
	if _, err := s.service.Listen(who, "visit 1"); err == nil {
		t.Error("one visit has more than its windows")
	}
	n, err := s.service.Listen(who, "another")
	must(t, err)
	s.service.Hush()
	if _, more, ended := n.Next(t.Context(), nil, who, app.TodayQuery{}); more || ended {
		t.Errorf("after the end of the process: more %v, ended %v", more, ended)
	}
	if _, err := s.service.Listen(who, "later"); err == nil {
		t.Error("somebody listens after the end")
	}
}

// Pages of batches are told how far the batches are, and of new ones.
func TestLive_tellsOfBatches(t *testing.T) {
	t.Parallel()
	s := room(t, nil, anybody)
	s.signIn(t)
	live := s.Get("/desk/imports").Attr("[data-hx-sse-connect]", "data-hx-sse-connect")
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO batches (source, file_name, sha256, state, rows, accepted, expected, received_at) VALUES ('court', 'a', $1, 'staging', 5, 5, 20, now())`, make([]byte, 32))
	must(t, err)
	st := s.hear(t, s.Browser, strings.TrimPrefix(live, "/desk/live")+"&lang=en")
	told := st.until("c-news")
	for _, want := range []string{`id="c-b-1-rows" hx-swap-oob="innerHTML">5<`, `<progress max="20" value="5">`, "1 new batch."} {
		if !strings.Contains(told, want) {
			t.Errorf("no %s in:\n%s", want, told)
		}
	}
	if strings.Contains(told, "c-cases") {
		t.Error("the page of batches is told of cases")
	}
}

// Whoever asks for the stream as a page gets none.
func TestLive_isNoPage(t *testing.T) {
	t.Parallel()
	s := room(t, nil, anybody)
	s.signIn(t)
	if got := s.Get("/desk/live").Status; got != http.StatusNotFound {
		t.Errorf("got %d", got)
	}
}

// The script is the one that was looked at, comes from here, may be kept for ever, and is loaded by no page that does not need it.
func TestScript_isPinnedAndOurs(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"htmx-4.0.1.min.js":   "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
		"hx-sse-4.0.1.min.js": "18ef2761356ec1fe0bb6d92612315b37517a7c1e9856b661c5ae81fef239d103",
	} {
		raw, err := os.ReadFile("script/" + file)
		must(t, err)
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s has changed", file)
		}
	}
	s := room(t, nil, anybody)
	s.signIn(t)
	page := s.Get("/desk/")
	src := page.Attr("script[src]", "src")
	if len(page.All("script")) != 2 || !strings.HasPrefix(src, "/desk/script/") || !page.Has("script[defer]") {
		t.Errorf("the page has %d scripts, %s", len(page.All("script")), src)
	}
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self'; connect-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	got := s.Another().Get(src)
	sum := sha256.Sum256([]byte(got.Body))
	if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || src != "/desk/script/"+hex.EncodeToString(sum[:12])+".js" {
		t.Errorf("%s: %d, %s", src, got.Status, got.Header.Get("Cache-Control"))
	}
	if p := s.Get("/desk/switch"); len(p.All("script")) != 1 || p.Attr("script", "src") == src {
		t.Error("a page without live figures loads more than the keys")
	}
}
