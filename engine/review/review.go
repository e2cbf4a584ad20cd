// Package review lays decisions of the robot before a person by chance: one in [OneIn] of those that take something from a debtor. Nobody
// chooses which, and anybody can draw again: the hash of the event decides, which stands in the case's own chain.
//
// It must not decide about a case, import the engine, or call anything outside the database. Its entry points are [Drawn], which the engine
// asks as it writes, and [Decide], with which people say what they found.
package review

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// OneIn is of how many decisions one is drawn: one per cent.
const OneIn = 100

// Verdicts of people.
const (
	Right   = "right"
	Wrong   = "wrong"
	Unclear = "unclear"
)

// Verdicts lists them in the order in which they are offered.
var Verdicts = []string{Right, Wrong, Unclear}

// MaxWords is the longest explanation, in characters.
const MaxWords = 500

// Drawn says whether an event is drawn. Its hash is as good as chance: it holds the hash of the event before it, and the time to the microsecond.
func Drawn(hash [32]byte) bool { return binary.BigEndian.Uint32(hash[28:])%OneIn == 0 }

// Why a verdict is not kept.
var (
	ErrNone    = errors.New("review: nothing was drawn here")
	ErrDecided = errors.New("review: a verdict was given already")
	ErrVerdict = errors.New("review: there is no such verdict")
	ErrWords   = errors.New("review: who finds a fault, or cannot tell, says why, in at most 500 characters")
)

// Decide keeps what a person found. It stops nothing by itself: whoever finds a fault holds the case too.
func Decide(ctx context.Context, tx pgx.Tx, caseID int64, seq int, verdict, actor, words string, now time.Time) error {
	words = strings.TrimSpace(words)
	switch verdict {
	case Right:
	case Wrong, Unclear:
		if words == "" {
			return ErrWords
		}
	default:
		return ErrVerdict
	}
	if utf8.RuneCountInString(words) > MaxWords {
		return ErrWords
	}
	var was string
	err := tx.QueryRow(ctx, `SELECT verdict FROM reviews WHERE case_id = $1 AND seq = $2 FOR UPDATE`, caseID, seq).Scan(&was)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNone
	case err != nil:
		return fmt.Errorf("review: %w", err)
	case was != "":
		return ErrDecided
	}
	_, err = tx.Exec(ctx, `UPDATE reviews SET verdict = $3, actor = $4, words = $5, decided_at = $6 WHERE case_id = $1 AND seq = $2`, caseID, seq, verdict, actor, words, now)
	if err != nil {
		return fmt.Errorf("review: %w", err)
	}
	return nil
}

// HoldWrong is why a case is held whose decision a person found wrong.
const HoldWrong = "review_wrong"
