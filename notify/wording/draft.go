package wording

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/notify/text"
)

// Draft is what one person has changed and not proposed yet.
type Draft struct {
	Base     int // the version in force
	Old, New text.Words
	Edits    []Edit
	Problems []text.Problem // of the new words as a whole
	Seen     string         // stands for exactly these words
}

// Edit is one changed wording of a draft.
type Edit struct {
	text.Place

	Stale bool // another version came into force, and changed the words that were changed here
}

// Ready says whether the draft may be proposed.
func (d *Draft) Ready() bool {
	for _, e := range d.Edits {
		if e.Stale {
			return false
		}
	}
	return len(d.Edits) > 0 && len(d.Problems) == 0
}

const (
	draftsSQL    = `SELECT kind, language, base, words FROM text_drafts WHERE actor = $1`
	saveDraftSQL = `INSERT INTO text_drafts (actor, kind, language, base, words) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (actor, kind, language) DO UPDATE SET base = excluded.base, words = excluded.words, touched_at = now()`
	dropDraftSQL  = `DELETE FROM text_drafts WHERE actor = $1 AND kind = $2 AND language = $3`
	dropDraftsSQL = `DELETE FROM text_drafts WHERE actor = $1`
)

// Draft reads what a person has changed.
func (s *Store) Draft(ctx context.Context, actor string) (Draft, error) {
	actor, _, err := who(actor, "", false)
	if err != nil {
		return Draft{}, err
	}
	d, err := s.draft(ctx, s.pool, actor)
	if err != nil {
		return Draft{}, fmt.Errorf("wording: draft: %w", err)
	}
	return d, nil
}

type edited struct {
	kind, language string
	base           int
	words          []byte
}

func (s *Store) draft(ctx context.Context, q rowsQuerier, actor string) (d Draft, err error) {
	if err := q.QueryRow(ctx, inForceSQL).Scan(&d.Base); err != nil {
		return d, err
	}
	now, err := s.library.Edition(ctx, q, d.Base)
	if err != nil {
		return d, err
	}
	d.Old = now.Words()
	d.New = d.Old
	rows, err := q.Query(ctx, draftsSQL, actor)
	if err != nil {
		return d, err
	}
	saved, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e edited, err error) {
		err = row.Scan(&e.kind, &e.language, &e.base, &e.words)
		return e, err
	})
	if err != nil {
		return d, err
	}
	stale := map[text.Place]bool{}
	for _, e := range saved {
		var w text.Wording
		if err := json.Unmarshal(e.words, &w); err != nil {
			return d, err
		}
		place := text.Place{Kind: text.Kind(e.kind), Language: e.language}
		then, err := s.library.Edition(ctx, q, e.base)
		if err != nil {
			return d, err
		}
		stale[place] = !then.Words()[place.Language][place.Kind].Equal(d.Old[place.Language][place.Kind])
		d.New = d.New.With(place.Kind, place.Language, w.Whole(place.Kind, place.Language))
	}
	for _, place := range d.Old.Changes(d.New) {
		d.Edits = append(d.Edits, Edit{place, stale[place]})
	}
	d.Problems = text.CheckWords(d.New)
	d.Seen, err = seen(d.New)
	return d, err
}

// seen is a short name of some words: the JSON of a map has its keys in order.
func seen(words text.Words) (string, error) {
	raw, err := json.Marshal(words)
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12]), err
}

// Save keeps a changed wording in a person's draft. Words that are not good yet are kept too, so that nothing typed is lost,
// unless there is in them what may not be kept at all. Base is the version in force that the person saw beside his words.
func (s *Store) Save(ctx context.Context, actor string, place text.Place, base int, w text.Wording) error {
	actor, _, err := who(actor, "", false)
	if err != nil {
		return err
	}
	if !place.Known() || !text.Storable(text.Check(place.Kind, place.Language, w)) {
		return &ActError{CodeNotKept, "leave out what looks like a number of a person, and what is no text"}
	}
	words, err := json.Marshal(w)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		var now int
		if err := tx.QueryRow(ctx, inForceSQL).Scan(&now); err != nil {
			return err
		}
		if now != base {
			return &ActError{CodeStale, "another version is in force now: compare with it, and save again"}
		}
		e, err := s.library.Edition(ctx, tx, now)
		if err != nil {
			return err
		}
		if e.Words()[place.Language][place.Kind].Equal(w) {
			_, err = tx.Exec(ctx, dropDraftSQL, actor, string(place.Kind), place.Language)
			return err
		}
		_, err = tx.Exec(ctx, saveDraftSQL, actor, string(place.Kind), place.Language, base, words)
		return err
	})
	return told(err, "wording: draft: %w")
}

// Discard forgets one change of a draft, or with no place all of them.
func (s *Store) Discard(ctx context.Context, actor string, place text.Place) error {
	actor, _, err := who(actor, "", false)
	if err != nil {
		return err
	}
	if place == (text.Place{}) {
		_, err = s.pool.Exec(ctx, dropDraftsSQL, actor)
	} else {
		_, err = s.pool.Exec(ctx, dropDraftSQL, actor, string(place.Kind), place.Language)
	}
	return told(err, "wording: draft: %w")
}

// Take puts the words of a version into a person's draft: what a rejected or lapsed one would have changed, and all words of one
// that was in force before.
func (s *Store) Take(ctx context.Context, actor string, number int, now time.Time) error {
	actor, _, err := who(actor, "", false)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		all, err := list(ctx, tx, now)
		if err != nil {
			return err
		}
		v, err := find(all, number)
		if err != nil {
			return err
		}
		if v.State == StateOpen || v.State == StateInForce {
			return &ActError{CodeNotOpen, "these words are in force, or wait for it"}
		}
		taken, err := s.library.Edition(ctx, tx, number)
		if err != nil {
			return err
		}
		d, err := s.draft(ctx, tx, actor)
		if err != nil {
			return err
		}
		words, before := taken.Words(), d.Old
		if v.State != StateFormer {
			base, err := s.library.Edition(ctx, tx, v.Base)
			if err != nil {
				return err
			}
			before = base.Words()
		}
		for _, p := range before.Changes(words) {
			raw, err := json.Marshal(words[p.Language][p.Kind])
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, saveDraftSQL, actor, string(p.Kind), p.Language, d.Base, raw); err != nil {
				return err
			}
		}
		return nil
	})
	return told(err, "wording: draft: %w")
}

// Propose makes a version of a person's draft, which waits for another person. Seen is the name of the words that he saw last.
func (s *Store) Propose(ctx context.Context, actor, reason, seen string, now time.Time) (number int, err error) {
	actor, reason, err = who(actor, reason, true)
	if err != nil {
		return 0, err
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockSQL); err != nil {
			return err
		}
		all, err := list(ctx, tx, now)
		if err != nil {
			return err
		}
		for _, v := range all {
			if v.State == StateOpen {
				return &ActError{CodeOpenAlready, fmt.Sprintf("version %d waits for a second person: let it be decided first", v.Number)}
			}
		}
		d, err := s.draft(ctx, tx, actor)
		switch {
		case err != nil:
			return err
		case len(d.Edits) == 0:
			return &ActError{CodeNothing, "change something first"}
		case d.Seen != seen:
			return &ActError{CodeStale, "the words have changed since you looked at them: look again"}
		case !d.Ready():
			return &ActError{CodeProblems, "mend what is said to be wrong first"}
		}
		words, err := json.Marshal(d.New)
		if err != nil {
			return err
		}
		number = all[0].Number + 1
		if _, err := tx.Exec(ctx, insertVersionSQL, number, d.Base, words, actor, reason, now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, dropDraftsSQL, actor)
		return err
	})
	return number, told(err, "wording: proposal: %w")
}
