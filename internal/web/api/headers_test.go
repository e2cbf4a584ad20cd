package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"robotbailiff/internal/web/ui/uitest"
)

// Every route of the interface, whatever it answers, with a key and without, has the protective headers and sets no cookie.
func TestEveryRoute_isProtected(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, pattern := range uitest.Patterns(t, s.handler) {
		method, path := uitest.Route(pattern, "1")
		for _, m := range []string{method, http.MethodHead, http.MethodDelete} {
			for _, key := range []string{"", "Bearer " + s.key, "Bearer wrong"} {
				r := httptest.NewRequestWithContext(t.Context(), m, path, strings.NewReader("900101300123"))
				if key != "" {
					r.Header.Set("Authorization", key)
				}
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, r)
				uitest.Headers(t, m+" "+path, w.Code, w.Header(), false)
				if len(w.Result().Cookies()) != 0 {
					t.Errorf("%s %s sets a cookie", m, path)
				}
				if strings.Contains(w.Body.String(), "900101300123") || strings.Contains(s.log.String(), "900101300123") || strings.Contains(s.log.String(), s.key) {
					t.Errorf("%s %s repeats what was sent", m, path)
				}
			}
		}
	}
}
