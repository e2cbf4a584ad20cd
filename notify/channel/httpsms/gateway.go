package httpsms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/internal/webhook"
	"robotbailiff/notify"
)

// Config is what a gateway needs.
type Config struct {
	Account Account
	Source  string // who the message comes from: a short number, or up to 11 letters; empty: 1414

	// ReceiptURL is where [Gateway.Handler] can be reached from the gateway. Kannel needs it; in JSON it is told where it is set,
	// and agreed on otherwise.
	ReceiptURL string
	Key        []byte   // Kannel: makes the tokens of reports, 32 bytes or more, the same in every process
	Secrets    []string // JSON: of the signatures of reports, one, or two while one replaces the other, each whsec_ and base64

	// Receive takes receipts; a report is answered with success after it returned without an error.
	Receive   func(ctx context.Context, receipts []notify.Receipt) error
	Clock     clock.Clock
	Log       *slog.Logger
	Observe   func(what, outcome string, n int) // for metrics; may be nil
	Transport http.RoundTripper                 // nil: TLS with the roots of the system
}

// Gateway implements notify.Gateway over HTTP. Any number of callers may use it.
type Gateway struct {
	cfg      Config
	way      way
	calls    *outcall.Caller
	verifier *webhook.Verifier // JSON
	wall     clock.Clock       // what the gateway's own clock shows; ours may be the sandbox's
	serial   atomic.Uint32
}

// way is what the dialects do each in their own manner.
type way interface {
	// pieces gives the requests that make a message, and the numbers under which its parts are reported, if they are.
	pieces(m notify.Message) (requests []request, parts []string, err error)
	judge(status int, body []byte) verdict
	// ask makes the request that learns what became of a message; nil: this dialect has none.
	ask(ref string) request
	answer(ref string, status int, body []byte) verdict
	// probe makes a request that sends nothing, and says what its answer means.
	probe(ctx context.Context) (*http.Request, error)
	ready(status int, body []byte) error
}

// request is written when its turn has come, so that its end is as near as it says.
type request func(ctx context.Context, m notify.Message, t times) (*http.Request, error)

// verdict is what an answer means.
type verdict struct {
	status notify.Answer
	detail string
	id     string        // the gateway's own
	pause  time.Duration // to be kept by all, unless the answer says another; 0: only if it says one
}

var _ notify.Gateway = (*Gateway)(nil)

const (
	answerWithin  = 10 * time.Second // the gateway has so long for an answer; then its outcome is unknown
	maxAnswer     = 64 << 10
	minKey        = 32
	maxReceiptURL = 150 // tables that Kannel keeps addresses of reports in mostly have 255 letters
	defaultSource = "1414"
)

// Pauses where the gateway says none.
const (
	pauseBusy   = 10 * time.Second
	pauseAccess = 10 * time.Second // a wrong password is no better in the next moment
)

// New checks the settings. Nothing is connected before the first call.
func New(cfg Config) (*Gateway, error) {
	if cfg.Receive == nil || cfg.Clock == nil || cfg.Log == nil {
		return nil, errors.New("httpsms: Receive, Clock and Log are needed")
	}
	if cfg.Source == "" {
		cfg.Source = defaultSource
	}
	if !validSource(cfg.Source) {
		return nil, fmt.Errorf("httpsms: source %q is neither a number nor up to 11 letters", cfg.Source)
	}
	if cfg.Account.Rate == 0 {
		cfg.Account.Rate = 20
	}
	if cfg.Account.Window == 0 {
		cfg.Account.Window = 10
	}
	if cfg.Account.Rate < 0 || cfg.Account.Window < 0 {
		return nil, errors.New("httpsms: requests a second and at a time are no negative numbers")
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	base, err := outcall.Base(cfg.Account.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("httpsms: endpoint: %w", err)
	}
	if cfg.ReceiptURL != "" {
		if _, err := outcall.Base(cfg.ReceiptURL); err != nil || len(cfg.ReceiptURL) > maxReceiptURL || strings.Contains(cfg.ReceiptURL, "%") {
			return nil, fmt.Errorf("httpsms: the address for delivery reports: %w, of %d letters at most, and without %%", outcall.ErrAddress, maxReceiptURL)
		}
	}
	g := &Gateway{cfg: cfg, wall: clock.System(), calls: outcall.New(outcall.Config{
		Abreast: cfg.Account.Window, Rate: cfg.Account.Rate, Within: answerWithin, MaxAnswer: maxAnswer, Transport: cfg.Transport,
	})}
	switch cfg.Account.Dialect {
	case Kannel:
		if cfg.ReceiptURL == "" || len(cfg.Key) < minKey {
			return nil, fmt.Errorf("httpsms: Kannel needs an address for delivery reports and a key of %d bytes", minKey)
		}
		if cfg.Account.User == "" || cfg.Account.Secret == "" {
			return nil, errors.New("httpsms: Kannel needs a user and a password")
		}
		g.way = &kannel{account: cfg.Account, source: cfg.Source, receipts: cfg.ReceiptURL, key: cfg.Key, serial: &g.serial}
	case JSON:
		if cfg.Account.Secret == "" {
			return nil, errors.New("httpsms: the JSON gateway needs a token")
		}
		if g.verifier, err = webhook.NewVerifier(cfg.Secrets); err != nil {
			return nil, fmt.Errorf("httpsms: %w", err)
		}
		g.way = &jsonWay{account: cfg.Account, base: base, source: cfg.Source, receipts: cfg.ReceiptURL}
	default:
		return nil, fmt.Errorf("httpsms: dialect %q is neither %s nor %s", cfg.Account.Dialect, Kannel, JSON)
	}
	return g, nil
}

// Ready is nil when the gateway answers and takes our name and secret.
func (g *Gateway) Ready(ctx context.Context) error {
	answer, err := g.calls.Do(ctx, g.way.probe)
	if err == nil {
		err = g.way.ready(answer.Status, answer.Body)
	} else {
		err = errors.New(detailOf(err))
	}
	if err != nil {
		return fmt.Errorf("httpsms: %s: %w", g.cfg.Account, err)
	}
	return nil
}

// Send implements notify.Gateway. Every message gets an answer.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("httpsms: %w", err)
	}
	wall, err := g.wall.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("httpsms: %w", err)
	}
	t := times{now: now, wall: wall, since: clock.StartStopwatch()}
	answers := make([]notify.Sent, len(messages))
	var all errgroup.Group
	all.SetLimit(g.cfg.Account.Window)
	for i, m := range messages {
		all.Go(func() error {
			answers[i] = g.send(ctx, m, t)
			g.cfg.Observe("sms", string(answers[i].Status), 1)
			return nil
		})
	}
	return answers, all.Wait()
}

func (g *Gateway) send(ctx context.Context, m notify.Message, t times) notify.Sent {
	sent := notify.Sent{Ref: m.Ref, Status: notify.NotFound}
	requests, parts, err := g.way.pieces(m)
	if err != nil {
		sent.Detail = detailOf(err)
		if !errors.Is(err, errRef) {
			sent.Status = notify.Rejected
		}
		return sent
	}
	for i, write := range requests {
		v := g.call(ctx, func(ctx context.Context) (*http.Request, error) { return write(ctx, m, t) }, g.way.judge, t.now)
		sent.Status, sent.Detail, sent.ProviderRef = v.status, v.detail, v.id
		if i > 0 && v.status == notify.NotFound {
			sent.Status = notify.Unknown // the parts before it are there
		}
		if v.status != notify.Accepted {
			break
		}
	}
	if sent.Status == notify.Accepted || sent.Status == notify.Unknown {
		sent.Parts = parts // we gave them, so that even a part whose answer was lost can be told by its report
	}
	return sent
}

// call makes one request, and keeps still where its answer wants it.
func (g *Gateway) call(ctx context.Context, write func(context.Context) (*http.Request, error), judge func(int, []byte) verdict, now time.Time) verdict {
	answer, err := g.calls.Do(ctx, write)
	if err != nil {
		v := verdict{status: notify.NotFound, detail: detailOf(err)}
		if errors.Is(err, outcall.ErrNoAnswer) {
			v.status = notify.Unknown
		}
		return v
	}
	v := judge(answer.Status, answer.Body)
	if d := g.calls.Heed(answer, v.pause, now); d > 0 {
		g.cfg.Observe("sms", "pause", 1)
		g.cfg.Log.WarnContext(ctx, "the SMS gateway is left alone for a while", "why", v.detail, "pause", d)
	}
	return v
}

// Pace implements notify.Pacer: the requests that may begin in a second.
func (g *Gateway) Pace() int { return g.cfg.Account.Rate }

// Query implements notify.Gateway. Kannel cannot be asked what became of a message: every answer is Unknown then, which says
// nothing new, and the receipt has to tell.
func (g *Gateway) Query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("httpsms: %w", err)
	}
	answers := make([]notify.Sent, len(refs))
	var all errgroup.Group
	all.SetLimit(g.cfg.Account.Window)
	for i, ref := range refs {
		all.Go(func() error {
			answers[i] = g.query(ctx, ref, now)
			return nil
		})
	}
	return answers, all.Wait()
}

func (g *Gateway) query(ctx context.Context, ref string, now time.Time) notify.Sent {
	sent := notify.Sent{Ref: ref, Status: notify.Unknown, Detail: "no_query"}
	ask := g.way.ask(ref)
	if ask == nil || !validRef(ref) {
		return sent
	}
	v := g.call(ctx, func(ctx context.Context) (*http.Request, error) { return ask(ctx, notify.Message{Ref: ref}, times{}) },
		func(status int, body []byte) verdict { return g.way.answer(ref, status, body) }, now)
	sent.Status, sent.Detail, sent.ProviderRef = v.status, v.detail, v.id
	if v.id == "" && v.status == notify.NotFound && v.detail != codeNotFound {
		sent.Status = notify.Unknown // the question never left: that says nothing of the message
	}
	return sent
}

// detailOf is what is kept of an error.
func detailOf(err error) string { return outcall.Code(err, errOver, errNumber, errText, errRef) }
