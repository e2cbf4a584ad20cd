package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/orders"
	"robotbailiff/notify/passcode"
)

// Violation is a promise that was not kept. ID is that of reliability.md.
type Violation struct {
	ID     string
	CaseID int64 // 0 when it is not about one case
	Detail string
}

// Compare holds our tables against the world's books, without writing. While both are moving, what is only on its way
// looks wrong for a moment; so what is found is looked at a second time, and only what stands is reported.
func (w *World) Compare(ctx context.Context, ours *pgxpool.Pool) ([]Violation, error) {
	found, err := w.compareOnce(ctx, ours)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	again, err := w.compareOnce(ctx, ours)
	if err != nil {
		return nil, err
	}
	stands := make(map[Violation]bool, len(again))
	for _, v := range again {
		stands[v] = true
	}
	return slices.DeleteFunc(found, func(v Violation) bool { return !stands[v] }), nil
}

func (w *World) compareOnce(ctx context.Context, pool *pgxpool.Pool) ([]Violation, error) {
	p, err := w.books.All(ctx) // first: whatever the world has, we intended before
	if err != nil {
		return nil, err
	}
	o, err := readOurs(ctx, pool)
	if err != nil {
		return nil, err
	}
	c := comparison{world: p, ours: o}
	c.wrongs()
	c.instructions()
	c.arrests()
	c.missing()
	c.register()
	c.payments()
	c.messages()
	slices.SortFunc(c.found, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.CaseID, b.CaseID), cmp.Compare(a.Detail, b.Detail))
	})
	return slices.Compact(c.found), nil
}

type ourCase struct {
	ID, Debt, Outstanding int64
	State                 string
	Released              bool
}

type ourOrder struct {
	ID           uuid.UUID
	CaseID       int64
	Purpose      string
	Status       string
	Amount, Held int64
}

// ourLeg is what one bank gets of an order, by what we wrote down before it got it. One that was adopted after a restore was
// written down in a past that is lost: what it asked for is the bank's to say.
type ourLeg struct {
	OrderID uuid.UUID
	Bank    string
	Amount  int64
	Adopted bool
}

// ourCorrection is what a bank was told to give back because the daily compare found it.
type ourCorrection struct {
	ID      uuid.UUID
	CaseID  int64
	Bank    string
	Purpose string
	Amount  int64
}

// ourRemoval is what the register was told to take out because the daily compare found it.
type ourRemoval struct {
	ID     uuid.UUID
	CaseID int64
}

type ourPayment struct {
	Source, TxnID    string
	Amount, Reversed int64
}

type ourEvent struct{ Source, EventID, Outcome string }

type ourNotice struct {
	CaseID   int64
	Ordinal  int
	Channel  string
	Attempts int
}

type ours struct {
	cases    map[int64]ourCase
	orders   map[uuid.UUID]ourOrder
	fixes    map[uuid.UUID]ourCorrection
	legs     map[uuid.UUID]ourLeg // by the id under which the bank has it
	removals map[uuid.UUID]int64  // from the register, asked for by the daily compare, with their cases
	open     map[int64]bool       // cases with an order that waits for its answer
	payments map[string]ourPayment
	events   map[string]ourEvent
	attempts map[string]int
}

const (
	ourCasesSQL  = `SELECT id, debt, outstanding, state, released_at IS NOT NULL AS released FROM cases`
	ourOrdersSQL = `SELECT id, case_id, purpose, status, amount, held FROM orders`
	ourLegsSQL   = `SELECT o.id AS order_id, l.leg ->> 'bank' AS bank, coalesce((SELECT sum(s::bigint) FROM json_array_elements_text(l.leg -> 'sums') s), 0)::bigint AS amount, coalesce(l.leg ->> 'detail' = 'adopted', false) AS adopted
  FROM orders o CROSS JOIN LATERAL json_array_elements(o.legs) AS l(leg)`
	ourFixesSQL = `SELECT k.id, f.case_id, f.bank, k.purpose, coalesce((SELECT sum(s::bigint) FROM json_array_elements_text(k.leg -> 0 -> 'sums') s), 0)::bigint AS amount
  FROM bank_corrections k JOIN bank_findings f ON f.id = k.finding_id`
	ourRemovalsSQL = `SELECT removal_id AS id, case_id FROM register_findings WHERE removal_id IS NOT NULL`
	ourPaymentsSQL = `SELECT source, txn_id, amount, reversed FROM payments WHERE source = ANY($1)`
	ourEventsSQL   = `SELECT e.source, e.event_id, coalesce(v.verdict, '') AS outcome FROM payment_events e LEFT JOIN payment_verdicts v ON v.event_id = e.id WHERE e.source = ANY($1)`
	ourNoticesSQL  = `SELECT case_id, ordinal, channel, attempts FROM notices`
)

func readOurs(ctx context.Context, pool *pgxpool.Pool) (*ours, error) {
	o := &ours{
		cases: map[int64]ourCase{}, orders: map[uuid.UUID]ourOrder{}, legs: map[uuid.UUID]ourLeg{}, fixes: map[uuid.UUID]ourCorrection{}, open: map[int64]bool{}, removals: map[uuid.UUID]int64{},
		payments: map[string]ourPayment{}, events: map[string]ourEvent{}, attempts: map[string]int{},
	}
	sources := []string{SourceGateway, SourceBank}
	err := pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return cmp.Or(
			each(ctx, tx, func(c ourCase) { o.cases[c.ID] = c }, ourCasesSQL),
			each(ctx, tx, func(r ourOrder) {
				o.orders[r.ID] = r
				if r.Status == "requested" || r.Status == "unknown" {
					o.open[r.CaseID] = true
				}
			}, ourOrdersSQL),
			each(ctx, tx, func(r ourRemoval) { o.removals[r.ID] = r.CaseID }, ourRemovalsSQL),
			each(ctx, tx, func(k ourCorrection) { o.fixes[k.ID] = k }, ourFixesSQL),
			each(ctx, tx, func(l ourLeg) { o.legs[orders.LegID(l.OrderID, l.Bank)] = l }, ourLegsSQL),
			each(ctx, tx, func(r ourPayment) { o.payments[r.Source+"/"+r.TxnID] = r }, ourPaymentsSQL, sources),
			each(ctx, tx, func(r ourEvent) { o.events[r.Source+"/"+r.EventID] = r }, ourEventsSQL, sources),
			each(ctx, tx, func(r ourNotice) {
				o.attempts[fmt.Sprintf("%d-%d-%s", r.CaseID, r.Ordinal, r.Channel)] = r.Attempts
			}, ourNoticesSQL),
		)
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox: compare: %w", err)
	}
	return o, nil
}

func each[T any](ctx context.Context, tx pgx.Tx, f func(T), sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	for _, v := range all {
		f(v)
	}
	return err
}

type comparison struct {
	world *Page
	ours  *ours
	found []Violation
}

func (c *comparison) say(id string, caseID int64, format string, args ...any) {
	c.found = append(c.found, Violation{ID: id, CaseID: caseID, Detail: fmt.Sprintf(format, args...)})
}

func (c *comparison) wrongs() {
	for _, w := range c.world.Wrongs.rows {
		c.say(w.Invariant, w.CaseID, "%s", w.Detail)
	}
}

// instructions: each bank knows no order but ours, each with the content that we wrote down for that bank (INV-A6), and what the
// banks together were asked for is never more than the order (INV-A2).
func (c *comparison) instructions() {
	asked := map[uuid.UUID]int64{}
	for _, in := range c.world.Instructions.rows {
		leg, known := c.ours.legs[in.ID]
		o := c.ours.orders[leg.OrderID]
		k, fix := c.ours.fixes[in.ID]
		switch {
		case fix && k == (ourCorrection{in.ID, in.CaseID, in.Bank, in.Purpose, in.Amount}):
			continue
		case !known:
			c.say("INV-A6", in.CaseID, "%s got order %s, of which we know nothing", in.Bank, in.ID)
		case leg.Bank != in.Bank || o.CaseID != in.CaseID || o.Purpose != in.Purpose || leg.Amount != in.Amount && !leg.Adopted:
			c.say("INV-A6", in.CaseID, "%s got order %s as %s of %s for case %d, we have %s of %s for case %d at %s",
				in.Bank, in.ID, in.Purpose, tenge(in.Amount), in.CaseID, o.Purpose, tenge(leg.Amount), o.CaseID, leg.Bank)
		}
		if !leg.Adopted {
			asked[o.ID] += in.Amount
		}
	}
	for id, sum := range asked {
		if o := c.ours.orders[id]; sum > o.Amount {
			c.say("INV-A2", o.CaseID, "the banks were asked for %s by the %s %s of %s", tenge(sum), o.Purpose, id, tenge(o.Amount))
		}
	}
}

// arrests: one a case, whatever the number of banks that have a leg of it, never above the debt, none after the end, none that
// we think lifted, and what all banks hold for it together is what we think they hold.
func (c *comparison) arrests() {
	for _, d := range c.world.Debtors.rows {
		k, known := c.ours.cases[d.CaseID]
		if known && d.Peak > k.Debt {
			c.say("INV-A2", d.CaseID, "%s was held at once, the debt is %s", tenge(d.Peak), tenge(k.Debt))
		}
		if known && d.Held > k.Outstanding && k.State != "handed_over" && !c.ours.open[d.CaseID] {
			c.say("INV-A2", d.CaseID, "%s is held, %s is owed, and nothing is on its way", tenge(d.Held), tenge(k.Outstanding))
		}
	}
	live := map[int64]map[uuid.UUID]bool{} // by case, the arrests of ours that are live at some bank
	held, taken := map[uuid.UUID]int64{}, map[uuid.UUID]int64{}
	for _, a := range c.world.Arrests.rows {
		id := c.ours.legs[a.ID].OrderID
		held[id] += a.Held
		taken[id] += a.Taken
		if !a.Live() {
			continue
		}
		if live[a.CaseID] == nil {
			live[a.CaseID] = map[uuid.UUID]bool{}
		}
		live[a.CaseID][id] = true
		k, o := c.ours.cases[a.CaseID], c.ours.orders[id]
		if k.Released && (k.State == "paid" || k.State == "cancelled") {
			c.say("INV-A4", a.CaseID, "the case is %s and released, arrest %s is live at %s with %s", k.State, id, a.Bank, tenge(a.Held))
		}
		if o.Status == "" || o.Status == "rejected" || o.Status == "lifted" {
			c.say("INV-A5", a.CaseID, "orphan: arrest %s is live at %s, we have it as %q", id, a.Bank, o.Status)
		}
	}
	for caseID, ids := range live {
		if len(ids) > 1 {
			c.say("INV-A1", caseID, "%d arrests are live", len(ids))
		}
		for id := range ids {
			if o := c.ours.orders[id]; o.Status == "active" && taken[id] == 0 && held[id] != o.Held && !c.ours.open[caseID] {
				c.say("INV-A5", caseID, "arrest %s holds %s at the banks, %s with us", id, tenge(held[id]), tenge(o.Held))
			}
		}
	}
}

// missing: what we think is held, a bank holds, or has taken (INV-A5).
func (c *comparison) missing() {
	at := map[uuid.UUID]string{} // how the arrests of ours stand at the banks; lifted: at none any more
	for _, a := range c.world.Arrests.rows {
		if id := c.ours.legs[a.ID].OrderID; at[id] == "" || at[id] == "lifted" {
			at[id] = cmp.Or(a.Ended, "live")
		}
	}
	for id, o := range c.ours.orders {
		if o.Purpose != "arrest" || o.Held == 0 || o.Status != "active" && o.Status != "handed_over" {
			continue
		}
		if at[id] == "" || at[id] == "lifted" && !c.ours.open[o.CaseID] {
			c.say("INV-A5", o.CaseID, "missing: arrest %s is %s with us, no bank holds it", id, o.Status)
		}
	}
}

// payments: what the world paid and told us of is booked once with its sum; nothing else is (INV-M2, INV-M5).
func (c *comparison) payments() {
	for key, pay := range c.world.Payments.rows {
		got, booked := c.ours.payments[key]
		event, kept := c.ours.events[pay.Source+"/ev-"+pay.TxnID]
		if !kept {
			event, kept = c.ours.events[pay.Source+"/ev-"+pay.TxnID+"-n"]
		}
		switch {
		case booked && got.Amount != pay.Amount:
			c.say("INV-M2", pay.CaseID, "payment %s is %s, booked as %s", key, tenge(pay.Amount), tenge(got.Amount))
		case !booked && !pay.HandedAt.IsZero() && !kept:
			c.say("INV-M5", pay.CaseID, "payment %s of %s was acknowledged and is lost", key, tenge(pay.Amount))
		case !booked && kept && event.Outcome != "":
			c.say("INV-M2", pay.CaseID, "payment %s of %s was settled as %q and is not booked", key, tenge(pay.Amount), event.Outcome)
		}
		back, came := c.ours.events[pay.Source+"/ev-"+pay.TxnID+"-r"]
		if booked && came && back.Outcome != "" && got.Reversed != pay.Reversed {
			c.say("INV-M2", pay.CaseID, "of payment %s %s was taken back, booked is %s", key, tenge(pay.Reversed), tenge(got.Reversed))
		}
	}
	for key, got := range c.ours.payments {
		if c.world.Payments.Get(key) == nil {
			c.say("INV-M2", 0, "payment %s of %s is booked, and nobody made it", key, tenge(got.Amount))
		}
	}
}

// messages: never more than twice, and never more often than we wrote down before (INV-N2).
func (c *comparison) messages() {
	for _, m := range c.world.Messages.rows {
		attempts, known := c.ours.attempts[m.Ref]
		switch _, _, code := passcode.ParseRef(m.Ref); {
		case code && m.Count > 1:
			c.say("INV-N2", m.CaseID, "code %s left %d times, and is never sent again", m.Ref, m.Count)
		case code:
		case !known:
			c.say("INV-N2", m.CaseID, "message %s left, and we have no such notice", m.Ref)
		case m.Count > 2 || m.Count > attempts:
			c.say("INV-N2", m.CaseID, "message %s left %d times in %d attempts", m.Ref, m.Count, attempts)
		}
	}
}
