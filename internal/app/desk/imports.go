package desk

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/i18n"
)

// ImportsPerPage is how many batches, or rows of one, a page shows.
const ImportsPerPage = 50

// ImportList is one page of batches, the newest first.
type ImportList struct {
	Batches []intake.Batch
	Sources []string // to choose from
	Next    int64    // Before of the next page; 0: this is the last one
	Newest  int64    // the newest batch of all, whatever the filter; 0: there is none
}

const importSourcesSQL = `SELECT DISTINCT source FROM batches ORDER BY source LIMIT 200`

// Imports lists batches.
func (s *Service) Imports(ctx context.Context, actor Actor, f intake.Filter) (l ImportList, err error) {
	if err := actor.check(); err != nil {
		return l, err
	}
	f.Limit = ImportsPerPage + 1
	if l.Batches, err = s.cfg.Inbox.List(ctx, f); err != nil {
		return l, err
	}
	if len(l.Batches) > ImportsPerPage {
		l.Batches = l.Batches[:ImportsPerPage]
		l.Next = l.Batches[ImportsPerPage-1].ID
	}
	rows, err := s.cfg.Pool.Query(ctx, importSourcesSQL)
	if err == nil {
		l.Sources, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err == nil {
		err = s.cfg.Pool.QueryRow(ctx, newestBatchSQL).Scan(&l.Newest)
	}
	if err != nil {
		return l, fmt.Errorf("desk: sources: %w", err)
	}
	return l, nil
}

const newestBatchSQL = `SELECT coalesce(max(id), 0) FROM batches`

// Import is one batch with what people did to it.
type Import struct {
	intake.Batch
	Acts []intake.Act
	Pace Pace
}

// Import reads one batch.
func (s *Service) Import(ctx context.Context, actor Actor, id int64) (v Import, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Batch, err = s.cfg.Inbox.Batch(ctx, id); err != nil {
		return v, err
	}
	if v.Acts, err = s.cfg.Inbox.Acts(ctx, id); err != nil {
		return v, err
	}
	v.Pace = s.paces.of(&v.Batch)
	return v, nil
}

// Pace is how fast a batch is being taken in, as far as two looks at it tell.
type Pace struct {
	PerSecond int // 0: not known yet
	Seconds   int // that are left
}

// paces remembers when a batch was first seen at work, for as long as somebody looks.
type paces struct {
	mu   sync.Mutex
	seen map[int64]firstLook
}

type firstLook struct {
	rows  int
	watch clock.Stopwatch
}

// mostPaces bounds what is remembered.
const mostPaces = 1000

func (p *paces) of(b *intake.Batch) (pace Pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.State != intake.StateStaging {
		delete(p.seen, b.ID)
		return pace
	}
	first, ok := p.seen[b.ID]
	if !ok || len(p.seen) > mostPaces {
		p.seen = map[int64]firstLook{b.ID: {b.Rows, clock.StartStopwatch()}}
		return pace
	}
	ms := first.watch.Elapsed().Milliseconds()
	if done := b.Rows - first.rows; done > 0 && ms > 0 {
		pace.PerSecond = max(1, int(int64(done)*1000/ms))
		pace.Seconds = (b.Expected - b.Rows) / pace.PerSecond
	}
	return pace
}

// ImportRow is what became of one row; nothing of a person is in it.
type ImportRow struct {
	intake.RowResult
	Number string // of the case, or empty
}

// ImportRows is one page of the rows of a batch.
type ImportRows struct {
	Batch intake.Batch
	Rows  []ImportRow
	Next  int // After of the next page; 0: this is the last one
}

// ImportRows reads verdicts in the order of the file.
func (s *Service) ImportRows(ctx context.Context, actor Actor, id int64, q intake.RowQuery) (v ImportRows, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Batch, err = s.cfg.Inbox.Batch(ctx, id); err != nil {
		return v, err
	}
	q.Limit = ImportsPerPage + 1
	rows, err := s.cfg.Inbox.Rows(ctx, id, q)
	if err != nil {
		return v, err
	}
	if len(rows) > ImportsPerPage {
		rows = rows[:ImportsPerPage]
		v.Next = rows[ImportsPerPage-1].Row
	}
	ids := make([]int64, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.CaseID)
	}
	seen, err := scope(ctx, s.cfg.Pool, actor, ids...)
	if err != nil {
		return v, err
	}
	for _, r := range rows {
		row := ImportRow{RowResult: r}
		if r.CaseID != 0 && seen[r.CaseID] {
			row.Number = caseno.Format(r.CaseID)
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

// ImportReport gives the file of a batch with what became of each row. It holds what the sender wrote about people.
func (s *Service) ImportReport(ctx context.Context, actor Actor, id int64, lang i18n.Lang) (*intake.FileReport, error) {
	if err := actor.whole(); err != nil {
		return nil, err
	}
	return s.cfg.Inbox.FileReport(ctx, id, string(lang))
}

// Upload keeps a file that an operator brings; a worker takes it further.
func (s *Service) Upload(ctx context.Context, actor Actor, source, fileName string, dryRun bool, lang i18n.Lang, file io.Reader) (intake.Batch, error) {
	if err := actor.whole(); err != nil {
		return intake.Batch{}, err
	}
	return s.cfg.Inbox.Receive(ctx, intake.Arrival{
		Source: source, FileName: fileName, Via: intake.ViaDesk, By: actor.Name, DryRun: dryRun, Language: string(lang),
	}, file)
}

// ReleaseImport is one person's word for a batch that waits; the second one's, who is a supervisor, lets it in.
func (s *Service) ReleaseImport(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := actor.whole(); err != nil {
		return err
	}
	b, err := s.cfg.Inbox.Batch(ctx, id)
	if err != nil {
		return err
	}
	if b.Proposal != nil {
		if err := actor.second(b.Proposal.Actor); err != nil {
			return err
		}
	}
	_, err = s.cfg.Inbox.Release(ctx, id, actor.Name, reason)
	return err
}

// RejectImport sends a batch that waits away.
func (s *Service) RejectImport(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := actor.whole(); err != nil {
		return err
	}
	_, err := s.cfg.Inbox.Reject(ctx, id, actor.Name, reason)
	return err
}
