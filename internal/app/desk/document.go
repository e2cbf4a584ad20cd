package desk

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
)

// Document makes one document of a case, as the desk may see it: with the initials of the debtor. [papers.ErrNone] says that the case
// has none of that name, or that there is no such case.
func (s *Service) Document(ctx context.Context, actor Actor, number, name string, lang i18n.Lang) (f papers.File, err error) {
	if err := actor.check(); err != nil {
		return f, err
	}
	id, err := caseno.Parse(number)
	if err != nil || s.cfg.Papers == nil {
		return f, papers.ErrNone
	}
	err = s.read(ctx, func(tx pgx.Tx) error {
		if err := outOfScope(ctx, tx, actor, papers.ErrNone, id); err != nil {
			return err
		}
		f, err = s.cfg.Papers.Make(ctx, tx, id, name, lang, papers.Desk)
		return err
	})
	if err == nil {
		err = s.noteLook(ctx, actor, id, lookDocument, string(f.Kind))
	}
	if errors.Is(err, papers.ErrNone) {
		return papers.File{}, papers.ErrNone
	}
	if err != nil {
		return papers.File{}, err
	}
	return f, nil
}

// documents lists what a case has.
func (s *Service) documents(ctx context.Context, tx pgx.Tx, id int64, lang i18n.Lang) ([]papers.Document, error) {
	if s.cfg.Papers == nil {
		return nil, nil
	}
	return s.cfg.Papers.List(ctx, tx, id, lang)
}
