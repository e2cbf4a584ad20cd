package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
	"robotbailiff/rules"
	"robotbailiff/rules/money"
)

// ErrNoIIN says that an identity provider has told no identification number of a person.
var ErrNoIIN = errors.New("portal: the identity provider tells no IIN")

// ownPage is how many cases a page of the list has.
const ownPage = 50

// SignIn begins a visit of the person whom an identity provider has named by the IIN. Whether there is a case is not looked at: who has
// none is let in as well, and told so.
func (s *Service) SignIn(ctx context.Context, iin string) (Visit, error) {
	iin = strings.TrimPrefix(strings.TrimSpace(iin), "IIN") // as certificates write it
	if s.cfg.BlindIIN == nil || rules.CheckIIN(iin) != nil {
		return Visit{}, ErrNoIIN
	}
	id := newSecret()
	if err := insertPerson(ctx, s.cfg.Pool, sessionHash(id), s.cfg.BlindIIN(iin), sessionFor); err != nil {
		return Visit{}, fmt.Errorf("portal: sign-in: %w", err)
	}
	return Visit{ID: id, For: sessionFor}, nil
}

// Own are the cases of a person.
type Own struct {
	Open  int          // cases that go on, on all pages
	Owed  money.Amount // in them
	Cases []OwnCase    // of this page: those that go on first, the newest first
	First bool         // it is the first page
	Next  string       // where the next page begins; empty: there is none
}

// OwnCase is one of them. Its View has what the list shows, and nothing more.
type OwnCase struct {
	View
	Claimant string
}

// Own lists the cases of a sign-in; after is what the page before said is next.
func (s *Service) Own(ctx context.Context, person, after string, lang i18n.Lang) (Own, error) {
	now, err := s.now(ctx)
	if err != nil {
		return Own{}, err
	}
	hash := sessionHash(person)
	from, err := s.ownPlace(ctx, hash, after)
	if err != nil {
		return Own{}, err
	}
	own := Own{First: from.id == 0}
	var rows []ownRow
	var lives bool
	err = pg.Together(ctx, s.cfg.Pool,
		func(ctx context.Context, q pg.Reader) (err error) {
			lives, own.Open, own.Owed, err = readOwnTotal(ctx, q, hash)
			return err
		},
		func(ctx context.Context, q pg.Reader) (err error) {
			rows, err = readOwn(ctx, q, hash, from, ownPage+1)
			return err
		})
	if err != nil {
		return Own{}, fmt.Errorf("portal: own cases: %w", err)
	}
	if !lives {
		return Own{}, ErrNoSession
	}
	if len(rows) > ownPage {
		rows = rows[:ownPage]
		own.Next = caseno.Format(rows[ownPage-1].id)
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	cases, err := engine.Load(ctx, s.cfg.Pool, ids)
	if err != nil {
		return Own{}, fmt.Errorf("portal: own cases: %w", err)
	}
	byID := make(map[int64]engine.Case, len(cases))
	for _, c := range cases {
		byID[c.ID] = c
	}
	for _, r := range rows {
		c, ok := byID[r.id]
		if !ok {
			continue
		}
		v := s.snapshot(c, writRow{}, now, lang)
		v.End.At, v.End.Recalled, v.End.CancelReason = c.EndedAt, r.recalled, r.reason
		own.Cases = append(own.Cases, OwnCase{View: v, Claimant: r.claimant})
	}
	return own, nil
}

// ownPlace finds where a page goes on. A number that is none of the person's begins the list anew.
func (s *Service) ownPlace(ctx context.Context, hash []byte, after string) (place, error) {
	id, err := caseno.Parse(after)
	if err != nil {
		return place{}, nil
	}
	_, ended, ok, err := readOwnCase(ctx, s.cfg.Pool, hash, id)
	if err != nil || !ok {
		return place{}, err
	}
	return place{ended: ended, id: id}, nil
}

// OpenOwn opens a case of a sign-in, without the gate: what the gate asks for, the provider has proved. It is kept like a visit by a link,
// and counted like an open gate. A case of somebody else is not found, as one that does not exist.
func (s *Service) OpenOwn(ctx context.Context, person, number string) (Visit, error) {
	now, err := s.now(ctx)
	if err != nil {
		return Visit{}, err
	}
	hash := sessionHash(person)
	id, wrong := caseno.Parse(number)
	visit := Visit{ID: newSecret(), For: sessionFor}
	err = pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		lives, err := prolongPerson(ctx, tx, hash, sessionFor)
		if err != nil {
			return err
		}
		if !lives {
			return ErrNoSession
		}
		language, _, ok, err := readOwnCase(ctx, tx, hash, id)
		if err != nil {
			return err
		}
		if !ok || wrong != nil {
			return ErrNotFound
		}
		visit.Language, visit.Case = language, s.markOf(id)
		if err := keepSignedVisit(ctx, tx, id, now); err != nil {
			return err
		}
		return insertOwnSession(ctx, tx, sessionHash(visit.ID), id, sessionFor, hash)
	})
	switch {
	case errors.Is(err, ErrNoSession), errors.Is(err, ErrNotFound):
		return Visit{}, err
	case err != nil:
		return Visit{}, fmt.Errorf("portal: opening an own case: %w", err)
	}
	s.observe(TryOpened)
	return visit, nil
}

// SignedIn says whether a sign-in lives.
func (s *Service) SignedIn(ctx context.Context, person string) (bool, error) {
	if person == "" {
		return false, nil
	}
	return personLives(ctx, s.cfg.Pool, sessionHash(person))
}

// ExtendSignIn gives a living sign-in its full time again.
func (s *Service) ExtendSignIn(ctx context.Context, person string) (Visit, error) {
	ok, err := prolongPerson(ctx, s.cfg.Pool, sessionHash(person), sessionFor)
	if err == nil && !ok {
		err = ErrNoSession
	}
	return Visit{ID: person, For: sessionFor}, err
}

// SignOut ends a sign-in, and with it every visit of a case that was opened after it.
func (s *Service) SignOut(ctx context.Context, person string) error {
	if err := deletePerson(ctx, s.cfg.Pool, sessionHash(person)); err != nil {
		return fmt.Errorf("portal: sign-out: %w", err)
	}
	return nil
}
