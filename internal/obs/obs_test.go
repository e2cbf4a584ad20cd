package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"debtor 900101300123 refused":                "debtor [iin] refused",
		"900101300123":                               "[iin]",
		"900101300123,900101300124 900101300125":     "[iin],[iin] [iin]",
		"card 4400430212345678":                      "card 4400430212345678", // longer: not ours to judge
		"case 26-0000123-4":                          "case 26-0000123-4",
		"sent to +77011234567":                       "sent to [phone]",
		"sent to +7 (701) 123-45-67 today":           "sent to [phone] today",
		"sent to 87011234567":                        "sent to [phone]",
		"sent to 8 701 123 45 67":                    "sent to [phone]",
		"GET /p/7fQm2vXkRt9LcWn4PzHs3B?x=1":          "GET /p/[token]?x=1",
		"https://x.kz/p/abc/pay":                     "https://x.kz/p/[token]/pay",
		"to KZ86125KZT5004100100":                    "to [iban]",
		"postgres://bailiff:s3cret@db:5432/x failed": "postgres://[hidden]@db:5432/x failed",
		"2026-03-02T04:00:00.123456789Z":             "2026-03-02T04:00:00.123456789Z",
		"nothing here":                               "nothing here",
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

type phone string

func (p phone) String() string { return string(p) }

func TestNewLogger_letsNoPersonOut(t *testing.T) {
	t.Parallel()
	const iin, tel = "900101300123", "+77011234567"
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelInfo)
	ctx := WithAttrs(context.Background(), slog.Int64("case_id", 42), slog.String("via", tel))
	log.With("writ", iin).WithGroup("g").InfoContext(ctx, "case of "+iin+" opened",
		"text", tel, "err", errors.New("no such debtor "+iin), "stringer", phone(tel),
		"number", int64(900101300123), "short", int64(10101500123), "raw", []byte(iin),
		"struct", struct{ IIN string }{iin}, "slice", []string{tel}, "phone", "anything",
		slog.Group("inner", "a", iin), "chan", make(chan int))
	line := out.String()
	for _, secret := range []string{iin, tel, "7011234567", "10101500123", "anything"} {
		if strings.Contains(line, secret) {
			t.Errorf("%s is in the log: %s", secret, line)
		}
	}
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if got := record["g"].(map[string]any)["case_id"]; got != float64(42) {
		t.Errorf("case_id %v: %s", got, line)
	}
}

func TestNewLogger_leavesPlainNumbersAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	NewLogger(&out, slog.LevelInfo).Info("m", "id", 123456, "tiyn", int64(999999999999), "n", 17)
	for _, want := range []string{`"id":123456`, `"tiyn":999999999999`, `"n":17`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is missing in %s", want, &out)
		}
	}
}

func TestHealth_namesTheFailingDependency(t *testing.T) {
	t.Parallel()
	var h Health
	mux := http.NewServeMux()
	h.Register(mux)
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	h.Add("queue", func(context.Context) error { return nil })
	if code, body := get("/readyz"); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	h.Add("database", func(context.Context) error { return errors.New("refused user 900101300123") })
	h.Add("clock", func(context.Context) error { panic("boom") })
	code, body := get("/readyz")
	var got Report
	if err := json.Unmarshal([]byte(body), &got); err != nil || code != http.StatusServiceUnavailable {
		t.Fatalf("%d %s: %v", code, body, err)
	}
	want := Report{Failing: []string{"clock", "database"}, Checks: []Result{
		{Name: "clock", Error: "the check panicked: boom"},
		{Name: "database", Error: "refused user [iin]"},
		{Name: "queue", OK: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if code, body := get("/healthz"); code != http.StatusOK {
		t.Errorf("alive is not ready: %d %s", code, body)
	}
}

func TestHealth_namesWhatIsMinor(t *testing.T) {
	t.Parallel()
	var h Health
	h.AddMinor("bank a", func(context.Context) error { return errors.New("down") })
	h.AddMinor("bank b", func(context.Context) error { return nil })
	if r := h.Report(t.Context()); !r.Ready || len(r.Failing) != 0 || !cmp.Equal(r.Minor, []string{"bank a"}) {
		t.Errorf("%+v", r)
	}
	h.Add("bank a", func(context.Context) error { return errors.New("down") })
	if r := h.Report(t.Context()); r.Ready || len(r.Minor) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestHealth_doesNotWaitForACheckThatHangs(t *testing.T) {
	t.Parallel()
	var h Health
	release := make(chan struct{})
	defer close(release)
	h.Add("bank", func(context.Context) error { <-release; return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := h.Report(ctx); r.Ready || len(r.Failing) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestNewRegistry_gathers(t *testing.T) {
	t.Parallel()
	r := NewRegistry()
	w := httptest.NewRecorder()
	MetricsHandler(r).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{"bailiff_build_info{", "go_goroutines", "promhttp_metric_handler_errors_total"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("a", "b")
	f.Add("9001", "01")
	f.Fuzz(func(t *testing.T, before, after string) {
		const iin = "900101300123"
		s := fmt.Sprintf("%s %s %s", before, iin, after)
		if strings.Contains(Redact(s), iin) && !strings.Contains(before+"\n"+after, iin) {
			t.Errorf("%q keeps the number: %q", s, Redact(s))
		}
	})
}

func BenchmarkRedact(b *testing.B) {
	for b.Loop() {
		Redact("case opened, term starts, decree 12345 of 2026-03-02")
	}
}
