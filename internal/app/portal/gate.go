package portal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules"
)

const (
	maxWrong     = 5              // wrong answers before the link takes none for a while
	lockFor      = 24 * time.Hour // legal time
	sessionFor   = 30 * time.Minute
	linkOutlives = 45 * 24 * time.Hour // how long after its end a case can be seen
)

// Visit is a session that has begun. ID goes into the cookie and nowhere else.
type Visit struct {
	ID       string
	For      time.Duration
	Language string // of the debtor, as the case has it
}

// Enter lets the debtor in by the personal link and two answers: the last four digits of the IIN and the year of birth.
// A link that does not exist is treated as one whose answers are wrong, step by step. The attempt is counted under the
// lock of its row before it is looked at, so that attempts at once are attempts one after the other.
func (s *Service) Enter(ctx context.Context, token, lastFour, birthYear string) (Visit, error) {
	lastFour, birthYear = digits(lastFour), digits(birthYear)
	if len(lastFour) != 4 || len(birthYear) != 4 {
		return Visit{}, &FormError{LastFour: len(lastFour) != 4, BirthYear: len(birthYear) != 4}
	}
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return Visit{}, fmt.Errorf("portal: legal time: %w", err)
	}
	shaped := seal.ParseToken(token) == nil
	if !shaped {
		token = strings.Repeat("1", seal.TokenLength) // one row for all that cannot be a link
	}
	hash := s.cfg.TokenHash(token)
	caseID, found, err := s.cfg.CaseByToken(ctx, token)
	if err != nil {
		return Visit{}, fmt.Errorf("portal: link: %w", err)
	}
	var visit Visit
	var refused error
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		visit, refused = Visit{}, nil
		until, wrong, err := countAttempt(ctx, tx, hash, now)
		if err != nil {
			return err
		}
		if until.After(now) {
			refused = &LockedError{Until: until}
			return nil
		}
		p, err := readPerson(ctx, tx, caseID)
		if err != nil {
			return err
		}
		good := s.fits(p, lastFour, birthYear) && found && shaped && p.alive(now)
		if !good {
			refused = ErrGate
			if wrong >= maxWrong {
				until := now.Add(lockFor)
				refused = &LockedError{Until: until}
				return lockGate(ctx, tx, hash, until)
			}
			return nil
		}
		if err := clearGate(ctx, tx, hash); err != nil {
			return err
		}
		if err := keepVisit(ctx, tx, hash, caseID, now); err != nil {
			return err
		}
		id := newSecret()
		visit = Visit{ID: id, For: sessionFor, Language: p.language}
		return insertSession(ctx, tx, sessionHash(id), caseID, sessionFor)
	})
	if err != nil {
		return Visit{}, fmt.Errorf("portal: gate: %w", err)
	}
	return visit, refused
}

// person is what the gate compares with. The zero person fits nothing.
type person struct {
	sealed    []byte
	birthYear int // 0: not known
	language  string
	ended     time.Time
}

func (p person) alive(now time.Time) bool {
	return p.ended.IsZero() || now.Before(p.ended.Add(linkOutlives))
}

// fits compares both answers in full, whatever the first of them says.
func (s *Service) fits(p person, lastFour, birthYear string) bool {
	iin, err := "", error(nil)
	if len(p.sealed) > 0 {
		iin, err = s.cfg.OpenIIN(p.sealed)
	}
	if err != nil || len(iin) != 12 {
		iin = "............" // fits no digits
	}
	year := fmt.Sprintf("%04d", p.birthYear)
	if p.birthYear == 0 {
		year = "...."
		if born, _, ok := rules.IINBirthDate(iin); ok {
			year = fmt.Sprintf("%04d", born.Year())
		}
	}
	tail := seal.Equal([]byte(iin[8:]), []byte(lastFour))
	born := seal.Equal([]byte(year), []byte(birthYear))
	return tail && born
}

// digits keeps the ASCII digits of an answer: people add spaces and dots.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s[:min(len(s), 32)])
}

// Leave ends a session.
func (s *Service) Leave(ctx context.Context, session string) error {
	return deleteSession(ctx, s.cfg.Pool, sessionHash(session))
}

// Extend gives a living session its full time again.
func (s *Service) Extend(ctx context.Context, session string) (time.Duration, error) {
	ok, err := extendSession(ctx, s.cfg.Pool, sessionHash(session), sessionFor)
	if err == nil && !ok {
		err = ErrNoSession
	}
	return sessionFor, err
}

// caseOf gives the case of a living session.
func (s *Service) caseOf(ctx context.Context, session string) (int64, error) {
	if session == "" {
		return 0, ErrNoSession
	}
	id, ok, err := readSession(ctx, s.cfg.Pool, sessionHash(session))
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, ErrNoSession
	}
	return id, nil
}

func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: without randomness the program ends
	return base64.RawURLEncoding.EncodeToString(b)
}

func sessionHash(id string) []byte {
	h := sha256.Sum256([]byte(id))
	return h[:]
}
