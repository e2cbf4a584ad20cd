package desk

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/caseno"
)

// doer is an actor as acts on cases know him.
func doer(actor Actor) (caseacts.Who, error) {
	if err := actor.check(); err != nil {
		return caseacts.Who{}, err
	}
	return caseacts.Who{Name: actor.Name, Regions: actor.Regions}, nil
}

// ForAct is the case that somebody is about to do something to, as far as a form needs it.
type ForAct struct {
	Number   string
	Possible []caseacts.Kind // what makes sense as the case stands
}

// CaseForAct reads the case of a form.
func (s *Service) CaseForAct(ctx context.Context, actor Actor, number string) (f ForAct, err error) {
	id, err := s.caseOf(ctx, actor, number)
	if err != nil {
		return f, err
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		cases, err := engine.Load(ctx, tx, []int64{id})
		if err == nil && len(cases) != 1 {
			err = ErrNotFound
		}
		if err == nil {
			f = ForAct{Number: caseno.Format(id), Possible: caseacts.Possible(&cases[0])}
		}
		return err
	})
	return f, err
}

// caseOf gives the id of a case that an actor sees.
func (s *Service) caseOf(ctx context.Context, actor Actor, number string) (int64, error) {
	if err := actor.check(); err != nil {
		return 0, err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return 0, ErrNotFound
	}
	return id, outOfScope(ctx, s.cfg.Pool, actor, ErrNotFound, id)
}

// CaseActs gives what was asked for or is being done to a case.
func (s *Service) CaseActs(ctx context.Context, actor Actor, number string) ([]caseacts.Act, error) {
	id, err := s.caseOf(ctx, actor, number)
	if err != nil {
		return nil, err
	}
	who, err := doer(actor)
	if err != nil {
		return nil, err
	}
	return s.acts.OfCase(ctx, who, id)
}

// Acts lists what was done to cases by hand, the latest first.
func (s *Service) Acts(ctx context.Context, actor Actor) ([]caseacts.Act, error) {
	who, err := doer(actor)
	if err != nil {
		return nil, err
	}
	return s.acts.List(ctx, who)
}

// ActView is an act on cases with a page of its list, from the first case after one.
type ActView struct {
	caseacts.View

	Items []caseacts.Item
	Next  string // number of the last case of the page; empty: there are no others
}

// Act shows an act on cases and what it would do, or did.
func (s *Service) Act(ctx context.Context, actor Actor, id int64, after string) (v ActView, err error) {
	who, err := doer(actor)
	if err != nil {
		return v, err
	}
	from := int64(0)
	if after = strings.TrimSpace(after); after != "" {
		if from, err = caseno.Parse(after); err != nil {
			return v, caseacts.ErrNone
		}
	}
	if v.View, err = s.acts.Look(ctx, who, id); err != nil {
		return v, err
	}
	var more bool
	if v.Items, more, err = s.acts.Items(ctx, who, id, from); more {
		v.Next = v.Items[len(v.Items)-1].Number
	}
	return v, err
}

// MakeAct makes an act on cases, to be looked at before anything is asked for.
func (s *Service) MakeAct(ctx context.Context, actor Actor, r caseacts.Request) (int64, error) {
	who, err := doer(actor)
	if err != nil {
		return 0, err
	}
	return s.acts.Draft(ctx, who, r)
}

// ConfirmAct asks for an act of one's own; what takes no second person is done.
func (s *Service) ConfirmAct(ctx context.Context, actor Actor, id int64) error {
	who, err := doer(actor)
	if err != nil {
		return err
	}
	return s.acts.Confirm(ctx, who, id)
}

// DecideAct is the word of the second person, who is a supervisor.
func (s *Service) DecideAct(ctx context.Context, actor Actor, id int64, agree bool, why string) error {
	who, err := doer(actor)
	if err != nil {
		return err
	}
	a, err := s.acts.Act(ctx, who, id)
	if err != nil {
		return err
	}
	if err := actor.second(a.AskedBy); err != nil {
		return err
	}
	return s.acts.Decide(ctx, who, id, agree, why)
}

// TakeBackAct takes back what one has asked for and nobody has agreed to.
func (s *Service) TakeBackAct(ctx context.Context, actor Actor, id int64, why string) error {
	who, err := doer(actor)
	if err != nil {
		return err
	}
	a, err := s.acts.Act(ctx, who, id)
	if err != nil {
		return err
	}
	if !a.Mine {
		return caseacts.ErrNotMine
	}
	return s.acts.Decide(ctx, who, id, false, why)
}
