package portal

import (
	"context"
	"strconv"

	"robotbailiff/engine"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// ReceiptKeys make and read the check codes of receipts; seal.Keys does.
type ReceiptKeys interface {
	ReceiptCode(paymentID, caseID int64) (string, error)
	ReadReceipt(code string) seal.Receipt
}

// Receipt is a payment that a debtor can have a paper for.
type Receipt struct {
	ID     int64
	Amount money.Amount
	On     calendar.Date
}

func (s *Service) receipts(ctx context.Context, q engine.Querier, caseID int64) ([]Receipt, error) {
	if s.cfg.Pay.Book == nil || s.cfg.Receipts == nil {
		return nil, nil
	}
	credits, err := s.cfg.Pay.Book.Credits(ctx, q, caseID)
	out := make([]Receipt, len(credits))
	for i, c := range credits {
		out[i] = Receipt{ID: c.PaymentID, Amount: c.Amount, On: c.Value}
	}
	return out, err
}

// Receipt gives the paper for a payment of the case of a session. The same payment in the same language is the same paper, until money
// is taken back.
func (s *Service) Receipt(ctx context.Context, session, id string, lang i18n.Lang) (paper.ReceiptPaper, error) {
	who, err := s.visitor(ctx, session) // whoever may pay gets the receipt, which names nobody
	if err != nil {
		return paper.ReceiptPaper{}, err
	}
	caseID := who.caseID
	payment, err := strconv.ParseInt(id, 10, 64)
	if err != nil || s.cfg.Pay.Book == nil || s.cfg.Receipts == nil {
		return paper.ReceiptPaper{}, ErrNotFound
	}
	c, ok, err := s.cfg.Pay.Book.Credit(ctx, s.cfg.Pool, payment)
	if err != nil {
		return paper.ReceiptPaper{}, err
	}
	if !ok || c.CaseID != caseID || !c.Amount.IsPositive() {
		return paper.ReceiptPaper{}, ErrNotFound
	}
	w, err := readWrit(ctx, s.cfg.Pool, caseID)
	if err != nil {
		return paper.ReceiptPaper{}, err
	}
	code, err := s.cfg.Receipts.ReceiptCode(payment, caseID)
	if err != nil {
		return paper.ReceiptPaper{}, err
	}
	return paper.ReceiptPaper{
		Lang: lang, Case: caseno.Format(caseID), Document: w.document, Issuer: w.issuer, Amount: c.Amount, On: c.Value, Received: c.Received,
		Code: code, Verify: s.cfg.Pay.Base + "/verify", Check: s.cfg.Pay.Base + "/verify?code=" + code,
	}, nil
}

// Verified is what a check code proves. The zero value proves nothing: nobody here made the code.
type Verified struct {
	Genuine  bool
	Number   string
	Amount   money.Amount
	On       calendar.Date
	Reversed bool // wholly or in part the money was taken back since

	Decree *papers.Checked // the code is that of a decree, and not that of a receipt
}

// Verify looks a check code up, that of a receipt or that of a decree.
func (s *Service) Verify(ctx context.Context, code string) (Verified, error) {
	v, err := s.verifyReceipt(ctx, code)
	if err != nil || v.Genuine || s.cfg.Papers == nil {
		return v, err
	}
	decree, err := s.cfg.Papers.Check(ctx, s.cfg.Pool, code)
	if err != nil || decree == nil {
		return Verified{}, err
	}
	return Verified{Genuine: true, Number: decree.Case, Decree: decree}, nil
}

// verifyReceipt takes the same way for whatever is typed: one look-up and one comparison.
func (s *Service) verifyReceipt(ctx context.Context, code string) (Verified, error) {
	if s.cfg.Pay.Book == nil || s.cfg.Receipts == nil {
		return Verified{}, nil
	}
	r := s.cfg.Receipts.ReadReceipt(code)
	c, ok, err := s.cfg.Pay.Book.Credit(ctx, s.cfg.Pool, r.PaymentID)
	if err != nil {
		return Verified{}, err
	}
	if genuine := r.Genuine(c.CaseID); !genuine || !ok {
		return Verified{}, nil
	}
	return Verified{Genuine: true, Number: caseno.Format(c.CaseID), Amount: c.Amount.Add(c.Reversed), On: c.Value, Reversed: c.Reversed.IsPositive()}, nil
}
