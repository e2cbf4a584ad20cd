package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/restored"
	"robotbailiff/rules/calendar"
)

// The register's own list is held against our entries once a legal day, as the lists of banks are (INV-A5). What stands there without
// ground is taken out at once: an entry is public, and nobody has to be asked before it goes. What is missing there takes nothing from
// anybody and is only told. What an older copy of this database does not know is adopted under its old id.

// runs does the bookkeeping of a compare, which is that of banks.
func (s *Registrar) runs() *Comparer { return &Comparer{Sender: &Sender{Store: s.Store, Log: s.Log}} }

// Compare claims a run and takes it to its end, as [Comparer.Compare] does.
func (s *Registrar) Compare(ctx context.Context, duty string, on calendar.Date) (Run, error) {
	if s.Register == nil {
		return Run{}, errors.New("orders: compare: no register is connected")
	}
	c := s.runs()
	r, err := c.claim(ctx, duty, on, RegisterName)
	if err != nil {
		return r, err
	}
	for r.phase != phaseDone && err == nil {
		switch r.phase {
		case phaseList:
			err = s.list(ctx, c, &r)
		case phaseOurs:
			err = s.ours(ctx, c, &r)
		case phaseAsk:
			err = s.askAhead(ctx, c, &r)
		}
	}
	if err != nil && !errors.Is(err, ErrNotNow) {
		err = fmt.Errorf("orders: compare %s: %s: %w", RegisterName, r.phase, err)
	}
	return r, err
}

// stands is how the entries of a case stand with us.
type stands struct {
	state   engine.State // empty: there is no such case
	moving  bool         // something about the register is on its way, or was answered since the run began
	entries []past
}

func (s *Registrar) standings(ctx context.Context, ids []int64, since time.Time) (map[int64]*stands, error) {
	rows, err := s.Store.Pool().Query(ctx, entriesOfSQL, ids, since)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]*stands, len(ids))
	var (
		id      int64
		state   engine.State
		moving  bool
		ordinal *int
		order   *uuid.UUID
		status  *engine.OrderStatus
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &state, &moving, &ordinal, &order, &status}, func() error {
		if at[id] == nil {
			at[id] = &stands{state: state, moving: moving}
		}
		if ordinal != nil {
			at[id].entries = append(at[id].entries, past{purpose: engine.Register, ordinal: *ordinal, id: *order, status: *status})
		}
		return nil
	})
	return at, err
}

// judgeEntry says what is wrong with one entry of the register; an empty kind: nothing, or it moves.
func judgeEntry(l Listed, k *stands) verdict {
	v := verdict{leg: l.ID, caseID: l.CaseID, since: l.Since}
	if k == nil {
		v.kind = KindOrphan
		return v
	}
	last := 0
	for _, e := range k.entries {
		last = max(last, e.ordinal)
		switch {
		case e.id != l.ID:
		case e.status == engine.Requested: // not sent yet, and there already: this database is an older copy
			v.kind, v.ordinal, v.ahead = KindAdopted, e.ordinal, true
			return v
		case k.moving:
			v.moving = true
			return v
		case over(e.status):
			v.kind = KindOrphan
			return v
		default:
			return v
		}
	}
	for n := 1; n <= last+aheadBy; n++ {
		if engine.OrderID(l.CaseID, engine.Register, n) == l.ID {
			v.kind, v.ordinal, v.ahead = KindAdopted, n, true
			return v
		}
	}
	v.kind = KindOrphan
	return v
}

func (s *Registrar) list(ctx context.Context, c *Comparer, r *Run) error {
	listed, cursor, err := s.Register.List(ctx, r.after, comparePage)
	if err != nil {
		return err
	}
	ids, entries := make([]int64, len(listed)), make([]uuid.UUID, len(listed))
	for i, l := range listed {
		ids[i], entries[i] = l.CaseID, l.ID
	}
	at, err := s.standings(ctx, ids, r.Started)
	if err != nil {
		return err
	}
	var found []verdict
	for _, l := range listed {
		if v := judgeEntry(l, at[l.CaseID]); v.kind != "" || v.moving {
			found = append(found, v)
		}
	}
	if cursor != "" && (cursor == r.after || len(listed) == 0) {
		return errors.New("the register's list does not go on")
	}
	next := *r
	next.after, next.Holds = cursor, r.Holds+int64(len(listed))
	if cursor == "" {
		next.phase = phaseOurs
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, keepHoldsSQL, r.Duty, r.On.UTC(), RegisterName, entries); err != nil {
			return err
		}
		return s.write(ctx, tx, found)
	})
}

func (s *Registrar) ours(ctx context.Context, c *Comparer, r *Run) error {
	ids, last, err := c.page(ctx, liveEntriesSQL, r.after)
	if err != nil {
		return err
	}
	at, err := s.standings(ctx, ids, r.Started)
	if err != nil {
		return err
	}
	var live []verdict
	for _, id := range ids {
		for _, e := range at[id].entries {
			if !at[id].moving && !over(e.status) {
				live = append(live, verdict{leg: e.id, caseID: id, kind: KindMissing, ordinal: e.ordinal})
			}
		}
	}
	missing, err := c.missing(ctx, r, live)
	if err != nil {
		return err
	}
	next := *r
	next.after, next.Arrests = last, r.Arrests+int64(len(live))
	if len(ids) < comparePage {
		next.phase, next.after = phaseAsk, ""
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error { return s.write(ctx, tx, missing) })
}

// askAhead comes last, and only after a restore: an entry that the register knows under an id which this database may use next was asked
// for in the past that is lost, and is over since. Its case waits for a person, since the register would say to the next one that it is done.
func (s *Registrar) askAhead(ctx context.Context, c *Comparer, r *Run) error {
	next, last := *r, true
	var waits []engine.For
	if restored.IsDuty(r.Duty) {
		ids, cursor, err := c.page(ctx, openCasesSQL, r.after)
		if err != nil {
			return err
		}
		at, err := s.standings(ctx, ids, r.Started)
		if err != nil {
			return err
		}
		if waits, err = s.knownAhead(ctx, at); err != nil {
			return err
		}
		next.after, last = cursor, len(ids) < comparePage
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	if last {
		next.phase, next.after, next.Finished = phaseDone, "", now
	}
	return c.step(ctx, r, next, func(tx pgx.Tx) error {
		if len(waits) > 0 {
			if _, err := s.Store.ApplyTx(ctx, tx, waits); err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		if _, err := tx.Exec(ctx, entriesGoneSQL, r.Started, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, dropHoldsSQL, r.Duty, r.On.UTC(), RegisterName)
		return err
	})
}

func (s *Registrar) knownAhead(ctx context.Context, at map[int64]*stands) (waits []engine.For, err error) {
	of := map[uuid.UUID]int64{}
	var ask []uuid.UUID
	for id, k := range at {
		next := 1
		for _, e := range k.entries {
			if next = e.ordinal + 1; e.status == engine.Requested {
				next = e.ordinal
			}
		}
		entry := engine.OrderID(id, engine.Register, next)
		ask, of[entry] = append(ask, entry), id
	}
	return holdsForKnown(ctx, s.Register.Query, ask, of)
}

// write keeps what a page has shown, adopts what can be adopted, and orders the removal of what stands there without ground.
func (s *Registrar) write(ctx context.Context, tx pgx.Tx, found []verdict) error {
	if len(found) == 0 {
		return nil
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(found, func(v verdict) bool { return v.ahead }) {
		if _, err := restored.Declare(ctx, tx, restored.ByCompare, engine.ActorRobot, now); err != nil {
			return err
		}
	}
	for i := range found {
		v := &found[i]
		if v.kind != KindAdopted {
			continue
		}
		pl, err := s.Store.ApplyTx(ctx, tx, []engine.For{{CaseID: v.caseID, Actor: engine.ActorRobot, Command: engine.EntryFound{
			Ordinal: v.ordinal, Ground: engine.GroundRestored,
		}}})
		switch {
		case err != nil:
			return fmt.Errorf("case %d: %w", v.caseID, err)
		case pl.Outcomes[0].Refusal != nil:
			v.kind = KindOrphan // the case cannot have it
		default:
			if _, err := tx.Exec(ctx, adoptedSQL, v.caseID, v.ordinal, RegisterName); err != nil {
				return err
			}
		}
	}
	return s.record(ctx, tx, found, now)
}

func (s *Registrar) record(ctx context.Context, tx pgx.Tx, found []verdict, now time.Time) error {
	var entries, moving []uuid.UUID
	var cases []int64
	var kinds []string
	var removals []*uuid.UUID
	by := map[uuid.UUID]*verdict{}
	for i := range found {
		v := &found[i]
		if v.kind == "" {
			moving = append(moving, v.leg)
			continue
		}
		var removal *uuid.UUID
		if v.kind == KindOrphan {
			id := correctionID(v.leg, engine.Deregister, now)
			removal = &id
		}
		by[v.leg] = v
		entries, cases, kinds, removals = append(entries, v.leg), append(cases, v.caseID), append(kinds, v.kind), append(removals, removal)
	}
	batch := &pgx.Batch{}
	batch.Queue(entriesSeenSQL, moving, now)
	batch.Queue(entriesChangedSQL, entries, kinds, now)
	batch.Queue(entriesFoundSQL, entries, cases, kinds, removals, now).Query(func(rows pgx.Rows) error {
		var id uuid.UUID
		var fresh bool
		_, err := pgx.ForEachRow(rows, []any{&id, &fresh}, func() error {
			if v := by[id]; fresh {
				if s.Alarm != nil {
					s.Alarm("compare", v.kind, 1)
				}
				s.Log.ErrorContext(ctx, "the register's list differs from our entries", "kind", v.kind, "case", v.caseID)
			}
			return nil
		})
		return err
	})
	batch.Queue(entriesAdoptedSQL, entries, now)
	return tx.SendBatch(ctx, batch).Close()
}

const entriesOfSQL = `SELECT c.id, c.state, EXISTS (SELECT 1 FROM orders o WHERE o.case_id = c.id AND o.purpose IN ('register', 'deregister', 'entrust')
         AND (o.status IN ('requested', 'unknown') OR o.answered_at >= $2)), e.ordinal, e.id, e.status
  FROM cases c LEFT JOIN orders e ON e.case_id = c.id AND e.purpose = 'register' WHERE c.id = ANY($1) ORDER BY c.id, e.ordinal`

const liveEntriesSQL = `SELECT DISTINCT case_id FROM orders WHERE case_id > $1 AND purpose = 'register' AND status IN ('active', 'handed_over') ORDER BY case_id LIMIT $2`

const adoptedSQL = `UPDATE orders SET bank = $3, attempts = greatest(attempts, 1) WHERE case_id = $1 AND purpose = 'register' AND ordinal = $2`

const entriesSeenSQL = `UPDATE register_findings SET seen_at = $2 WHERE entry_id = ANY($1) AND resolved_at IS NULL`

const entriesChangedSQL = `UPDATE register_findings f SET resolved_at = $3, resolution = 'gone' FROM unnest($1::uuid[], $2::text[]) AS u(entry_id, kind)
 WHERE f.entry_id = u.entry_id AND f.resolved_at IS NULL AND f.kind <> u.kind`

const entriesFoundSQL = `INSERT INTO register_findings AS f (entry_id, case_id, kind, removal_id, next_at, found_at, seen_at)
SELECT u.entry_id, u.case_id, u.kind, u.removal_id, CASE WHEN u.removal_id IS NOT NULL THEN $5::timestamptz END, $5, $5
  FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[]) AS u(entry_id, case_id, kind, removal_id)
    ON CONFLICT (entry_id) WHERE resolved_at IS NULL DO UPDATE SET seen_at = EXCLUDED.seen_at
RETURNING f.entry_id, f.xmax = 0`

const entriesAdoptedSQL = `UPDATE register_findings SET resolved_at = $2, resolution = 'adopted' WHERE entry_id = ANY($1) AND kind = 'adopted' AND resolved_at IS NULL`

// What was not seen again is gone, but for an entry whose removal is sent and not confirmed: only the register's word ends that.
const entriesGoneSQL = `UPDATE register_findings SET resolved_at = $2, resolution = 'gone' WHERE resolved_at IS NULL AND seen_at < $1 AND (removal_id IS NULL OR attempts = 0)`
