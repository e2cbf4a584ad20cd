package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// maxPicks is how many arrests the page of trials shows at once.
const maxPicks = 200

// Trials is what is new, and the first arrests of it that wait for a person.
type Trials struct {
	Now   time.Time
	Open  []trial.Trial
	Picks []PickView
	All   int64 // that wait, of which a page shows the oldest
}

// PickView is one arrest that waits for a person.
type PickView struct {
	trial.Pick
	Number string
	Steps  []story.Step // why it is lawful
}

// Trials reads how the trials stand, with the reasons of each arrest in a language.
func (s *Service) Trials(ctx context.Context, actor Actor, lang i18n.Lang) (v Trials, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return v, fmt.Errorf("desk: legal time: %w", err)
	}
	var picks []trial.Pick
	err = s.read(ctx, func(tx pgx.Tx) error {
		if v.Open, err = trial.Open(ctx, tx, v.Now); err != nil {
			return err
		}
		picks, v.All, err = readPicks(ctx, tx, actor)
		return err
	})
	if err != nil {
		return v, fmt.Errorf("desk: trials: %w", err)
	}
	for _, p := range picks {
		view := PickView{Pick: p, Number: caseno.Format(p.CaseID)}
		decided, err := s.cfg.Packs.ByID(ctx, p.PackID)
		if err != nil {
			return v, fmt.Errorf("desk: trials: %w", err)
		}
		var trace rules.Trace
		if err := json.Unmarshal(p.Trace, &trace); err != nil {
			return v, fmt.Errorf("desk: trials: case %d: %w", p.CaseID, err)
		}
		view.Steps = story.Explain(trace, decided, calendar.DateOf(p.Asked), lang)
		v.Picks = append(v.Picks, view)
	}
	return v, nil
}

// mostPicks bounds what is looked through for those of some regions.
const mostPicks = 5000

// readPicks gives the arrests that wait and that an actor sees, of which a page shows the oldest.
func readPicks(ctx context.Context, tx pgx.Tx, actor Actor) (picks []trial.Pick, all int64, err error) {
	if actor.Whole() {
		if picks, err = trial.Waiting(ctx, tx, maxPicks); err != nil {
			return nil, 0, err
		}
		all, err = trial.CountWaiting(ctx, tx)
		return picks, all, err
	}
	waiting, err := trial.Waiting(ctx, tx, mostPicks)
	if err != nil {
		return nil, 0, err
	}
	ids := make([]int64, 0, len(waiting))
	for i := range waiting {
		ids = append(ids, waiting[i].CaseID)
	}
	seen, err := scope(ctx, tx, actor, ids...)
	if err != nil {
		return nil, 0, err
	}
	waiting = slices.DeleteFunc(waiting, func(p trial.Pick) bool { return !seen[p.CaseID] })
	return waiting[:min(len(waiting), maxPicks)], int64(len(waiting)), nil
}

// ConfirmArrest lets one arrest leave.
func (s *Service) ConfirmArrest(ctx context.Context, actor Actor, number string, ordinal int, reason string) error {
	id, err := caseno.Parse(number)
	if err != nil {
		return trial.ErrNone
	}
	if err := outOfScope(ctx, s.cfg.Pool, actor, trial.ErrNone, id); err != nil {
		return err
	}
	return s.act(ctx, actor, func(now time.Time) error { return s.trials.Confirm(ctx, id, ordinal, actor.Name, reason, now) })
}

// RejectArrest keeps one arrest from leaving and puts its case on hold, by which the order is withdrawn. The hold comes first: a case that
// is held by mistake is let go on by a person, an arrest that has left is not.
func (s *Service) RejectArrest(ctx context.Context, actor Actor, number string, ordinal int, reason string) error {
	id, err := caseno.Parse(number)
	if err != nil {
		return trial.ErrNone
	}
	if err := outOfScope(ctx, s.cfg.Pool, actor, trial.ErrNone, id); err != nil {
		return err
	}
	return s.act(ctx, actor, func(now time.Time) error {
		if err := s.trials.Undecided(ctx, id, ordinal, actor.Name, reason); err != nil {
			return err
		}
		hold := engine.For{CaseID: id, Actor: actor.Name, Command: engine.SetHold{Reason: trial.HoldRejected}}
		if _, err := s.cfg.Cases.Apply(ctx, []engine.For{hold}); err != nil { // one that is held already, or has ended, is as good
			return fmt.Errorf("desk: hold case %d: %w", id, err)
		}
		return s.trials.Reject(ctx, id, ordinal, actor.Name, reason, now)
	})
}

// AgreeToTrial is one person's word for all arrests of a trial that wait; the second one's, who is a supervisor, confirms them.
func (s *Service) AgreeToTrial(ctx context.Context, actor Actor, id int64, reason string) error {
	return s.actForAll(ctx, actor, func(now time.Time) error {
		open, err := trial.Open(ctx, s.cfg.Pool, now)
		if err != nil {
			return err
		}
		for _, t := range open {
			if t.ID == id && t.Proposal != nil {
				if err := actor.second(t.Proposal.Actor); err != nil {
					return err
				}
			}
		}
		_, err = s.trials.Agree(ctx, id, actor.Name, reason, now)
		return err
	})
}
