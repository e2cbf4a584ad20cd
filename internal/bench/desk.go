package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/app/caselist"
	appdesk "robotbailiff/internal/app/desk"
	webdesk "robotbailiff/internal/web/desk"
)

const (
	deskPeople  = 2         // who ask one thing after the other
	deskEnded   = 10        // of how many cases one has come to its end; more of them do not fit on the disk of a small machine at ten million
	deskMost    = 9_900_000 // cases: a year has 9 999 999 numbers, and not every one of them becomes a case
	deskSamples = 500       // cases and debtors that are asked for

	deskDatabase = "desk"
)

// Desk measures the operators' pages over HTTP: the first page, the search, the list of cases and a case, each beside the reading of one row by
// its key. A tenth of the cases has come to its end but for a tenth of them whose arrests stand, the others have just been opened; all by
// the ways that the product has.
func Desk(ctx context.Context, o Options) (res DeskResult, err error) {
	if o, err = o.withDefaults(1_000_000); err != nil {
		return res, err
	}
	if o.N > deskMost {
		return res, fmt.Errorf("bench: web --desk takes at most %d cases: a year has no more numbers", deskMost)
	}
	if o.Slice <= 0 {
		o.Slice = 3 * time.Second
	}
	o.N = max(o.N/deskEnded, 10) * deskEnded
	res = DeskResult{Name: "web --desk", N: o.N}
	p, err := openPlace(ctx, o)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.anew(ctx, true); err != nil {
		return res, err
	}
	master, err := p.populated(ctx, o)
	if err != nil {
		return res, err
	}
	if err := p.anew(ctx, false); err != nil {
		return res, err
	}
	pool, err := p.pool(ctx, deskDatabase)
	if err != nil {
		return res, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{master: master})
	if err != nil {
		return res, err
	}
	if err := o.profiled(ctx, p, pool, func() error { return r.desk(ctx, o, &res) }); err != nil {
		return res, err
	}
	res.judge()
	return res, nil
}

// populated makes the cases, and gives the secret of their installation.
func (p *place) populated(ctx context.Context, o Options) ([]byte, error) {
	pool, err := p.database(ctx, deskDatabase)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{n: o.N / deskEnded, work: true, receipt: engine.MaxBatch, postmen: 1})
	if err != nil {
		return nil, err
	}
	if err := r.running(ctx, func(ctx context.Context) error { return r.country(ctx, o) }); err != nil {
		return nil, err
	}
	o.say("web --desk: housekeeping")
	return r.master, errors.Join(tended(ctx, pool), checkpoint(ctx, pool))
}

// country opens all cases and brings the first of them to their end.
func (r *rig) country(ctx context.Context, o Options) error {
	first := o.N / deskEnded
	others := o.N - first
	o.say("web --desk: %d cases to their end", first)
	if err := r.opened(ctx, o, first, "desk.csv"); err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	if err := r.pastVoluntary(ctx); err != nil {
		return err
	}
	r.robot.Nudge()
	if err := r.settled(ctx); err != nil {
		return err
	}
	messages, err := r.messages(ctx)
	if err != nil {
		return err
	}
	left := first - len(messages) + len(messages)/10 // what the bank was not asked for yet, on a machine that others use too, is left as well
	if err := r.payAll(ctx, messages[len(messages)/10:]); err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	o.say("web --desk: %d more are opened", others)
	file, err := r.batch(o, o.N, true, "desk2.csv") // begins with the rows that are known
	if err != nil {
		return err
	}
	rep, err := r.take(ctx, file, engine.MaxBatch)
	if err == nil && (rep.Accepted != others || rep.Duplicate != first) {
		err = fmt.Errorf("bench: of %d rows %d were accepted and %d known: %+v", o.N, rep.Accepted, rep.Duplicate, rep.Errors)
	}
	if err != nil {
		return err
	}
	if err := r.settled(ctx); err != nil {
		return err
	}
	return r.asExpected(ctx, first, others, left)
}

// asExpected holds what was made against what was to be made.
func (r *rig) asExpected(ctx context.Context, first, others, left int) error {
	var paid, enforcing, open, live int
	err := r.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'paid'), count(*) FILTER (WHERE state = 'enforcing'), count(*) FILTER (WHERE state IN ('opened', 'notified')), (SELECT count(*) FROM orders WHERE live) FROM cases`).
		Scan(&paid, &enforcing, &open, &live)
	if err == nil && (paid != first-left || enforcing != left || open != others || live != left) {
		err = fmt.Errorf("bench: %d cases are paid, %d are enforced by %d arrests, %d are open; want %d, %d and %d", paid, enforcing, live, open, first-left, left, others)
	}
	return err
}

// deskActors are people of the demonstration who may do everything here, one for each that asks.
func deskActors() []appdesk.Actor {
	all := slices.Clone(appdesk.DemoActors[:deskPeople])
	for i := range all {
		all[i].Roles = appdesk.Roles
	}
	return all
}

// deskSite joins the desk as the program joins it.
func (r *rig) deskSite(pool *pgxpool.Pool) (*webdesk.Config, error) {
	app, err := appdesk.New(appdesk.Config{
		Pool: pool, Cases: r.robot.Engine, Packs: r.packs, Inbox: r.robot.Inbox, Host: host, Money: r.robot, Lists: caselist.New(pool, r.keys), DemoSignIn: true, DemoPeople: deskActors(),
		OpenIIN: func(sealed []byte) (string, error) {
			text, err := r.keys.Open(sealed, intake.SealedIIN)
			return string(text), err
		},
	})
	if err != nil {
		return nil, err
	}
	return &webdesk.Config{App: app, Key: r.keys.Blind("web.form", "desk"), Log: slog.New(slog.DiscardHandler)}, nil
}

func (r *rig) desk(ctx context.Context, o Options, res *DeskResult) (err error) {
	site, err := r.deskSite(r.pool)
	if err != nil {
		return err
	}
	handler, err := webdesk.Handler(*site)
	if err != nil {
		return err
	}
	base, stop, err := serving(ctx, handler)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	asked, err := r.askedFor(ctx)
	if err != nil {
		return err
	}
	people := make([]*clerk, deskPeople)
	for i, a := range deskActors() {
		if people[i], err = signedIn(ctx, base, a.Name, asked); err != nil {
			return err
		}
	}
	for _, task := range append([]deskTask{{"one row by its key, without a page", r.oneRow}}, deskTasks...) {
		o.say("web --desk: %s", task.name)
		l, err := measured(ctx, people, task, o.Slice)
		if err != nil {
			return fmt.Errorf("%s: %w", task.name, err)
		}
		res.Pages = append(res.Pages, DeskPage{Name: task.name, Latency: l})
	}
	return nil
}
