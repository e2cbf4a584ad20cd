package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
)

// AgreeWithin is how long a proposal waits for its second person. The database knows the same bound.
const AgreeWithin = 24 * time.Hour

// Errors of proposals.
var (
	ErrReason     = errors.New("accounts: no reason was given, or it is too long")
	ErrSameRights = errors.New("accounts: the account has these rights already")
	ErrClosed     = errors.New("accounts: the account is closed: it is opened again with new ways in")
	ErrWaits      = errors.New("accounts: a proposal about this account waits already")
	ErrNoProposal = errors.New("accounts: there is no such proposal")
	ErrOwn        = errors.New("accounts: nobody agrees to a proposal of his own")
	ErrSubject    = errors.New("accounts: nobody decides about his own account")
	ErrDecided    = errors.New("accounts: it was decided already")
	ErrExpired    = errors.New("accounts: nobody agreed within a day: propose it again")
	ErrChanged    = errors.New("accounts: the account is not any more as it was when this was proposed")
)

// Rights are what an account may do, and where.
type Rights struct{ Roles, Regions []string } // Regions nil: all

// Within says whether somebody who has the other rights has these too.
func (r Rights) Within(other Rights) bool {
	return subset(r.Roles, other.Roles) && (other.Regions == nil || r.Regions != nil && subset(r.Regions, other.Regions))
}

func subset(a, b []string) bool {
	return !slices.ContainsFunc(a, func(x string) bool { return !slices.Contains(b, x) })
}

// tidy gives the same rights in one order, each word once.
func (r Rights) tidy() Rights {
	r.Roles, r.Regions = slices.Compact(slices.Sorted(slices.Values(r.Roles))), slices.Compact(slices.Sorted(slices.Values(r.Regions)))
	return r
}

// Kind is what is proposed. It is stored.
type Kind string

// Kinds of proposals.
const (
	KindAdd    Kind = "add"    // a new account
	KindRights Kind = "rights" // other roles or regions
	KindReset  Kind = "reset"  // a new link for a first sign-in; a closed account opens by it
)

// Proposal is what one person proposes about an account, and what another said.
type Proposal struct {
	ID        int64
	Login     string
	Kind      Kind
	Was, Is   Rights // Was: of a new account nothing
	WasOff    bool
	Reason    string
	By        string
	At        time.Time
	Until     time.Time // when it stops waiting
	DecidedBy string    // empty: nobody has
	Decided   time.Time
	Agreed    bool
	Why       string
	Expired   bool // nobody decided in time
}

// Waits says whether a second person may still decide.
func (p Proposal) Waits() bool { return p.DecidedBy == "" && !p.Expired }

// Status is how a proposal stands, in a word of the catalogs.
func (p Proposal) Status() string {
	switch {
	case p.Agreed:
		return "agreed"
	case p.DecidedBy != "" && p.DecidedBy == p.By:
		return "taken_back"
	case p.DecidedBy != "":
		return "refused"
	case p.Expired:
		return "expired"
	}
	return "waits"
}

// MadeBy says whether somebody has made a proposal.
func (p Proposal) MadeBy(name string) bool {
	name, _ = person.Name(name) // what is no name has made nothing
	return name == p.By
}

// MayDecide says whether somebody may be the second person.
func (p Proposal) MayDecide(name string) bool {
	name, ok := person.Name(name)
	return ok && name != p.By && name != Prefix+p.Login
}

// Wish is what somebody wants to be done with an account.
type Wish struct {
	Login  string
	Kind   Kind
	Rights Rights // of a reset: none, the account keeps what it has
}

// Propose keeps what somebody wants for an account, for another one to agree to. Rights that only go away need nobody else: they are gone at
// once, and there is no proposal, id 0.
func (s *Store) Propose(ctx context.Context, w Wish, by Act) (id int64, err error) {
	by, err = by.tidy()
	if err != nil {
		return 0, err
	}
	if !loginForm.MatchString(w.Login) {
		return 0, ErrLogin
	}
	w.Rights = w.Rights.tidy()
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		id = 0
		// Two proposals about one name wait for each other, so that the second one sees the first, also where there is no account yet.
		if _, err := tx.Exec(ctx, lockLoginSQL, w.Login); err != nil {
			return err
		}
		var was Rights
		var off, waits bool
		err := tx.QueryRow(ctx, standSQL, w.Login).Scan(&was.Roles, &was.Regions, &off)
		exists := err == nil
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		switch {
		case w.Kind == KindAdd && exists:
			return ErrKnown
		case w.Kind != KindAdd && !exists:
			return ErrNone
		case w.Kind == KindReset:
			w.Rights = was
		case w.Kind == KindRights && off:
			return ErrClosed
		case w.Kind == KindRights && w.Rights.Within(was):
			return takeAway(ctx, tx, w.Login, was, w.Rights, by)
		}
		if err := tx.QueryRow(ctx, waitsSQL, w.Login).Scan(&waits); err != nil {
			return err
		}
		if waits {
			return ErrWaits
		}
		var wasOff *bool
		if exists {
			wasOff = &off
		}
		return tx.QueryRow(ctx, proposeSQL, w.Login, w.Kind, was.Roles, was.Regions, wasOff, w.Rights.Roles, w.Rights.Regions, by.Reason, by.Actor).Scan(&id)
	})
	if err != nil {
		return 0, fmt.Errorf("accounts: propose: %w", err)
	}
	return id, nil
}

// takeAway leaves an account fewer rights.
func takeAway(ctx context.Context, tx pgx.Tx, login string, was, is Rights, by Act) error {
	if was.Within(is) {
		return ErrSameRights
	}
	if err := one(ctx, tx, rightsSQL, login, is.Roles, is.Regions); err != nil {
		return err
	}
	if err := endVisits(ctx, tx, login); err != nil {
		return err
	}
	return noteRights(ctx, tx, login, was, is, by)
}

// noteRights writes down which of the rights have changed.
func noteRights(ctx context.Context, tx pgx.Tx, login string, was, is Rights, by Act) error {
	if !subset(was.Roles, is.Roles) || !subset(is.Roles, was.Roles) {
		if err := note(ctx, tx, login, "roles", by); err != nil {
			return err
		}
	}
	if (was.Regions == nil) != (is.Regions == nil) || !subset(was.Regions, is.Regions) || !subset(is.Regions, was.Regions) {
		return note(ctx, tx, login, "regions", by)
	}
	return nil
}

// Close ends an account by somebody at the desk: nobody comes in by it until two people open it again. One that is closed stays as it is.
func (s *Store) Close(ctx context.Context, login string, by Act) error {
	by, err := by.tidy()
	if err != nil {
		return err
	}
	a, err := s.One(ctx, login)
	if err != nil || a.Off {
		return err
	}
	return s.Off(ctx, login, by)
}

// Decide agrees to a proposal of another person, or refuses it; who has made it may only take it back. Agreeing does it at once. Of a new
// account and of a reset it gives the secret of the link for the first sign-in.
func (s *Store) Decide(ctx context.Context, id int64, agree bool, by Act) (link string, err error) {
	name, okName := person.Name(by.Actor)
	why, ok := person.Reason(by.Reason)
	switch {
	case !okName:
		return "", ErrNobody
	case !ok || !agree && why == "":
		return "", ErrReason
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		link = ""
		rows, err := tx.Query(ctx, lockProposalSQL, id)
		if err != nil {
			return err
		}
		p, err := pgx.CollectExactlyOneRow(rows, proposalOf)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNoProposal
		case err != nil:
			return err
		case p.By == name && agree:
			return ErrOwn
		case p.By != name && name == Prefix+p.Login:
			return ErrSubject
		case p.DecidedBy != "":
			return ErrDecided
		case p.Expired:
			return ErrExpired
		}
		if _, err := tx.Exec(ctx, decideSQL, id, name, verdict(agree), why); err != nil {
			return err
		}
		if agree {
			link, err = s.grant(ctx, tx, p, name)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("accounts: proposal %d: %w", id, err)
	}
	return link, nil
}

func verdict(agree bool) string {
	if agree {
		return "agreed"
	}
	return "refused"
}

// grant does what two people have agreed on, if the account is as both have seen it.
func (s *Store) grant(ctx context.Context, tx pgx.Tx, p Proposal, second string) (link string, err error) {
	by := Act{Actor: p.By + ", " + second, Reason: p.Reason}
	var was Rights
	var off bool
	err = tx.QueryRow(ctx, standSQL, p.Login).Scan(&was.Roles, &was.Regions, &off)
	switch {
	case errors.Is(err, pgx.ErrNoRows) && p.Kind == KindAdd:
		tag, err := tx.Exec(ctx, addSQL, p.Login, p.Is.Roles, p.Is.Regions, s.newTOTP(), p.ID)
		if err != nil {
			return "", err
		}
		if tag.RowsAffected() == 0 {
			return "", ErrKnown
		}
		if err := note(ctx, tx, p.Login, "add", by); err != nil {
			return "", err
		}
		return newLink(ctx, tx, p.Login)
	case errors.Is(err, pgx.ErrNoRows):
		return "", ErrNone
	case err != nil:
		return "", err
	case p.Kind == KindAdd:
		return "", ErrKnown
	case !was.Within(p.Was) || !p.Was.Within(was) || off != p.WasOff:
		return "", ErrChanged
	}
	if p.Kind == KindRights {
		err = one(ctx, tx, grantSQL, p.Login, p.Is.Roles, p.Is.Regions, p.ID)
		if err == nil {
			err = noteRights(ctx, tx, p.Login, p.Was, p.Is, by)
		}
	} else {
		err = one(ctx, tx, openSQL, p.Login, s.newTOTP(), p.ID)
		if err == nil {
			_, err = tx.Exec(ctx, dropCodesSQL, p.Login)
		}
		if err == nil {
			err = note(ctx, tx, p.Login, "reset", by)
		}
		if err == nil {
			link, err = newLink(ctx, tx, p.Login)
		}
	}
	if err != nil {
		return "", err
	}
	return link, endVisits(ctx, tx, p.Login)
}

// tidy gives who acts, and why, as they are kept.
func (a Act) tidy() (Act, error) {
	name, ok := person.Name(a.Actor)
	if !ok {
		return a, ErrNobody
	}
	reason, ok := person.Reason(a.Reason)
	if !ok || reason == "" {
		return a, ErrReason
	}
	return Act{Actor: name, Reason: reason}, nil
}

// Proposals gives the newest proposals, about one account or all; those that wait come first.
func (s *Store) Proposals(ctx context.Context, login string, limit int) ([]Proposal, error) {
	rows, err := s.pool.Query(ctx, proposalsSQL, login, limit)
	if err != nil {
		return nil, fmt.Errorf("accounts: proposals: %w", err)
	}
	return pgx.CollectRows(rows, proposalOf)
}

// Proposal gives one.
func (s *Store) Proposal(ctx context.Context, id int64) (p Proposal, err error) {
	rows, err := s.pool.Query(ctx, proposalSQL, id)
	if err == nil {
		p, err = pgx.CollectExactlyOneRow(rows, proposalOf)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return p, ErrNoProposal
	}
	if err != nil {
		return p, fmt.Errorf("accounts: proposal %d: %w", id, err)
	}
	return p, nil
}

func proposalOf(row pgx.CollectableRow) (p Proposal, err error) {
	var decided pgtype.Timestamptz
	err = row.Scan(&p.ID, &p.Login, &p.Kind, &p.Was.Roles, &p.Was.Regions, &p.WasOff, &p.Is.Roles, &p.Is.Regions, &p.Reason, &p.By, &p.At, &p.DecidedBy, &decided, &p.Agreed, &p.Why, &p.Expired)
	p.At, p.Until = p.At.UTC(), p.At.UTC().Add(AgreeWithin)
	if decided.Valid {
		p.Decided = decided.Time.UTC()
	}
	return p, err
}

const (
	proposalColumns = `SELECT id, login, kind, was_roles, was_regions, coalesce(was_off, false), roles, regions, reason, proposed_by, proposed_at, coalesce(decided_by, ''), decided_at,
       coalesce(verdict = 'agreed', false), why, verdict IS NULL AND proposed_at <= clock_timestamp() - interval '24 hours'
  FROM operator_proposals `
	proposalSQL     = proposalColumns + `WHERE id = $1`
	lockProposalSQL = proposalColumns + `WHERE id = $1 FOR UPDATE`
	proposalsSQL    = proposalColumns + `WHERE $1 = '' OR login = $1 ORDER BY (verdict IS NULL AND proposed_at > clock_timestamp() - interval '24 hours') DESC, id DESC LIMIT $2`

	lockLoginSQL = `SELECT pg_advisory_xact_lock(hashtextextended('bailiff.operator/' || $1, 0))`
	standSQL     = `SELECT roles, regions, off FROM operators WHERE login = $1 FOR UPDATE`
	waitsSQL     = `SELECT EXISTS (SELECT FROM operator_proposals WHERE login = $1 AND verdict IS NULL AND proposed_at > clock_timestamp() - interval '24 hours')`
	proposeSQL   = `INSERT INTO operator_proposals (login, kind, was_roles, was_regions, was_off, roles, regions, reason, proposed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`
	decideSQL    = `UPDATE operator_proposals SET decided_by = $2, decided_at = clock_timestamp(), verdict = $3, why = $4 WHERE id = $1`
	rightsSQL    = `UPDATE operators SET roles = $2, regions = $3 WHERE login = $1`
	grantSQL     = `UPDATE operators SET roles = $2, regions = $3, granted_by = $4 WHERE login = $1`
	openSQL      = `UPDATE operators SET off = false, password = NULL, totp_sealed = $2, totp_step = 0, tries = 0, locked_until = NULL, granted_by = $3 WHERE login = $1`
)
