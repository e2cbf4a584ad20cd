package jobs

import (
	"context"
	"errors"
	"maps"
	"net"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
	"robotbailiff/internal/peers"
	"robotbailiff/notify"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
)

// watch puts a meter before everybody whom the robot talks to, so that people see who answers and who does not. It changes nothing of what is
// said.
func watch(cfg *Config) *peers.Meter {
	connected := map[peers.Peer]time.Time{}
	of := func(kind peers.Kind, name string) peers.Peer {
		p := peers.Peer{Kind: kind, Name: name}
		connected[p] = cfg.Certificates[p]
		return p
	}
	banks, ways, tills := maps.Clone(cfg.Banks), maps.Clone(cfg.Gateways), maps.Clone(cfg.Tills)
	for name := range banks {
		of(peers.Bank, name)
	}
	for channel := range ways {
		of(peers.Channel, string(channel))
	}
	for source := range tills {
		of(peers.Till, source)
	}
	if cfg.Register != nil {
		of(peers.Register, orders.RegisterName)
	}
	m := peers.NewMeter(connected)
	for name, b := range banks {
		banks[name] = &watchedBank{b, meter{m, of(peers.Bank, name)}}
	}
	for channel, g := range ways {
		w := &watchedWay{g, meter{m, of(peers.Channel, string(channel))}}
		ways[channel] = w
		if p, ok := g.(notify.Pacer); ok {
			ways[channel] = &watchedPacer{w, p}
		}
	}
	for source, d := range tills {
		tills[source] = &watchedTill{d, meter{m, of(peers.Till, source)}}
	}
	if cfg.Register != nil {
		cfg.Register = &watchedRegister{cfg.Register, meter{m, of(peers.Register, orders.RegisterName)}}
	}
	cfg.Banks, cfg.Gateways, cfg.Tills = banks, ways, tills
	return m
}

type meter struct {
	meter *peers.Meter
	peer  peers.Peer
}

// done counts a call; err is what it ended with, and asked how much of what was asked for it leaves without a word.
func (m meter) done(watch clock.Stopwatch, said map[peers.Outcome]int, asked int, err error) {
	for _, n := range said {
		asked -= n
	}
	if asked > 0 {
		said[fate(err)] += asked
	}
	m.meter.Called(m.peer, watch.Elapsed(), said)
}

// fate is what became of something without an answer.
func fate(err error) peers.Outcome {
	var timed net.Error
	switch {
	case errors.Is(err, outcall.ErrPaused), errors.Is(err, outcall.ErrNotSent), errors.Is(err, outcall.ErrNoTime):
		return peers.Unsent
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, outcall.ErrNoAnswer), errors.As(err, &timed) && timed.Timeout():
		return peers.Timeout
	}
	return peers.Unknown
}

// trouble counts a call that asks for no orders: it is worth a word when it fails.
func (m meter) trouble(watch clock.Stopwatch, err error) {
	said := map[peers.Outcome]int{}
	if err != nil {
		said[fate(err)] = 1
	}
	m.meter.Called(m.peer, watch.Elapsed(), said)
}

// heard is what replies to orders say; what is still to be answered is told as taken when it is sent, and not each time it is asked after.
func heard(replies []orders.Reply, sent bool) map[peers.Outcome]int {
	said := map[peers.Outcome]int{}
	for _, r := range replies {
		switch {
		case r.Answer == engine.Refused:
			said[peers.Rejected]++
		case r.Answer != "":
			said[peers.Accepted]++
		case sent:
			said[peers.Taken]++
		}
	}
	return said
}

type watchedBank struct {
	orders.Peer
	meter
}

// Submit implements orders.Bank.
func (b *watchedBank) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	watch := clock.StartStopwatch()
	replies, err := b.Peer.Submit(ctx, batch)
	b.done(watch, heard(replies, true), len(batch), err)
	return replies, err
}

// Query implements orders.Bank.
func (b *watchedBank) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	watch := clock.StartStopwatch()
	replies, err := b.Peer.Query(ctx, ids)
	b.done(watch, heard(replies, false), missing(len(ids), len(replies), err), err)
	return replies, err
}

// missing is how much of a question counts: what has an answer is counted by it, and of the rest only what an error left without a word.
func missing(asked, replies int, err error) int {
	if err == nil {
		return 0
	}
	return asked - replies
}

// Accounts implements orders.Peer.
func (b *watchedBank) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	watch := clock.StartStopwatch()
	accounts, err := b.Peer.Accounts(ctx, iins)
	b.trouble(watch, err)
	return accounts, err
}

// Holds implements orders.Peer.
func (b *watchedBank) Holds(ctx context.Context, after string, limit int) ([]orders.Hold, string, error) {
	watch := clock.StartStopwatch()
	holds, next, err := b.Peer.Holds(ctx, after, limit)
	b.trouble(watch, err)
	return holds, next, err
}

type watchedRegister struct {
	orders.Register
	meter
}

// Submit implements orders.Register.
func (r *watchedRegister) Submit(ctx context.Context, batch []orders.Entry) ([]orders.Reply, error) {
	watch := clock.StartStopwatch()
	replies, err := r.Register.Submit(ctx, batch)
	r.done(watch, heard(replies, true), len(batch), err)
	return replies, err
}

// Query implements orders.Register.
func (r *watchedRegister) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	watch := clock.StartStopwatch()
	replies, err := r.Register.Query(ctx, ids)
	r.done(watch, heard(replies, false), missing(len(ids), len(replies), err), err)
	return replies, err
}

// List implements orders.Register.
func (r *watchedRegister) List(ctx context.Context, after string, limit int) ([]orders.Listed, string, error) {
	watch := clock.StartStopwatch()
	listed, next, err := r.Register.List(ctx, after, limit)
	r.trouble(watch, err)
	return listed, next, err
}

type watchedWay struct {
	notify.Gateway
	meter
}

type watchedPacer struct {
	*watchedWay
	notify.Pacer
}

func told(sent []notify.Sent) map[peers.Outcome]int {
	said := map[peers.Outcome]int{}
	for _, s := range sent {
		switch s.Status {
		case notify.Accepted:
			said[peers.Accepted]++
		case notify.Rejected:
			said[peers.Rejected]++
		case notify.NotFound:
			said[peers.Unsent]++
		case notify.Unknown:
			said[peers.Unknown]++
		}
	}
	return said
}

// Send implements notify.Gateway.
func (w *watchedWay) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	watch := clock.StartStopwatch()
	sent, err := w.Gateway.Send(ctx, messages)
	w.done(watch, told(sent), len(messages), err)
	return sent, err
}

// Query implements notify.Gateway. What it says of messages was counted when they were sent; here only trouble counts.
func (w *watchedWay) Query(ctx context.Context, refs []string) ([]notify.Sent, error) {
	watch := clock.StartStopwatch()
	sent, err := w.Gateway.Query(ctx, refs)
	w.trouble(watch, err)
	return sent, err
}

type watchedTill struct {
	gateway.Driver
	meter
}

func (t *watchedTill) one(watch clock.Stopwatch, err error) {
	said := map[peers.Outcome]int{}
	switch {
	case err == nil:
		said[peers.Accepted] = 1
	case errors.Is(err, gateway.ErrNoRegister):
	case errors.Is(err, gateway.ErrRefused):
		said[peers.Rejected] = 1
	default:
		said[fate(err)] = 1
	}
	t.meter.meter.Called(t.peer, watch.Elapsed(), said)
}

// Begin implements gateway.Driver.
func (t *watchedTill) Begin(ctx context.Context, w gateway.Wish) (gateway.Checkout, error) {
	watch := clock.StartStopwatch()
	c, err := t.Driver.Begin(ctx, w)
	t.one(watch, err)
	return c, err
}

// Status implements gateway.Driver.
func (t *watchedTill) Status(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]gateway.OrderStatus, error) {
	watch := clock.StartStopwatch()
	all, err := t.Driver.Status(ctx, ids)
	t.one(watch, err)
	return all, err
}

// Refund implements gateway.Driver.
func (t *watchedTill) Refund(ctx context.Context, r gateway.Refund) (gateway.RefundStatus, error) {
	watch := clock.StartStopwatch()
	st, err := t.Driver.Refund(ctx, r)
	t.one(watch, err)
	return st, err
}

// Register implements gateway.Driver.
func (t *watchedTill) Register(ctx context.Context, day calendar.Date, after string) ([]gateway.Message, string, error) {
	watch := clock.StartStopwatch()
	entries, next, err := t.Driver.Register(ctx, day, after)
	t.one(watch, err)
	return entries, next, err
}

// flushEvery is the real time between two writings of what was counted.
const flushEvery = 5 * time.Second

// flushPeers writes what peers have answered.
func (r *Robot) flushPeers(ctx context.Context) error {
	if r.flushed.Elapsed() < flushEvery {
		return nil
	}
	r.flushed = clock.StartStopwatch()
	return r.meter.Flush(ctx, r.cfg.Pool)
}

// onlyFlush does that in a process that has no pulse: what its pages ask of gateways counts too.
func (r *Robot) onlyFlush(ctx context.Context) error {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := r.meter.Flush(ctx, r.cfg.Pool); err != nil && ctx.Err() == nil {
				r.cfg.Log.ErrorContext(ctx, "figures of gateways", "error", err)
			}
		}
	}
}
