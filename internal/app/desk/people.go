package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/accounts"
)

// Errors of accounts, besides those of their own.
var (
	// ErrNoAccounts says that a provider knows the people: who may do what is said there.
	ErrNoAccounts = errors.New("desk: there are no accounts here")
	// ErrRole says that no role was chosen, or one that does not exist.
	ErrRole = errors.New("desk: an account has at least one role")
	// ErrRegion says that neither all regions were chosen nor some.
	ErrRegion = errors.New("desk: an account sees all regions, or some")
)

// How many changes and proposals a page shows, and how far back people whom a provider knows are looked for.
const (
	mostAccountChanges = 50
	mostProposals      = 20
	knownFor           = 90 * 24 * time.Hour
)

// Accounts is who may come to the desk.
type Accounts struct {
	Local     bool // accounts of this installation; else a provider knows the people, and nothing can be changed here
	Accounts  []accounts.Account
	Proposals []accounts.Proposal // those that wait first
	Known     []Known             // whom the provider has let in
}

// Known is somebody whom a provider knows. His roles are those of his last visit: they are said by the provider at each sign-in.
type Known struct {
	Actor   string
	Seen    time.Time
	Roles   []Role   // none: no visit of his is open
	Regions []string // nil: all
}

// Account is one account with what was done to it.
type Account struct {
	accounts.Account
	Changes   []accounts.Change // the newest first
	Proposals []accounts.Proposal
}

// Waits gives the proposal about an account that waits; nil: none does.
func (a Account) Waits() *accounts.Proposal {
	if i := slices.IndexFunc(a.Proposals, accounts.Proposal.Waits); i >= 0 {
		return &a.Proposals[i]
	}
	return nil
}

// Accounts lists who may come to the desk.
func (s *Service) Accounts(ctx context.Context, actor Actor) (v Accounts, err error) {
	if err := actor.check(); err != nil {
		return v, err
	}
	if v.Local = s.cfg.Accounts != nil; v.Local {
		if v.Accounts, err = s.cfg.Accounts.List(ctx); err != nil {
			return v, err
		}
		if v.Proposals, err = s.cfg.Accounts.Proposals(ctx, "", mostProposals); err != nil {
			return v, err
		}
	}
	if s.cfg.Provider == nil {
		return v, nil
	}
	rows, err := s.cfg.Pool.Query(ctx, knownSQL, knownFor, mostVisits)
	if err != nil {
		return v, fmt.Errorf("desk: people of the provider: %w", err)
	}
	v.Known, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Known])
	return v, err
}

// Account gives one account.
func (s *Service) Account(ctx context.Context, actor Actor, login string) (v Account, err error) {
	if err := s.keepsAccounts(actor); err != nil {
		return v, err
	}
	if v.Account, err = s.cfg.Accounts.One(ctx, login); err != nil {
		return v, err
	}
	if v.Changes, err = s.cfg.Accounts.Changes(ctx, login, mostAccountChanges); err != nil {
		return v, err
	}
	slices.Reverse(v.Changes)
	v.Proposals, err = s.cfg.Accounts.Proposals(ctx, login, mostProposals)
	return v, err
}

// AccountProposal gives one proposal about an account.
func (s *Service) AccountProposal(ctx context.Context, actor Actor, id int64) (accounts.Proposal, error) {
	if err := s.keepsAccounts(actor); err != nil {
		return accounts.Proposal{}, err
	}
	return s.cfg.Accounts.Proposal(ctx, id)
}

// ProposeAccount keeps what an actor wants for an account; see [accounts.Store.Propose].
func (s *Service) ProposeAccount(ctx context.Context, actor Actor, w accounts.Wish, reason string) (id int64, err error) {
	if err := s.changesAccounts(actor); err != nil {
		return 0, err
	}
	if w.Kind != accounts.KindReset {
		if len(w.Rights.Roles) == 0 || slices.ContainsFunc(w.Rights.Roles, func(r string) bool { _, ok := ParseRole(r); return !ok }) {
			return 0, ErrRole
		}
		if w.Rights.Regions != nil && (len(w.Rights.Regions) == 0 || slices.ContainsFunc(w.Rights.Regions, notRegion)) {
			return 0, ErrRegion
		}
	}
	return s.cfg.Accounts.Propose(ctx, w, accounts.Act{Actor: actor.Name, Reason: reason})
}

func notRegion(code string) bool {
	return len(code) != 2 || code[0] < '0' || code[0] > '9' || code[1] < '0' || code[1] > '9'
}

// DecideAccount keeps what an actor says about a proposal; see [accounts.Store.Decide].
func (s *Service) DecideAccount(ctx context.Context, actor Actor, id int64, agree bool, why string) (link string, err error) {
	if err := s.changesAccounts(actor); err != nil {
		return "", err
	}
	return s.cfg.Accounts.Decide(ctx, id, agree, accounts.Act{Actor: actor.Name, Reason: why})
}

// CloseAccount lets nobody in by an account any more, at once.
func (s *Service) CloseAccount(ctx context.Context, actor Actor, login, reason string) error {
	if err := s.changesAccounts(actor); err != nil {
		return err
	}
	return s.cfg.Accounts.Close(ctx, login, accounts.Act{Actor: actor.Name, Reason: reason})
}

func (s *Service) keepsAccounts(actor Actor) error {
	if err := actor.check(); err != nil {
		return err
	}
	if s.cfg.Accounts == nil {
		return ErrNoAccounts
	}
	return nil
}

// changesAccounts lets those through who see all regions: nobody gives what he does not have.
func (s *Service) changesAccounts(actor Actor) error {
	if err := s.keepsAccounts(actor); err != nil {
		return err
	}
	return actor.whole()
}

const knownSQL = `SELECT p.actor, p.seen, coalesce(d.roles, '{}'), d.regions
  FROM (SELECT actor, max(at) AS seen FROM desk_visits WHERE act = 'sign_in' AND subject = 'oidc' AND at > now() - $1::interval GROUP BY actor ORDER BY 2 DESC LIMIT $2) p
  LEFT JOIN LATERAL (SELECT roles, regions FROM desk_sessions s WHERE s.actor = p.actor AND s.way = 'oidc' ORDER BY started_at DESC LIMIT 1) d ON true
 ORDER BY p.actor`
