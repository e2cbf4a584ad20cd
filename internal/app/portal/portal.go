package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/notify/contact"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Cases is what the portal needs of the engine.
type Cases interface {
	Apply(ctx context.Context, cmds []engine.For) ([]engine.Outcome, error)
	Now(ctx context.Context) (time.Time, error)
	Pack() *pack.Pack
}

// Checkout begins a payment at the payment system. An error means that nothing was begun; when the outcome is unknown it
// must be nil, since the waiting page does not invite to a second payment. The case number and the sum together name the
// payment: beginning the same one again must not make two.
type Checkout interface {
	StartPayment(ctx context.Context, caseNumber string, amount money.Amount, now time.Time) error
}

// Config joins the portal with what surrounds it. All fields are required, except Checkout: without it the page names no
// way to pay online.
type Config struct {
	Pool  *pgxpool.Pool
	Cases Cases
	Packs story.Packs
	// CaseByToken finds the case of a personal link; ok is false when there is no such link.
	CaseByToken func(ctx context.Context, token string) (caseID int64, ok bool, err error)
	// TokenHash gives what may be stored of a token, whether or not it belongs to a link.
	TokenHash func(token string) []byte
	// OpenIIN opens the sealed identification number of a debtor.
	OpenIIN  func(sealed []byte) (string, error)
	Checkout Checkout
	// Contacts keeps how debtors wish to be reached.
	Contacts *contact.Store
	// Bot is the name of the Telegram bot that debtors may link a chat with; empty: there is none.
	Bot string
}

// Service is the portal's use cases. Every one is done for the debtor who holds the session, and only for the case of
// that session.
type Service struct {
	cfg    Config
	teller *story.Teller
}

// New returns the portal's use cases.
func New(cfg Config) (*Service, error) {
	if cfg.Pool == nil || cfg.Cases == nil || cfg.Packs == nil || cfg.CaseByToken == nil || cfg.TokenHash == nil || cfg.OpenIIN == nil || cfg.Contacts == nil {
		return nil, errors.New("portal: the configuration is not complete")
	}
	return &Service{cfg: cfg, teller: story.NewTeller(cfg.Packs)}, nil
}

// Errors of the use cases, besides [LockedError].
var (
	ErrGate        = errors.New("portal: the answers do not fit the link")
	ErrNoSession   = errors.New("portal: there is no such session")
	ErrNotPossible = errors.New("portal: the case does not allow this now")
	ErrNoCheckout  = errors.New("portal: the payment could not be begun")
	ErrPriceMoved  = errors.New("portal: the price has changed since it was shown")
	ErrChoice      = errors.New("portal: this cannot be chosen")
)

// FormError says which answers are no answers at all, such as three digits instead of four. It counts as no attempt.
type FormError struct{ LastFour, BirthYear bool }

// Error implements error.
func (e *FormError) Error() string { return "portal: the answers are not complete" }

// LockedError says that a link takes no answers until a legal instant. The link itself stays good.
type LockedError struct{ Until time.Time }

// Error implements error.
func (e *LockedError) Error() string { return "portal: the link takes no answers for a while" }

// apply sends one command of the debtor to the engine.
func (s *Service) apply(ctx context.Context, caseID int64, cmd engine.Command) error {
	return s.applyAs(ctx, engine.ActorDebtor, caseID, cmd)
}

func (s *Service) applyAs(ctx context.Context, actor string, caseID int64, cmd engine.Command) error {
	out, err := s.cfg.Cases.Apply(ctx, []engine.For{{CaseID: caseID, Actor: actor, Command: cmd}})
	if err != nil {
		return fmt.Errorf("portal: %s on case %d: %w", cmd.Kind(), caseID, err)
	}
	if len(out) == 1 && out[0].Refusal == nil {
		return nil
	}
	if len(out) == 1 && out[0].Refusal.Code == engine.CodeAlready {
		return nil // a second click
	}
	return ErrNotPossible
}
