package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

var order = uuid.MustParse("6f1c6d0e-6a55-4a7e-9d1f-1f0f7d6b2a11")

func answering(t *testing.T, status int, body string) *gateway.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, strings.ReplaceAll(body, "ORDER", order.String()))
	}))
	t.Cleanup(srv.Close)
	return client(t, srv.URL, ourSecret)
}

// What is not an answer of the contract is never believed.
func TestClient_beginBelievesNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   error // nil: believed
	}{
		{"good", 200, `{"order":"ORDER","page":"https://pay.kz/1","more":1}`, nil},
		{"HTML", 200, `<html>ok</html>`, gateway.ErrAnswer},
		{"nothing", 200, ``, gateway.ErrAnswer},
		{"another order", 200, `{"order":"0d8c6e55-9a3f-4f30-8b0c-0f3b6f1f2f10","page":"https://pay.kz/1"}`, gateway.ErrAnswer},
		{"in the clear", 200, `{"order":"ORDER","page":"http://pay.kz/1"}`, gateway.ErrAnswer},
		{"a script", 200, `{"order":"ORDER","page":"javascript:alert(1)"}`, gateway.ErrAnswer},
		{"said twice", 200, `{"order":"ORDER","page":"https://a.kz","PAGE":"https://b.kz"}`, gateway.ErrAnswer},
		{"refused", 422, `{}`, gateway.ErrRefused},
		{"broken", 500, `{}`, gateway.ErrAnswer},
		{"moved", 302, `{}`, gateway.ErrAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := answering(t, c.status, c.body).Begin(t.Context(), gateway.Wish{Order: order, Amount: money.FromTiyn(1)})
			if !errors.Is(err, c.want) || (err == nil) != (got.Page != "") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestClient_statusBelievesNothingElse(t *testing.T) {
	t.Parallel()
	const payment = `{"type":"payment.paid","data":{"txn_id":"K","order":"ORDER","amount":"1.00","currency":"KZT","value_date":"2026-09-01"}}`
	for _, c := range []struct {
		name, body string
		want       gateway.State // "": nothing is known
		wrong      bool
	}{
		{"paid", `{"results":[{"order":"ORDER","state":"paid","payment":` + payment + `}]}`, gateway.StatePaid, false},
		{"open", `{"results":[{"order":"ORDER","state":"open"}]}`, gateway.StateOpen, false},
		{"a later word", `{"results":[{"order":"ORDER","state":"pondering"}]}`, "", false},
		{"not asked", `{"results":[{"order":"0d8c6e55-9a3f-4f30-8b0c-0f3b6f1f2f10","state":"paid"}]}`, "", false},
		{"no list", `{"results":null}`, "", true},
		{"paid without payment", `{"results":[{"order":"ORDER","state":"paid"}]}`, "", true},
		{"the payment of another", `{"results":[{"order":"ORDER","state":"paid","payment":` + strings.ReplaceAll(payment, "ORDER", "0d8c6e55-9a3f-4f30-8b0c-0f3b6f1f2f10") + `}]}`, "", true},
		{"taken back", `{"results":[{"order":"ORDER","state":"paid","payment":` + strings.ReplaceAll(payment, "payment.paid", "payment.reversed") + `}]}`, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := answering(t, 200, c.body).Status(t.Context(), []uuid.UUID{order})
			if got[order].State != c.want || errors.Is(err, gateway.ErrAnswer) != c.wrong {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestClient_saysWhyAPaymentFailed(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]gateway.Reason{"insufficient_funds": gateway.NoFunds, "cancelled": gateway.Cancelled, "moon_phase": "", "": ""} {
		got, err := answering(t, 200, `{"results":[{"order":"ORDER","state":"failed","reason":"`+word+`"}]}`).Status(t.Context(), []uuid.UUID{order})
		if err != nil || got[order].State != gateway.StateFailed || got[order].Reason != want {
			t.Errorf("%q: %+v, %v", word, got, err)
		}
	}
	if got, err := answering(t, 200, `{"results":[{"order":"ORDER","state":"failed"}]}`).Status(t.Context(), []uuid.UUID{order}); err != nil || got[order].State != gateway.StateFailed {
		t.Errorf("without a reason: %+v, %v", got, err)
	}
}

func TestClient_settings(t *testing.T) {
	t.Parallel()
	for _, cfg := range []gateway.ClientConfig{
		{Endpoint: "http://pay.example.kz", Secret: ourSecret},
		{Endpoint: "", Secret: ourSecret},
		{Endpoint: "https://pay.example.kz", Secret: ""},
		{Endpoint: "https://pay.example.kz", Secret: "whsec_c2hvcnQ="},
	} {
		if _, err := gateway.NewClient(cfg); err == nil || strings.Contains(err.Error(), "c2hvcnQ") {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}
