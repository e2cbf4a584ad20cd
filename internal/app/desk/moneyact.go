package desk

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

// MoneyForm is what a person typed who wants to do something with money.
type MoneyForm struct {
	Kind    string
	Payment int64
	Case    string // number
	Amount  string // empty: all that lies in suspense
	Lines   string // of a split, and of money to claimants: in each line the number of a case and a sum
	Others  string // of a merge: the numbers of further payments
	Known   string // the gateway's payment
	TxnID   string // a departure
	Meaning string
	Reason  string
}

// MoneyAct is an act with what it would do, or did.
type MoneyAct struct {
	acts.Act

	Effect  acts.Effect
	Problem string // why it cannot be done as things stand; empty: it can
	Seen    string
	Until   time.Time
}

// MoneyAct reads one act, and what it would do now if it still waits.
func (s *Service) MoneyAct(ctx context.Context, actor Actor, id int64) (v MoneyAct, err error) {
	if err := s.money(actor); err != nil {
		return v, err
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return v, err
	}
	if v.Act, err = (&acts.Store{}).Act(ctx, s.cfg.Pool, id, now); err != nil {
		return v, err
	}
	if err := s.seesParts(ctx, actor, v.Act); err != nil {
		return v, err
	}
	v.Until = v.ProposedAt.Add(acts.ApproveWithin)
	if v.State != acts.StateOpen {
		return v, nil
	}
	v.Effect, err = s.cfg.Money.MoneyEffect(ctx, v.Act)
	if wrong, ok := errors.AsType[*acts.Error](err); ok {
		v.Problem, err = wrong.Code, nil
	}
	v.Seen = v.Effect.Seen()
	return v, err
}

// ApproveMoney does what another person has proposed, if it does what this one saw.
func (s *Service) ApproveMoney(ctx context.Context, actor Actor, id int64, reason, seen string) error {
	if err := s.money(actor); err != nil {
		return err
	}
	if err := s.seesAct(ctx, actor, id); err != nil {
		return err
	}
	return s.cfg.Money.ApproveMoney(ctx, id, actor.Name, reason, seen)
}

// RejectMoney sends an act away.
func (s *Service) RejectMoney(ctx context.Context, actor Actor, id int64, reason string) error {
	if err := s.money(actor); err != nil {
		return err
	}
	if err := s.seesAct(ctx, actor, id); err != nil {
		return err
	}
	return s.cfg.Money.RejectMoney(ctx, id, actor.Name, reason)
}

// ProposeMoney keeps what a person wants to do, for another one to decide.
func (s *Service) ProposeMoney(ctx context.Context, actor Actor, f MoneyForm) (int64, error) {
	if err := s.money(actor); err != nil {
		return 0, err
	}
	a := acts.Act{Kind: acts.Kind(f.Kind), TxnID: f.TxnID, Meaning: ledger.Meaning(f.Meaning), ProposedBy: actor.Name, Reason: f.Reason}
	var err error
	if a.Parts, err = s.parts(ctx, a.Kind, f); err != nil {
		return 0, err
	}
	if err := s.seesParts(ctx, actor, a); err != nil {
		return 0, err
	}
	return s.cfg.Money.ProposeMoney(ctx, a)
}

func (s *Service) parts(ctx context.Context, kind acts.Kind, f MoneyForm) ([]acts.Part, error) {
	if kind == acts.Explain {
		return s.sentParts(ctx, f)
	}
	if kind == acts.Split {
		return splitParts(f)
	}
	if kind == acts.DueAgain {
		return s.backParts(ctx, f)
	}
	ids := []int64{f.Payment}
	if kind == acts.Merge {
		for _, word := range strings.FieldsFunc(f.Others, func(r rune) bool { return r < '0' || r > '9' }) {
			id, _ := strconv.ParseInt(word, 10, 64) // what is no number is no payment
			ids = append(ids, id)
		}
	}
	caseID := int64(0)
	if kind == acts.Assign || kind == acts.Merge {
		var err error
		if caseID, err = caseno.Parse(f.Case); err != nil {
			return nil, &acts.Error{Code: acts.CodeNoCase, Remedy: "look at the number of the case"}
		}
	}
	var known int64
	if kind == acts.SameAs || kind == acts.Recover {
		known, _ = strconv.ParseInt(strings.TrimSpace(f.Known), 10, 64) // what is no number is no payment
	}
	var parts []acts.Part
	for _, id := range ids {
		w, err := s.cfg.Money.MoneyPayment(ctx, id)
		if err != nil {
			return nil, err
		}
		sum := w.Payment.Suspense
		if f.Amount != "" && kind != acts.Merge {
			if sum, err = typedSum(f.Amount); err != nil {
				return nil, err
			}
		}
		parts = append(parts, acts.Part{PaymentID: id, CaseID: caseID, Known: known, Amount: sum})
	}
	return parts, nil
}

// sentParts reads the cases whose money went to their claimants, one in each line, with its sum unless it is the rest.
func (s *Service) sentParts(ctx context.Context, f MoneyForm) ([]acts.Part, error) {
	if ledger.Meaning(f.Meaning) != ledger.Remittance {
		return nil, nil
	}
	var named []acts.Named
	for line := range strings.Lines(f.Lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		number, sum, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		id, err := caseno.Parse(number)
		if err != nil {
			return nil, &acts.Error{Code: acts.CodeNoCase, Remedy: "look at the number of the case"}
		}
		n := acts.Named{CaseID: id}
		if strings.TrimSpace(sum) != "" {
			if n.Amount, err = typedSum(sum); err != nil {
				return nil, err
			}
			if !n.Amount.IsPositive() {
				return nil, &acts.Error{Code: acts.CodeShape, Remedy: "a sum is above zero"}
			}
		}
		named = append(named, n)
	}
	return s.cfg.Money.NameSent(ctx, f.TxnID, named)
}

// SentByHand is a departure to claimants, as it is offered.
type SentByHand struct {
	payments.ByHand

	Numbers []string // of its cases
	Same    bool     // as much as lies in suspense
}

// mostSent bounds the departures among which a person chooses, by their payments.
const mostSent = 200

// sentByHand gives what went to claimants by hand and may have come back by a payment, what has the same sum first. Who does not see all of the
// money of a departure does not see it.
func (s *Service) sentByHand(ctx context.Context, actor Actor, p payments.Payment) ([]SentByHand, error) {
	if p.Source != ledger.SourceTreasury || !p.Suspense.IsPositive() {
		return nil, nil
	}
	gone, err := s.cfg.Money.SentByHand(ctx, mostSent)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, g := range gone {
		for _, x := range g.Parts {
			ids = append(ids, x.PaymentID)
		}
	}
	hidden, err := elsewhere(ctx, s.cfg.Pool, actor, ids...)
	if err != nil {
		return nil, err
	}
	var same, other []SentByHand
	for _, g := range gone {
		if slices.ContainsFunc(g.Parts, func(x payments.Sent) bool { return slices.Contains(hidden, x.PaymentID) }) {
			continue
		}
		v := SentByHand{ByHand: g, Same: g.Left().Equal(p.Suspense)}
		for _, x := range g.Parts {
			if number := caseno.Format(x.CaseID); !slices.Contains(v.Numbers, number) {
				v.Numbers = append(v.Numbers, number)
			}
		}
		if v.Same {
			same = append(same, v)
		} else {
			other = append(other, v)
		}
	}
	return append(same, other...), nil
}

// backParts reads which departure came back, and of which case.
func (s *Service) backParts(ctx context.Context, f MoneyForm) ([]acts.Part, error) {
	w, err := s.cfg.Money.MoneyPayment(ctx, f.Payment)
	if err != nil {
		return nil, err
	}
	sum, caseID := w.Payment.Suspense, int64(0)
	if f.Amount != "" {
		if sum, err = typedSum(f.Amount); err != nil {
			return nil, err
		}
	}
	if f.Case != "" {
		if caseID, err = caseno.Parse(f.Case); err != nil {
			return nil, &acts.Error{Code: acts.CodeNoCase, Remedy: "look at the number of the case"}
		}
	}
	return s.cfg.Money.NameBack(ctx, f.Payment, sum, f.TxnID, caseID)
}

// splitParts reads a case and a sum from each line.
func splitParts(f MoneyForm) (parts []acts.Part, err error) {
	for line := range strings.Lines(f.Lines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		number, sum, ok := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		if !ok {
			return nil, &acts.Error{Code: acts.CodeShape, Remedy: "a case and a sum in each line"}
		}
		id, err := caseno.Parse(number)
		if err != nil {
			return nil, &acts.Error{Code: acts.CodeNoCase, Remedy: "look at the number of the case"}
		}
		amount, err := typedSum(sum)
		if err != nil {
			return nil, err
		}
		parts = append(parts, acts.Part{PaymentID: f.Payment, CaseID: id, Amount: amount})
	}
	return parts, nil
}

// typedSum reads a sum as people write it: with blanks, and a comma.
func typedSum(s string) (money.Amount, error) {
	plain := strings.NewReplacer(" ", "", "\u00A0", "", "\u202F", "", ",", ".", "₸", "").Replace(s)
	sum, err := money.Parse(plain)
	if err != nil {
		return sum, &acts.Error{Code: acts.CodeShape, Remedy: "write the sum like 1234.56"}
	}
	return sum, nil
}
