package trail

import (
	"context"
	"errors"
	"fmt"

	"robotbailiff/engine/audit"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/person"
)

// ChainRun is a run of the verifier of the record.
type ChainRun struct {
	audit.Run
	Number string // of the case with the first fault; empty: none was found
}

// Chain is the runs of the verifier.
type Chain struct {
	Runs    []ChainRun
	Next    int64 // the page after this run; 0: the list is over
	Running bool
	Total   int64 // cases that there are now, for the progress
}

const totalCasesSQL = `SELECT coalesce(sum(cases), 0)::bigint FROM case_totals`

// Chain lists the runs of the verifier, the newest first.
func (s *Store) Chain(ctx context.Context, before int64) (v Chain, err error) {
	runs, err := audit.Runs(ctx, s.pool, max(before, 0), s.Page+1)
	if err != nil {
		return v, err
	}
	if len(runs) > s.Page {
		runs = runs[:s.Page]
		v.Next = runs[len(runs)-1].ID
	}
	for _, r := range runs {
		one := ChainRun{Run: r}
		if p := r.Place(); p != nil {
			one.Number = caseno.Format(p.CaseID)
		}
		v.Runs, v.Running = append(v.Runs, one), v.Running || r.Open()
	}
	if v.Running {
		if err := s.pool.QueryRow(ctx, totalCasesSQL).Scan(&v.Total); err != nil {
			return v, fmt.Errorf("trail: cases: %w", err)
		}
	}
	return v, nil
}

// AskChain asks for a run of the verifier. The workers take it up from its row.
func (s *Store) AskChain(ctx context.Context, who Who, reason string) error {
	reason, ok := person.Reason(reason)
	if !ok || reason == "" {
		return ErrNoReason
	}
	_, err := audit.Ask(ctx, s.pool, who.Name, reason)
	if errors.Is(err, audit.ErrOpen) {
		return ErrRunning
	}
	return err
}
