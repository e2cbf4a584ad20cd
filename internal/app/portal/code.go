package portal

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/notify/passcode"
)

// Codes are the way by which a code comes to the debtor's telephone. Without one nobody can refuse, or say where money goes back to, and
// the pages do not offer it.
type Codes struct {
	Store *passcode.Store
	// Send sees to it that the newest code of a case is sent when the transaction has committed.
	Send func(ctx context.Context, tx pgx.Tx, caseID int64) error
}

func (c Codes) exist() bool { return c.Store != nil && c.Send != nil }

// SentCode is what a page says of the code of a case for what the page does.
type SentCode struct {
	passcode.State

	Phone string // all but its last two digits hidden; empty: there is no number that takes SMS
	Asked bool   // a new one is on its way
}

// CodeError says that a code did not open what it was typed for, and what there is to be done.
type CodeError struct{ passcode.State }

// Error implements error.
func (e *CodeError) Error() string { return "portal: the code does not fit" }

var refusalCode = passcode.Purpose{Act: passcode.Refusal}

// RefusalCode tells of the code with which the case of a session is refused, and changes nothing.
func (s *Service) RefusalCode(ctx context.Context, session string) (SentCode, error) {
	id, err := s.refusable(ctx, session)
	if err != nil {
		return SentCode{}, err
	}
	return s.lookCode(ctx, id, refusalCode)
}

// AskRefusalCode has a code sent to the debtor of a session, see askCode.
func (s *Service) AskRefusalCode(ctx context.Context, session string, anew bool) (SentCode, error) {
	id, err := s.refusable(ctx, session)
	if err != nil {
		return SentCode{}, err
	}
	return s.askCode(ctx, id, refusalCode, anew)
}

// lookCode tells of the code of a case for a purpose, and changes nothing.
func (s *Service) lookCode(ctx context.Context, id int64, p passcode.Purpose) (c SentCode, err error) {
	if c.Phone, err = s.phoneForCode(ctx, id); err != nil || c.Phone == "" {
		return c, err
	}
	c.State, err = s.cfg.Codes.Store.Look(ctx, s.cfg.Pool, id, p)
	return c, err
}

// askCode has a code for a purpose sent. Without anew, none is sent while there is one that can be used for it; more than the bounds of
// package passcode allow are not sent either, and the answer says how long to wait.
func (s *Service) askCode(ctx context.Context, id int64, p passcode.Purpose, anew bool) (c SentCode, err error) {
	if c.Phone, err = s.phoneForCode(ctx, id); err != nil || c.Phone == "" {
		return c, err
	}
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) (err error) {
		if c.State, c.Asked, err = s.cfg.Codes.Store.Ask(ctx, tx, id, p, anew); err != nil || !c.Asked {
			return err
		}
		return s.cfg.Codes.Send(ctx, tx, id)
	})
	if err != nil {
		return SentCode{}, fmt.Errorf("portal: code for case %d: %w", id, err)
	}
	return c, nil
}

// refusable gives the case of the debtor's own session if it can be refused now.
func (s *Service) refusable(ctx context.Context, session string) (int64, error) {
	id, c, err := s.load(ctx, session)
	if err == nil && (!s.cfg.Codes.exist() || c.State.Final() || !c.RefusalAt.IsZero()) {
		err = ErrNotPossible
	}
	return id, err
}

const phoneForCodeSQL = `SELECT CASE WHEN c.hold = '` + engine.HoldWrongPerson + `' THEN '' ELSE coalesce(d.phone_sealed, '') END,
  coalesce((SELECT n.status = 'failed' FROM notices n WHERE n.case_id = c.id AND n.channel = 'sms' AND n.status IN ('delivered', 'failed') ORDER BY n.ordinal DESC LIMIT 1), false)
  FROM cases c JOIN debtors d ON d.id = c.debtor_id WHERE c.id = $1`

// phoneForCode gives the telephone of a case as its page may show it. It is empty when there is none, when somebody has said that it
// is not the debtor's, and when the last notice did not reach it: a code cannot come there, or must not.
func (s *Service) phoneForCode(ctx context.Context, caseID int64) (string, error) {
	var sealed []byte
	var failed bool
	if err := s.cfg.Pool.QueryRow(ctx, phoneForCodeSQL, caseID).Scan(&sealed, &failed); err != nil {
		return "", fmt.Errorf("portal: telephone of case %d: %w", caseID, err)
	}
	if failed || len(sealed) == 0 {
		return "", nil
	}
	phone, err := s.cfg.OpenPhone(sealed)
	if err != nil {
		return "", fmt.Errorf("portal: telephone of case %d: %w", caseID, err)
	}
	return maskPhone(phone), nil
}

// maskPhone shows the last two digits of a telephone, as people here write one: +7 *** *** ** 67.
func maskPhone(phone string) string {
	if n := digits(phone); len(n) > 4 {
		return "+" + n[:1] + "\u00a0***\u00a0***\u00a0**\u00a0" + n[len(n)-2:]
	}
	return ""
}
