package desk

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/stop"
	"robotbailiff/engine/trial"
	"robotbailiff/internal/app/accounts"
	"robotbailiff/internal/app/caseacts"
	"robotbailiff/internal/app/caselist"
	"robotbailiff/internal/app/identities"
	"robotbailiff/internal/app/links"
	"robotbailiff/internal/app/notes"
	"robotbailiff/internal/app/objections"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/app/trail"
	"robotbailiff/internal/app/whatif"
	"robotbailiff/notify/wording"
	"robotbailiff/rules/pack"
)

// Cases is what the desk needs of the engine: the legal time, the pack in force, and decisions.
type Cases interface {
	Apply(ctx context.Context, cmds []engine.For) ([]engine.Outcome, error)
	ApplyTx(ctx context.Context, tx pgx.Tx, cmds []engine.For, opts ...engine.Option) (*engine.Plan, error)
	Preview(ctx context.Context, cmds []engine.For) (*engine.Plan, error)
	Now(ctx context.Context) (time.Time, error)
	Pack() *pack.Pack
	Around(ctx context.Context, tx pgx.Tx, c *engine.Case) (engine.Env, error)
}

// Config joins the desk with what surrounds it.
type Config struct {
	Pool  *pgxpool.Pool
	Cases Cases
	Packs Rulebook
	// OpenIIN opens the sealed identification number of a debtor; only its last four digits are shown.
	OpenIIN   func(sealed []byte) (string, error)
	Inbox     *intake.Inbox   // takes and shows court batches
	Host      string          // of the portal, as notices print it; empty: previews have the longest one allowed
	Money     Treasury        // nil: there are no money pages
	BankRates map[string]int  // arrests an hour, of banks with a rate of their own
	Papers    *papers.Service // makes the documents of cases; nil: none are shown
	Fault     func(error)     // is told of faults where nobody has asked for a page; may be nil
	Machinery Machinery       // the queue of jobs; nil: the robot's room is closed
	// Objections keeps what debtors say and hand in when they object; nil: none can be answered here.
	Objections *objections.Store
	Keys       whatif.Opener // opens what a version of the rules is tried on; nil: it is not tried
	// Lists finds and lists cases, and keeps who has looked at whom; nil: there are no lists.
	Lists *caselist.Store
	// DemoSignIn lets anybody in as one of the people of the demonstration, see [DemoActors]. For a sandbox only.
	DemoSignIn bool
	DemoPeople []Actor // nil: DemoActors

	Accounts *accounts.Store // of this installation; nil: nobody has one
	Provider *ProviderRules  // how a provider of identities is read; nil: there is none
}

// Service is the desk's use cases. Each takes the actor who asks.
type Service struct {
	cfg    Config
	teller *story.Teller
	paces  paces
	texts  *wording.Store
	stops  *stop.Store
	trials *trial.Store
	links  *links.Store
	acts   *caseacts.Store
	notes  *notes.Store

	identities *identities.Store

	trail    *trail.Store
	breakers *breaker.Watcher
	looked   breakerLook
	live     live
	sent     sentCounts
}

// New returns the desk's use cases.
func New(cfg Config) (*Service, error) {
	if cfg.Pool == nil || cfg.Cases == nil || cfg.Packs == nil || cfg.OpenIIN == nil || cfg.Inbox == nil {
		return nil, errors.New("desk: the configuration is not complete")
	}
	s := &Service{cfg: cfg, teller: story.NewTeller(cfg.Packs), texts: wording.NewStore(cfg.Pool), stops: stop.NewStore(cfg.Pool), trials: trial.NewStore(cfg.Pool), links: links.New(cfg.Pool, cfg.Cases), acts: caseacts.New(cfg.Pool, cfg.Cases), notes: notes.New(cfg.Pool), breakers: breaker.NewWatcher(cfg.Pool, cfg.Cases.Pack, cfg.BankRates)}
	s.identities = identities.New(cfg.Pool, cfg.Inbox)
	s.trail = trail.New(cfg.Pool, cfg.Cases.Now, cfg.Packs)
	s.live = live{s: s, stop: make(chan struct{}), heard: map[*Listener]struct{}{}}
	return s, nil
}

// Errors of the use cases.
var (
	ErrNoSignIn  = errors.New("desk: no way to sign in is configured")
	ErrSignedOut = errors.New("desk: nobody is signed in")
	ErrNotFound  = errors.New("desk: there is no such case")
	ErrNoReason  = errors.New("desk: no reason was given")
)

// read runs f on one unchanging picture of the database, so that the numbers of a page agree.
func (s *Service) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.cfg.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}
