package papers

import (
	"context"
	"fmt"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
)

// Listing says which documents a case has, and reads only what that needs: nothing is laid out, no text of a notice is made again, and
// no number is opened.
type Listing struct{ f *file }

// Listing begins the list of the documents of a case.
func (s *Service) Listing(caseID int64, lang i18n.Lang) *Listing {
	return &Listing{&file{s: s, id: caseID, number: caseno.Format(caseID), lang: i18n.OfLaw(lang)}}
}

// Readings are what a list needs besides the events of the case. They do not depend on one another, and all must have been done before
// [Listing.Of].
func (l *Listing) Readings() []func(ctx context.Context, q Querier) error {
	f := l.f
	named := func(what string, err error) error {
		if err != nil {
			return fmt.Errorf("papers: case %d: %s: %w", f.id, what, err)
		}
		return nil
	}
	all := []func(ctx context.Context, q Querier) error{
		func(ctx context.Context, q Querier) (err error) {
			f.writ, err = readWrit(ctx, q, f.id)
			return named("writ", err)
		},
		func(ctx context.Context, q Querier) (err error) {
			f.plans, err = f.s.cfg.Plans(ctx, q, f.id)
			return named("plans", err)
		},
		func(ctx context.Context, q Querier) (err error) {
			f.notices, err = f.s.cfg.Notices.ListOf(ctx, q, f.id)
			return named("notices", err)
		},
	}
	if f.s.cfg.Signatures != nil {
		all = append(all, func(ctx context.Context, q Querier) error { return named("signatures", f.readSigned(ctx, q)) })
	}
	return all
}

// Of gives the list for the events of the case, all of them in their order.
func (l *Listing) Of(events []engine.Event) ([]Document, error) {
	f := l.f
	if len(events) == 0 {
		return nil, fmt.Errorf("papers: case %d: %w", f.id, ErrNone)
	}
	f.events, f.now = events, engine.Fold(f.id, events)
	f.own = proceeding(f.now.Language)
	return f.all(), nil
}

// all are the documents of a file: first how to pay, then decrees and confirmations, then notices.
func (f *file) all() []Document { return append(append(f.slip(), f.acts()...), f.sent()...) }
