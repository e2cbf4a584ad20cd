package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// gatewaySource is who sends the payments.
const gatewaySource = "gateway"

// Phase is one stretch of the life of all cases.
type Phase struct {
	Name      string  `json:"name"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	CPUMicros float64 `json:"cpu_us_per_case"`     // of both sides
	OwnMicros float64 `json:"own_cpu_us_per_case"` // of this process
	WALBytes  float64 `json:"wal_bytes_per_case"`
}

// Lifecycle takes N cases through their whole life by the product's own ways, from a court batch to the lifted arrest,
// and compares that with a bare COPY of the rows that it left behind, and with the same code one case at a time. Of several
// rounds the one with the median share of the COPY counts: on a machine that others use too, the minute of the lives and the
// seconds of the COPY are not always equally disturbed.
func Lifecycle(ctx context.Context, o Options) (Result, error) {
	o, err := o.withDefaults(100_000)
	if err != nil {
		return Result{}, err
	}
	rounds := make([]Result, o.Rounds)
	shares := make([]float64, o.Rounds)
	for i := range rounds {
		p, err := openPlace(ctx, o)
		if err != nil {
			return Result{}, err
		}
		rounds[i], err = lifecycle(ctx, o, p)
		if err = errors.Join(err, p.close()); err != nil {
			return Result{}, err
		}
		shares[i] = rounds[i].ShareOfFloor
		o.say("lifecycle: round %d of %d: %.0f lives/s, %.1f %% of the COPY, %.1f %% by CPU", i+1, o.Rounds, rounds[i].PerSecond, 100*shares[i], 100*rounds[i].ShareCPU)
	}
	slices.SortFunc(rounds, func(a, b Result) int { return cmp.Compare(a.ShareOfFloor, b.ShareOfFloor) })
	res := rounds[len(rounds)/2]
	res.Shares = shares
	return res, nil
}

func lifecycle(ctx context.Context, o Options, p *place) (Result, error) {
	res := Result{Name: "lifecycle", N: o.N, NaiveN: o.NaiveN}
	pool, err := p.database(ctx, "lives")
	if err != nil {
		return res, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{n: o.N, work: true, receipt: engine.MaxBatch, postmen: 1})
	if err != nil {
		return res, err
	}
	file, err := r.batch(o, o.N, true, "lives.csv")
	if err != nil {
		return res, err
	}
	o.say("lifecycle: %d cases in sets of %d", o.N, engine.MaxBatch)
	var whole cost
	err = o.profiled(ctx, p, pool, func() error {
		return r.running(ctx, func(ctx context.Context) error {
			whole, err = r.lives(ctx, file, &res)
			return err
		})
	})
	if err != nil {
		return res, err
	}
	if err := r.verify(ctx, o.N); err != nil {
		return res, err
	}
	o.say("lifecycle: the same rows by COPY")
	floor, rows, err := copyFloor(ctx, p, pool, "floor")
	if err != nil {
		return res, err
	}
	o.say("lifecycle: %d cases one at a time", o.NaiveN)
	naive, err := naiveLives(ctx, o, p)
	if err != nil {
		return res, err
	}
	res.fill(whole, floor, naive, rows)
	return res, nil
}

// lives runs the phases one after the other. Between them the world gets ready, which is not measured.
func (r *rig) lives(ctx context.Context, file string, res *Result) (whole cost, err error) {
	phase := func(name string, f func() error) error {
		c, err := measure(ctx, r.pool, r.place, f)
		if err != nil {
			return fmt.Errorf("bench: %s: %w", name, err)
		}
		whole = whole.plus(c)
		res.Phases = append(res.Phases, Phase{name, c.seconds, c.perSecond(r.n), c.microsPer(r.n), c.oursPer(r.n), c.walPer(r.n)})
		return nil
	}
	err = phase("open, notify, prove delivery", func() error {
		rep, err := r.take(ctx, file, engine.MaxBatch)
		if err != nil {
			return err
		}
		if rep.Accepted != r.n {
			return fmt.Errorf("bench: %d of %d rows were accepted: %+v", rep.Accepted, r.n, rep.Errors)
		}
		return r.settled(ctx)
	})
	if err != nil {
		return whole, err
	}
	if err := r.pastVoluntary(ctx); err != nil {
		return whole, err
	}
	err = phase("sweep, arrest, tell", func() error {
		r.robot.Nudge()
		return r.settled(ctx)
	})
	if err != nil {
		return whole, err
	}
	messages, err := r.messages(ctx)
	if err != nil {
		return whole, err
	}
	return whole, phase("receive, settle, lift, tell", func() error {
		if err := r.payAll(ctx, messages); err != nil {
			return err
		}
		return r.settled(ctx)
	})
}

// pastVoluntary moves the clock to the morning after the last day of voluntary payment.
func (r *rig) pastVoluntary(ctx context.Context) error {
	var cases int
	var last *string
	if err := r.pool.QueryRow(ctx, `SELECT count(*), max(voluntary_ends_on)::text FROM cases WHERE state = 'notified'`).Scan(&cases, &last); err != nil {
		return err
	}
	if cases != r.n || last == nil {
		return fmt.Errorf("bench: %d of %d cases are notified", cases, r.n)
	}
	day, err := calendar.ParseDate(*last)
	if err != nil {
		return err
	}
	r.clock.Set(day.AddDays(1).Start().Add(opening.Sub(calendar.DateOf(opening).Start())))
	return nil
}

// messages are the payments of all debtors, each for what is arrested, as a payment system writes them.
func (r *rig) messages(ctx context.Context) ([]payments.Event, error) {
	now, err := r.clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	r.bank.mu.Lock()
	defer r.bank.mu.Unlock()
	ids := make([]int64, 0, len(r.bank.sums))
	for id := range r.bank.sums {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	events := make([]payments.Event, len(ids))
	for i, id := range ids {
		if events[i], err = paid(id, money.FromTiyn(r.bank.sums[id]), calendar.DateOf(now)); err != nil {
			return nil, err
		}
	}
	return events, nil
}

func paid(id int64, sum money.Amount, day calendar.Date) (payments.Event, error) {
	number := caseno.Format(id)
	body, err := gateway.Encode(gateway.Message{
		Type: gateway.Paid, TxnID: "t-" + number, Amount: sum, Currency: "KZT", Reference: "Оплата по делу " + number, ValueDate: day,
	})
	return payments.Event{Source: gatewaySource, EventID: "e-" + number, Body: body}, err
}

// payAll receives messages in batches, and settles those that have come beside it, as the hook and the worker do.
func (r *rig) payAll(ctx context.Context, messages []payments.Event) error {
	parts := make(chan struct{}, len(messages))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(parts)
		for part := range slices.Chunk(messages, engine.MaxBatch) {
			if err := sure(func() error { return r.receive(ctx, part) }); err != nil {
				return err
			}
			parts <- struct{}{}
		}
		return nil
	})
	g.Go(func() error {
		for range parts {
			if err := sure(func() error { _, err := r.robot.Settle(ctx); return err }); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// sure does again what may have been done on a disk that was too slow to say so, as payment systems and workers do: neither is done twice.
func sure(f func() error) (err error) {
	for range 3 {
		err = f()
		if _, unknown := errors.AsType[*pg.AmbiguousCommitError](err); !unknown {
			break
		}
	}
	return err
}

// receive keeps messages that came together.
func (r *rig) receive(ctx context.Context, events []payments.Event) error {
	now, err := r.clock.Now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, r.pool, func(tx pgx.Tx) error {
		_, err := r.robot.Payments.ReceiveAll(ctx, tx, events, now)
		return err
	})
}

// verify proves that every case was paid and released and that nothing of any invariant is broken.
func (r *rig) verify(ctx context.Context, n int) error {
	var cases, paid, released, owed int
	err := r.pool.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE state = 'paid'), count(released_at), count(*) FILTER (WHERE outstanding > 0) FROM cases`).
		Scan(&cases, &paid, &released, &owed)
	if err != nil {
		return err
	}
	if cases != n || paid != n || released != n || owed != 0 {
		return fmt.Errorf("bench: of %d cases (want %d) %d are paid, %d released, %d still owe", cases, n, paid, released, owed)
	}
	if err := r.bank.check(n); err != nil {
		return err
	}
	// The opening goes by both channels, the news of the arrest and of the payment by SMS alone.
	for c, each := range map[*centre]int{r.sms: 3, r.push: 1} {
		var all, delivered, failed int
		if err := r.pool.QueryRow(ctx, noticesSQL, string(c.channel)).Scan(&all, &delivered, &failed); err != nil {
			return err
		}
		if all != each*n || delivered+failed != all || delivered < all/2 { // some debtors have no telephone
			return fmt.Errorf("bench: of %d notices (want %d) on %s %d are delivered and %d failed: %s", all, each*n, c.channel, delivered, failed, r.why(ctx))
		}
		if err := c.check(delivered); err != nil {
			return err
		}
	}
	return r.checkAll(ctx)
}

// noticesSQL counts what was asked for, what is proven, and what could not be sent.
const noticesSQL = `SELECT count(*), count(*) FILTER (WHERE status = 'delivered'), count(*) FILTER (WHERE status = 'failed') FROM notices WHERE channel = $1`

// why tells what became of the notices and of the work on them, in counts.
func (r *rig) why(ctx context.Context) string {
	rows, err := r.pool.Query(ctx, whySQL)
	if err != nil {
		return err.Error()
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err.Error()
	}
	return strings.Join(lines, "; ")
}

const whySQL = `SELECT format('%s %s %s %s: %s', kind, channel, status, detail, count(*)) FROM notices WHERE status NOT IN ('delivered', 'failed') GROUP BY kind, channel, status, detail
UNION ALL SELECT format('chunk %s fence %s open %s: %s', kind, fence, done_at IS NULL, count(*)) FROM chunks WHERE fence <> 1 OR done_at IS NULL GROUP BY kind, fence, done_at IS NULL
UNION ALL SELECT format('job %s %s attempt %s: %s', kind, state, attempt, errors[1]->>'error') FROM river_job WHERE attempt > 1`

// checkAll looks at every invariant that the product can prove.
func (r *rig) checkAll(ctx context.Context) error {
	url := r.pool.Config().ConnString()
	audit, err := pg.Open(ctx, url, pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2))
	if err != nil {
		return err
	}
	defer audit.Close()
	found, err := engine.Check(ctx, audit)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("bench: %d broken invariants of cases, the first is %+v", len(found), found[0])
	}
	money, merr := payments.Check(ctx, audit)
	if merr == nil && len(money) > 0 {
		merr = fmt.Errorf("bench: %d broken invariants of money, the first is %+v", len(money), money[0])
	}
	writs, werr := intake.Check(ctx, audit)
	if werr == nil && len(writs) > 0 {
		werr = fmt.Errorf("bench: %d broken invariants of intake, the first is %+v", len(writs), writs[0])
	}
	notices, nerr := r.robot.Notices.Check(ctx, audit)
	if nerr == nil && len(notices) > 0 {
		nerr = fmt.Errorf("bench: %d broken invariants of notices, the first is %+v", len(notices), notices[0])
	}
	return errors.Join(err, merr, werr, nerr)
}
