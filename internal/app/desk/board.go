package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/worklist"
	"robotbailiff/rules/calendar"
)

// board is what the first page counts, of all regions: read at once, on one unchanging picture, and the same for everybody who looks. Its
// cost does not grow with the number of cases.
type board struct {
	now    time.Time
	totals []total
	days   []engine.DayTotal // what happened, by region and day
	dues   []engine.DayTotal // what falls due
	finals []engine.DayTotal // refusals that become final
	work   []worklist.Tally
	lifts  orders.Lifts
	robot  RobotState
}

// happened are the counts of the days that the board shows.
var happened = []engine.DayCount{
	engine.DayOpened, engine.DayNotified, engine.DayPaid, engine.DayCollected, engine.DayLifted, engine.DayHandedOver, engine.DayRefused, engine.DayCancelled,
}

// readBoard reads the board, with the days of a period. undo is how long a refusal may be taken back.
func readBoard(ctx context.Context, tx pgx.Tx, now time.Time, days Period, undo time.Duration) (b board, err error) {
	b.now = now
	if b.totals, err = readTotals(ctx, tx); err != nil {
		return b, err
	}
	if b.days, err = engine.Days(ctx, tx, days.From, days.To, happened...); err != nil {
		return b, fmt.Errorf("days: %w", err)
	}
	if b.dues, err = engine.Dues(ctx, tx, calendar.DateOf(now)); err != nil {
		return b, fmt.Errorf("dues: %w", err)
	}
	if b.finals, err = readRefusals(ctx, tx, calendar.DateOf(now), undo); err != nil {
		return b, err
	}
	if b.work, err = worklist.Count(ctx, tx, now); err != nil {
		return b, err
	}
	if b.lifts, err = orders.ReadLifts(ctx, tx, now); err != nil {
		return b, err
	}
	b.robot, err = readRobot(ctx, tx, now)
	return b, err
}
