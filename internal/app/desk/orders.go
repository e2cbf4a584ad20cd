package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/caseno"
	"robotbailiff/rules/money"
)

// OrdersView is how the orders to banks fare.
type OrdersView struct {
	Now     time.Time
	Robot   RobotState
	Restore *restored.Restore // an older copy was restored and is not released yet

	Lifts    orders.Lifts
	Number   string // of the case with the oldest lift
	Minutes  int64  // for which it waits
	Late     []LateLift
	Findings []Finding
	Counted  time.Time // zero: not counted yet
	Banks    []BankOrders
	Refused  []Refused
	Compares []Compared
	Bank     string // the only one that is shown; empty: all
}

// LateLift is one that a bank has not confirmed in time.
type LateLift struct {
	Number, Purpose string
	Level           int
	Since           time.Time
}

// Finding is a difference between a bank's list and our arrests.
type Finding struct {
	ID                   int64
	Bank, Kind, Proposal string
	Number               string
	Known                bool // there is such a case
	Ordered              bool
	Ours, Theirs         money.Amount
	Found                time.Time
}

// BankOrders counts the orders of one purpose at one bank.
type BankOrders struct {
	Bank, Purpose                   string // no bank: none has it yet
	Waiting, InForce, Done, Refused int64
	Withdrawn                       int64
}

// Refused counts what a bank did not do, by its answer.
type Refused struct {
	Bank, Purpose, Why string
	Count              int64
}

// Compared is the last compare of a bank.
type Compared struct {
	Bank           string
	At             time.Time // zero: under way for the first time
	Holds, Arrests int64
	Underway       bool
}

// RefusedWords are the answers of banks that the pages explain.
var RefusedWords = []string{"no_funds", "protected", "no_account", "refused"}

const ordersShown = 50

// Orders shows how the orders to banks fare, or to one bank alone. It reads counts and lists that are short, whatever the number of cases.
func (s *Service) Orders(ctx context.Context, actor Actor, bank string) (v OrdersView, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, err
	}
	err = s.read(ctx, func(tx pgx.Tx) (err error) {
		if v.Robot, err = readRobot(ctx, tx, v.Now); err != nil {
			return err
		}
		if v.Restore, err = restored.Open(ctx, tx, v.Now); err != nil {
			return err
		}
		if v.Lifts, err = orders.ReadLifts(ctx, tx, v.Now); err != nil {
			return err
		}
		if v.Late, err = readLateLifts(ctx, tx, actor); err != nil {
			return err
		}
		if v.Findings, err = readFindings(ctx, tx, actor); err != nil {
			return err
		}
		if err := v.readCounts(ctx, tx); err != nil {
			return err
		}
		v.Compares, err = readCompares(ctx, tx)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: orders: %w", err)
	}
	v.only(bank)
	if !v.Lifts.Oldest.IsZero() {
		v.Minutes = max(0, int64(v.Now.Sub(v.Lifts.Oldest).Minutes()))
		seen, err := scope(ctx, s.cfg.Pool, actor, v.Lifts.CaseID)
		if err != nil {
			return v, err
		}
		if actor.Whole() || seen[v.Lifts.CaseID] {
			v.Number = caseno.Format(v.Lifts.CaseID)
		}
	}
	return v, nil
}

// only leaves out what is about other banks. Lifts stay: they are told of whole orders.
func (v *OrdersView) only(bank string) {
	if v.Bank = bank; bank == "" {
		return
	}
	v.Findings = slices.DeleteFunc(v.Findings, func(f Finding) bool { return f.Bank != bank })
	v.Banks = slices.DeleteFunc(v.Banks, func(b BankOrders) bool { return b.Bank != bank })
	v.Refused = slices.DeleteFunc(v.Refused, func(r Refused) bool { return r.Bank != bank })
	v.Compares = slices.DeleteFunc(v.Compares, func(c Compared) bool { return c.Bank != bank })
}

// mostFindings bounds what is looked through for those of some regions.
const mostFindings = 2000

// readFindings gives the differences to banks that an actor sees: of a case that nobody has, only those who see all regions.
func readFindings(ctx context.Context, tx pgx.Tx, actor Actor) (list []Finding, err error) {
	most := ordersShown
	if !actor.Whole() {
		most = mostFindings
	}
	found, err := orders.Findings(ctx, tx, nil, most)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(found))
	for _, f := range found {
		ids = append(ids, f.CaseID)
	}
	seen, err := scope(ctx, tx, actor, ids...)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if !actor.Whole() && !seen[f.CaseID] || len(list) == ordersShown {
			continue
		}
		list = append(list, Finding{
			ID: f.ID, Bank: f.Bank, Kind: f.Kind, Proposal: f.Proposal, Number: caseno.Format(f.CaseID), Known: f.Known, Ordered: f.Ordered,
			Ours: f.Ours, Theirs: f.Theirs, Found: f.Found,
		})
	}
	return list, nil
}

const findingCaseSQL = `SELECT case_id FROM bank_findings WHERE id = $1`

var lateLiftsSQL = `SELECT l.case_id, l.purpose, max(l.level), l.since FROM late_lifts l WHERE l.cleared_at IS NULL
   AND ($2::text[] IS NULL OR EXISTS (SELECT FROM cases c WHERE c.id = l.case_id AND ` + inScope(2) + `))
 GROUP BY l.order_id, l.case_id, l.purpose, l.since ORDER BY l.since, l.case_id LIMIT $1`

func readLateLifts(ctx context.Context, tx pgx.Tx, actor Actor) ([]LateLift, error) {
	rows, err := tx.Query(ctx, lateLiftsSQL, ordersShown, actor.Regions)
	if err != nil {
		return nil, fmt.Errorf("late lifts: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l LateLift, err error) {
		var id int64
		err = row.Scan(&id, &l.Purpose, &l.Level, &l.Since)
		l.Number = caseno.Format(id)
		return l, err
	})
}

const orderCountsSQL = `SELECT bank, purpose, status, why, n, counted_at FROM order_counts
 ORDER BY bank = '', bank, array_position(ARRAY['lift', 'reduce', 'recall', 'arrest', 'collect', 'deregister', 'register', 'entrust'], purpose), why`

func (v *OrdersView) readCounts(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, orderCountsSQL)
	if err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	var bank, purpose, status, why string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&bank, &purpose, &status, &why, &n, &v.Counted}, func() error {
		if i := len(v.Banks) - 1; i < 0 || v.Banks[i].Bank != bank || v.Banks[i].Purpose != purpose {
			v.Banks = append(v.Banks, BankOrders{Bank: bank, Purpose: purpose})
		}
		b := &v.Banks[len(v.Banks)-1]
		switch status {
		case "requested", "unknown":
			b.Waiting += n
		case "active", "lift_requested", "handed_over":
			b.InForce += n
		case "withdrawn":
			b.Withdrawn += n
		case "rejected":
			b.Refused += n
			v.Refused = append(v.Refused, Refused{Bank: bank, Purpose: purpose, Why: why, Count: n})
		default:
			b.Done += n
		}
		return nil
	})
	return err
}

const comparesSQL = `SELECT b.bank, f.finished_at, coalesce(f.holds, 0), coalesce(f.arrests, 0), EXISTS (SELECT 1 FROM daily_runs u WHERE u.bank = b.bank AND u.finished_at IS NULL AND u.started_at >= coalesce(f.started_at, '-infinity'))
  FROM (SELECT DISTINCT bank FROM daily_runs) b
  LEFT JOIN LATERAL (SELECT * FROM daily_runs d WHERE d.bank = b.bank AND d.finished_at IS NOT NULL ORDER BY d.finished_at DESC LIMIT 1) f ON true ORDER BY b.bank`

func readCompares(ctx context.Context, tx pgx.Tx) ([]Compared, error) {
	rows, err := tx.Query(ctx, comparesSQL)
	if err != nil {
		return nil, fmt.Errorf("compares: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Compared, err error) {
		var at *time.Time
		if err = row.Scan(&c.Bank, &at, &c.Holds, &c.Arrests, &c.Underway); at != nil {
			c.At = *at
		}
		return c, err
	})
}

// LiftFinding is an operator's word that a bank shall lift what it holds without ground. One that is resolved already is left as
// it is: the page says so.
func (s *Service) LiftFinding(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := actor.check(); err != nil {
		return err
	}
	if strings.TrimSpace(reason) == "" {
		return ErrNoReason
	}
	if !actor.Whole() {
		var of int64
		switch err := s.cfg.Pool.QueryRow(ctx, findingCaseSQL, id).Scan(&of); {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNotFound
		case err != nil:
			return fmt.Errorf("desk: finding %d: %w", id, err)
		}
		if err := outOfScope(ctx, s.cfg.Pool, actor, ErrNotFound, of); err != nil {
			return err
		}
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return err
	}
	return orders.Confirm(ctx, s.cfg.Pool, id, actor.Name, reason, now)
}
