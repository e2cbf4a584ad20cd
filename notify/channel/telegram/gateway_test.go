package telegram

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

const (
	token  = "123456789:AAsecret_of-the-bot_0123456789abcde"
	secret = "0123456789abcdef0123456789abcdef"
)

var silent = slog.New(slog.DiscardHandler)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func gateway(t *testing.T, cfg Config) *Gateway {
	t.Helper()
	cfg.Token, cfg.Secret, cfg.Clock = token, secret, testkit.Clock(t)
	if cfg.Name == "" {
		cfg.Name = "bailiff_bot"
	}
	if cfg.Hook == "" {
		cfg.Hook = "https://bailiff.example/hooks/telegram"
	}
	if cfg.Log == nil {
		cfg.Log = silent
	}
	g, err := New(cfg)
	must(t, err)
	return g
}

// telegram answers every request with the same.
func telegram(t *testing.T, status int, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func refusal(code int, words, more string) string {
	return fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q%s}`, code, words, more)
}

// Each answer of Telegram means what its documentation says, and neither the token nor the chat gets anywhere.
func TestSend_tellsWhatBecameOfAMessage(t *testing.T) {
	t.Parallel()
	dropped := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(dropped.Close)
	for name, c := range map[string]struct {
		endpoint string
		want     notify.Answer
		detail   string
		gone     bool
	}{
		"taken":        {telegram(t, 200, `{"ok":true,"result":{"message_id":42,"date":1,"chat":{"id":7700112233,"type":"private"},"text":"x"}}`), notify.Accepted, "", false},
		"blocked":      {telegram(t, 403, refusal(403, "Forbidden: bot was blocked by the user", "")), notify.Rejected, "forbidden", true},
		"deactivated":  {telegram(t, 403, refusal(403, "Forbidden: user is deactivated", "")), notify.Rejected, "forbidden", true},
		"no chat":      {telegram(t, 400, refusal(400, "Bad Request: chat not found", "")), notify.Rejected, "chat_not_found", true},
		"moved":        {telegram(t, 400, refusal(400, "Bad Request: group chat was upgraded", `,"parameters":{"migrate_to_chat_id":-100}`)), notify.Rejected, "chat_not_found", true},
		"our fault":    {telegram(t, 400, refusal(400, "Bad Request: message text is empty", "")), notify.NotFound, "bad_request", false},
		"token":        {telegram(t, 401, refusal(401, "Unauthorized", "")), notify.NotFound, "unauthorized", false},
		"no bot":       {telegram(t, 404, refusal(404, "Not Found", "")), notify.NotFound, "unauthorized", false},
		"too many":     {telegram(t, 429, refusal(429, "Too Many Requests: retry after 8", `,"parameters":{"retry_after":8}`)), notify.NotFound, "too_many_requests", false},
		"out of order": {telegram(t, 502, `<html>Bad Gateway</html>`), notify.Unknown, "answer_unclear", false},
		"its fault":    {telegram(t, 500, refusal(500, "Internal Server Error", "")), notify.Unknown, "answer_unclear", false},
		"no sense":     {telegram(t, 200, `taken`), notify.Unknown, "answer_unclear", false},
		"no answer":    {dropped.URL, notify.Unknown, "no_answer", false},
		"closed port":  {"http://127.0.0.1:1", notify.NotFound, "not_sent", false},
	} {
		var logs bytes.Buffer
		var gone []int64
		g := gateway(t, Config{
			Endpoint: c.endpoint, Log: slog.New(slog.NewTextHandler(&logs, nil)),
			Gone: func(_ context.Context, chat int64) { gone = append(gone, chat) },
		})
		sent, err := g.Send(t.Context(), []notify.Message{{Ref: "1-1-telegram", To: "7700112233", Text: "…", ExpiresAt: testkit.Morning.Add(time.Hour)}})
		if err != nil || len(sent) != 1 || sent[0].Status != c.want || sent[0].Detail != c.detail || (sent[0].ProviderRef == "42") != (c.want == notify.Accepted) {
			t.Errorf("%s: %+v, %v", name, sent, err)
		}
		if want := map[bool][]int64{true: {7700112233}}[c.gone]; !slices.Equal(gone, want) {
			t.Errorf("%s: gone %v, want %v", name, gone, want)
		}
		if said := logs.String() + fmt.Sprint(g.Ready(t.Context())); strings.Contains(said, "AAsecret") || strings.Contains(said, "7700112233") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func TestSend_keepsStillForAsLongAsTelegramWants(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		requests++
		mu.Unlock()
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, refusal(429, "Too Many Requests", `,"parameters":{"retry_after":300}`))
	}))
	t.Cleanup(s.Close)
	g := gateway(t, Config{Endpoint: s.URL})
	for i, want := range []string{"too_many_requests", "paused", "paused"} {
		sent, err := g.Send(t.Context(), []notify.Message{{Ref: "1-1-telegram", To: "77", Text: "…"}})
		if err != nil || sent[0].Status != notify.NotFound || sent[0].Detail != want {
			t.Errorf("%d: %+v, %v", i, sent, err)
		}
	}
	if requests != 1 {
		t.Errorf("%d requests", requests)
	}
}

func TestSend_nothingAfterItsEndAndNothingToNobody(t *testing.T) {
	t.Parallel()
	g := gateway(t, Config{Endpoint: "http://127.0.0.1:1"})
	sent, err := g.Send(t.Context(), []notify.Message{{Ref: "a", To: "77", ExpiresAt: testkit.Morning}, {Ref: "b", To: "somebody"}})
	if err != nil || sent[0].Status != notify.NotFound || sent[0].Detail != "expired" || sent[1].Status != notify.Rejected {
		t.Errorf("%+v, %v", sent, err)
	}
	asked, err := g.Query(t.Context(), []string{"a"})
	if err != nil || len(asked) != 1 || asked[0].Status != notify.Unknown || g.Pace() != 25 {
		t.Errorf("%+v, %v", asked, err)
	}
}

func TestReady_knowsTheBot(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		`{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"x","username":"Bailiff_Bot"}}`: "<nil>",
		`{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"x","username":"other_bot"}}`:   "another bot than bailiff_bot",
		refusal(401, "Unauthorized", ""): "unauthorized",
	} {
		if got := fmt.Sprint(gateway(t, Config{Endpoint: telegram(t, 200, body)}).Ready(t.Context())); !strings.Contains(got, says) {
			t.Errorf("%s: %s", body, got)
		}
	}
}

func TestNew_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := Config{Token: token, Name: "bailiff_bot", Hook: "https://bailiff.example/hooks/telegram", Secret: secret}
	for says, spoil := range map[string]func(*Config){
		"as BotFather gave it":   func(c *Config) { c.Token = "AAsecret" },
		"no name of a bot":       func(c *Config) { c.Name = "@bailiff" },
		"hook: an address":       func(c *Config) { c.Hook = "http://bailiff.example/" },
		"endpoint: an address":   func(c *Config) { c.Endpoint = "ftp://x" },
		"the secret of the hook": func(c *Config) { c.Secret = "short" },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "AAsecret") {
			t.Errorf("want %q: %v", says, err)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
