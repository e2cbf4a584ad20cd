package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/payments"
)

// naiveLives takes cases through their life by the same code, each step of each case in a transaction and a job of its
// own, two at a time.
func naiveLives(ctx context.Context, o Options, p *place) (cost, error) {
	pool, err := p.database(ctx, "one_by_one")
	if err != nil {
		return cost{}, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{n: o.NaiveN, work: true, pulse: time.Hour, receipt: 1, postmen: 2})
	if err != nil {
		return cost{}, err
	}
	file, err := r.batch(o, o.NaiveN, true, "one_by_one.csv")
	if err != nil {
		return cost{}, err
	}
	var whole cost
	err = r.running(ctx, func(ctx context.Context) error {
		whole, err = r.oneByOne(ctx, file)
		return err
	})
	if err != nil {
		return whole, fmt.Errorf("bench: one by one: %w", err)
	}
	return whole, r.verify(ctx, o.NaiveN)
}

func (r *rig) oneByOne(ctx context.Context, file string) (whole cost, err error) {
	step := func(f func() error) error {
		c, err := measure(ctx, r.pool, r.place, func() error {
			if err := f(); err != nil {
				return err
			}
			return r.settled(ctx)
		})
		whole = whole.plus(c)
		return err
	}
	if err := step(func() error { _, err := r.take(ctx, file, 1); return err }); err != nil {
		return whole, err
	}
	if err := r.pastVoluntary(ctx); err != nil {
		return whole, err
	}
	rows, err := r.pool.Query(ctx, `SELECT id FROM cases ORDER BY id`)
	if err != nil {
		return whole, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return whole, err
	}
	if err := step(func() error {
		return twoAtATime(ctx, ids, func(id int64) error {
			_, err := r.robot.Engine.Apply(ctx, []engine.For{{CaseID: id, Actor: engine.ActorRobot, Command: engine.Tick{}}})
			return err
		})
	}); err != nil {
		return whole, err
	}
	messages, err := r.messages(ctx)
	if err != nil {
		return whole, err
	}
	return whole, step(func() error {
		return twoAtATime(ctx, messages, func(e payments.Event) error { _, err := r.robot.Receive(ctx, e); return err })
	})
}

// twoAtATime does f for every element, two at once.
func twoAtATime[T any](ctx context.Context, all []T, f func(T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for _, x := range all {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(x)
		})
	}
	return g.Wait()
}
