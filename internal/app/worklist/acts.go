package worklist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Kinds of acts.
const (
	Taken    = "taken"    // somebody works it himself
	Given    = "given"    // somebody else is to work it
	Returned = "returned" // nobody works it any more
	Closed   = "closed"   // it is done, with an outcome
)

// MaxWords is the longest word on an act, in characters.
const MaxWords = 500

// Act is what a person did about a thing.
type Act struct {
	Act      string
	Actor    string
	Assignee string // of what was taken or given
	Outcome  string // of what was closed
	Words    string
	At       time.Time
}

// Why an act is refused.
var (
	ErrTaken   = errors.New("worklist: somebody else works this")
	ErrNotHis  = errors.New("worklist: nobody works this, or somebody else does")
	ErrNobody  = errors.New("worklist: nobody was named to work this")
	ErrOutcome = errors.New("worklist: this is not closed here, or not with such an outcome")
	ErrWords   = errors.New("worklist: an outcome needs words, at most 500 characters")
)

// Do keeps an act on a thing that waits. Over says that the actor may give and take back what others work. The thing must wait: ask [One] before,
// in the same transaction.
func Do(ctx context.Context, tx pgx.Tx, i Item, a Act, over bool) error {
	a.Words, a.Assignee = strings.TrimSpace(a.Words), strings.ToLower(strings.TrimSpace(a.Assignee))
	if utf8.RuneCountInString(a.Words) > MaxWords {
		return ErrWords
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('work:' || $1 || ':' || $2, 0))`, i.Kind, i.Key); err != nil {
		return fmt.Errorf("worklist: %w", err)
	}
	var who string
	err := tx.QueryRow(ctx, `SELECT assignee FROM work_acts WHERE kind = $1 AND item = $2 ORDER BY id DESC LIMIT 1`, i.Kind, i.Key).Scan(&who)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("worklist: %w", err)
	}
	others := who != "" && who != a.Actor
	switch a.Act {
	case Taken:
		if others {
			return ErrTaken
		}
		if a.Assignee = a.Actor; who == a.Actor {
			return nil // a second click
		}
	case Given:
		if a.Assignee == "" {
			return ErrNobody
		}
		if others && !over {
			return ErrTaken
		}
		if a.Assignee == who {
			return nil
		}
	case Returned:
		if who == "" || others && !over {
			return ErrNotHis
		}
	case Closed:
		k, _ := KindOf(i.Kind)
		if !slices.Contains(k.Outcomes, a.Outcome) {
			return ErrOutcome
		}
		if a.Words == "" {
			return ErrWords
		}
		if others && !over {
			return ErrTaken
		}
	default:
		return ErrOutcome
	}
	_, err = tx.Exec(ctx, `INSERT INTO work_acts (kind, item, act, actor, assignee, outcome, words) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		i.Kind, i.Key, a.Act, a.Actor, a.Assignee, a.Outcome, a.Words)
	if err != nil {
		return fmt.Errorf("worklist: %w", err)
	}
	return nil
}

// History is what people did about a thing, the newest last.
func History(ctx context.Context, tx pgx.Tx, kind, key string) ([]Act, error) {
	rows, err := tx.Query(ctx, `SELECT act, actor, assignee, outcome, words, at FROM work_acts WHERE kind = $1 AND item = $2 ORDER BY id LIMIT 200`, kind, key)
	if err != nil {
		return nil, fmt.Errorf("worklist: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Act])
}

// Colleagues are those to whom work can be given: who is signed in with one of some roles, and who worked something in the last 30 days.
func Colleagues(ctx context.Context, tx pgx.Tx, roles []string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT actor FROM desk_sessions WHERE roles && $1 AND expires_at > now()
 UNION SELECT assignee FROM work_acts WHERE assignee <> '' AND at > now() - interval '30 days' ORDER BY 1 LIMIT 200`, roles)
	if err != nil {
		return nil, fmt.Errorf("worklist: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
