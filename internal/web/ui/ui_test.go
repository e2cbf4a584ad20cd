package ui

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jba/templatecheck"

	"robotbailiff/internal/i18n"
)

func site(t *testing.T) *Site {
	t.Helper()
	pages := fstest.MapFS{"hello.html": {Data: []byte(`{{define "content"}}<h1>{{say .Title}}</h1><form method="post" action="/x">{{template "form" .}}</form>{{end}}`)}}
	s, err := NewSite(SiteConfig{Audience: "portal", Pages: pages, Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hello(s *Site) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p := s.NewPage(w, r, i18n.Say("gate.title"))
		return s.Render.Render(w, r, http.StatusOK, "hello", p.Lang, p)
	}
}

func get(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNewSite_refusesAShortKey(t *testing.T) {
	t.Parallel()
	if _, err := NewSite(SiteConfig{Key: make([]byte, 31)}); err == nil {
		t.Error("a key of 31 bytes was taken")
	}
}

func TestRenderer_neverMixesLanguages(t *testing.T) {
	t.Parallel()
	s := site(t)
	h := s.Protect(s.Handle(hello(s), nil))
	want := map[string]string{"kk": "Бұл сіз бе?", "ru": "Это вы?", "en": "Is this you?"}
	var wg sync.WaitGroup
	for range 8 {
		for lang := range want {
			wg.Go(func() {
				for range 30 {
					body := get(h, http.MethodGet, "/?lang="+lang).Body.String()
					for other, text := range want {
						if has := strings.Contains(body, "<h1>"+text); has != (other == lang) {
							t.Errorf("a page in %s, text of %s: %v", lang, other, has)
						}
					}
					if !strings.Contains(body, `<html lang="`+lang+`">`) {
						t.Errorf("the page does not say that it is in %s", lang)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestRenderer_policyFitsTheStyleSheet(t *testing.T) {
	t.Parallel()
	s := site(t)
	w := get(s.Protect(s.Handle(hello(s), nil)), http.MethodGet, "/")
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	css, _, ok := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	policy := w.Header().Get("Content-Security-Policy")
	if !ok || !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy does not allow the style sheet of the page: %s", policy)
	}
	if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
		t.Errorf("policy: %s", policy)
	}
	if strings.Contains(w.Body.String(), " style=") || strings.Contains(w.Body.String(), "<script") {
		t.Error("the page has styles or scripts that its policy forbids")
	}
}

func TestHeaders_areOnEveryAnswer(t *testing.T) {
	t.Parallel()
	s := site(t)
	fails := func(http.ResponseWriter, *http.Request) error { return http.ErrBodyNotAllowed }
	for name, h := range map[string]http.Handler{
		"page": s.Protect(s.Handle(hello(s), nil)), "fault": s.Protect(s.Handle(fails, nil)), "nowhere": s.Protect(s.Handle(s.NotFound, nil)),
		"no page at all": Mux(nil, nil),
	} {
		head := get(h, http.MethodGet, "/").Header()
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
			"X-Robots-Tag": "noindex", "Strict-Transport-Security": "max-age=31536000", "X-Frame-Options": "DENY",
		} {
			if !strings.Contains(head.Get(key), want) {
				t.Errorf("%s: %s is %q", name, key, head.Get(key))
			}
		}
		if head.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other sites may read it", name)
		}
	}
}

func TestHandle_wantsTheTokenOfTheForm(t *testing.T) {
	t.Parallel()
	s := site(t)
	done := 0
	h := s.Protect(s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodGet {
			return hello(s)(w, r)
		}
		done++
		return Redirect(w, "/done")
	}, nil))
	first := get(h, http.MethodGet, "/")
	cookie := first.Result().Cookies()[0]
	_, rest, _ := strings.Cut(first.Body.String(), `name="form_token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	post := func(token string, withCookie bool, header ...string) int {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{FormField: {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if withCookie {
			r.AddCookie(cookie)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for name, c := range map[string]struct {
		got, want int
	}{
		"no token":       {post("", true), http.StatusForbidden},
		"no cookie":      {post(token, false), http.StatusForbidden},
		"another token":  {post(strings.Repeat("A", len(token)), true), http.StatusForbidden},
		"another site":   {post(token, true, "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"another origin": {post(token, true, "Origin", "https://evil.example"), http.StatusForbidden},
		"null, no token": {post("", true, "Origin", "null"), http.StatusForbidden},
		"a sandbox":      {post(token, true, "Origin", "null", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		"an old browser": {post(token, true, "Origin", "null"), http.StatusSeeOther},
		"the token":      {post(token, true), http.StatusSeeOther},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", name, c.got, c.want)
		}
	}
	if done != 2 {
		t.Errorf("the form was taken %d times", done)
	}
	if second := get(h, http.MethodGet, "/", "Cookie", cookie.String()); strings.Contains(second.Body.String(), token) {
		t.Error("the token is the same on two pages: compression could tell it")
	}
}

func TestRender_failsWithoutHalfAPage(t *testing.T) {
	t.Parallel()
	pages := fstest.MapFS{"bad.html": {Data: []byte(`{{define "content"}}<h1>half</h1>{{t "no.such.key"}}{{end}}`)}}
	s, err := NewSite(SiteConfig{Audience: "desk", Pages: pages, Key: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	w := get(s.Protect(s.Handle(func(w http.ResponseWriter, r *http.Request) error {
		p := s.NewPage(w, r, i18n.Say("gate.title"))
		return s.Render.Render(w, r, http.StatusOK, "bad", p.Lang, p)
	}, nil)), http.MethodGet, "/?lang=en")
	if body := w.Body.String(); w.Code != http.StatusInternalServerError || strings.Contains(body, "half") || !strings.Contains(body, "went wrong") {
		t.Errorf("status %d: %s", w.Code, body)
	}
}

func TestFailures_haveTextsAndAWayOut(t *testing.T) {
	t.Parallel()
	for _, name := range Failures {
		for _, part := range []string{"title", "text", "out"} {
			if !i18n.For(i18n.KK).Has("error." + name + "." + part) {
				t.Errorf("error.%s.%s is missing", name, part)
			}
		}
	}
	for _, key := range i18n.For(i18n.KK).Keys() {
		if rest, ok := strings.CutPrefix(key, "error."); ok && !strings.Contains(" "+strings.Join(Failures, " ")+" ", " "+strings.Split(rest, ".")[0]+" ") {
			t.Errorf("no failure says %s", key)
		}
	}
}

func TestErrorPage_isCheckedInEveryLanguage(t *testing.T) {
	t.Parallel()
	s := site(t)
	for _, l := range i18n.Langs {
		if err := templatecheck.CheckHTML(s.Render.Template(l, "error"), ErrorPage{}); err != nil {
			t.Error(err)
		}
	}
}

func TestRender_compressesOnRequest(t *testing.T) {
	t.Parallel()
	s := site(t)
	h := s.Protect(s.Handle(hello(s), nil))
	small := get(h, http.MethodGet, "/", "Accept-Encoding", "br, gzip")
	if small.Header().Get("Content-Encoding") != "gzip" || small.Body.Len() >= get(h, http.MethodGet, "/").Body.Len() {
		t.Error("the page was not compressed")
	}
	if get(h, http.MethodGet, "/", "Accept-Encoding", "gzip;q=0").Header().Get("Content-Encoding") != "" {
		t.Error("the page was compressed against the wish of the browser")
	}
	if w := get(h, http.MethodHead, "/"); w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Error("HEAD has a body or no length")
	}
}

func TestLimiter_boundsOneAddressAndNotTheOther(t *testing.T) {
	t.Parallel()
	l := NewLimiter(2, time.Hour)
	got := []bool{l.Allow("a"), l.Allow("a"), l.Allow("a"), l.Allow("b")}
	if got[0] != true || got[1] != true || got[2] != false || got[3] != true {
		t.Errorf("allowed: %v", got)
	}
}

func TestRedirect_staysHere(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"/p/case": "/p/case", "//evil.example": "/", "https://evil.example": "/"} {
		w := httptest.NewRecorder()
		if err := Redirect(w, path); err != nil || w.Header().Get("Location") != want {
			t.Errorf("%s leads to %s", path, w.Header().Get("Location"))
		}
	}
}

func TestCookies_areBoundToTheHostOverTLS(t *testing.T) {
	t.Parallel()
	for secure, name := range map[bool]string{true: "__Host-rb_visit", false: "rb_visit"} {
		w := httptest.NewRecorder()
		Cookies{Secure: secure}.Set(w, "visit", "x", time.Minute)
		c := w.Result().Cookies()[0]
		if c.Name != name || c.Secure != secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie: %+v", c)
		}
	}
}
