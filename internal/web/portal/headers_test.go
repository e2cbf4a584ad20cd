package portal_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
)

// journal keeps what is logged.
type journal struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.Write(p)
}

// Every route, whatever it answers, with a visit and without, has the protective headers and safe cookies, and shows the IIN nowhere;
// nor does the log. Over TLS the cookies are bound to the host.
func TestEveryRoute_isProtected(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{true, false} {
		log := &journal{}
		var site *portal.Config
		s := withProvider(t, func(_ *app.Config, pages *portal.Config) {
			site = pages
			pages.Secure, pages.GateTries, pages.NetworkTries, pages.Log = secure, 1<<30, 1<<30, slog.New(slog.NewTextHandler(log, nil))
		})
		mine := s.open(t, uitest.Writ{})
		notified(t, s, mine.CaseID)
		arrested(t, s, mine.CaseID)
		owed(t, s, mine.CaseID)
		p := newProbe(t, s.handler)
		var visit []*http.Cookie
		enter := func() {
			got := p.post("/p/"+mine.Token, "10.0.0.1", url.Values{"iin": {mine.IIN[8:]}, "year": {mine.Year}})
			uitest.Headers(t, "the gate", got.Code, got.Header(), secure)
			if visit = got.Result().Cookies(); len(visit) == 0 || got.Code != http.StatusSeeOther {
				t.Fatalf("the gate: %d", got.Code)
			}
			signed, err := site.App.SignIn(t.Context(), mine.IIN)
			must(t, err)
			person := *visit[slices.IndexFunc(visit, func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, "rb_visit") })]
			person.Name, person.Value = strings.TrimSuffix(person.Name, "visit")+"person", signed.ID
			visit = append(visit, &person)
		}
		ask := func(method, path string, token string) {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(url.Values{"form_token": {token}, "number": {caseno.Format(mine.CaseID)}}.Encode()))
			if method == http.MethodPost {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.AddCookie(p.cookie)
			for _, c := range visit {
				r.AddCookie(c)
			}
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			uitest.Headers(t, method+" "+path, w.Code, w.Header(), secure)
			for _, where := range []string{w.Body.String(), w.Header().Get("Location")} {
				if strings.Contains(where, mine.IIN) || strings.Contains(where, mine.Phone) {
					t.Errorf("%s %s shows the IIN or the telephone", method, path)
				}
			}
			if strings.Contains(w.Header().Get("Location"), mine.Token) && !strings.Contains(path, mine.Token) {
				t.Errorf("%s %s leads to the link", method, path)
			}
		}
		for _, inside := range []bool{false, true} {
			for _, fill := range []string{mine.Token, "x"} {
				for _, pattern := range uitest.Patterns(t, s.handler) {
					method, path := uitest.Route(pattern, fill)
					for _, m := range []string{method, http.MethodHead, http.MethodDelete} {
						if visit = nil; inside {
							enter()
						}
						ask(m, path, p.token)
						ask(m, path, "") // refused before anything
					}
				}
			}
		}
		for _, secret := range []string{mine.IIN, mine.Phone, mine.Token, mine.Name} {
			if strings.Contains(log.all.String(), secret) {
				t.Errorf("the log has %q:\n%s", secret, log.all.String())
			}
		}
	}
}
