package orders

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// A job ends after half a minute; within it a bank that is silent must not keep the answers of the others from being recorded.
const (
	accountsWithin = 8 * time.Second
	callWithin     = 16 * time.Second
)

// plan chooses the accounts of the arrests that were never sent, and marks those as sent, in one transaction. Accounts are read
// before it, when it is the order's turn: what earlier arrests of the person hold is no longer available then. A second look
// at the gate is part of the mark, since reading took its time. Once marked, a plan stands for ever, and so does that there is
// nothing to arrest: another worker that looks later would see the money gone that the first one's arrest holds.
func (s *Sender) plan(ctx context.Context, chunk engine.Chunk, open []pending) error {
	var wanted []*pending
	for i := range open {
		if p := &open[i]; p.Purpose == engine.Arrest && !p.stored && !p.waits {
			wanted = append(wanted, p)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	halted := wanted[0].halted // a stopped bank is one that says nothing
	at, silent := s.accounts(ctx, wanted, halted)
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	limits := LimitsOn(s.Store.Pack(), calendar.DateOf(now))
	planned := make(map[int64]*pending, len(wanted)) // a case has one arrest that waits for its answer
	for _, p := range wanted {
		legs, why := Plan(p.Amount, at[p.IIN], limits)
		switch {
		case silent && !single(legs, p):
			continue // the silent bank may have a better account, or the only one
		case why != "":
			p.legs = nobody(why)
		default:
			p.legs = legs
		}
		planned[p.CaseID] = p
	}
	if len(planned) == 0 {
		return nil
	}
	return pg.InTx(ctx, s.Store.Pool(), func(tx pgx.Tx) error {
		if err := chunk.Hold(ctx, tx); err != nil {
			return err
		}
		return s.mark(ctx, tx, planned, now)
	})
}

// mark writes the plans of arrests that still have none and are still lawful, or for which there is nothing to arrest.
func (s *Sender) mark(ctx context.Context, tx pgx.Tx, planned map[int64]*pending, now time.Time) error {
	for _, p := range planned {
		p.stored = false // the transaction may be tried again
	}
	stops, err := stop.ReadGuarded(ctx, tx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, unplannedSQL, slices.Collect(maps.Keys(planned)), today(now), stops.BySource())
	if err != nil {
		return err
	}
	var send, never marks
	sent := map[string]int64{}
	var id int64
	var ordinal int
	var lawful bool
	var about stop.Subject
	if _, err = pgx.ForEachRow(rows, []any{&id, &ordinal, &lawful, &about.Region, &about.Source}, func() error {
		p := planned[id]
		if p.ordinal != ordinal {
			return nil
		}
		lawful = lawful && !Stopped(stops, about, engine.Arrest, "")
		if p.halted = stops.Banks(); slices.ContainsFunc(p.legs, p.haltedAt) {
			return nil // it was stopped meanwhile: another look later
		}
		if p.stored = true; p.closed() {
			return never.add(p, s.Keys)
		}
		if p.stored = lawful; lawful {
			for _, l := range p.legs {
				sent[l.Bank]++
			}
			return send.add(p, s.Keys)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, set := range []struct {
		sql string
		marks
	}{{firstSQL, send}, {legsSQL, never}} {
		if len(set.ids) > 0 {
			if _, err := tx.Exec(ctx, set.sql, set.ids, set.purposes, set.ordinals, set.legs); err != nil {
				return err
			}
		}
	}
	return engine.CountSent(ctx, tx, now, sent)
}

// single says whether one account covers the whole order: no account of another bank could make a plan with fewer.
func single(legs []Leg, p *pending) bool {
	return len(legs) == 1 && len(legs[0].Parts) == 1 && legs[0].asked().Equal(p.Amount)
}

// accounts asks all banks at once what persons have there, but for those that are left out. silent says whether one did not answer.
func (s *Sender) accounts(ctx context.Context, wanted []*pending, without []string) (at map[string]map[string][]Account, silent bool) {
	seen := map[string]bool{}
	for _, p := range wanted {
		seen[p.IIN] = true
	}
	iins := slices.Sorted(maps.Keys(seen))
	at = make(map[string]map[string][]Account, len(iins))
	var mu sync.Mutex
	silent = len(without) > 0
	banks := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Banks)), func(name string) bool { return slices.Contains(without, name) })
	s.each(ctx, banks, accountsWithin, func(ctx context.Context, name string) error {
		got, err := s.Banks[name].Accounts(ctx, iins)
		mu.Lock()
		defer mu.Unlock()
		silent = silent || err != nil
		for iin, accounts := range got {
			if err != nil || !seen[iin] {
				continue
			}
			if at[iin] == nil {
				at[iin] = map[string][]Account{}
			}
			at[iin][name] = accounts
		}
		return err
	})
	return at, silent
}

var errNoBank = errors.New("no such bank is connected")

// each does something with every bank of a list at once, none for longer than it may take.
func (s *Sender) each(ctx context.Context, banks []string, within time.Duration, do func(ctx context.Context, name string) error) {
	var wg sync.WaitGroup
	for _, name := range banks {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, within)
			defer cancel()
			err := errNoBank
			if s.Banks[name] != nil {
				err = do(ctx, name)
			}
			if err != nil {
				s.Log.WarnContext(ctx, "bank call failed, outcome unknown", "bank", name, "error", err)
			}
		})
	}
	wg.Wait()
}

// unplannedSQL locks the arrests of cases that have no plan. Its shape is that of openOrdersSQL, since a join
// with the update itself is planned badly while the tables grow.
const unplannedSQL = `SELECT o.case_id, o.ordinal, ` + lawfulSQL + `, c.region, CASE WHEN $3::boolean THEN (SELECT w.source FROM writs w WHERE w.case_id = o.case_id) ELSE '' END
  FROM orders o JOIN cases c ON c.id = o.case_id
 WHERE o.case_id = ANY($1) AND o.purpose = 'arrest' AND o.status IN ('requested', 'unknown') AND o.legs IS NULL
 ORDER BY o.case_id, o.ordinal FOR UPDATE OF o`
