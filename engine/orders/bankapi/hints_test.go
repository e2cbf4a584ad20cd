package bankapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
)

func TestHints(t *testing.T) {
	t.Parallel()
	theirs, stranger := newSigner(t), newSigner(t)
	var told []uuid.UUID
	var fail error
	hints, err := bankapi.NewHints(bankapi.HintsConfig{
		Banks: map[string]*wire.Verifier{"halyk": theirs.Verifier()}, Clock: clock.System(),
		Hint: func(_ context.Context, bank string, ids []uuid.UUID) error {
			if bank != "halyk" {
				t.Errorf("a hint of %s", bank)
			}
			told = append(told, ids...)
			return fail
		},
	})
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle(bankapi.HintsPath, hints)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	ids := []uuid.UUID{peertest.ID("a"), peertest.ID("b")}
	for _, c := range []struct {
		name, bank, path string
		signer           *wire.Signer
		late             time.Duration
		ids              []uuid.UUID
		fail             error
		want             int
		told             bool
	}{
		{name: "good", want: 204, told: true},
		{name: "a forger", signer: stranger, want: 401},
		{name: "an unknown bank", path: "kaspi", want: 401},
		{name: "a replay", late: -10 * time.Minute, want: 401},
		{name: "from the future", late: 10 * time.Minute, want: 401},
		{name: "for another bank", bank: "kaspi", want: 400},
		{name: "not taken", fail: errors.New("down"), want: 503, told: true},
	} {
		for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
			told, fail = nil, c.fail
			if c.signer == nil {
				c.signer = theirs
			}
			bank := far.New(far.Config{Name: first(c.bank, "halyk"), Signer: c.signer, Clock: clock.Fixed(time.Now().Add(c.late))})
			got, err := bank.Hint(t.Context(), server.Client(), server.URL+"/hooks/banks/"+first(c.path, "halyk"), as, ids)
			if err != nil || got != c.want {
				t.Errorf("%s, %s: %d, %v, want %d", c.name, as, got, err, c.want)
			}
			if want := map[bool][]uuid.UUID{true: ids}[c.told]; !cmp.Equal(want, told) {
				t.Errorf("%s, %s: told %v", c.name, as, told)
			}
		}
	}
	told = nil
	for name, c := range map[string]struct {
		body, kind string
		want       int
	}{
		"not signed": {"{}", "application/json", 401},
		"too long":   {strings.Repeat(" ", 70_000), "application/json", 413},
		"an answer":  {`{"type":"replies"}`, "application/json", 400},
		"HTML":       {"<html>", "text/html", 415},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/hooks/banks/halyk", strings.NewReader(c.body))
		must(t, err)
		r.Header.Set("Content-Type", c.kind)
		if c.want != 401 {
			signature, err := theirs.Sign([]byte(c.body))
			must(t, err)
			r.Header.Set(wire.SignatureHeader, signature)
		}
		resp, err := server.Client().Do(r)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != c.want || len(told) != 0 {
			t.Errorf("%s: %d, told %v", name, resp.StatusCode, told)
		}
	}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
