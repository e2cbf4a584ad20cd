package fcm

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sandbox "robotbailiff/internal/sandbox/fcm"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

func TestAccess_oneTokenForEverybody(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{Rate: 10_000}, sandbox.Config{})
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			var messages []notify.Message
			for i := range 25 {
				messages = append(messages, notice(notify.Ref(int64(100*n+i+1), 1, notify.Push), good))
			}
			answers, err := f.Send(t.Context(), messages)
			if err != nil {
				t.Error(err)
			}
			for i, a := range answers {
				if a.Ref != messages[i].Ref || a.Status != notify.Accepted {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	all.Wait()
	if len(f.Taken("")) != 100 || f.Issued() != 1 {
		t.Errorf("%d were taken, with %d access tokens", len(f.Taken("")), f.Issued())
	}
}

func TestAccess_tokenNearItsEndIsNotUsed(t *testing.T) {
	t.Parallel()
	for lifetime, want := range map[time.Duration]int{accessMargin + time.Minute: 1, accessMargin: 3} {
		f := connect(t, Config{}, sandbox.Config{Lifetime: lifetime})
		for range 3 {
			must(t, f.Ready(t.Context()))
		}
		if f.Issued() != want {
			t.Errorf("%s: %d access tokens", lifetime, f.Issued())
		}
	}
}

func TestAccess_revokedIsReplacedOnce(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	must(t, f.Ready(t.Context()))
	f.Revoke()
	if got := f.send(t, "1-1-push", good); got.Status != notify.Accepted || f.Issued() != 2 {
		t.Errorf("%+v, %d access tokens", got, f.Issued())
	}
	if len(f.Taken(good)) != 1 {
		t.Errorf("%d were taken", len(f.Taken(good)))
	}
}

// A service account without the right to send is refused with every access token. That is nobody's notice lost, and no storm.
func TestAccess_refusedWithANewTokenAsWell(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{Project: "another-project"}, sandbox.Config{})
	if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "PERMISSION_DENIED"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got, want := f.send(t, "2-1-push", good), (notify.Sent{Ref: "2-1-push", Status: notify.NotFound, Detail: "paused"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if f.Issued() > 3 {
		t.Errorf("%d access tokens", f.Issued())
	}
}

func TestAccess_accountThatIsRefused(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	f.RefuseAssertions("invalid_grant")
	for range 2 {
		if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "no_access_token"}); !cmp.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	}
	if err := f.Ready(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "no_access_token: invalid_grant") {
		t.Errorf("%v", err)
	}
	f.RefuseAssertions("")
	if err := f.Ready(t.Context()); err == nil {
		t.Error("nobody waits after a failure")
	}
	f.access.mu.Lock()
	f.access.failure = nil // as if it were some seconds later
	f.access.mu.Unlock()
	if got := f.send(t, "1-1-push", good); got.Status != notify.Accepted {
		t.Errorf("%+v", got)
	}
}

// One caller who gives up must not keep the others from asking.
func TestAccess_callerWhoGivesUp(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Ready(ctx); err == nil {
		t.Error("ready without having asked")
	}
	must(t, f.Ready(t.Context()))
}

// Whatever stands at the address of access tokens, nothing of what it says is told.
func TestAccess_answersThatAreNone(t *testing.T) {
	t.Parallel()
	const secret = "ya29.secret"
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"a page":       {200, "<html>" + secret},
		"cut off":      {200, `{"access_token":"` + secret},
		"without end":  {200, `{"access_token":"` + secret + `","token_type":"Bearer"}`},
		"no token":     {200, `{"expires_in":3599}`},
		"wrong types":  {200, `{"access_token":["` + secret + `"],"expires_in":"` + secret + `"}`},
		"odd refusal":  {400, `{"error":"` + secret + `","error_description":"` + secret + `"}`},
		"in trouble":   {500, secret},
		"moved":        {307, ""},
		"not a header": {200, `{"access_token":"` + secret + `\n","expires_in":3599}`},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/token" {
				t.Errorf("%s: somebody went to %s", name, r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		var log strings.Builder
		g, err := New(Config{
			Key: keyWith(t, map[string]any{"token_uri": server.URL + "/token"}), Endpoint: "http://127.0.0.1:1", Clock: testkit.Clock(t),
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		must(t, err)
		answers, err := g.Send(t.Context(), []notify.Message{notice("1-1-push", good)})
		if err != nil || len(answers) != 1 || answers[0].Status != notify.NotFound {
			t.Errorf("%s: %v %v", name, answers, err)
		}
		if said := fmt.Sprint(log.String(), answers, g.Ready(t.Context())); strings.Contains(said, secret) {
			t.Errorf("%s: %s", name, said)
		}
		server.Close()
	}
}
