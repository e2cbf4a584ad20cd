package fcm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	sandbox "robotbailiff/internal/sandbox/fcm"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

// Registration tokens, and what the far end has for them.
const (
	good    = "cTokenOfAPhone:APA91b-good"
	removed = "cTokenOfAPhone:APA91b-removed"
	foreign = "cTokenOfAPhone:APA91b-foreign"
	lost    = "cTokenOfAPhone:APA91b-lost"
	broken  = "no token"
)

// far is FCM as a test sees it, with a gateway that goes there.
type far struct {
	*sandbox.Service
	*Gateway

	url  string
	key  []byte
	stop func()

	mu   sync.Mutex
	logs bytes.Buffer
	gone []string
}

// Write implements io.Writer for the log.
func (f *far) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logs.Write(p)
}

func connect(t *testing.T, cfg Config, world sandbox.Config) *far {
	t.Helper()
	s, err := sandbox.New(world)
	must(t, err)
	s.Unregister(removed)
	s.Foreign(foreign)
	s.Lose(lost)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	f := &far{Service: s, url: server.URL, stop: server.Close}
	f.key, err = s.KeyFile(server.URL + "/token")
	must(t, err)
	cfg.Key, cfg.Clock, cfg.Log = f.key, testkit.Clock(t), slog.New(slog.NewTextHandler(f, nil))
	if cfg.Endpoint == "" {
		cfg.Endpoint = server.URL
	}
	cfg.Gone = func(_ context.Context, token string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.gone = append(f.gone, token)
	}
	f.Gateway, err = New(cfg)
	must(t, err)
	t.Cleanup(func() { f.keepsQuiet(t) })
	return f
}

const words = "Іс 260000017: әғқңөұүһі"

// keepsQuiet looks for what no log may hold: registration tokens, access tokens, the key, the words of a notice.
func (f *far) keepsQuiet(t *testing.T, also ...string) {
	t.Helper()
	f.mu.Lock()
	said := f.logs.String() + strings.Join(also, "\n")
	f.mu.Unlock()
	var key account
	must(t, json.Unmarshal(f.key, &key))
	for _, secret := range append(strings.Split(key.PrivateKey, "\n"), "APA91b", broken, "ya29.", "260000017", "әғқ") {
		if len(secret) > 3 && strings.Contains(said, secret) {
			t.Errorf("a secret is told: %s", said)
		}
	}
}

func notice(ref, to string) notify.Message {
	return notify.Message{Ref: ref, Channel: notify.Push, To: to, Title: "260000017", Text: words, ExpiresAt: testkit.Morning.Add(9 * time.Hour)}
}

// send sends one message and gives its answer.
func (f *far) send(t *testing.T, ref, to string) notify.Sent {
	t.Helper()
	answers, err := f.Send(t.Context(), []notify.Message{notice(ref, to)})
	must(t, err)
	if len(answers) != 1 || answers[0].Ref != ref {
		t.Fatalf("answers: %v", answers)
	}
	f.keepsQuiet(t, fmt.Sprint(answers))
	return answers[0]
}

func TestSend_whatArrives(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	m := notice("17-3-push", good)
	m.ExpiresAt = testkit.Morning.Add(90 * time.Second)
	before := time.Now().Unix()
	answers, err := f.Send(t.Context(), []notify.Message{m})
	must(t, err)
	taken := f.Taken(good)
	if len(taken) != 1 {
		t.Fatalf("%v, taken: %v", answers, taken)
	}
	got := taken[0]
	ends, err := strconv.ParseInt(got.APNSExpiration, 10, 64)
	must(t, err)
	if got.TTL > 90*time.Second || got.TTL < 80*time.Second || ends < before+80 || ends > before+100 {
		t.Errorf("ends in %s, for Apple %d seconds after the start", got.TTL, ends-before)
	}
	got.TTL, got.APNSExpiration = 0, ""
	want := sandbox.Taken{
		Name: got.Name, Token: good, Title: "260000017", Body: words, Data: map[string]string{"ref": "17-3-push"}, CollapseKey: "17-3-push",
		Tag: "17-3-push", APNSCollapseID: "17-3-push",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	_, name, _ := strings.Cut(got.Name, "/messages/")
	if d := cmp.Diff([]notify.Sent{{Ref: "17-3-push", Status: notify.Accepted, ProviderRef: name}}, answers); d != "" {
		t.Error(d)
	}
}

// The end is counted from when the turn of a message has come; what has no time left does not leave.
func TestCompose_end(t *testing.T) {
	t.Parallel()
	world := time.Unix(1772424000, 0)
	for _, c := range []struct {
		left      time.Duration
		ttl, apns string
	}{
		{time.Second, "1s", "1772424001"},
		{90*time.Second + 999*time.Millisecond, "90s", "1772424090"},
		{60 * 24 * time.Hour, "2419200s", "1774843200"}, // FCM's longest
		{999 * time.Millisecond, "", ""},
		{0, "", ""},
		{-time.Hour, "", ""},
	} {
		body, ok := compose(notice("1-1-push", good), c.left, world)
		var r request
		if ok != (c.ttl != "") || ok && json.Unmarshal(body, &r) != nil || r.Message.Android.TTL != c.ttl || r.Message.APNS.Headers["apns-expiration"] != c.apns {
			t.Errorf("%s: %s %t", c.left, body, ok)
		}
	}
	m := notice("1-1-push", good)
	m.ExpiresAt = time.Time{}
	if body, ok := compose(m, -time.Hour, world); !ok || strings.Contains(string(body), "ttl") || strings.Contains(string(body), "apns-expiration") {
		t.Errorf("without an end: %s %t", body, ok)
	}
	f := connect(t, Config{}, sandbox.Config{})
	m.ExpiresAt = testkit.Morning
	answers, err := f.Send(t.Context(), []notify.Message{m})
	if want := (notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "expired"}); err != nil || len(answers) != 1 || !cmp.Equal(answers[0], want) || len(f.Taken("")) != 0 {
		t.Errorf("%v %v", answers, err)
	}
}

func TestSend_tokensThatAreNot(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	answers, err := f.Send(t.Context(), []notify.Message{notice("1-1-push", removed), notice("2-1-push", foreign), notice("3-1-push", broken), notice("4-1-push", good)})
	must(t, err)
	answers[3].ProviderRef = ""
	if d := cmp.Diff([]notify.Sent{
		{Ref: "1-1-push", Status: notify.Rejected, Detail: "UNREGISTERED"},
		{Ref: "2-1-push", Status: notify.Rejected, Detail: "SENDER_ID_MISMATCH"},
		{Ref: "3-1-push", Status: notify.Rejected, Detail: "INVALID_ARGUMENT"},
		{Ref: "4-1-push", Status: notify.Accepted},
	}, answers); d != "" {
		t.Error(d)
	}
	slices.Sort(f.gone)
	if !slices.Equal(f.gone, []string{removed, broken}) {
		t.Errorf("gone: %q", f.gone)
	}
	f.keepsQuiet(t, fmt.Sprint(answers))
}

func TestSend_whenFCMIsInTrouble(t *testing.T) {
	t.Parallel()
	for code, c := range map[string]struct {
		retryAfter string
		want       notify.Answer
		pause      bool
	}{
		"QUOTA_EXCEEDED":         {"30", notify.NotFound, true},
		"UNAVAILABLE":            {"", notify.Unknown, true},
		"INTERNAL":               {"", notify.Unknown, false},
		"UNSPECIFIED_ERROR":      {"5", notify.Unknown, true},
		"THIRD_PARTY_AUTH_ERROR": {"", notify.NotFound, false},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			f := connect(t, Config{}, sandbox.Config{})
			f.Fail(1, code, c.retryAfter)
			if got := f.send(t, "1-1-push", good); got.Status != c.want || got.Detail != code {
				t.Errorf("%+v", got)
			}
			want := notify.Sent{Ref: "2-1-push", Status: notify.Accepted}
			if c.pause {
				want.Status, want.Detail = notify.NotFound, "paused"
			}
			got := f.send(t, "2-1-push", good)
			got.ProviderRef = ""
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if n := len(f.Taken("")); (n == 0) != c.pause {
				t.Errorf("%d were taken", n)
			}
			if f.Issued() != 1 {
				t.Errorf("%d access tokens: none of this is their fault", f.Issued())
			}
		})
	}
}

func TestSend_answerThatIsLost(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	for range 2 { // a second time, as if somebody had forgotten the first
		if got, want := f.send(t, "9-1-push", lost), (notify.Sent{Ref: "9-1-push", Status: notify.Unknown, Detail: "no_answer"}); !cmp.Equal(got, want) {
			t.Errorf("%+v", got)
		}
	}
	if len(f.Taken(lost)) != 2 || len(f.Shown(lost)) != 1 {
		t.Errorf("%d were taken, and the phone shows %d", len(f.Taken(lost)), len(f.Shown(lost)))
	}
	answers, err := f.Query(t.Context(), []string{"9-1-push"})
	if d := cmp.Diff([]notify.Sent{{Ref: "9-1-push", Status: notify.Unknown, Detail: "no_query"}}, answers); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestSend_tooSlowAndCancelled(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	must(t, f.Ready(t.Context()))
	f.Slow(time.Minute)
	f.calls = outcall.New(outcall.Config{Abreast: 1, Rate: 100, Within: time.Second, MaxAnswer: maxAnswer})
	if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.Unknown, Detail: "no_answer"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answers, err := f.Send(ctx, []notify.Message{notice("2-1-push", good)})
	if err != nil || len(answers) != 1 || answers[0].Status != notify.NotFound {
		t.Errorf("cancelled before: %v %v", answers, err)
	}
	if len(f.Taken(good)) != 1 {
		t.Errorf("%d were taken", len(f.Taken(good)))
	}
}

func TestSend_nobodyIsThere(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{Endpoint: "http://127.0.0.1:1"}, sandbox.Config{})
	if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "not_sent"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	f = connect(t, Config{}, sandbox.Config{})
	f.stop()
	if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.NotFound, Detail: "no_access_token"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestSend_clockThatFails(t *testing.T) {
	t.Parallel()
	f := connect(t, Config{}, sandbox.Config{})
	hands := clock.NewManual(testkit.Morning)
	hands.Fail(errors.New("stopped"))
	f.cfg.Clock = hands
	if answers, err := f.Send(t.Context(), []notify.Message{notice("1-1-push", good)}); err == nil || answers != nil || f.Issued() != 0 {
		t.Errorf("%v %v", answers, err)
	}
}

func TestSend_answersOfSomebodyElse(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<html>Sign in to the network</html>")
	}))
	t.Cleanup(server.Close)
	f := connect(t, Config{Endpoint: server.URL}, sandbox.Config{})
	if got, want := f.send(t, "1-1-push", good), (notify.Sent{Ref: "1-1-push", Status: notify.Unknown, Detail: "answer_unreadable"}); !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
