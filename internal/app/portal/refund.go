package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/passcode"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// Refunds are what goes back to debtors. The zero one offers nothing.
type Refunds struct {
	// Of tells what goes back, or has gone back, in a case.
	Of func(ctx context.Context, q payments.Querier, caseID int64) ([]queue.Back, error)
	// Give keeps where it goes, in the transaction that has used up the debtor's code.
	Give func(ctx context.Context, tx pgx.Tx, caseID int64, to payments.Payer) error
}

// MoneyBack is what goes back in a case, as its debtor sees it.
type MoneyBack struct {
	Number string
	Name   string // of the debtor, to whom alone it goes
	Lines  []queue.Back
	Due    money.Amount // that has not been paid back yet
	Open   bool         // the debtor may say where it goes, or change that
	Word   queue.BackState
}

// urgency orders what a page says first: what the debtor can do something about.
var urgency = []queue.BackState{queue.BackReturned, queue.BackWanted, queue.BackPayer, queue.BackReady, queue.BackGateway, queue.BackClaimant, queue.BackCollected, queue.BackSent, queue.BackPaid}

// moneyBack sums up what goes back; Word is the state that the page names first, empty when nothing goes back.
func moneyBack(lines []queue.Back) (m MoneyBack) {
	m.Lines = lines
	first := len(urgency)
	for _, l := range lines {
		if l.State != queue.BackPaid {
			m.Due = m.Due.Add(l.Amount)
		}
		for i, state := range urgency {
			if l.State == state {
				first = min(first, i)
			}
		}
		switch l.State {
		case queue.BackReturned, queue.BackWanted, queue.BackPayer, queue.BackReady, queue.BackGateway:
			m.Open = true
		case queue.BackClaimant, queue.BackCollected, queue.BackSent, queue.BackPaid:
		}
	}
	if first < len(urgency) {
		m.Word = urgency[first]
	}
	return m
}

func (s *Service) readBack(ctx context.Context, q payments.Querier, caseID int64) (MoneyBack, error) {
	if s.cfg.Refunds.Of == nil {
		return MoneyBack{}, nil
	}
	lines, err := s.cfg.Refunds.Of(ctx, q, caseID)
	return moneyBack(lines), err
}

// MoneyBack tells what goes back in the case of a session.
func (s *Service) MoneyBack(ctx context.Context, session string) (MoneyBack, error) {
	_, m, _, err := s.moneyBack(ctx, session)
	return m, err
}

// moneyBack gives the case of the debtor's own session, what goes back in it, and the sealed number of the debtor.
func (s *Service) moneyBack(ctx context.Context, session string) (id int64, m MoneyBack, sealed []byte, err error) {
	if id, err = s.caseOf(ctx, session); err != nil {
		return 0, m, nil, err
	}
	if m, err = s.readBack(ctx, s.cfg.Pool, id); err != nil {
		return 0, m, nil, fmt.Errorf("portal: money back in case %d: %w", id, err)
	}
	if m.Word == "" {
		return 0, m, nil, ErrNotPossible
	}
	var name string
	if _, _, name, err = readDebtor(ctx, s.cfg.Pool, id); err != nil {
		return 0, m, nil, fmt.Errorf("portal: debtor of case %d: %w", id, err)
	}
	p, err := readPerson(ctx, s.cfg.Pool, id)
	if err != nil {
		return 0, m, nil, fmt.Errorf("portal: debtor of case %d: %w", id, err)
	}
	m.Number, m.Name, m.Open = caseno.Format(id), name, m.Open && s.cfg.Codes.exist() && s.cfg.Refunds.Give != nil
	return id, m, p.sealed, nil
}

// AccountError says what is wrong with the number of an account: its form, or its check digits.
type AccountError struct {
	Length int  // of what was typed, without spaces
	Check  bool // the form is right, and some character is wrong
	Letter bool // there is a letter of another alphabet
}

// Error implements error.
func (e *AccountError) Error() string { return "portal: this is no account number" }

// ParseAccount reads the number of an account as people write it: with spaces, dashes and small letters.
func ParseAccount(typed string) (string, error) {
	typed = typed[:min(len(typed), 128)]
	alien := false
	iban := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '-' || r == '\u2011' || r == '\u2013':
			return -1
		case r > unicode.MaxASCII && unicode.IsLetter(r):
			alien = true
		}
		return unicode.ToUpper(r)
	}, typed)
	if err := rules.CheckIBAN(iban); err != nil {
		return "", &AccountError{Length: len([]rune(iban)), Check: errors.Is(err, rules.ErrIBANCheck), Letter: alien}
	}
	return iban, nil
}

func refundCode(iban string) passcode.Purpose {
	return passcode.Purpose{Act: passcode.Refund, About: iban[len(iban)-4:]}
}

// RefundCode tells of the code with which the debtor of a session confirms an account, and changes nothing.
func (s *Service) RefundCode(ctx context.Context, session, iban string) (SentCode, error) {
	id, err := s.refundable(ctx, session)
	if err != nil {
		return SentCode{}, err
	}
	if iban, err = ParseAccount(iban); err != nil {
		return SentCode{}, err
	}
	return s.lookCode(ctx, id, refundCode(iban))
}

// AskRefundCode has a code sent to the debtor of a session, which is good for this account alone.
func (s *Service) AskRefundCode(ctx context.Context, session, iban string, anew bool) (SentCode, error) {
	id, err := s.refundable(ctx, session)
	if err != nil {
		return SentCode{}, err
	}
	if iban, err = ParseAccount(iban); err != nil {
		return SentCode{}, err
	}
	return s.askCode(ctx, id, refundCode(iban), anew)
}

func (s *Service) refundable(ctx context.Context, session string) (int64, error) {
	id, m, _, err := s.moneyBack(ctx, session)
	if err == nil && !m.Open {
		err = ErrNotPossible
	}
	return id, err
}

// GiveAccount keeps, with the code that came by SMS, the account to which the money of the case of a session goes back. The name and the number
// of the person are those of the case and are not asked for: a bank does not book to an account that belongs to somebody else. The errors are
// those of [Service.Refuse], and an [*AccountError].
func (s *Service) GiveAccount(ctx context.Context, session, iban, code string) error {
	id, m, sealed, err := s.moneyBack(ctx, session)
	if err != nil {
		return err
	}
	if iban, err = ParseAccount(iban); err != nil {
		return err
	}
	c, err := s.loadCase(ctx, id)
	if err != nil {
		return err
	}
	if !m.Open || c.Hold == engine.HoldWrongPerson { // a code that went to a stranger is none
		return ErrNotPossible
	}
	if code = digits(code); len(code) != passcode.Digits {
		return &FormError{Code: true}
	}
	iin, err := s.cfg.OpenIIN(sealed)
	if err != nil {
		return fmt.Errorf("portal: debtor of case %d: %w", id, err)
	}
	var refused error
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		state, right, err := s.cfg.Codes.Store.Use(ctx, tx, id, refundCode(iban), code)
		if refused = nil; err != nil {
			return err
		}
		if !right {
			refused = &CodeError{state}
			return nil // the try is kept
		}
		return s.cfg.Refunds.Give(ctx, tx, id, payments.Payer{Name: m.Name, IIN: iin, IBAN: iban})
	})
	if _, taken := errors.AsType[*acts.Error](err); taken {
		return ErrNotPossible // a file took it up meanwhile, and the code is as it was
	}
	if err != nil {
		return fmt.Errorf("portal: account for case %d: %w", id, err)
	}
	return refused
}
