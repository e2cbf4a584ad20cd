package identities

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/pg"
)

const (
	endExpiredSQL = `UPDATE identity_words SET verdict = 'expired', decided_at = clock_timestamp()
 WHERE batch_id = $1 AND row_no = $2 AND verdict = '' AND expires_at <= clock_timestamp()`

	insertWordSQL = `INSERT INTO identity_words (batch_id, row_no, answer, reason, region, proposed_by) VALUES ($1, $2, $3, $4, $5, $6)`

	decideWordSQL = `UPDATE identity_words SET verdict = $2, decided_by = $3, decided_at = clock_timestamp(), why = $4, became = $5, code = $6 WHERE id = $1`
)

// Propose says the first word of a row. Nothing happens to the row.
func (s *Store) Propose(ctx context.Context, who Who, batchID int64, row int, answer Answer, why string) error {
	why, err := reason(why, false)
	if err != nil {
		return err
	}
	if who.key() == "" {
		return ErrNotMine
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.lock(ctx, tx, batchID, row); err != nil {
			return err
		}
		v, err := s.look(ctx, tx, who, batchID, row)
		if err != nil {
			return err
		}
		if v.Open() != nil {
			return ErrClosed
		}
		if !slices.Contains(v.Answers(), answer) {
			return ErrAnswer
		}
		if _, err := tx.Exec(ctx, endExpiredSQL, batchID, row); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, insertWordSQL, batchID, row, answer, why, v.Writ.Region, who.key())
		return err
	})
	return told(err, batchID, row)
}

// lock locks a row; one that does not wait any more is closed.
func (s *Store) lock(ctx context.Context, tx pgx.Tx, batchID int64, row int) error {
	err := s.rows.LockWaiting(ctx, tx, batchID, row)
	if errors.Is(err, intake.ErrNotWaiting) {
		return ErrClosed
	}
	return err
}

// Decide is the second word: it agrees with the word that was seen, and the row gets its verdict in the same transaction, or it refuses, and the
// row waits on. Who has said the first word may only take it back.
func (s *Store) Decide(ctx context.Context, who Who, batchID int64, row int, seen int64, agree bool, why string) error {
	why, err := reason(why, agree)
	if err != nil {
		return err
	}
	v, err := s.Look(ctx, who, batchID, row)
	if err != nil {
		return err
	}
	if err := mayDecide(&v, who, seen, agree); err != nil {
		return err
	}
	word := *v.Open()
	var in *intake.Confirmed
	if agree && word.Answer == Same {
		if in, err = s.rows.Confirm(ctx, batchID, row, word.By+", "+who.key()); err != nil {
			return told(err, batchID, row)
		}
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.lock(ctx, tx, batchID, row); err != nil {
			return err
		}
		v, err := s.look(ctx, tx, who, batchID, row)
		if err != nil {
			return err
		}
		if err := mayDecide(&v, who, seen, agree); err != nil { // what was so a moment ago may not be so any more
			return err
		}
		keep := func(became intake.Verdict, code string) error {
			_, err := tx.Exec(ctx, decideWordSQL, seen, Agreed, who.key(), why, became, code)
			return err
		}
		switch {
		case !agree:
			_, err = tx.Exec(ctx, decideWordSQL, seen, Refused, who.key(), why, "", "")
			return err
		case word.Answer == Same:
			return s.rows.LetIn(ctx, tx, batchID, in, keep)
		}
		return s.rows.SendBack(ctx, tx, batchID, row, keep)
	})
	return told(err, batchID, row)
}

// mayDecide says what keeps a word from being decided about.
func mayDecide(v *View, who Who, seen int64, agree bool) error {
	i := slices.IndexFunc(v.Words, func(w Word) bool { return w.ID == seen })
	switch {
	case who.key() == "":
		return ErrNotMine
	case i < 0:
		return ErrClosed
	case v.Words[i].Mine && agree:
		return ErrOwn
	case v.Words[i].Verdict == Expired:
		return ErrExpired
	case i != 0 || v.Words[i].Verdict != Waits:
		return ErrClosed
	}
	return nil
}

// TakeBack takes back a word of one's own that nobody has decided about.
func (s *Store) TakeBack(ctx context.Context, who Who, batchID int64, row int, seen int64, why string) error {
	v, err := s.Look(ctx, who, batchID, row)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(v.Words, func(w Word) bool { return w.ID == seen })
	if i >= 0 && !v.Words[i].Mine {
		return ErrNotMine
	}
	return s.Decide(ctx, who, batchID, row, seen, false, why)
}
