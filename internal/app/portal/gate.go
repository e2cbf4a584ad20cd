package portal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

const (
	maxWrong   = 5              // wrong answers before a door takes none for a while
	lockFor    = 24 * time.Hour // legal time
	sessionFor = 30 * time.Minute
)

// Visit is a session that has begun. ID goes into the cookie and nowhere else.
type Visit struct {
	ID       string
	For      time.Duration
	Language string // of the debtor, as the case has it
	Case     string // stands for the case, and tells nobody which one it is
}

// markOf is what stands for a case on its pages.
func (s *Service) markOf(caseID int64) string {
	return hex.EncodeToString(s.cfg.TokenHash("case mark " + caseno.Format(caseID))[:8])
}

// What came of a try at a door, as it is counted. The visitor is not told an unknown door from a wrong answer.
const (
	TryOpened  = "opened"
	TryWrong   = "wrong"
	TryUnknown = "unknown" // there is no such link or number, or no more: many of them are somebody who guesses
	TryLocked  = "locked"
)

// door is one way to a case, and where its wrong answers are counted: each way has a lock of its own.
type door struct {
	lock   []byte
	caseID int64
	exists bool
	link   []byte // hash of the link; nil: the way is the number
}

// Enter lets the debtor in by the personal link and two answers: the last four digits of the IIN and the year of birth.
// A link that does not exist is treated as one whose answers are wrong, step by step.
func (s *Service) Enter(ctx context.Context, token, lastFour, birthYear string) (Visit, error) {
	lastFour, birthYear = digits(lastFour), digits(birthYear)
	if wrong := answers(lastFour, birthYear); wrong != nil {
		return Visit{}, wrong
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
	return s.pass(ctx, door{lock: hash, caseID: caseID, exists: found && shaped, link: hash}, lastFour, birthYear)
}

// EnterByNumber lets the debtor in by the number of the case and the same two answers, for people who distrust links. A number
// with a wrong check digit is no number: it is told before anything is looked up. The lock of a number is not that of its links.
func (s *Service) EnterByNumber(ctx context.Context, number, lastFour, birthYear string) (Visit, error) {
	lastFour, birthYear = digits(lastFour), digits(birthYear)
	wrong := answers(lastFour, birthYear)
	id, err := caseno.ParseTyped(number[:min(len(number), 64)])
	if bad, ok := errors.AsType[*caseno.Error](err); ok {
		if wrong == nil {
			wrong = &FormError{}
		}
		wrong.Number = bad.Code
	}
	if wrong != nil {
		return Visit{}, wrong
	}
	return s.pass(ctx, door{lock: s.cfg.TokenHash("number " + caseno.Format(id)), caseID: id, exists: true}, lastFour, birthYear)
}

// answers checks the shape of the two answers.
func answers(lastFour, birthYear string) *FormError {
	if len(lastFour) == 4 && len(birthYear) == 4 {
		return nil
	}
	return &FormError{LastFour: len(lastFour) != 4, BirthYear: len(birthYear) != 4}
}

// pass opens a door if the answers fit. The attempt is counted under the lock of its row before it is looked at, so that
// attempts at once are attempts one after the other.
func (s *Service) pass(ctx context.Context, d door, lastFour, birthYear string) (Visit, error) {
	now, err := s.now(ctx)
	if err != nil {
		return Visit{}, err
	}
	var visit Visit
	var refused error
	var what string
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		visit, refused, what = Visit{}, nil, TryOpened
		until, wrong, err := countAttempt(ctx, tx, d.lock, now)
		if err != nil {
			return err
		}
		if until.After(now) {
			refused, what = &LockedError{Until: until}, TryLocked
			return nil
		}
		p, err := readPerson(ctx, tx, d.caseID)
		if err != nil {
			return err
		}
		fits, alive := s.fits(p, lastFour, birthYear), d.exists && s.alive(p, now)
		if !fits || !alive {
			if refused, what = ErrGate, TryWrong; !alive {
				what = TryUnknown
			}
			return countWrong(ctx, tx, d.lock, wrong, now, &refused)
		}
		if d.link != nil {
			if stands, err := linkStands(ctx, tx, d.link, d.caseID); err != nil || !stands {
				refused, what = ErrGate, TryUnknown
				return err
			}
		}
		if err := clearGate(ctx, tx, d.lock); err != nil {
			return err
		}
		if d.link != nil {
			if err := keepVisit(ctx, tx, d.link, d.caseID, now); err != nil {
				return err
			}
		}
		id := newSecret()
		visit = Visit{ID: id, For: sessionFor, Language: p.language, Case: s.markOf(d.caseID)}
		return insertSession(ctx, tx, sessionHash(id), d.caseID, sessionFor, 0)
	})
	if err != nil {
		return Visit{}, fmt.Errorf("portal: gate: %w", err)
	}
	s.observe(what)
	return visit, refused
}

// countWrong locks a door after too many wrong answers.
func countWrong(ctx context.Context, tx pgx.Tx, lock []byte, wrong int, now time.Time, refused *error) error {
	if wrong < maxWrong {
		return nil
	}
	until := now.Add(lockFor)
	*refused = &LockedError{Until: until}
	return lockGate(ctx, tx, lock, until)
}

func (s *Service) observe(what string) {
	if s.cfg.Observe != nil {
		s.cfg.Observe(what)
	}
}

// person is what the gate compares with. The zero person fits nothing.
type person struct {
	sealed    []byte
	birthYear int // 0: not known
	language  string
	ended     time.Time
}

// alive says whether a case can still be seen: until some time after its end.
func (s *Service) alive(p person, now time.Time) bool {
	days := s.cfg.Cases.Pack().LinkDays(calendar.DateOf(now))
	return len(p.sealed) > 0 && (p.ended.IsZero() || now.Before(p.ended.Add(time.Duration(days)*24*time.Hour)))
}

// LinkDays is for how many days after its end a case can still be seen.
func (s *Service) LinkDays(ctx context.Context) (int, error) {
	now, err := s.now(ctx)
	return s.cfg.Cases.Pack().LinkDays(calendar.DateOf(now)), err
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

func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: without randomness the program ends
	return base64.RawURLEncoding.EncodeToString(b)
}

func sessionHash(id string) []byte {
	h := sha256.Sum256([]byte(id))
	return h[:]
}
