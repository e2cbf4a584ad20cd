package papers

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
)

// Checked is a decree as anybody may know it who has its check code: nothing of it is about the debtor.
type Checked struct {
	Case   string // its number
	Number string // of the decree
	Title  i18n.Text
	Signed *paper.Signature // nil: nobody has signed it
}

// Check finds a decree by its check code, as people type it; nil: we have not made such a code.
func (s *Service) Check(ctx context.Context, q Querier, code string) (*Checked, error) {
	caseID, seq, genuine := s.cfg.Codes.ReadDecree(code)
	if !genuine {
		return nil, nil //nolint:nilnil // what is no code of ours is no error
	}
	all, err := s.List(ctx, q, caseID, i18n.RU)
	if errors.Is(err, ErrNone) {
		return nil, nil //nolint:nilnil // a copy of the database that is older than the paper
	}
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if d.draft != nil && d.seq == seq {
			number := caseno.Format(caseID)
			return &Checked{Case: number, Number: fmt.Sprintf("%s/%d", number, seq), Title: d.Title, Signed: d.Signed}, nil
		}
	}
	return nil, nil //nolint:nilnil // older in the middle of a case
}

// Draft is a decree that nobody has signed yet.
type Draft struct {
	Seq    int    // of the event that it is of
	Region string // two digits, of the territorial body whose decree it is
	// Make lays the decree out as its debtor gets it, with the words of who is about to sign.
	Make func(ctx context.Context, by paper.Signature) ([]byte, error)
}

// Drafts are the decrees of a case that nobody has signed yet, oldest first. They are not whole while an arrest was ordered whose accounts are
// not chosen: its decree is still to come.
func (s *Service) Drafts(ctx context.Context, q Querier, caseID int64) (out []Draft, whole bool, err error) {
	f, err := s.read(ctx, q, caseID, i18n.RU, Debtor)
	if err != nil {
		return nil, false, fmt.Errorf("papers: case %d: %w", caseID, err)
	}
	for _, d := range f.acts() {
		if d.draft != nil && d.Signed == nil {
			out = append(out, Draft{Seq: d.seq, Region: f.now.Region, Make: d.draft})
		}
	}
	whole = !slices.ContainsFunc(f.now.Orders, func(o engine.Order) bool {
		return o.Purpose == engine.Arrest && o.Status.Open() && len(f.plans[o.Ordinal]) == 0
	})
	return out, whole, nil
}
