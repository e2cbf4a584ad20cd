package sms

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
)

// Account is one bind at a centre.
type Account struct {
	Address    string // host:port
	SystemID   string // the name of the bind; also how it is called in logs
	Password   string // never logged
	SystemType string // most centres want none
	TLS        bool   // the connection is TLS, with the roots of the system
	Window     int    // requests without an answer at most; 0: 10
	Rate       int    // parts a second at most; 0: 20
}

// Config is what a gateway needs.
type Config struct {
	Accounts []Account // at least one; the next is taken when one is down
	Source   string    // who the message comes from: a short number, or up to 11 letters; empty: 1414
	HexIDs   bool      // the centre answers submissions in hexadecimal and writes receipts in decimal

	// Receive takes receipts; they are acknowledged to the centre after it returned without an error.
	Receive func(ctx context.Context, receipts []notify.Receipt) error
	Clock   clock.Clock
	Log     *slog.Logger
	Observe func(what, outcome string, n int) // for metrics; may be nil
}

// Gateway implements notify.Gateway over SMPP. Between New and the end of Run it may be used by any number of callers.
type Gateway struct {
	cfg    Config
	binds  []*bind
	turn   atomic.Uint32
	serial atomic.Uint32 // of long messages
	parts  *ledger
	inbox  chan arrived
}

var _ notify.Gateway = (*Gateway)(nil)

// Limits of one request.
const (
	answerWithin = 10 * time.Second // the centre has so long for an answer; then its outcome is unknown
	bindWithin   = 10 * time.Second
	writeWithin  = 5 * time.Second
	enquireEvery = 30 * time.Second
	maxThrottled = 5 // times that one part is tried again because the centre wants it slower
)

const defaultSource = "1414"

// New checks the settings. Nothing is connected before [Gateway.Run].
func New(cfg Config) (*Gateway, error) {
	if len(cfg.Accounts) == 0 {
		return nil, errors.New("sms: no account at an SMS centre is given")
	}
	if cfg.Source == "" {
		cfg.Source = defaultSource
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	g := &Gateway{cfg: cfg, parts: newLedger(), inbox: make(chan arrived, 2*receiptBatch)}
	if _, err := g.source(); err != nil {
		return nil, fmt.Errorf("sms: source %q: %w", cfg.Source, err)
	}
	for _, a := range cfg.Accounts {
		if a.Address == "" || a.SystemID == "" {
			return nil, errors.New("sms: an account needs an address and a system id")
		}
		if len(a.SystemID) > 15 || len(a.Password) > 8 || len(a.SystemType) > 12 {
			return nil, fmt.Errorf("sms: account %s: SMPP 3.4 allows 15 bytes of system id, 8 of password and 12 of system type", a.SystemID)
		}
		a.Window, a.Rate = max(a.Window, 0), max(a.Rate, 0)
		if a.Window == 0 {
			a.Window = 10
		}
		if a.Rate == 0 {
			a.Rate = 20
		}
		g.binds = append(g.binds, &bind{
			Account: a, gateway: g, limit: rate.NewLimiter(rate.Limit(a.Rate), max(1, a.Rate/10)), window: make(chan struct{}, a.Window), waiting: map[int32]*request{},
		})
	}
	return g, nil
}

// Run keeps the binds up and hands receipts on until the context ends. It never gives up: a centre that is away, or that
// refuses the password, is tried again after a pause that grows to half a minute.
func (g *Gateway) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, b := range g.binds {
		all.Go(func() { b.run(ctx) })
	}
	all.Go(func() { g.hand(ctx) })
	all.Wait()
	return nil
}

// Ready is nil while a bind is up; otherwise it tells why each is not.
func (g *Gateway) Ready(context.Context) error {
	var errs []error
	for _, b := range g.binds {
		err := b.state()
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", b.SystemID, err))
	}
	return fmt.Errorf("sms: %w", errors.Join(errs...))
}

// Send implements notify.Gateway. Every message gets an answer.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("sms: %w", err)
	}
	answers := make([]notify.Sent, len(messages))
	var all errgroup.Group
	all.SetLimit(g.abreast())
	for i, m := range messages {
		all.Go(func() error {
			answers[i] = g.send(ctx, m, now)
			g.cfg.Observe("sms", string(answers[i].Status), 1)
			return nil
		})
	}
	return answers, all.Wait()
}

// Pace implements notify.Pacer: the parts that all binds may send in a second.
func (g *Gateway) Pace() (n int) {
	for _, b := range g.binds {
		n += b.Rate
	}
	return n
}

// abreast is how many requests all windows hold.
func (g *Gateway) abreast() (n int) {
	for _, b := range g.binds {
		n += b.Window
	}
	return n
}

func (g *Gateway) send(ctx context.Context, m notify.Message, now time.Time) notify.Sent {
	sent := notify.Sent{Ref: m.Ref, Status: notify.NotFound}
	parts, err := g.submissions(m, now)
	if err != nil {
		sent.Status, sent.Detail = notify.Rejected, detailOf(err)
		return sent
	}
	sent.Parts = make([]string, len(parts))
	numbers := make([]number, len(parts))
	defer func() { g.parts.keep(m.Ref, numbers) }()
	first := int(g.turn.Add(1) % uint32(len(g.binds))) // all parts by the same way, while it is open
	begin, cancel := clock.Before(ctx, answerWithin)
	defer cancel()
	for i, p := range parts {
		if i > 0 {
			begin = ctx // what has begun is finished
		}
		numbers[i], err = g.submit(ctx, begin, p, first)
		sent.Parts[i] = numbers[i].name
		if err == nil {
			sent.ProviderRef = sent.Parts[i] // of the last part
			continue
		}
		sent.Detail = detailOf(err)
		switch refused := (*statusError)(nil); {
		case errors.As(err, &refused) && refused.permanent():
			sent.Status = notify.Rejected
		case errors.Is(err, errMaybe) || i > 0: // it may have left, or a part of it has
			sent.Status = notify.Unknown
		}
		return sent
	}
	sent.Status = notify.Accepted
	return sent
}

// submit sends one part over the first bind that is up, beginning with the given one, and again where the centre wants it slower.
func (g *Gateway) submit(ctx, begin context.Context, p *part, first int) (id number, err error) {
	err = ErrNotBound
	for i := range g.binds {
		b := g.binds[(first+i)%len(g.binds)]
		for try := 0; ; try++ {
			id, err = b.submit(ctx, begin, p)
			refused, ok := errors.AsType[*statusError](err)
			if !ok || !refused.slower() || try == maxThrottled {
				break
			}
			g.cfg.Observe("sms", "throttled", 1)
			if b.slower(ctx, try) != nil {
				return number{}, err
			}
		}
		if !errors.Is(err, ErrNotBound) {
			return id, err
		}
	}
	return number{}, err
}

// Query implements notify.Gateway with query_sm. Only what this process has sent can be asked for, since the centre knows a
// message by the number that it gave to it; of everything else the receipt has to tell.
func (g *Gateway) Query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	answers := make([]notify.Sent, len(refs))
	var all errgroup.Group
	all.SetLimit(g.abreast())
	for i, ref := range refs {
		all.Go(func() error {
			answers[i] = g.query(ctx, ref)
			return nil
		})
	}
	return answers, all.Wait()
}

func (g *Gateway) query(ctx context.Context, ref string) notify.Sent {
	sent := notify.Sent{Ref: ref, Status: notify.Unknown, Detail: "no_message_id"}
	ids := g.parts.of(ref)
	if len(ids) == 0 || slices.Contains(ids, number{}) { // not all parts were answered
		return sent
	}
	for _, id := range ids {
		state, err := g.state(ctx, id)
		sent.ProviderRef, sent.Detail = id.name, "state_"+state.String()
		switch {
		case err != nil:
			sent.Detail = detailOf(err)
			return sent
		case state.failed():
			sent.Status = notify.Rejected
			return sent
		case !state.taken():
			return sent
		}
	}
	sent.Status = notify.Accepted
	return sent
}

func (g *Gateway) state(ctx context.Context, id number) (state messageState, err error) {
	err = ErrNotBound
	for _, b := range g.binds { // the centre may know a message only where it was submitted
		if !strings.HasPrefix(id.name, b.name("")) {
			continue
		}
		if state, err = b.query(ctx, id.raw); err == nil {
			return state, nil
		}
	}
	return state, err
}

// maxValidity is the longest validity that is sent: longer ones are refused by many centres.
const maxValidity = 48 * time.Hour

// validity writes how long the centre may keep trying, as SMPP's relative time (7.1.1.2), which knows no time zones. A message
// without an end gets none.
func validity(now, end time.Time) string {
	if end.IsZero() {
		return ""
	}
	left := min(max(end.Sub(now), time.Minute), maxValidity).Truncate(time.Second)
	return fmt.Sprintf("0000%02d%02d%02d%02d000R", int(left.Hours())/24, int(left.Hours())%24, int(left.Minutes())%60, int(left.Seconds())%60)
}
