package portal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/links"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/caseno"
	"robotbailiff/notify/contact"
	"robotbailiff/rules/pack"
)

// Cases is what the portal needs of the engine.
type Cases interface {
	Apply(ctx context.Context, cmds []engine.For) ([]engine.Outcome, error)
	ApplyTx(ctx context.Context, tx pgx.Tx, cmds []engine.For, opts ...engine.Option) (*engine.Plan, error)
	Now(ctx context.Context) (time.Time, error)
	Pack() *pack.Pack
}

// Config joins the portal with what surrounds it. All fields are required, but for Observe, Pay, Receipts,
// Chosen, Codes, BlindIIN and Bot: without them the pages offer less.
type Config struct {
	Pool  *pgxpool.Pool
	Cases Cases
	Packs story.Packs
	// CaseByToken finds the case of a personal link; ok is false when there is no such link.
	CaseByToken func(ctx context.Context, token string) (caseID int64, ok bool, err error)
	// TokenHash gives what may be stored of a token, whether or not it belongs to a link.
	TokenHash func(token string) []byte
	// OpenIIN opens the sealed identification number of a debtor.
	OpenIIN func(sealed []byte) (string, error)
	// OpenPhone opens the sealed telephone of a debtor.
	OpenPhone func(sealed []byte) (string, error)
	// BlindIIN gives what a debtor is found by; nil: nobody signs in at an identity provider.
	BlindIIN func(iin string) []byte
	// Observe hears what came of each try at a door, one of the Try constants; nil: nobody does.
	Observe func(what string)
	Pay     Pay
	// Receipts make the check codes of receipts.
	Receipts ReceiptKeys
	// Chosen tells which accounts the arrests of a case chose.
	Chosen func(ctx context.Context, q engine.Querier, caseID int64) ([]orders.Chosen, error)
	// Contacts keeps how debtors wish to be reached.
	Contacts *contact.Store
	// Objections keeps what debtors say and hand in when they object; nil: the page names no way to object.
	Objections *objections.Store
	// Codes bring the code that a refusal takes; without them nobody can refuse.
	Codes Codes
	// Refunds are what goes back; without them the pages do not speak of it.
	Refunds Refunds
	// Bot is the name of the Telegram bot that debtors may link a chat with; empty: there is none.
	Bot string
	// Papers makes the documents of cases; nil: none are shown.
	Papers *papers.Service
}

// Service is the portal's use cases. Every one is done for the debtor who holds the session, and only for the case of
// that session. A helper of the debtor, whose session says so, may look and pay, and do nothing else.
type Service struct {
	cfg    Config
	teller *story.Teller
	links  *links.Store
}

// New returns the portal's use cases.
func New(cfg Config) (*Service, error) {
	if cfg.Pool == nil || cfg.Cases == nil || cfg.Packs == nil || cfg.CaseByToken == nil || cfg.TokenHash == nil || cfg.OpenIIN == nil || cfg.OpenPhone == nil || cfg.Contacts == nil {
		return nil, errors.New("portal: the configuration is not complete")
	}
	return &Service{cfg: cfg, teller: story.NewTeller(cfg.Packs), links: links.New(cfg.Pool, cfg.Cases)}, nil
}

// Errors of the use cases, besides [LockedError].
var (
	ErrGate        = errors.New("portal: the answers do not fit the link")
	ErrNoSession   = errors.New("portal: there is no such session")
	ErrNotPossible = errors.New("portal: the case does not allow this now")
	ErrNoCheckout  = errors.New("portal: the payment could not be begun")
	ErrPriceMoved  = errors.New("portal: the price has changed since it was shown")
	ErrNotFound    = errors.New("portal: the case of the session has no such thing")
	ErrChoice      = errors.New("portal: this cannot be chosen")
	ErrHelper      = errors.New("portal: only the debtor may do this, and not a helper")
	ErrTooMany     = errors.New("portal: there are as many as may be")
)

// FormError says which answers are no answers at all, such as three digits instead of four. It counts as no attempt.
type FormError struct {
	LastFour, BirthYear bool
	Number              caseno.Code // what is wrong with the number of the case; empty: nothing
	Phone               bool        // the last four digits of a telephone
	Code                bool        // the six digits that a debtor tells a helper, or gets by SMS
}

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
