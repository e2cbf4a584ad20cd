package desk_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// Every route of the desk, whatever it answers, signed in and not, has the protective headers and safe cookies, and shows no whole IIN;
// nor does the log.
func TestEveryRoute_isProtected(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	var log bytes.Buffer
	service, err := app.New(app.Config{Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), Lists: caselist.New(w.Pool, w.Keys), DemoSignIn: true, DemoPeople: anybody})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	s := stage{World: w, Browser: uitest.Open(t, h), service: service}
	people := s.fill(t)
	for _, inside := range []bool{false, true} {
		for _, pattern := range uitest.Patterns(t, h) {
			for _, fill := range []string{caseno.Format(people["enforcing"].CaseID), "1"} {
				if page := s.Get("/desk/"); inside && page.Has(`form[action="/desk/sign-in"]`) { // signing out is one of the routes
					s.signIn(t)
				}
				method, path := uitest.Route(pattern, fill)
				for _, m := range []string{method, http.MethodHead, http.MethodDelete} {
					got := s.Browser.Do(m, path, nil, nil)
					if strings.HasPrefix(path, "/desk/script/") && got.Status == http.StatusOK { // it is named by its content, and kept
						got.Header.Set("Cache-Control", "no-store")
					}
					uitest.Headers(t, m+" "+path, got.Status, got.Header, false)
					for name, p := range people {
						if strings.Contains(got.Body, p.IIN) || strings.Contains(got.Header.Get("Location"), p.IIN) {
							t.Errorf("%s %s shows the whole IIN of %s", m, path, name)
						}
						if strings.Contains(log.String(), p.IIN) {
							t.Fatalf("the log has the IIN of %s after %s %s", name, m, path)
						}
					}
				}
			}
		}
	}
	secure, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Secure: true})
	must(t, err)
	got := uitest.Open(t, secure).Get("/desk/")
	uitest.Headers(t, "over TLS", got.Status, got.Header, true)
	if len(got.Header.Values("Set-Cookie")) == 0 {
		t.Error("no cookie was seen over TLS")
	}
}
