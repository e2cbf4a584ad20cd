package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/sms"
)

// Centre is an SMS centre on this machine that takes so many parts a second and proves the delivery of each.
type Centre interface {
	// Account is how to bind to it: smpp://USER:PASSWORD@HOST:PORT.
	Account() string
	// Counts are the parts that it took, and those that came faster than it takes them.
	Counts() (taken, throttled int)
	Close() error
}

// rates are the parts a second of the centres that are measured with: what an aggregator gives to a new customer, what a large
// one gives, and no bound at all.
var rates = []int{50, 1000, 0}

// unbounded is the rate of our own side where the centre has none.
const unbounded = 10_000

// sendFor is about for how long a centre with a rate is sent to.
const sendFor = 12 * time.Second

// NoticesResult is what [Notices] found.
type NoticesResult struct {
	Name string `json:"name"`
	N    int    `json:"n"` // cases, each with an SMS and a push

	PerSecond float64 `json:"per_second"`        // notices sent and proven, where gateways answer at once
	CPUMicros float64 `json:"cpu_us_per_notice"` // of both sides
	OwnMicros float64 `json:"own_cpu_us_per_notice"`
	WALBytes  float64 `json:"wal_bytes_per_notice"`

	Centres []CentreResult `json:"centres"`
	Goals   []Goal         `json:"goals"`
	Met     bool           `json:"goals_met"`
}

// CentreResult is the same path over SMPP.
type CentreResult struct {
	Rate      int     `json:"rate"` // parts a second that the centre takes; 0: as many as come
	Messages  int     `json:"messages"`
	Parts     int     `json:"parts"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"parts_per_second"`
	Share     float64 `json:"share_of_rate"` // 0 without a rate
	Throttled int     `json:"throttled"`
	Busy      float64 `json:"processors_busy"` // of us and the database together, in processors
}

// Notices measures the way of a notice from its intent to its proof: with gateways that answer at once, which is the most that
// the path can do, and over SMPP to centres that take so many parts a second, which is what bounds it in truth.
func Notices(ctx context.Context, o Options) (res NoticesResult, err error) {
	if o, err = o.withDefaults(20_000); err != nil {
		return res, err
	}
	if o.Centre == nil {
		return res, errNoCentre
	}
	res.Name, res.N = "notices", o.N
	p, err := openPlace(ctx, o)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	o.say("notices: %d cases, gateways that answer at once", o.N)
	c, err := noticePath(ctx, o, p)
	if err != nil {
		return res, err
	}
	n := 2 * o.N
	res.PerSecond, res.CPUMicros, res.OwnMicros, res.WALBytes = c.perSecond(n), c.microsPer(n), c.oursPer(n), c.walPer(n)
	for _, rate := range rates {
		o.say("notices: over SMPP, %s", rateText(rate))
		one, err := overSMPP(ctx, o, p, rate)
		if err != nil {
			return res, err
		}
		res.Centres = append(res.Centres, one)
	}
	for _, c := range res.Centres {
		if c.Rate > 0 {
			res.Goals = append(res.Goals, atLeast(fmt.Sprintf("share of a rate of %d parts a second, %%", c.Rate), 100*c.Share, 95),
				atMost(fmt.Sprintf("parts that came too fast at %d a second", c.Rate), float64(c.Throttled), 0))
		}
	}
	res.Met = met(res.Goals)
	return res, nil
}

func rateText(rate int) string {
	if rate == 0 {
		return "as fast as it goes"
	}
	return fmt.Sprintf("%d parts a second", rate)
}

// noticePath opens the cases first, and measures from then on.
func noticePath(ctx context.Context, o Options, p *place) (c cost, err error) {
	pool, err := p.database(ctx, "notices")
	if err != nil {
		return c, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{n: o.N, work: true, receipt: engine.MaxBatch, postmen: 1})
	if err != nil {
		return c, err
	}
	if err := r.opened(ctx, o, o.N, "notices.csv"); err != nil {
		return c, err
	}
	err = o.profiled(ctx, p, pool, func() error {
		return r.running(ctx, func(ctx context.Context) error {
			c, err = measure(ctx, pool, p, func() error { return r.settled(ctx) })
			return err
		})
	})
	if err != nil {
		return c, err
	}
	return c, r.proven(ctx, o.N)
}

// opened takes a batch in.
func (r *rig) opened(ctx context.Context, o Options, n int, name string) error {
	file, err := r.batch(o, n, true, name)
	if err != nil {
		return err
	}
	rep, err := r.take(ctx, file, engine.MaxBatch)
	if err == nil && rep.Accepted != n {
		err = fmt.Errorf("bench: %d of %d rows were accepted: %+v", rep.Accepted, n, rep.Errors)
	}
	return err
}

// proven says whether all terms have begun, and all notices are delivered but those by SMS of persons whose number is not known.
func (r *rig) proven(ctx context.Context, cases int) error {
	var begun int
	if err := r.pool.QueryRow(ctx, `SELECT count(*) FROM cases WHERE state = 'notified'`).Scan(&begun); err != nil {
		return err
	}
	open, err := r.unproven(ctx)
	if err == nil && (begun != cases || open != 0) {
		err = fmt.Errorf("bench: %d of %d cases are notified, %d notices are not proven", begun, cases, open)
	}
	return err
}

func (r *rig) unproven(ctx context.Context) (n int, err error) {
	err = r.pool.QueryRow(ctx, `SELECT count(*) FROM notices WHERE status <> 'delivered' AND detail <> 'no_address'`).Scan(&n)
	return n, err
}

// overSMPP sends the SMS of some cases over a real bind, and waits for the last proof.
func overSMPP(ctx context.Context, o Options, p *place, rate int) (res CentreResult, err error) {
	res = CentreResult{Rate: rate, Messages: o.N}
	ours := rate
	if rate > 0 {
		res.Messages = max(1, int(sendFor.Seconds())*rate/2) // a first notice has two parts
	} else {
		ours = unbounded
	}
	centre, err := o.Centre(ctx, rate)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, centre.Close()) }()
	accounts, err := sms.ParseAccounts(fmt.Sprintf("%s?rate=%d&window=%d", centre.Account(), ours, 50))
	if err != nil {
		return res, err
	}
	pool, err := p.database(ctx, fmt.Sprintf("smpp_%d", rate))
	if err != nil {
		return res, err
	}
	defer pool.Close()
	var r *rig
	gateway, err := sms.New(sms.Config{
		Accounts: accounts, Clock: clock.Fixed(opening), Log: slog.New(slog.DiscardHandler),
		Receive: func(ctx context.Context, receipts []notify.Receipt) error { return r.robot.Receipts(ctx, receipts) },
	})
	if err != nil {
		return res, err
	}
	if r, err = newRig(ctx, p, pool, rigOptions{n: res.Messages, work: true, receipt: engine.MaxBatch, postmen: 1, sms: gateway}); err != nil {
		return res, err
	}
	if err := r.opened(ctx, o, res.Messages, fmt.Sprintf("smpp_%d.csv", rate)); err != nil {
		return res, err
	}
	binding, unbind := context.WithCancel(ctx)
	bound := make(chan error, 1)
	go func() { bound <- gateway.Run(binding) }()
	defer func() { unbind(); err = errors.Join(err, <-bound) }()
	if err := ready(ctx, gateway); err != nil {
		return res, err
	}
	var c cost
	err = r.running(ctx, func(ctx context.Context) error {
		c, err = measure(ctx, pool, p, func() error { return r.allProven(ctx) })
		return err
	})
	if err != nil {
		return res, err
	}
	res.Parts, res.Throttled = centre.Counts()
	res.Seconds, res.PerSecond = c.seconds, c.perSecond(res.Parts)
	res.Busy = (c.ours + c.servers).Seconds() / c.seconds
	if rate > 0 {
		res.Share = res.PerSecond / float64(rate)
	}
	return res, r.proven(ctx, res.Messages)
}

func ready(ctx context.Context, g *sms.Gateway) error {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		if g.Ready(ctx) == nil {
			return nil
		}
		if err := pause(ctx, t); err != nil {
			return err
		}
	}
}

// standstill is how long nothing may be proven before a run is given up.
const standstill = 20 * time.Second

// allProven waits until every notice is proven. It looks seldom enough not to be measured.
func (r *rig) allProven(ctx context.Context) error {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	watch, last := clock.StartStopwatch(), 0
	for {
		for _, p := range r.post { // of pushes, which are answered at once
			if err := p.drain(ctx); err != nil {
				return err
			}
		}
		open, err := r.unproven(ctx)
		if err != nil || open == 0 {
			return err
		}
		if open != last {
			watch, last = clock.StartStopwatch(), open
		}
		if watch.Elapsed() > standstill {
			return r.stuck(ctx)
		}
		if err := pause(ctx, t); err != nil {
			return err
		}
	}
}

func (r *rig) stuck(ctx context.Context) error {
	rows, err := r.pool.Query(ctx, `SELECT channel || ' ' || status || ' ' || detail || ': ' || count(*) FROM notices
		WHERE status <> 'delivered' AND detail <> 'no_address' GROUP BY channel, status, detail ORDER BY 1`)
	if err != nil {
		return err
	}
	says, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil {
		err = fmt.Errorf("bench: nothing goes on: %s", strings.Join(says, ", "))
	}
	return err
}

// Table prints the result for people.
func (r NoticesResult) Table(w io.Writer) {
	line := liner(w)
	line("notices: %d cases, an SMS and a push each, from the intent to the proof of delivery", r.N)
	line("  gateways that answer at once: %.0f notices/s, %.0f µs of CPU a notice (own %.0f), %.0f bytes of log", r.PerSecond, r.CPUMicros, r.OwnMicros, r.WALBytes)
	line("  %-28s %10s %10s %10s %12s %12s %18s", "SMS over SMPP", "messages", "parts", "parts/s", "of rate, %", "throttled", "processors busy")
	for _, c := range r.Centres {
		share := "-"
		if c.Rate > 0 {
			share = fmt.Sprintf("%.1f", 100*c.Share)
		}
		line("  %-28s %10d %10d %10.0f %12s %12d %18.2f", rateText(c.Rate), c.Messages, c.Parts, c.PerSecond, share, c.Throttled, c.Busy)
	}
	printGoals(w, r.Goals)
}
