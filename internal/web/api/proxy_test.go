package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"robotbailiff/internal/testkit/peertest"
)

// The whole way of a file goes through a proxy of another maker that knows only the contract: it stops a request or an answer
// that the contract does not allow.
func TestAPI_throughAValidatingProxy(t *testing.T) {
	s := serve(t)
	s.proxy = "http://" + peertest.Prism(t, "openapi.json", s.handler)
	fromSendingToReceipt(t, s)
	s.ask("GET", "/api/v1/writs", "", request{}, 200)
	s.ask("GET", "/api/v1/codes", "", request{key: "-"}, 200)
	s.ask("GET", "/api/v1/batches/{id}", "", request{header: map[string]string{"id": "999999"}}, 404)

	// The proxy does look: an answer that lacks what the contract promises does not pass.
	liar := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"state":"done"}`)
	})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/batches/1", nil)
	r.Header.Set("Authorization", "Bearer "+s.key)
	s.proxy = "http://" + peertest.Prism(t, "openapi.json", liar)
	if w := s.exchange(r); w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "VIOLATIONS") {
		t.Errorf("an answer against the contract came through: %d %s", w.Code, w.Body)
	}
}
