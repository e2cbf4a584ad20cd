package fcm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/notify"
)

// Config is what a gateway needs.
type Config struct {
	Key      []byte // the key file of the service account; never logged
	Project  string // whose app it is; empty: the project of the key
	Endpoint string // empty: https://fcm.googleapis.com
	Abreast  int    // requests under way at most; 0: 20
	Rate     int    // messages a second at most; 0: 200

	// Gone hears of a registration token that belongs to nobody any more, or that is none, so that its owner can forget it. It
	// is called by several goroutines at once, and may be nil.
	Gone      func(ctx context.Context, token string)
	Clock     clock.Clock
	Log       *slog.Logger
	Observe   func(what, outcome string, n int) // for metrics; may be nil
	Transport http.RoundTripper                 // nil: TLS with the roots of the system
}

// Gateway implements notify.Gateway over FCM. Any number of callers may use it.
type Gateway struct {
	cfg     Config
	address string
	access  *access
	calls   *outcall.Caller
}

var _ notify.Gateway = (*Gateway)(nil)

const (
	google       = "https://fcm.googleapis.com"
	answerWithin = 10 * time.Second // FCM has so long for an answer; then its outcome is unknown
	maxAnswer    = 64 << 10
	pauseAccess  = 10 * time.Second // after a new access token was refused as well
)

// errOver says that a message's time was over before its turn.
var errOver = errors.New("expired")

// New checks the settings. Nothing is connected before the first call.
func New(cfg Config) (*Gateway, error) {
	key, err := parseKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	if cfg.Project == "" {
		cfg.Project = key.Project
	}
	if !projectForm.MatchString(cfg.Project) {
		return nil, fmt.Errorf("fcm: %q is no name of a project", cfg.Project)
	}
	if cfg.Endpoint == "" {
		cfg.Endpoint = google
	}
	base, err := outcall.Base(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("fcm: endpoint: %w", err)
	}
	if cfg.Abreast < 0 || cfg.Rate < 0 {
		return nil, errors.New("fcm: requests at a time and messages a second are no negative numbers")
	}
	if cfg.Abreast == 0 {
		cfg.Abreast = 20
	}
	if cfg.Rate == 0 {
		cfg.Rate = 200
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	if cfg.Gone == nil {
		cfg.Gone = func(context.Context, string) {}
	}
	if cfg.Transport == nil {
		cfg.Transport = outcall.Transport(cfg.Abreast)
	}
	return &Gateway{
		cfg: cfg, address: base.JoinPath("v1", "projects", cfg.Project, "messages:send").String(), access: newAccess(key.config(), cfg.Transport),
		calls: outcall.New(outcall.Config{Abreast: cfg.Abreast, Rate: cfg.Rate, Within: answerWithin, MaxAnswer: maxAnswer, Transport: cfg.Transport}),
	}, nil
}

// Ready is nil when the service account can sign in.
func (g *Gateway) Ready(ctx context.Context) error {
	if _, err := g.signIn(ctx); err != nil {
		return fmt.Errorf("fcm: %w", err)
	}
	return nil
}

func (g *Gateway) signIn(ctx context.Context) (string, error) {
	token, fetched, err := g.access.get(ctx)
	if fetched {
		g.cfg.Observe("fcm_access", "fetched", 1)
	}
	return token, err
}

// Send implements notify.Gateway. Every message gets an answer.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("fcm: %w", err)
	}
	since := clock.StartStopwatch()
	if _, err := g.signIn(ctx); err != nil { // told once, and not for every message
		g.cfg.Observe("fcm_access", "failed", 1)
		g.cfg.Log.WarnContext(ctx, "no access token for FCM, nothing is sent", "messages", len(messages), "error", err)
	}
	answers := make([]notify.Sent, len(messages))
	var all errgroup.Group
	all.SetLimit(g.cfg.Abreast)
	for i, m := range messages {
		all.Go(func() error {
			answers[i] = g.send(ctx, m, now, since)
			g.cfg.Observe("fcm", string(answers[i].Status), 1)
			return nil
		})
	}
	return answers, all.Wait()
}

func (g *Gateway) send(ctx context.Context, m notify.Message, now time.Time, since clock.Stopwatch) notify.Sent {
	sent := notify.Sent{Ref: m.Ref, Status: notify.NotFound}
	for again := false; ; again = true {
		token, err := g.signIn(ctx)
		if err != nil {
			sent.Detail = errAccess.Error()
			return sent
		}
		answer, err := g.calls.Do(ctx, func(ctx context.Context) (*http.Request, error) {
			return g.request(ctx, m, token, m.ExpiresAt.Sub(now)-since.Elapsed())
		})
		if err != nil {
			sent.Detail = outcall.Code(err, errOver)
			if errors.Is(err, outcall.ErrNoAnswer) {
				sent.Status = notify.Unknown
			}
			return sent
		}
		v := judge(answer.Status, answer.Body)
		if v.access {
			g.access.drop(token)
			if !again {
				continue // nothing was taken, and the fault may have been the old token's
			}
			v.pause = pauseAccess
		}
		g.pause(ctx, answer, v, now)
		if v.gone {
			g.cfg.Gone(ctx, m.To)
		}
		sent.Status, sent.Detail, sent.ProviderRef = v.status, v.detail, v.name
		return sent
	}
}

// request writes a message when its turn has come, so that its end is as near as it says.
func (g *Gateway) request(ctx context.Context, m notify.Message, token string, left time.Duration) (*http.Request, error) {
	world, err := clock.System().Now(ctx)
	if err != nil {
		return nil, err
	}
	body, ok := compose(m, left, world)
	if !ok {
		return nil, errOver
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "robot-bailiff")
	return r, nil
}

// pause keeps everybody still for as long as FCM wants it, or for as long as it is known to be wise.
func (g *Gateway) pause(ctx context.Context, answer outcall.Answer, v verdict, now time.Time) {
	if d := g.calls.Heed(answer, v.pause, now); d > 0 {
		g.cfg.Observe("fcm", "pause", 1)
		g.cfg.Log.WarnContext(ctx, "FCM is left alone for a while", "why", v.detail, "pause", d)
	}
}

// Pace implements notify.Pacer.
func (g *Gateway) Pace() int { return g.cfg.Rate }

// Query implements notify.Gateway. FCM cannot be asked what became of a message, so that every answer is Unknown, which says
// nothing new. A message that was sent a second time all the same would do no harm: it has the tag, and on a phone of Apple
// the collapse id, of the first, and takes its place on the screen.
func (g *Gateway) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	answers := make([]notify.Sent, len(refs))
	for i, ref := range refs {
		answers[i] = notify.Sent{Ref: ref, Status: notify.Unknown, Detail: "no_query"}
	}
	return answers, nil
}
