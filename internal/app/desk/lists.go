package desk

import (
	"context"
	"errors"

	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
)

// ErrNoLists says that the desk was joined without lists of cases.
var ErrNoLists = errors.New("desk: there are no lists of cases")

// looker is an actor as lists know him.
func (s *Service) looker(actor Actor) (caselist.Who, error) {
	if err := actor.check(); err != nil {
		return caselist.Who{}, err
	}
	if s.cfg.Lists == nil {
		return caselist.Who{}, ErrNoLists
	}
	return caselist.Who{Name: actor.Name, Regions: actor.Regions}, nil
}

// CaseList is a page of a list, with what its filter can be.
type CaseList struct {
	caselist.Page
	Sources []string
	Views   []caselist.View
}

// ListCases gives a page of the cases of a filter.
func (s *Service) ListCases(ctx context.Context, actor Actor, f caselist.Filter) (v CaseList, err error) {
	if v, err = s.CaseListFrame(ctx, actor); err != nil {
		return v, err
	}
	v.Page, err = s.cfg.Lists.List(ctx, caselist.Who{Name: actor.Name, Regions: actor.Regions}, f)
	return v, err
}

// CaseListFrame gives what stands around a list that cannot be shown.
func (s *Service) CaseListFrame(ctx context.Context, actor Actor) (v CaseList, err error) {
	who, err := s.looker(actor)
	if err != nil {
		return v, err
	}
	if v.Sources, err = s.cfg.Lists.Sources(ctx); err != nil {
		return v, err
	}
	v.Views, err = s.cfg.Lists.Views(ctx, who)
	return v, err
}

// SearchCases looks for what was typed into the box.
func (s *Service) SearchCases(ctx context.Context, actor Actor, typed string, as caselist.Kind) (caselist.Found, error) {
	who, err := s.looker(actor)
	if err != nil {
		return caselist.Found{}, err
	}
	return s.cfg.Lists.Search(ctx, who, typed, as)
}

// SaveView keeps a list under a name.
func (s *Service) SaveView(ctx context.Context, actor Actor, name string, f caselist.Filter) error {
	who, err := s.looker(actor)
	if err != nil {
		return err
	}
	return s.cfg.Lists.SaveView(ctx, who, name, f)
}

// DropView forgets a list.
func (s *Service) DropView(ctx context.Context, actor Actor, name string) error {
	who, err := s.looker(actor)
	if err != nil {
		return err
	}
	return s.cfg.Lists.DropView(ctx, who, name)
}

// ExportCases writes a list to a file: at once when it is short, else it is asked for and id names what another person has to agree to.
func (s *Service) ExportCases(ctx context.Context, actor Actor, f caselist.Filter, format caselist.Format, reason string, lang i18n.Lang) (file caselist.File, id int64, err error) {
	who, err := s.looker(actor)
	if err != nil {
		return file, 0, err
	}
	file, err = s.cfg.Lists.Take(ctx, who, f, format, lang)
	if !errors.Is(err, caselist.ErrNeedsTwo) || reason == "" {
		return file, 0, err
	}
	id, err = s.cfg.Lists.Ask(ctx, who, f, format, reason)
	return caselist.File{}, id, err
}

// Exports lists what was asked for.
func (s *Service) Exports(ctx context.Context, actor Actor) ([]caselist.Export, error) {
	who, err := s.looker(actor)
	if err != nil {
		return nil, err
	}
	return s.cfg.Lists.Exports(ctx, who)
}

// Export shows one of them, with the first of its cases.
func (s *Service) Export(ctx context.Context, actor Actor, id int64) (caselist.Export, []caselist.Row, error) {
	who, err := s.looker(actor)
	if err != nil {
		return caselist.Export{}, nil, err
	}
	return s.cfg.Lists.Export(ctx, who, id)
}

// DecideExport agrees to an export of another person, or refuses it.
func (s *Service) DecideExport(ctx context.Context, actor Actor, id int64, agree bool) error {
	who, err := s.looker(actor)
	if err != nil {
		return err
	}
	if !actor.Is(Supervisor) {
		return ErrSecond
	}
	return s.cfg.Lists.Decide(ctx, who, id, agree)
}

// TakeExport gives the file of an export that was agreed to, once.
func (s *Service) TakeExport(ctx context.Context, actor Actor, id int64, lang i18n.Lang) (caselist.File, error) {
	who, err := s.looker(actor)
	if err != nil {
		return caselist.File{}, err
	}
	return s.cfg.Lists.TakeExport(ctx, who, id, lang)
}

// Unmask shows whom a case is of, to one who says why.
func (s *Service) Unmask(ctx context.Context, actor Actor, number, reason string) (caselist.Identity, error) {
	who, err := s.looker(actor)
	if err != nil {
		return caselist.Identity{}, err
	}
	id, err := caseno.Parse(number)
	if err != nil {
		return caselist.Identity{}, ErrNotFound
	}
	v, err := s.cfg.Lists.Unmask(ctx, who, id, reason)
	if errors.Is(err, caselist.ErrNoCase) {
		err = ErrNotFound
	}
	return v, err
}
