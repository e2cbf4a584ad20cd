package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/breaker"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/stop"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/notify/wording"
	"robotbailiff/rules/pack"
)

// Cases is what the desk needs of the engine: the legal time, the pack in force, and decisions.
type Cases interface {
	Apply(ctx context.Context, cmds []engine.For) ([]engine.Outcome, error)
	Now(ctx context.Context) (time.Time, error)
	Pack() *pack.Pack
}

// Config joins the desk with what surrounds it.
type Config struct {
	Pool  *pgxpool.Pool
	Cases Cases
	Packs story.Packs
	// OpenIIN opens the sealed identification number of a debtor; only its last four digits are shown.
	OpenIIN func(sealed []byte) (string, error)
	Inbox   *intake.Inbox // takes and shows court batches
	Host    string        // of the portal, as notices print it; empty: previews have the longest one allowed
	Money   Treasury      // nil: there are no money pages
	// DemoSignIn lets anybody in as one of the two operators of the demonstration. For a sandbox only.
	DemoSignIn bool
}

// Service is the desk's use cases. Each takes the actor who asks.
type Service struct {
	cfg    Config
	teller *story.Teller
	paces  paces
	texts  *wording.Store
	stops  *stop.Store

	breakers *breaker.Watcher
	sent     sentCounts
}

// New returns the desk's use cases.
func New(cfg Config) (*Service, error) {
	if cfg.Pool == nil || cfg.Cases == nil || cfg.Packs == nil || cfg.OpenIIN == nil || cfg.Inbox == nil {
		return nil, errors.New("desk: the configuration is not complete")
	}
	return &Service{cfg: cfg, teller: story.NewTeller(cfg.Packs), texts: wording.NewStore(cfg.Pool), stops: stop.NewStore(cfg.Pool), breakers: breaker.NewWatcher(cfg.Pool, cfg.Cases.Pack)}, nil
}

// Errors of the use cases.
var (
	ErrNoSignIn  = errors.New("desk: no way to sign in is configured")
	ErrSignedOut = errors.New("desk: nobody is signed in")
	ErrNotFound  = errors.New("desk: there is no such case")
)

// Actor is who asks. The zero actor may do nothing.
type Actor struct{ Name string }

const (
	sessionFor = 8 * time.Hour
)

// demoActors are two, so that what needs two people can be tried.
var demoActors = [...]string{"desk:demo", "desk:demo-2"}

// CanSignIn says whether there is a way to sign in at all.
func (s *Service) CanSignIn() bool { return s.cfg.DemoSignIn }

// SignIn begins a visit of the demonstration's first operator, or the second one, and gives the secret of its cookie.
func (s *Service) SignIn(ctx context.Context, second bool) (session string, life time.Duration, err error) {
	if !s.cfg.DemoSignIn {
		return "", 0, ErrNoSignIn
	}
	who := demoActors[0]
	if second {
		who = demoActors[1]
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	session = base64.RawURLEncoding.EncodeToString(raw)
	if _, err := s.cfg.Pool.Exec(ctx, insertSessionSQL, sessionHash(session), who, sessionFor); err != nil {
		return "", 0, fmt.Errorf("desk: sign-in: %w", err)
	}
	return session, sessionFor, nil
}

// Who tells whose visit a session is. Without a way to sign in nobody is let in by an old session either.
func (s *Service) Who(ctx context.Context, session string) (Actor, error) {
	if !s.cfg.DemoSignIn {
		return Actor{}, ErrNoSignIn
	}
	if session == "" {
		return Actor{}, ErrSignedOut
	}
	var a Actor
	err := s.cfg.Pool.QueryRow(ctx, readSessionSQL, sessionHash(session)).Scan(&a.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return Actor{}, ErrSignedOut
	}
	return a, err
}

// SignOut ends a visit.
func (s *Service) SignOut(ctx context.Context, session string) error {
	_, err := s.cfg.Pool.Exec(ctx, deleteSessionSQL, sessionHash(session))
	return err
}

func (a Actor) check() error {
	if a.Name == "" {
		return ErrSignedOut
	}
	return nil
}

func sessionHash(id string) []byte {
	h := sha256.Sum256([]byte(id))
	return h[:]
}

// read runs f on one unchanging picture of the database, so that the numbers of a page agree.
func (s *Service) read(ctx context.Context, f func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.cfg.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, f)
}
