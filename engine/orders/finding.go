package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/restored"
	"robotbailiff/rules/money"
)

// write keeps what a page of a compare has shown, and does what follows at once. Cases are locked before their orders.
func (c *Comparer) write(ctx context.Context, tx pgx.Tx, bank string, found []verdict) error {
	if len(found) == 0 {
		return nil
	}
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(found, func(v verdict) bool { return v.ahead }) {
		if _, err := restored.Declare(ctx, tx, restored.ByCompare, engine.ActorRobot, now); err != nil {
			return err
		}
	}
	for i := range found {
		if v := &found[i]; v.kind == KindAdopted || v.kind == KindMissing && v.denied {
			done, err := c.follow(ctx, tx, bank, v)
			if err != nil {
				return fmt.Errorf("case %d: %w", v.caseID, err)
			}
			if v.kind == KindAdopted && !done { // the case cannot have it: it is for a person
				v.kind, v.proposal = KindOrphan, engine.Lift
			}
		}
	}
	return c.record(ctx, tx, bank, found, now)
}

// follow makes our record of one arrest what the bank says: it is adopted, or the bank holds nothing of it. False: the case
// refuses, and the finding stays.
func (c *Comparer) follow(ctx context.Context, tx pgx.Tx, bank string, v *verdict) (bool, error) {
	if _, err := tx.Exec(ctx, lockCaseSQL, v.caseID); err != nil {
		return false, err
	}
	cases, err := engine.Load(ctx, tx, []int64{v.caseID})
	if err != nil || len(cases) == 0 {
		return false, err
	}
	of, err := c.Sender.histories(ctx, tx, []int64{v.caseID})
	if err != nil {
		return false, err
	}
	held, legs := money.Zero, []Leg(nil)
	if i := slices.IndexFunc(cases[0].Orders, func(o engine.Order) bool { return o.Purpose == engine.Arrest && o.Ordinal == v.ordinal }); i >= 0 {
		held = cases[0].Orders[i].Held
		p := slices.IndexFunc(of[v.caseID], func(p past) bool { return p.purpose == engine.Arrest && p.ordinal == v.ordinal })
		legs = of[v.caseID][p].legs
	}
	ground := engine.GroundRestored
	if v.kind == KindAdopted {
		leg := Leg{Bank: bank, Parts: v.parts, Answer: engine.Accepted, Detail: detailAdopted} // what it was asked for is lost
		for _, p := range v.parts {
			leg.Done = append(leg.Done, p.Amount)
		}
		held, legs = held.Add(v.theirs), append(legs, leg)
		slices.SortFunc(legs, byBank)
	} else {
		ground, held = engine.GroundCompare, held.Sub(money.Min(held, v.ours))
		for i := range legs {
			if l := &legs[i]; l.Bank == bank {
				l.Answer, l.Detail, l.Done = engine.NoFunds, "not_at_bank", make([]money.Amount, len(l.Parts))
			}
		}
	}
	pl, err := c.Sender.Store.ApplyTx(ctx, tx, []engine.For{{CaseID: v.caseID, Actor: engine.ActorRobot, Command: engine.BankHolds{
		Ordinal: v.ordinal, Sum: held, Ground: ground,
	}}})
	if err != nil || pl.Outcomes[0].Refusal != nil {
		return false, err
	}
	text, err := encodeLegs(legs, c.Sender.Keys)
	if err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, followSQL, v.caseID, v.ordinal, text, bankNames(legs))
	v.proposal, v.denied = "", true
	return true, err
}

func bankNames(legs []Leg) (names string) {
	for i, l := range legs {
		if i > 0 {
			names += ", "
		}
		names += l.Bank
	}
	return names
}

// record adds findings that are new, sees those again that are known, and orders the corrections that nobody has to confirm.
func (c *Comparer) record(ctx context.Context, tx pgx.Tx, bank string, found []verdict, now time.Time) error {
	var moving, legs []uuid.UUID
	var cases, ours, theirs []int64
	var kinds, proposals, resolutions []string
	var since []*time.Time
	by := map[uuid.UUID]*verdict{}
	for i := range found {
		v := &found[i]
		if v.kind == "" {
			if v.moving {
				moving = append(moving, v.leg)
			}
			continue
		}
		resolution := ""
		switch {
		case v.kind == KindAdopted:
			resolution = "adopted"
		case v.kind == KindMissing && v.denied:
			resolution = "corrected"
		}
		by[v.leg] = v
		legs, cases, kinds = append(legs, v.leg), append(cases, v.caseID), append(kinds, v.kind)
		ours, theirs, since = append(ours, v.ours.Tiyn()), append(theirs, v.theirs.Tiyn()), append(since, toNull(v.since))
		proposal := string(v.proposal)
		if v.atOnce != "" {
			proposal = string(v.atOnce)
		}
		proposals, resolutions = append(proposals, proposal), append(resolutions, resolution)
	}
	if _, err := tx.Exec(ctx, seenSQL, bank, moving, now); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, changedSQL, bank, legs, kinds, ours, theirs, now); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, foundSQL, bank, legs, cases, kinds, ours, theirs, since, proposals, now)
	if err != nil {
		return err
	}
	type fresh struct {
		id  int64
		leg uuid.UUID
		new bool
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f fresh, err error) {
		err = row.Scan(&f.id, &f.leg, &f.new)
		return f, err
	})
	if err != nil {
		return err
	}
	for _, f := range kept {
		v := by[f.leg]
		if f.new {
			c.alarm(ctx, bank, v)
		}
		if v.atOnce != "" {
			if err := order(ctx, tx, c.Sender.Keys, bank, f.id, v, engine.ActorRobot, "", now); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec(ctx, resolvedSQL, bank, legs, resolutions, now)
	return err
}

// alarm tells of a new finding. Sums and case numbers are no personal data; what is held less is only noted.
func (c *Comparer) alarm(ctx context.Context, bank string, v *verdict) {
	if c.Alarm != nil {
		c.Alarm("compare", v.kind, 1)
	}
	if v.kind != KindLess {
		c.Sender.Log.ErrorContext(ctx, "a bank's list differs from our arrests", "kind", v.kind, "bank", bank, "case", v.caseID, "ours", v.ours, "theirs", v.theirs)
	}
}

const lockCaseSQL = `SELECT 1 FROM cases WHERE id = $1 FOR UPDATE`

const followSQL = `UPDATE orders SET legs = $3::json, bank = $4, attempts = greatest(attempts, 1) WHERE case_id = $1 AND purpose = 'arrest' AND ordinal = $2`

const seenSQL = `UPDATE bank_findings SET seen_at = $3 WHERE bank = $1 AND leg_id = ANY($2) AND resolved_at IS NULL`

// A finding whose nature or sums have changed ends, and a new one begins; but not while a bank has been told to correct it.
const changedSQL = `UPDATE bank_findings f SET resolved_at = $6, resolution = 'gone'
  FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[]) AS u(leg_id, kind, ours, theirs)
 WHERE f.bank = $1 AND f.leg_id = u.leg_id AND f.resolved_at IS NULL AND (f.kind, f.ours, f.theirs) IS DISTINCT FROM (u.kind, u.ours, u.theirs)
   AND NOT EXISTS (SELECT 1 FROM bank_corrections k WHERE k.finding_id = f.id AND k.confirmed_at IS NULL)`

const foundSQL = `INSERT INTO bank_findings AS f (bank, leg_id, case_id, kind, ours, theirs, held_since, proposal, found_at, seen_at)
SELECT $1, u.leg_id, u.case_id, u.kind, u.ours, u.theirs, u.since, u.proposal, $9, $9
  FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[]) AS u(leg_id, case_id, kind, ours, theirs, since, proposal)
    ON CONFLICT (bank, leg_id) WHERE resolved_at IS NULL DO UPDATE SET seen_at = EXCLUDED.seen_at
RETURNING f.id, f.leg_id, f.xmax = 0`

const resolvedSQL = `UPDATE bank_findings f SET resolved_at = $4, resolution = u.resolution
  FROM unnest($2::uuid[], $3::text[]) AS u(leg_id, resolution)
 WHERE f.bank = $1 AND f.leg_id = u.leg_id AND f.resolved_at IS NULL AND u.resolution <> ''`
