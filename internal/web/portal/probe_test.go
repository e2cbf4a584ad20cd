package portal_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/mr-tron/base58"

	"robotbailiff/internal/app/links"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
)

// statements keeps what is asked of the database.
type statements struct {
	mu  sync.Mutex
	all []string
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, q.SQL)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// counted counts what is observed.
type counted struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counted) observe(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[what]++
}

// probe posts forms to a handler without a network between.
type probe struct {
	t      *testing.T
	h      http.Handler
	cookie *http.Cookie
	token  string
}

func newProbe(t *testing.T, h http.Handler) probe {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/p/?lang=ru", nil))
	p := probe{t: t, h: h}
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "rb_form") {
			p.cookie = c
		}
	}
	_, rest, _ := strings.Cut(w.Body.String(), `name="form_token" value="`)
	p.token, _, _ = strings.Cut(rest, `"`)
	if p.cookie == nil || p.token == "" {
		t.Fatal("the page gives no form token")
	}
	return p
}

func (p probe) post(path, address string, fields url.Values) *httptest.ResponseRecorder {
	form := url.Values{"form_token": {p.token}, "lang": {"ru"}}
	for k, v := range fields {
		form[k] = v
	}
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(p.cookie)
	r.RemoteAddr = net.JoinHostPort(address, "1")
	w := httptest.NewRecorder()
	p.h.ServeHTTP(w, r)
	return w
}

// bare is a body without what is of the request alone: the mask of the form token, and what was typed.
func bare(w *httptest.ResponseRecorder, typed ...string) string {
	body := w.Body.String()
	for {
		before, rest, found := strings.Cut(body, `name="form_token" value="`)
		if !found {
			break
		}
		_, after, _ := strings.Cut(rest, `"`)
		body = before + after
	}
	for _, s := range typed {
		body = strings.ReplaceAll(body, s, "")
	}
	return fmt.Sprintf("%d %s", w.Code, body)
}

func randomToken() string {
	for {
		b := make([]byte, 16)
		_, _ = rand.Read(b)
		if token := base58.Encode(b); len(token) == seal.TokenLength {
			return token
		}
	}
}

// traced opens another pool on a database, whose statements are kept.
func traced(t *testing.T, pool *pgxpool.Pool) (*pgxpool.Pool, *statements) {
	t.Helper()
	s := &statements{}
	p, err := pg.Open(t.Context(), testkit.URL(t, pool), pg.WithConfig(func(c *pgxpool.Config) { c.ConnConfig.Tracer = s }))
	must(t, err)
	t.Cleanup(p.Close)
	return p, s
}

// What does not open a case is told apart by nothing: the same status, the same body, and the same statements in the same order, so
// that it takes as long. That is so for links, for numbers, and for the links of helpers.
func TestProbe_allThatDoesNotOpenIsOneAndTheSame(t *testing.T) {
	t.Parallel()
	plain := testkit.DB(t)
	pool, asked := traced(t, plain)
	s := setupWith(t, plain, func(use *app.Config, pages *portal.Config) {
		use.Pool, pages.GateTries, pages.NetworkTries = pool, 1<<30, 1<<30
	})
	live, expired, revoked := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	must(t, s.Pay(t.Context(), expired.CaseID, 20155))
	must(t, links.New(plain, s.Store).Renew(t.Context(), revoked.CaseID, "desk:demo", "a stranger has it", 0))
	s.enter(t, live)
	helper, _ := s.invite(t)
	used, code := s.invite(t)
	s.Another().Submit(s.Get(used), used, map[string]string{"code": code})
	s.Clock.Advance(50 * 24 * time.Hour)
	changed := live.Token[:21] + string("23456789"[(strings.IndexByte("23456789", live.Token[21])+1)%8])
	p := newProbe(t, s.handler)
	answer := func(iin string) url.Values { return url.Values{"iin": {iin}, "year": {"1985"}} }
	number := func(id int64, iin string) url.Values {
		return url.Values{"number": {caseno.Format(id)}, "iin": {iin}, "year": {"1985"}}
	}
	type way struct {
		path   string
		fields url.Values
	}
	for name, kinds := range map[string]map[string]way{
		"link": {
			"wrong answers": {"/p/" + live.Token, answer("9999")}, "last character changed": {"/p/" + changed, answer(live.IIN[8:])}, "random": {"/p/" + randomToken(), answer(live.IIN[8:])},
			"expired": {"/p/" + expired.Token, answer(expired.IIN[8:])}, "expired, wrong": {"/p/" + expired.Token, answer("9999")}, "revoked": {"/p/" + revoked.Token, answer(revoked.IIN[8:])},
			"no token": {"/p/hello", answer(live.IIN[8:])},
		},
		"number": {
			"wrong answers": {"/p/", number(live.CaseID, "9999")}, "no such case": {"/p/", number(260_777_777, live.IIN[8:])}, "expired": {"/p/", number(expired.CaseID, expired.IIN[8:])},
		},
		"helper": {
			"over": {helper, url.Values{"code": {"000000"}}}, "used up": {used, url.Values{"code": {code}}}, "random": {"/p/" + randomToken() + "/helper", url.Values{"code": {"000000"}}},
		},
	} {
		first, firstAsked, firstName := "", []string(nil), ""
		for kind, w := range kinds {
			asked.take()
			got := p.post(w.path, "10.0.0.1", w.fields)
			statements := asked.take()
			said := bare(got, w.path, caseno.Format(live.CaseID), caseno.Format(expired.CaseID), caseno.Format(260_777_777), "9999", live.IIN[8:], expired.IIN[8:], revoked.IIN[8:])
			if got.Code != http.StatusUnprocessableEntity || len(statements) < 4 {
				t.Fatalf("%s, %s: %d, %q", name, kind, got.Code, statements)
			}
			if first == "" {
				first, firstAsked, firstName = said, statements, kind
				continue
			}
			if diff := cmp.Diff(first, said); diff != "" {
				t.Errorf("%s: %s and %s differ:\n%s", name, firstName, kind, diff)
			}
			if diff := cmp.Diff(firstAsked, statements); diff != "" {
				t.Errorf("%s: %s and %s ask differently:\n%s", name, firstName, kind, diff)
			}
		}
	}
}

// Ten thousand guessed links open nothing, are told nothing, and are counted; the way of measuring is printed, not judged, since
// what decides the time is held by the test above.
func TestProbe_tenThousandRandomLinks(t *testing.T) {
	t.Parallel()
	n := 10_000
	if testing.Short() {
		n = 500
	}
	seen := &counted{n: map[string]int{}}
	s := setupWith(t, testkit.DB(t), func(use *app.Config, pages *portal.Config) {
		use.Observe, pages.GateTries, pages.NetworkTries = seen.observe, 1<<30, 1<<30
	})
	real := s.open(t, uitest.Writ{})
	p := newProbe(t, s.handler)
	answers := url.Values{"iin": {"9999"}, "year": {"1985"}}
	want := bare(p.post("/p/"+real.Token, "10.0.0.1", answers), real.Token)
	var wrong atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range n / 4 {
				token := randomToken()
				if got := bare(p.post("/p/"+token, "10.0.0.1", answers), token); got != want && wrong.Add(1) == 1 {
					t.Errorf("a random link is answered otherwise:\n%s", cmp.Diff(want, got))
				}
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 0 || seen.n[app.TryUnknown] != n || seen.n[app.TryWrong] != 1 || seen.n[app.TryOpened] != 0 {
		t.Errorf("%d answers differ; counted %v", wrong.Load(), seen.n)
	}
	var sessions int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM portal_sessions`).Scan(&sessions))
	if sessions != 0 {
		t.Errorf("%d visits were opened", sessions)
	}
	took := map[string][]time.Duration{}
	watch := clock.StartStopwatch()
	for range 50 {
		for kind, token := range map[string]string{"known": s.open(t, uitest.Writ{}).Token, "unknown": randomToken()} {
			before := watch.Elapsed()
			p.post("/p/"+token, "10.0.0.1", answers)
			took[kind] = append(took[kind], watch.Elapsed()-before)
		}
	}
	for kind, all := range took {
		slices.Sort(all)
		t.Logf("%s link: median %v of %d", kind, all[len(all)/2], len(all))
	}
}

// One address gives twenty answers a minute, and one network two hundred, at all ways in together; others are not hindered, and it
// is told each time.
func TestProbe_isSlowedByAddressAndNetwork(t *testing.T) {
	t.Parallel()
	seen := &counted{n: map[string]int{}}
	s := setupWith(t, testkit.DB(t), func(_ *app.Config, pages *portal.Config) { pages.Observe = seen.observe })
	p := newProbe(t, s.handler)
	half := url.Values{"iin": {"1"}, "year": {"2"}, "phone": {"3"}, "code": {"4"}, "number": {"5"}} // no answer, so that nothing is asked of the database
	stranger := url.Values{"stranger": {"yes"}, "phone": {"3"}}
	ways := []string{"/p/" + randomToken(), "/p/", "/p/" + randomToken(), "/p/" + randomToken() + "/helper"}
	forms := []url.Values{half, half, stranger, half}
	let := func(address string, n int) (through int) {
		for i := range n {
			switch got := p.post(ways[i%len(ways)], address, forms[i%len(ways)]).Code; got {
			case http.StatusUnprocessableEntity:
				through++
			case http.StatusTooManyRequests:
			default:
				t.Fatalf("%s: %d", ways[i%len(ways)], got)
			}
		}
		return through
	}
	if got := let("10.1.1.1", 500); got != 20 {
		t.Errorf("one address gave %d answers", got)
	}
	network := 20
	for i := 2; i < 20; i++ {
		network += let(fmt.Sprintf("10.1.1.%d", i), 21)
	}
	if network != 200 {
		t.Errorf("one network gave %d answers", network)
	}
	if got := let("10.1.2.1", 5) + let("fd00:1:2:3::1", 5); got != 10 {
		t.Errorf("other networks gave %d answers of 10", got)
	}
	six := 0
	for i := range 3 { // one subscriber has more addresses than there are
		six += let(fmt.Sprintf("fd00:1:2:4::%d", i), 20)
	}
	if six != 20 {
		t.Errorf("one subscriber gave %d answers", six)
	}
	if seen.n["limited_address"] == 0 || seen.n["limited_network"] == 0 {
		t.Errorf("nobody was told: %v", seen.n)
	}
}
