package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
)

// Errors of accounts.
var (
	ErrLogin  = errors.New("accounts: a name is 2 to 32 small Latin letters, digits, dots, dashes and underscores, and begins with a letter")
	ErrKnown  = errors.New("accounts: there is such an account already")
	ErrNone   = errors.New("accounts: there is no such account")
	ErrNobody = errors.New("accounts: who does this and why are missing")
	// ErrWrong says that somebody may not come in: a wrong name, password or code, or too many tries. Which, nobody is told.
	ErrWrong = errors.New("accounts: name, password or code are not right")
	// ErrNoLink says that a link for the first sign-in was never made, was used, or is over.
	ErrNoLink = errors.New("accounts: the link opens nothing any more")
	ErrCode   = errors.New("accounts: the code is not the one of now")
	// ErrTwo says that rights are given by two people at the desk, since there are two administrators who can.
	ErrTwo = errors.New("accounts: two administrators at the desk give rights")
)

const (
	// LinkFor is how long the link for the first sign-in opens.
	LinkFor = 24 * time.Hour
	// MaxTries are those in a row after which an account waits for LockFor.
	MaxTries = 5
	// LockFor is how long it waits. It opens again by itself: nobody can lock another out for good.
	LockFor = 15 * time.Minute
	// Prefix is before the name of an account in what it has done.
	Prefix = "desk:"
)

const sealedTOTP = "operators.totp_sealed"

// Account is one account, as administrators see it.
type Account struct {
	Login     string
	Roles     []string
	Regions   []string // nil: all
	Off       bool
	SetUp     bool // the password was chosen
	Locked    bool // after wrong tries
	LinkUntil time.Time
	CreatedAt time.Time
	SeenAt    time.Time // when its owner signed in last; zero: never
	GrantedBy int64     // the proposal by which it has its rights; 0: the command on the server gave them
}

// Rights are what the account has, or had before it was closed.
func (a Account) Rights() Rights { return Rights{a.Roles, a.Regions} }

// State is how an account stands, in a word of the catalogs.
func (a Account) State() string {
	switch {
	case a.Off:
		return "off"
	case !a.SetUp && a.LinkUntil.IsZero():
		return "link_over"
	case !a.SetUp:
		return "link"
	case a.Locked:
		return "locked"
	}
	return "on"
}

// Act is who does something to an account, and why.
type Act struct{ Actor, Reason string }

func (a Act) check() error {
	if strings.TrimSpace(a.Actor) == "" || strings.TrimSpace(a.Reason) == "" {
		return ErrNobody
	}
	return nil
}

// Store keeps accounts.
type Store struct {
	pool *pgxpool.Pool
	keys *seal.Keys
	slow chan struct{} // bounds the memory that passwords take
}

// atOnce are the passwords that are checked at one time, each in 64 MB.
const atOnce = 4

// New returns the store.
func New(pool *pgxpool.Pool, keys *seal.Keys) *Store {
	return &Store{pool: pool, keys: keys, slow: make(chan struct{}, atOnce)}
}

var loginForm = regexp.MustCompile(`^[a-z][a-z0-9._-]{1,31}$`)

// Add makes an account by the command on the server, and gives the secret of the link by which its owner chooses a password. Like all of the
// command that gives rights it fails with ErrTwo where two people at the desk can.
func (s *Store) Add(ctx context.Context, login string, roles, regions []string, by Act) (link string, err error) {
	if !loginForm.MatchString(login) {
		return "", ErrLogin
	}
	err = s.change(ctx, login, "add", by, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, addSQL, login, roles, regions, s.newTOTP(), nil)
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrKnown
		}
		if err == nil {
			link, err = newLink(ctx, tx, login)
		}
		return err
	})
	return link, err
}

// SetRoles gives an account other roles. Its visits end, so that none goes on with the old ones.
func (s *Store) SetRoles(ctx context.Context, login string, roles []string, by Act) error {
	return s.change(ctx, login, "roles", by, func(tx pgx.Tx) error { return one(ctx, tx, rolesSQL, login, roles) })
}

// SetRegions gives an account other regions; nil: all. Its visits end.
func (s *Store) SetRegions(ctx context.Context, login string, regions []string, by Act) error {
	return s.change(ctx, login, "regions", by, func(tx pgx.Tx) error { return one(ctx, tx, regionsSQL, login, regions) })
}

// Off ends an account: nobody comes in by it until it is reset.
func (s *Store) Off(ctx context.Context, login string, by Act) error {
	return s.change(ctx, login, "off", by, func(tx pgx.Tx) error { return one(ctx, tx, offSQL, login) })
}

// Reset takes password, telephone and recovery codes from an account, also from one that is off, and gives a new link for a first sign-in.
func (s *Store) Reset(ctx context.Context, login string, by Act) (link string, err error) {
	err = s.change(ctx, login, "reset", by, func(tx pgx.Tx) error {
		if err := one(ctx, tx, resetSQL, login, s.newTOTP()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, dropCodesSQL, login); err != nil {
			return err
		}
		link, err = newLink(ctx, tx, login)
		return err
	})
	return link, err
}

// change does something to an account, ends its visits and writes it down, all or nothing.
func (s *Store) change(ctx context.Context, login, what string, by Act, do func(tx pgx.Tx) error) error {
	if err := by.check(); err != nil {
		return err
	}
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := do(tx); err != nil {
			return err
		}
		if err := endVisits(ctx, tx, login); err != nil {
			return err
		}
		return note(ctx, tx, login, what, by)
	})
	if fault, ok := errors.AsType[*pgconn.PgError](err); ok && fault.ConstraintName == "operators_granted" {
		return ErrTwo
	}
	return err
}

// endVisits ends the visits of an account, so that none goes on with rights of before.
func endVisits(ctx context.Context, tx pgx.Tx, login string) error {
	if _, err := tx.Exec(ctx, endVisitsSQL, Prefix+login); err != nil {
		return fmt.Errorf("accounts: visits of %s: %w", login, err)
	}
	return nil
}

func note(ctx context.Context, tx pgx.Tx, login, what string, by Act) error {
	_, err := tx.Exec(ctx, noteSQL, login, what, strings.TrimSpace(by.Actor), strings.TrimSpace(by.Reason))
	if err != nil {
		return fmt.Errorf("accounts: write down %s: %w", what, err)
	}
	return nil
}

// one changes exactly one account.
func one(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNone
	}
	return nil
}

func newLink(ctx context.Context, tx pgx.Tx, login string) (string, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	link := base64.RawURLEncoding.EncodeToString(raw)
	return link, one(ctx, tx, linkSQL, login, hash(link), LinkFor)
}

func hash(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// List gives all accounts by name.
func (s *Store) List(ctx context.Context) ([]Account, error) {
	rows, err := s.pool.Query(ctx, listSQL, "")
	if err != nil {
		return nil, fmt.Errorf("accounts: list: %w", err)
	}
	return pgx.CollectRows(rows, accountOf)
}

// One gives an account.
func (s *Store) One(ctx context.Context, login string) (a Account, err error) {
	if login == "" {
		return a, ErrNone
	}
	rows, err := s.pool.Query(ctx, listSQL, login)
	if err == nil {
		a, err = pgx.CollectExactlyOneRow(rows, accountOf)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return a, ErrNone
	}
	if err != nil {
		return a, fmt.Errorf("accounts: %s: %w", login, err)
	}
	return a, nil
}

func accountOf(row pgx.CollectableRow) (a Account, err error) {
	var until, seen pgtype.Timestamptz
	err = row.Scan(&a.Login, &a.Roles, &a.Regions, &a.Off, &a.SetUp, &a.Locked, &until, &a.CreatedAt, &seen, &a.GrantedBy)
	for to, from := range map[*time.Time]pgtype.Timestamptz{&a.LinkUntil: until, &a.SeenAt: seen} {
		if from.Valid {
			*to = from.Time.UTC()
		}
	}
	a.CreatedAt = a.CreatedAt.UTC()
	return a, err
}

// Change is something that was done to an account.
type Change struct {
	Login, What    string
	At             time.Time
	Roles, Regions []string // after it
	Actor, Reason  string
}

// Changes gives the newest changes of one account, or of all.
func (s *Store) Changes(ctx context.Context, login string, limit int) ([]Change, error) {
	rows, err := s.pool.Query(ctx, changesSQL, login, limit)
	if err != nil {
		return nil, fmt.Errorf("accounts: changes: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Change])
	slices.Reverse(list)
	return list, err
}

const (
	addSQL = `INSERT INTO operators (login, roles, regions, totp_sealed, granted_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
	// What the command on the server gives is behind no proposal any more; what it takes away leaves the rest as it was given.
	rolesSQL   = `UPDATE operators SET roles = $2, granted_by = CASE WHEN $2::text[] <@ roles THEN granted_by END WHERE login = $1`
	regionsSQL = `UPDATE operators SET regions = $2, granted_by = CASE WHEN regions IS NULL OR $2::text[] <@ regions THEN granted_by END WHERE login = $1`
	offSQL     = `UPDATE operators SET off = true, link_hash = NULL, link_until = NULL WHERE login = $1`
	resetSQL   = `UPDATE operators SET off = false, password = NULL, totp_sealed = $2, totp_step = 0, tries = 0, locked_until = NULL,
 granted_by = CASE WHEN NOT off THEN granted_by END WHERE login = $1`
	linkSQL = `UPDATE operators SET link_hash = $2, link_until = now() + $3::interval WHERE login = $1`

	dropCodesSQL = `DELETE FROM operator_codes WHERE login = $1`
	endVisitsSQL = `DELETE FROM desk_sessions WHERE actor = $1 AND way = 'account'`
	noteSQL      = `INSERT INTO operator_changes (login, what, roles, regions, actor, reason, proposal) SELECT login, $2, roles, regions, $3, $4, granted_by FROM operators WHERE login = $1`

	listSQL = `SELECT login, roles, regions, off, password IS NOT NULL, coalesce(locked_until > now(), false), CASE WHEN link_until > now() THEN link_until END, created_at,
       (SELECT max(v.at) FROM desk_visits v WHERE v.actor = 'desk:' || login AND v.act = 'sign_in'), coalesce(granted_by, 0)
  FROM operators WHERE $1 = '' OR login = $1 ORDER BY login`
	changesSQL = `SELECT login, what, at, roles, regions, actor, reason FROM operator_changes WHERE $1 = '' OR login = $1 ORDER BY id DESC LIMIT $2`
)
