package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/pack"
)

const trialUsage = "trial takes list, confirm NUMBER, reject NUMBER or agree ID"

// trialReport is what trial prints.
type trialReport struct {
	Trials  []trialView `json:"trials"`
	Arrests []pickView  `json:"arrests"`
	Waiting int64       `json:"waiting"` // arrests that wait for a person; the oldest are listed
}

type trialView struct {
	ID        int64     `json:"id"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	Since     time.Time `json:"since"`
	Need      int64     `json:"need"`
	Confirmed int64     `json:"confirmed"`
	Waiting   int64     `json:"waiting"`
	Rejected  int64     `json:"rejected"`
	Proposed  string    `json:"proposed_by,omitempty"`
}

type pickView struct {
	Case   string    `json:"case"`
	Amount string    `json:"amount"`
	Asked  time.Time `json:"asked"`
	Source string    `json:"source"`
	Format string    `json:"format"`
}

func runTrial(ctx context.Context, e *env, args []string) error {
	as := e.actorFlag()
	why := e.flags.String("why", "", "`WHY` the arrest may leave or not; without personal data")
	limit := e.flags.Int("limit", 50, "list: at most `N` arrests, the oldest first")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	do := func(context.Context, *database, time.Time) error { return nil }
	switch verb := first(rest); {
	case len(rest) == 0, verb == "list" && len(rest) == 1:
	case (verb == "confirm" || verb == "reject") && len(rest) == 2:
		id, err := caseno.Parse(rest[1])
		if err != nil {
			return usagef("%v", err)
		}
		do = func(ctx context.Context, db *database, now time.Time) error {
			if verb == "confirm" {
				return confirmArrest(ctx, db, id, *as, *why, now)
			}
			return e.rejectArrest(ctx, db, id, *as, *why, now)
		}
	case verb == "agree" && len(rest) == 2:
		id, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil || id <= 0 {
			return usagef("%q is not the number of a trial: bailiff trial list shows them", rest[1])
		}
		do = func(ctx context.Context, db *database, now time.Time) error {
			_, err := trial.NewStore(db.pool).Agree(ctx, id, *as, *why, now)
			return err
		}
	default:
		return usagef(trialUsage)
	}
	return e.onDatabase(ctx, func(db *database) error {
		if err := db.current(ctx); err != nil {
			return err
		}
		p := &parts{db: db}
		if err := p.joinClock(ctx); err != nil {
			return err
		}
		now, err := p.clock.Now(ctx)
		if err != nil {
			return err
		}
		err = do(ctx, db, now.UTC().Truncate(time.Microsecond))
		if wrong, ok := errors.AsType[*trial.ActError](err); ok && (wrong.Code == trial.CodeNoReason || wrong.Code == trial.CodeNoActor) {
			return usagef("%s: give --why and --as", wrong.Code)
		}
		if err != nil {
			return err
		}
		return e.listTrials(ctx, db, now, *limit)
	}, pg.WithName("bailiff-trial"))
}

// latestArrest is the arrest of a case that a person is asked about.
func latestArrest(ctx context.Context, db *database, id int64) (ordinal int, err error) {
	err = db.pool.QueryRow(ctx, `SELECT ordinal FROM trial_arrests WHERE case_id = $1 ORDER BY ordinal DESC LIMIT 1`, id).Scan(&ordinal)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, trial.ErrNone
	}
	return ordinal, err
}

func confirmArrest(ctx context.Context, db *database, id int64, as, why string, now time.Time) error {
	ordinal, err := latestArrest(ctx, db, id)
	if err != nil {
		return err
	}
	return trial.NewStore(db.pool).Confirm(ctx, id, ordinal, as, why, now)
}

// rejectArrest puts the case on hold first, by which the order is withdrawn.
func (e *env) rejectArrest(ctx context.Context, db *database, id int64, as, why string, now time.Time) error {
	ordinal, err := latestArrest(ctx, db, id)
	if err != nil {
		return err
	}
	s := trial.NewStore(db.pool)
	if err := s.Undecided(ctx, id, ordinal, as, why); err != nil {
		return err
	}
	p := &parts{db: db}
	if err := p.joinClock(ctx); err != nil {
		return err
	}
	packs, err := engine.RegisterPack(ctx, db.pool, pack.Default())
	if err != nil {
		return err
	}
	store := engine.NewStore(engine.Config{Pool: db.pool, Clock: p.clock, Packs: packs})
	hold := engine.For{CaseID: id, Actor: "desk:" + as, Command: engine.SetHold{Reason: trial.HoldRejected}}
	if _, err := store.Apply(ctx, []engine.For{hold}); err != nil {
		return err
	}
	return s.Reject(ctx, id, ordinal, as, why, now)
}

func (e *env) listTrials(ctx context.Context, db *database, now time.Time, limit int) error {
	open, err := trial.Open(ctx, db.pool, now)
	if err != nil {
		return err
	}
	picks, err := trial.Waiting(ctx, db.pool, limit)
	if err != nil {
		return err
	}
	r := trialReport{Trials: []trialView{}, Arrests: []pickView{}}
	if r.Waiting, err = trial.CountWaiting(ctx, db.pool); err != nil {
		return err
	}
	for _, t := range open {
		v := trialView{ID: t.ID, Kind: t.Kind, Name: t.Name, Since: t.Opened, Need: t.Need, Confirmed: t.Confirmed, Waiting: t.Waiting, Rejected: t.Rejected}
		if t.Proposal != nil {
			v.Proposed = t.Proposal.Actor
		}
		r.Trials = append(r.Trials, v)
	}
	for _, p := range picks {
		r.Arrests = append(r.Arrests, pickView{Case: caseno.Format(p.CaseID), Amount: p.Amount.String(), Asked: p.Asked, Source: p.Source, Format: p.Format})
	}
	return e.print(r, func() { e.sayTrials(r) })
}

func (e *env) sayTrials(r trialReport) {
	if len(r.Trials) == 0 {
		e.sayf("Nothing is on trial.\n")
	}
	for _, t := range r.Trials {
		e.sayf("%4d  %-6s %s  since %s: %d of %d confirmed, %d waiting, %d rejected\n", t.ID, t.Kind, t.Name, t.Since.Format("2006-01-02 15:04 MST"), t.Confirmed, t.Need, t.Waiting, t.Rejected)
		if t.Proposed != "" {
			e.sayf("      %s proposes to confirm all that wait; another person agrees within 24 hours: bailiff trial agree %d --why WHY --as NAME\n", t.Proposed, t.ID)
		}
	}
	for _, a := range r.Arrests {
		e.sayf("%s  %15s  %s  %s\n", a.Case, a.Amount, a.Source, a.Format)
	}
	if n := int64(len(r.Arrests)); n > 0 {
		e.sayf("%d of %d arrests that wait for a person; bailiff case NUMBER --explain says why each is lawful\n", n, r.Waiting)
	}
}
