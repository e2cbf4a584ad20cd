package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
)

const (
	webRate        = 480 // steady pages a second
	webConnections = 16  // that ask back to back
	webWaiting     = 96  // connections of the steady pages: more than ever wait, unless the goal is missed by far
	webSessions    = 1000
	webCounted     = 50 // pages whose statements are counted
)

// Web measures the debtor's case page over HTTP on this machine: back to back beside the least that could show a case, and at a steady
// rate, first while the robot has nothing to do and then while it takes as many cases again through their whole life.
func Web(ctx context.Context, o Options) (res WebResult, err error) {
	if o, err = o.withDefaults(100_000); err != nil {
		return res, err
	}
	if o.Pages == nil {
		return res, errNoPages
	}
	if o.Slice <= 0 {
		o.Slice = 3 * time.Second
	}
	res = WebResult{Name: "web", N: o.N, Rate: webRate}
	p, err := openPlace(ctx, o)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	pool, err := p.database(ctx, "web")
	if err != nil {
		return res, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{n: o.N, work: true, receipt: engine.MaxBatch, postmen: 1})
	if err != nil {
		return res, err
	}
	s, err := r.portal(pool)
	if err != nil {
		return res, err
	}
	err = r.running(ctx, func(ctx context.Context) error { return r.web(ctx, o, s, &res) })
	if err != nil {
		return res, err
	}
	if err := r.verify(ctx, r.n); err != nil {
		return res, err
	}
	res.judge()
	return res, nil
}

func (r *rig) web(ctx context.Context, o Options, s site, res *WebResult) (err error) {
	o.say("web: opening %d cases", o.N)
	if err := r.opened(ctx, o, o.N, "web.csv"); err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	base, stop, err := serving(ctx, s.handler)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	v := newVisitors(webWaiting)
	res.Sessions = min(webSessions, o.N)
	o.say("web: %d visitors pass the gate", res.Sessions)
	if err := r.enterAll(ctx, v, base, res.Sessions); err != nil {
		return err
	}
	if err := r.countTrips(ctx, v, res); err != nil {
		return err
	}
	if _, err := r.pool.Exec(ctx, `ANALYZE`); err != nil {
		return err
	}
	if err := checkpoint(ctx, r.pool); err != nil {
		return err
	}
	if err := r.backToBack(ctx, o, s, v, base, res); err != nil {
		return err
	}
	if o.Profile != "" {
		err := o.part("page").profiled(ctx, r.place, r.pool, func() error {
			_, _, err := v.closed(ctx, base, 3*o.Slice)
			return err
		})
		if err != nil {
			return err
		}
	}
	p, err := r.pagesProcess(ctx, o, v)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	o.say("web: %d pages a second, robot idle", webRate)
	if res.Idle, err = p.during(func() error { return waited(ctx, 3*o.Slice) }); err != nil {
		return err
	}
	return o.part("working").profiled(ctx, r.place, r.pool, func() error { return r.whileWorking(ctx, o, p, res) })
}

// waited waits.
func waited(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// backToBack measures the page and its limit in turns, so that both have the same minute.
func (r *rig) backToBack(ctx context.Context, o Options, s site, v *visitors, base string, res *WebResult) (err error) {
	least, err := s.limit(ctx, r.pool, v.session(0))
	if err != nil {
		return err
	}
	floor, stop, err := serving(ctx, least)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, warm := range []string{base, floor} {
		if _, _, err := v.closed(ctx, warm, o.Slice/3); err != nil {
			return err
		}
	}
	var pages, limits []float64
	for i := range o.Rounds {
		page, size, err := v.closed(ctx, base, o.Slice)
		if err != nil {
			return err
		}
		limit, least, err := v.closed(ctx, floor, o.Slice)
		if err != nil {
			return err
		}
		if least < size/2 {
			return fmt.Errorf("bench: the limit answers with %d bytes where the page has %d", least, size)
		}
		pages, limits, res.Shares, res.PageBytes = append(pages, page), append(limits, limit), append(res.Shares, page/limit), size
		o.say("web: round %d of %d: %.0f pages/s, limit %.0f, share %.1f %%", i+1, o.Rounds, page, limit, 100*page/limit)
	}
	i := median(res.Shares)
	res.PerSecond, res.LimitPerSecond, res.ShareOfLimit, res.Seconds = pages[i], limits[i], res.Shares[i], o.Slice.Seconds()
	o.say("web: %d pages a second of the limit", webRate)
	res.Least, err = v.steadyFor(ctx, floor, 3*o.Slice)
	return err
}

// whileWorking measures the steady pages while the robot takes as many new cases as there are in, and all of them to their end.
func (r *rig) whileWorking(ctx context.Context, o Options, p *pages, res *WebResult) (err error) {
	n, lives := r.n, 2*r.n
	file, err := r.batch(o, lives, true, "web2.csv") // begins with the rows that are known
	if err != nil {
		return err
	}
	if o.GiveWay != nil {
		if err := o.GiveWay(); err != nil {
			return err
		}
	}
	o.say("web: %d pages a second while the robot takes %d cases to their end", webRate, lives)
	watch := clock.StartStopwatch()
	res.Working, err = p.during(func() error { return r.secondLives(ctx, file) })
	res.Lives = float64(2*n) / watch.Elapsed().Seconds()
	return err
}

// secondLives takes the second half of a batch in, whose first half is known, and all cases to their end.
func (r *rig) secondLives(ctx context.Context, file string) error {
	rep, err := r.take(ctx, file, engine.MaxBatch)
	if err != nil {
		return err
	}
	if rep.Accepted != r.n || rep.Duplicate != r.n {
		return fmt.Errorf("bench: of twice %d rows %d were accepted and %d known: %+v", r.n, rep.Accepted, rep.Duplicate, rep.Errors)
	}
	r.n *= 2
	if err := r.settled(ctx); err != nil {
		return err
	}
	if err := r.pastVoluntary(ctx); err != nil {
		return err
	}
	messages, err := r.arrested(ctx)
	if err != nil {
		return err
	}
	if err := r.payAll(ctx, messages); err != nil {
		return err
	}
	return r.settled(ctx)
}

// arrested arrests for all cases and gives the payments for them. A bank whose answer the robot could not wait for, on a machine that has
// other work, is asked again when its back-off is over.
func (r *rig) arrested(ctx context.Context) (messages []payments.Event, err error) {
	for {
		r.robot.Nudge()
		if err := r.settled(ctx); err != nil {
			return nil, err
		}
		if messages, err = r.messages(ctx); err != nil || len(messages) >= r.n {
			return messages, err
		}
		now, err := r.clock.Now(ctx)
		if err != nil {
			return nil, err
		}
		next, ok, err := r.robot.NextAt(ctx)
		if err != nil {
			return nil, err
		}
		if !ok || next.Sub(now) > time.Hour {
			return nil, fmt.Errorf("bench: of %d cases %d are arrested, and nothing is waiting", r.n, len(messages))
		}
		r.clock.Set(next)
	}
}

// doorsSQL gives cases that lie evenly among all.
const doorsSQL = `SELECT c.id, d.iin_sealed, extract(year FROM d.birth_date)::int FROM cases c JOIN debtors d ON d.id = c.debtor_id
 WHERE d.birth_date IS NOT NULL ORDER BY c.id % $1, c.id LIMIT $2`

// enterAll opens sessions of cases that lie among all, each by the link of its opening notice.
func (r *rig) enterAll(ctx context.Context, v *visitors, base string, n int) error {
	rows, err := r.pool.Query(ctx, doorsSQL, max(r.n/n, 1), n)
	if err != nil {
		return err
	}
	defer rows.Close()
	var doors []door
	for rows.Next() {
		var id int64
		var sealed []byte
		var year int
		if err := rows.Scan(&id, &sealed, &year); err != nil {
			return err
		}
		iin, err := r.keys.Open(sealed, sealedIIN)
		if err != nil {
			return err
		}
		doors = append(doors, door{token: r.keys.LinkToken(id, 1), lastFour: string(iin[8:]), year: strconv.Itoa(year), number: caseno.Format(id)})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(doors) != n {
		return fmt.Errorf("bench: %d of %d visitors have a birth date", len(doors), n)
	}
	for _, d := range doors {
		if err := v.enter(ctx, base, d); err != nil {
			return err
		}
	}
	return nil
}

// countTrips counts the statements of a page, and how often it waits for the database, on a pool of its own.
func (r *rig) countTrips(ctx context.Context, v *visitors, res *WebResult) (err error) {
	count := &trips{}
	pool, err := pg.Open(ctx, r.pool.Config().ConnString(), pg.WithMaxConns(1), pg.WithConfig(func(c *pgxpool.Config) { c.ConnConfig.Tracer = count }))
	if err != nil {
		return err
	}
	defer pool.Close()
	s, err := r.portal(pool)
	if err != nil {
		return err
	}
	base, stop, err := serving(ctx, s.handler)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	count.statements.Store(0)
	count.waits.Store(0)
	for i := range webCounted {
		if _, err := v.page(ctx, base, i%len(v.cookies)); err != nil {
			return err
		}
	}
	res.Statements, res.Waits = float64(count.statements.Load())/webCounted, float64(count.waits.Load())/webCounted
	return nil
}
