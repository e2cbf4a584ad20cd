package whynot

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Cases is what the package needs of the engine: the pack in force, and what a decision about a case would know besides it now.
type Cases interface {
	Around(ctx context.Context, tx pgx.Tx, c *engine.Case) (engine.Env, error)
	Pack() *pack.Pack
}

// Answer is how one step stands, in words.
type Answer struct {
	Step string // of engine.Steps
	When string // done, now, on, not, never
	At   time.Time
	Says []i18n.Text // what there is to know at once
	Open []Condition // what keeps the step
	Met  []Condition // what does not keep it
}

// Condition is one thing that has to be so before a step is taken.
type Condition struct {
	What, Met string
	Says      i18n.Text
	Href      string // where one sees to it; empty: nowhere
	Law       Law
}

// Law is what a rule pack says about a condition. The zero value: nothing.
type Law struct {
	Text     string // in plain words
	Citation string
	Value    i18n.Text     // its key is empty when the rule is no number
	Edition  calendar.Date // of the act that was read; may be unset
}

// Read answers for a case that was read in the same transaction.
func Read(ctx context.Context, tx pgx.Tx, cases Cases, c engine.Case, lang i18n.Lang) ([]Answer, error) {
	env, err := cases.Around(ctx, tx, &c)
	if err != nil {
		return nil, fmt.Errorf("whynot: case %d: %w", c.ID, err)
	}
	var out []Answer
	for _, o := range engine.WhyNot(c, cases.Pack(), env) {
		a := tell(o, cases.Pack(), calendar.DateOf(env.Now), lang)
		if o.Order.Status.Open() {
			waits, err := onTheWay(ctx, tx, c.ID, o.Order)
			if err != nil {
				return nil, fmt.Errorf("whynot: case %d: %w", c.ID, err)
			}
			a.Open = append(a.Open, waits...)
		}
		out = append(out, a)
	}
	return out, nil
}

const onTheWaySQL = `SELECT o.attempts, EXISTS (SELECT 1 FROM trial_arrests t WHERE t.case_id = o.case_id AND t.ordinal = o.ordinal AND o.purpose = 'arrest' AND t.verdict = '')
  FROM orders o WHERE o.case_id = $1 AND o.purpose = $2 AND o.ordinal = $3`

// onTheWay tells what keeps an order that was given and has no answer.
func onTheWay(ctx context.Context, tx pgx.Tx, caseID int64, o engine.Order) ([]Condition, error) {
	rows, err := tx.Query(ctx, onTheWaySQL, caseID, o.Purpose, o.Ordinal)
	if err != nil {
		return nil, err
	}
	var attempts int
	var trial bool
	_, err = pgx.ForEachRow(rows, []any{&attempts, &trial}, func() error { return nil })
	if err != nil {
		return nil, err
	}
	no := func(what, href string, pairs ...any) []Condition {
		return []Condition{{What: what, Met: string(engine.MetNo), Says: i18n.Say("whynot.cond."+what, pairs...), Href: href}}
	}
	switch {
	case trial:
		return no("trial", "/desk/trials"), nil
	case attempts == 0:
		return no("unsent", "/desk/orders"), nil
	}
	return no("unanswered", "/desk/orders", "on", o.At), nil
}
