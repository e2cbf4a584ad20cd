package portal

import (
	"context"
	"fmt"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
)

// caseFile is all that is read for the view of a case, in one round trip to the database: nothing of it depends on anything else of it.
// Whether a case has ended is not known before, so what only an open case has and what only an ended one has are both read.
type caseFile struct {
	s   *Service
	id  int64
	now time.Time

	loading  *engine.Loading
	listing  *papers.Listing // nil: no documents are shown
	writ     writRow
	events   []engine.Event
	helpers  []Helper
	receipts []Receipt
	chosen   []Chosen
	waiting  *Payment
	back     MoneyBack
}

func newCaseFile(s *Service, id int64, now time.Time, lang i18n.Lang) *caseFile {
	f := &caseFile{s: s, id: id, now: now, loading: engine.NewLoading(id)}
	if s.cfg.Papers != nil {
		f.listing = s.cfg.Papers.Listing(id, lang)
	}
	return f
}

func (f *caseFile) reads() []pg.Read {
	reads := []pg.Read{
		func(ctx context.Context, q pg.Reader) error { return f.loading.Row(ctx, q) },
		func(ctx context.Context, q pg.Reader) error { return f.loading.Orders(ctx, q) },
		func(ctx context.Context, q pg.Reader) (err error) {
			if f.writ, err = readWrit(ctx, q, f.id); err != nil {
				return fmt.Errorf("writ: %w", err)
			}
			return nil
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			f.events, err = engine.Events(ctx, q, f.id)
			return err
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			if f.helpers, err = readHelpers(ctx, q, f.id); err != nil {
				return fmt.Errorf("helpers: %w", err)
			}
			return nil
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			f.receipts, err = f.s.receipts(ctx, q, f.id)
			return err
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			f.chosen, err = f.s.chosen(ctx, q, f.id)
			return err
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			f.waiting, err = f.s.underWay(ctx, q, f.id, f.now)
			return err
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			f.back, err = f.s.readBack(ctx, q, f.id)
			return err
		},
	}
	if f.listing != nil {
		for _, read := range f.listing.Readings() {
			reads = append(reads, func(ctx context.Context, q pg.Reader) error { return read(ctx, q) })
		}
	}
	return reads
}

// documents lists what the case has.
func (f *caseFile) documents() ([]papers.Document, error) {
	if f.listing == nil {
		return nil, nil
	}
	return f.listing.Of(f.events)
}
