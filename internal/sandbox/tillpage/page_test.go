package tillpage_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/sandbox/tillpage"
	"robotbailiff/internal/testkit"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

func setup(t *testing.T) (*sandbox.Till, http.Handler, gateway.Checkout, uuid.UUID) {
	t.Helper()
	const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	w, err := sandbox.New(1, sandbox.Config{Books: sandbox.NewMemoryBooks(), Clock: clock.NewManual(testkit.Morning), Secrets: map[string]string{sandbox.SourceGateway: secret, sandbox.SourceBank: secret}})
	if err != nil {
		t.Fatal(err)
	}
	till, order := w.Till(), uuid.New()
	page, err := till.Begin(t.Context(), gateway.Wish{Order: order, Case: caseno.Format(260000001), Amount: money.FromTiyn(2015500), Language: "kk", Return: "/p/return"})
	if err != nil {
		t.Fatal(err)
	}
	return till, tillpage.Handler(till), page, order
}

func ask(t *testing.T, h http.Handler, method, path, do string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(url.Values{"do": {do}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func state(t *testing.T, till *sandbox.Till, order uuid.UUID) gateway.OrderStatus {
	t.Helper()
	got, err := till.Status(t.Context(), []uuid.UUID{order})
	if err != nil {
		t.Fatal(err)
	}
	return got[order]
}

func TestPage_showsAndActsOnlyWhenPosted(t *testing.T) {
	t.Parallel()
	till, h, page, order := setup(t)
	for range 2 {
		if got := ask(t, h, http.MethodGet, page.Page+"?do=pay", "pay"); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "20155.00 KZT") || !strings.Contains(got.Body.String(), `href="/p/return"`) {
			t.Fatalf("%d: %s", got.Code, got.Body)
		}
	}
	if got := ask(t, h, http.MethodPost, page.Page, "dance"); got.Code != http.StatusUnprocessableEntity || state(t, till, order).State != gateway.StateOpen {
		t.Errorf("something else was done: %d", got.Code)
	}
	if got := ask(t, h, http.MethodPost, page.Page, "pay"); got.Code != http.StatusSeeOther || state(t, till, order).State != gateway.StatePaid {
		t.Errorf("paying: %d, %+v", got.Code, state(t, till, order))
	}
	ask(t, h, http.MethodPost, page.Page, "cancelled")
	if state(t, till, order).State != gateway.StatePaid {
		t.Error("what was paid was cancelled")
	}
}

func TestPage_refuses(t *testing.T) {
	t.Parallel()
	till, h, page, order := setup(t)
	ask(t, h, http.MethodPost, page.Page, "insufficient_funds")
	if got := state(t, till, order); got.State != gateway.StateFailed || got.Reason != gateway.NoFunds {
		t.Errorf("%+v", got)
	}
	for _, path := range []string{sandbox.TillPath + uuid.NewString(), sandbox.TillPath + "x"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := ask(t, h, method, path, "pay"); got.Code != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, path, got.Code)
			}
		}
	}
}
