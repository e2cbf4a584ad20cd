package orders

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/restored"
)

// askAhead comes last, and only after a restore: the bank is asked about the arrests that this database may order next. One that
// the bank knows was ordered in the past that is lost, and is over since: its case waits for a person.
func (c *Comparer) askAhead(ctx context.Context, peer Peer, r *Run) error {
	next := *r
	var waits []engine.For
	last := true
	if restored.IsDuty(r.Duty) {
		ids, cursor, err := c.page(ctx, openCasesSQL, r.after)
		if err != nil {
			return err
		}
		if waits, err = c.knownAhead(ctx, peer, r.Bank, ids); err != nil {
			return err
		}
		next.after, last = cursor, len(ids) < comparePage
	}
	now, err := c.Sender.Store.Now(ctx)
	if err != nil {
		return err
	}
	if last {
		next.phase, next.after, next.Finished = phaseDone, "", now
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error {
		if len(waits) > 0 {
			if _, err := c.Sender.Store.ApplyTx(ctx, tx, waits); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		return c.finish(ctx, tx, r, now)
	})
}

// knownAhead gives the holds for cases whose next arrest the bank knows already.
func (c *Comparer) knownAhead(ctx context.Context, peer Peer, bank string, ids []int64) ([]engine.For, error) {
	cases, err := engine.Load(ctx, c.Sender.Store.Pool(), ids)
	if err != nil {
		return nil, err
	}
	var ask []uuid.UUID
	of := map[uuid.UUID]int64{}
	for i := range cases {
		k := &cases[i]
		if a := k.LiveArrest(); a != nil && a.Status != engine.Requested {
			continue
		}
		for _, n := range k.NextArrests() {
			id := LegID(engine.OrderID(k.ID, engine.Arrest, n), bank)
			ask, of[id] = append(ask, id), k.ID
		}
	}
	return holdsForKnown(ctx, peer.Query, ask, of)
}

// holdsForKnown asks about orders that we may make next, and gives holds for the cases of those that are known already.
func holdsForKnown(ctx context.Context, query func(context.Context, []uuid.UUID) ([]Reply, error), ask []uuid.UUID, of map[uuid.UUID]int64) (waits []engine.For, err error) {
	for part := range slices.Chunk(ask, comparePage) {
		replies, err := query(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, r := range replies {
			if id, asked := of[r.ID]; asked && r.Known {
				waits = append(waits, engine.For{CaseID: id, Actor: engine.ActorRobot, Command: engine.SetHold{Reason: restored.Reason}})
			}
		}
	}
	return waits, nil
}
