// Package whatif tries a version of the rules on the past: it decides the opening of cases again, on the days on which they were opened, and
// counts what would have come out otherwise.
//
// It must not write, or decide about a case. It looks at openings alone: what would have happened to a case later, had it been another one,
// nobody can know. The entry point is [Try].
package whatif

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Result is what came of trying a version. Its JSON is kept with proposals.
type Result struct {
	Pack      string   `json:"pack"` // hash of the version that was tried
	Cases     int      `json:"cases"`
	All       bool     `json:"all"`        // every case there is was tried; else the newest
	Same      int      `json:"same"`       // verdict and term stay
	OtherTerm int      `json:"other_term"` // still opened, with another last day of the term
	Changed   []Change `json:"changed"`
}

// Change counts the cases whose opening would have been decided otherwise.
type Change struct {
	From   string       `json:"from"` // open: every case in the database was opened
	To     string       `json:"to"`   // the code with which the writ would have been refused or held
	Cases  int          `json:"cases"`
	Amount money.Amount `json:"amount"`
}

// batch is the number of cases read at a time.
const batch = 5000

// Try decides the openings of the newest cases again under a version, at most so many; 0: all.
func Try(ctx context.Context, q engine.Querier, keys Opener, p *pack.Pack, most int) (Result, error) {
	out := Result{Pack: p.Hash(), Changed: []Change{}}
	changes := map[string]*Change{}
	if most == 0 {
		most = math.MaxInt
	}
	for before := int64(math.MaxInt64); out.Cases < most; {
		want := min(batch, most-out.Cases)
		rows, err := q.Query(ctx, manyFactsSQL, before, want)
		if err != nil {
			return out, fmt.Errorf("whatif: read cases: %w", err)
		}
		cases, err := pgx.CollectRows(rows, scanFacts)
		if err != nil {
			return out, fmt.Errorf("whatif: read cases: %w", err)
		}
		if err := out.add(cases, p, keys, changes); err != nil {
			return out, err
		}
		if len(cases) < want {
			out.All = true
			break
		}
		before = cases[len(cases)-1].caseID
	}
	for _, c := range changes {
		out.Changed = append(out.Changed, *c)
	}
	slices.SortFunc(out.Changed, func(a, b Change) int { return cmp.Compare(a.To, b.To) })
	return out, nil
}

func (r *Result) add(cases []opening, p *pack.Pack, keys Opener, changes map[string]*Change) error {
	for _, f := range cases {
		open, err := f.open(keys)
		if err != nil {
			return err
		}
		r.Cases++
		v := rules.Eligibility(p, open.Facts, f.openedOn)
		if v.Outcome == rules.OutcomeOpen {
			if ends, _ := rules.TermEnd(p, f.openedOn); ends != f.termEndsOn {
				r.OtherTerm++
			} else {
				r.Same++
			}
			continue
		}
		c := changes[v.Code]
		if c == nil {
			c = &Change{From: rules.OutcomeOpen, To: v.Code}
			changes[v.Code] = c
		}
		c.Cases++
		if c.Amount, err = c.Amount.CheckedAdd(open.Facts.Amount); err != nil {
			return fmt.Errorf("whatif: the sum of %s: %w", v.Code, err)
		}
	}
	return nil
}
