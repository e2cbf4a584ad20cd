package portal

import (
	"context"

	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/i18n"
)

// Document makes one document of the case of a session. [papers.ErrNone] says that this case has none of that name.
func (s *Service) Document(ctx context.Context, session, name string, lang i18n.Lang) (papers.File, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return papers.File{}, err
	}
	if s.cfg.Papers == nil {
		return papers.File{}, papers.ErrNone
	}
	return s.cfg.Papers.Make(ctx, s.cfg.Pool, id, name, lang, papers.Debtor)
}
