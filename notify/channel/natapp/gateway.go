package natapp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
)

// Config is what a gateway needs.
type Config struct {
	Endpoint string // what is before /v1/pushes: https://HOST[:PORT][/PATH]
	Secret   string // by which the gateway knows us, in the form of Standard Webhooks; never logged
	Batch    int    // messages of one request at most; 0: 100, which is the most
	Abreast  int    // requests under way at most; 0: 4
	Rate     int    // requests a second at most; 0: 20

	Clock     clock.Clock
	Log       *slog.Logger
	Observe   func(what, outcome string, n int) // for metrics; may be nil
	Transport http.RoundTripper                 // nil: TLS with the roots of the system
}

// Gateway implements notify.Gateway over the gateway of a national app. Any number of callers may use it.
type Gateway struct {
	cfg    Config
	base   *url.URL
	signer *webhook.Signer
	calls  *outcall.Caller
	world  clock.Clock // of signatures, and of all that the gateway is told of time
	turn   chan struct{}
	ready  readiness // of who has the turn
}

// readiness is what was heard last when nothing was wanted but an answer.
type readiness struct {
	asked bool
	err   error
	since clock.Stopwatch
}

var _ notify.Gateway = (*Gateway)(nil)

const (
	answerWithin = 15 * time.Second // the gateway has so long for an answer; then its outcome is unknown
	readyFor     = 15 * time.Second // so long nobody asks again whether the gateway is there
)

// errOver says that a message's time was over before its turn.
var errOver = errors.New("expired")

// New checks the settings. Nothing is connected before the first call.
func New(cfg Config) (*Gateway, error) {
	base, err := outcall.Base(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("natapp: endpoint: %w", err)
	}
	signer, err := webhook.NewSigner(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("natapp: %w", err)
	}
	if cfg.Batch < 0 || cfg.Batch > maxBatch || cfg.Abreast < 0 || cfg.Rate < 0 {
		return nil, fmt.Errorf("natapp: a request holds 1 to %d messages, and no bound is negative", maxBatch)
	}
	if cfg.Batch == 0 {
		cfg.Batch = maxBatch
	}
	if cfg.Abreast == 0 {
		cfg.Abreast = 4
	}
	if cfg.Rate == 0 {
		cfg.Rate = 20
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	return &Gateway{
		cfg: cfg, base: base, signer: signer, world: clock.System(), turn: make(chan struct{}, 1),
		calls: outcall.New(outcall.Config{Abreast: cfg.Abreast, Rate: cfg.Rate, Within: answerWithin, MaxAnswer: maxBody, Transport: cfg.Transport}),
	}, nil
}

// Send implements notify.Gateway. Every message gets an answer.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("natapp: %w", err)
	}
	since := clock.StartStopwatch()
	answers := make([]notify.Sent, len(messages))
	var all errgroup.Group
	all.SetLimit(g.cfg.Abreast)
	for from := 0; from < len(messages); from += g.cfg.Batch {
		to := min(from+g.cfg.Batch, len(messages))
		all.Go(func() error {
			g.send(ctx, messages[from:to], answers[from:to], now, since)
			return nil
		})
	}
	err = all.Wait()
	for _, a := range answers {
		g.cfg.Observe("natapp", string(a.Status), 1)
	}
	return answers, err
}

// send sends some messages by one request. One that the gateway cannot read must not keep the others back: where it refuses the
// whole for its form, it has taken nothing, and the halves are tried.
func (g *Gateway) send(ctx context.Context, messages []notify.Message, answers []notify.Sent, now time.Time, since clock.Stopwatch) {
	var in map[string]bool
	answer, err := g.calls.Do(ctx, func(ctx context.Context) (*http.Request, error) {
		world, err := g.world.Now(ctx)
		if err != nil {
			return nil, err
		}
		var body []byte
		body, in, err = compose(messages, moments{legal: now.Add(since.Elapsed()), world: world})
		if err != nil {
			return nil, err
		}
		return g.request(ctx, body, "v1", "pushes")
	})
	if err == nil && unreadable(answer.Status) && len(messages) > 1 {
		half := len(messages) / 2
		g.send(ctx, messages[:half], answers[:half], now, since)
		g.send(ctx, messages[half:], answers[half:], now, since)
		return
	}
	v := failed(err)
	if err == nil {
		v = judge(answer.Status, answer.Body)
		g.pause(ctx, answer, v)
	}
	for i, m := range messages {
		if answers[i] = v.of(m.Ref); in != nil && !in[m.Ref] {
			answers[i] = notify.Sent{Ref: m.Ref, Status: notify.NotFound, Detail: errOver.Error()}
		}
	}
}

// request signs a body when its turn has come. It has no Idempotency-Key, although it may be repeated: with one, the transport
// would repeat it by itself, and nobody could tell any more whether it had left.
func (g *Gateway) request(ctx context.Context, body []byte, path ...string) (*http.Request, error) {
	world, err := g.world.Now(ctx)
	if err != nil {
		return nil, err
	}
	header, err := g.signer.Sign("push-"+rand.Text(), world, body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.base.JoinPath(path...).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	header.Set("User-Agent", "robot-bailiff")
	r.Header = header
	return r, nil
}

// pause keeps everybody still for as long as the gateway wants it, or for as long as it is known to be wise.
func (g *Gateway) pause(ctx context.Context, answer outcall.Answer, v verdict) {
	now, err := g.world.Now(ctx)
	if err != nil {
		return // the computer's own clock never fails
	}
	if d := g.calls.Heed(answer, v.pause, now); d > 0 {
		g.cfg.Observe("natapp", "pause", 1)
		g.cfg.Log.WarnContext(ctx, "the gateway of the national app is left alone for a while", "why", v.detail, "pause", d)
	}
}

// Query implements notify.Gateway. Only an answer that speaks of a message says anything about it.
func (g *Gateway) Query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	answers := make([]notify.Sent, len(refs))
	var all errgroup.Group
	all.SetLimit(g.cfg.Abreast)
	for from := 0; from < len(refs); from += g.cfg.Batch {
		to := min(from+g.cfg.Batch, len(refs))
		all.Go(func() error {
			v, _ := g.ask(ctx, refs[from:to])
			for i, ref := range refs[from:to] {
				answers[from+i] = v.of(ref)
			}
			return nil
		})
	}
	return answers, all.Wait()
}

// ask asks about messages; the error says that there was no answer that could be read.
func (g *Gateway) ask(ctx context.Context, refs []string) (verdict, error) {
	answer, err := g.calls.Do(ctx, func(ctx context.Context) (*http.Request, error) {
		body, err := question(refs)
		if err != nil {
			return nil, err
		}
		return g.request(ctx, body, "v1", "pushes", "query")
	})
	v := failed(err)
	if err == nil {
		v = judge(answer.Status, answer.Body)
		g.pause(ctx, answer, v)
	}
	v.status = notify.Unknown // that the question was not taken says nothing of messages
	if v.results == nil {
		return v, errors.New(v.detail)
	}
	return v, nil
}

// Ready is nil when the gateway answers what we have signed. Who asks often hears what was heard a moment ago.
func (g *Gateway) Ready(ctx context.Context) error {
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("natapp: %w", ctx.Err())
	}
	defer func() { <-g.turn }()
	if g.ready.asked && g.ready.since.Elapsed() < readyFor {
		return g.ready.err
	}
	_, err := g.ask(ctx, nil)
	if err != nil {
		err = fmt.Errorf("natapp: %w", err)
	}
	if ctx.Err() == nil { // otherwise it was the caller who did not wait
		g.ready = readiness{asked: true, err: err, since: clock.StartStopwatch()}
	}
	return err
}
