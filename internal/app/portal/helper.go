package portal

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/mr-tron/base58"

	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/rules/calendar"
)

// maxHelpers is how many helpers of one case there may be at a time.
const maxHelpers = 3

// Who ended what a helper was allowed.
const (
	endedByDebtor = "debtor"
	endedByHelper = "helper"
	endedByCode   = "wrong_code"
	endedByLink   = "renewal" // a new link was sent
)

// Helper is a relative or a clerk whom the debtor lets see the case.
type Helper struct {
	ID          int64
	Made, Until time.Time // legal time
	Opened      time.Time // zero: not yet
	Ended       time.Time // zero: not by anybody
	EndedBy     string

	hashed []byte // of the code
}

// live says whether a helper may see the case, or may still come in.
func (h Helper) live(now time.Time) bool { return h.Ended.IsZero() && now.Before(h.Until) }

// Invitation is what the debtor passes on: the link in whatever way, the code by word of mouth. Both are shown once.
type Invitation struct {
	Token, Code string
	Until       time.Time
}

// Helpers lists the living helpers of the case of a session, newest first.
func (s *Service) Helpers(ctx context.Context, session string) ([]Helper, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return nil, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return nil, err
	}
	all, err := readHelpers(ctx, s.cfg.Pool, id)
	if err != nil {
		return nil, fmt.Errorf("portal: helpers of case %d: %w", id, err)
	}
	var living []Helper
	for _, h := range all {
		if h.live(now) {
			living = append(living, h)
		}
	}
	return living, nil
}

// Invite lets one helper see the case of a session for a while.
func (s *Service) Invite(ctx context.Context, session string) (Invitation, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return Invitation{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return Invitation{}, err
	}
	inv := Invitation{Token: newToken(), Code: newCode(), Until: now.Add(s.cfg.Cases.Pack().HelperTime(calendar.DateOf(now)))}
	var tooMany bool
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		ok, err := insertHelper(ctx, tx, id, s.helperHash(inv.Token), s.codeHash(inv.Token, inv.Code), now, inv.Until)
		tooMany = !ok
		return err
	})
	if err != nil {
		return Invitation{}, fmt.Errorf("portal: helper of case %d: %w", id, err)
	}
	if tooMany {
		return Invitation{}, ErrTooMany
	}
	return inv, nil
}

// EndHelp takes back what a helper of the case of a session was allowed, at once.
func (s *Service) EndHelp(ctx context.Context, session string, helper int64) error {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		ok, err := endHelper(ctx, tx, id, helper, now, endedByDebtor)
		if err == nil && !ok {
			err = ErrNotFound
		}
		return err
	})
}

// EnterAsHelper opens the case for a helper: once, with the code that the debtor has told. Reading the page opens nothing, and the code
// does not stand in the message, so that programs which follow links do not use the link up. After five wrong codes it is used up.
// A link that does not exist, is over or was taken back gives the same answers.
func (s *Service) EnterAsHelper(ctx context.Context, token, code string) (Visit, error) {
	if code = digits(code); len(code) != codeLength {
		return Visit{}, &FormError{Code: true}
	}
	now, err := s.now(ctx)
	if err != nil {
		return Visit{}, err
	}
	if seal.ParseToken(token) != nil {
		token = strings.Repeat("1", seal.TokenLength)
	}
	lock := s.cfg.TokenHash("helper lock " + token)
	var visit Visit
	var refused error
	var what string
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		visit, refused, what = Visit{}, ErrGate, TryWrong
		until, wrong, err := countAttempt(ctx, tx, lock, now)
		if err != nil {
			return err
		}
		if until.After(now) {
			refused, what = &LockedError{Until: until}, TryLocked
			return nil
		}
		h, caseID, err := readInvitation(ctx, tx, s.helperHash(token))
		if err != nil {
			return err
		}
		open := h.ID != 0 && h.live(now) && h.Opened.IsZero()
		if fits := seal.Equal(h.hashed, s.codeHash(token, code)); !open || !fits {
			if !open {
				what = TryUnknown
			} else if wrong >= maxWrong {
				if _, err := endHelper(ctx, tx, caseID, h.ID, now, endedByCode); err != nil {
					return err
				}
			}
			return countWrong(ctx, tx, lock, wrong, now, &refused)
		}
		refused, what = nil, TryOpened
		if err := openHelper(ctx, tx, h.ID, now); err != nil {
			return err
		}
		if err := clearGate(ctx, tx, lock); err != nil {
			return err
		}
		id := newSecret()
		visit = Visit{ID: id, For: sessionFor, Case: s.markOf(caseID)}
		return insertSession(ctx, tx, sessionHash(id), caseID, sessionFor, h.ID)
	})
	if err != nil {
		return Visit{}, fmt.Errorf("portal: helper: %w", err)
	}
	s.observe(what)
	return visit, refused
}

// tellHelpers puts into the story of a case, oldest first, who was let in and until when.
func tellHelpers(told []story.Entry, helpers []Helper, now time.Time) []story.Entry {
	for _, h := range helpers {
		add := func(at time.Time, key string, pairs ...any) {
			i := len(told)
			for i > 0 && told[i-1].At.After(at) {
				i--
			}
			told = append(told, story.Entry{})
			copy(told[i+1:], told[i:])
			told[i] = story.Entry{Kind: "helper", At: at, Actor: "debtor", Says: []i18n.Text{i18n.Say(key, pairs...)}}
		}
		add(h.Made, "helper.story.made", "until", h.Until)
		if !h.Opened.IsZero() {
			add(h.Opened, "helper.story.opened")
		}
		switch {
		case h.EndedBy == endedByCode:
			add(h.Ended, "helper.story.wrong_code")
		case h.EndedBy == endedByLink:
			add(h.Ended, "helper.story.ended_link")
		case h.EndedBy == endedByHelper:
			add(h.Ended, "helper.story.ended_helper")
		case !h.Ended.IsZero():
			add(h.Ended, "helper.story.ended_debtor")
		case !now.Before(h.Until):
			add(h.Until, "helper.story.expired")
		}
	}
	return told
}

const codeLength = 6

func newToken() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: without randomness the program ends
	token := base58.Encode(b)
	return strings.Repeat("1", seal.TokenLength-len(token)) + token
}

func newCode() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000)) // never fails either
	return fmt.Sprintf("%0*d", codeLength, n)
}

func (s *Service) helperHash(token string) []byte { return s.cfg.TokenHash("helper " + token) }

func (s *Service) codeHash(token, code string) []byte {
	return s.cfg.TokenHash("helper code " + token + " " + code)
}
