package notes

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/rules"
)

// MostLetters is how long a note may be, and MostShown how many of a case are shown: the latest.
const (
	MostLetters = 2000
	MostShown   = 100
)

// Why a note is not kept.
var (
	ErrEmpty     = errors.New("notes: the note is empty")
	ErrLong      = errors.New("notes: the note is too long")
	ErrIIN       = errors.New("notes: there is an identification number in the note")
	ErrCorrected = errors.New("notes: the note was corrected before")
	ErrNone      = errors.New("notes: the case has no such note")
)

// Note is one note about a case.
type Note struct {
	ID          int64
	Author      string
	At          time.Time // real time
	Text        string    // may have several lines
	Corrects    int64     // which note; 0: none
	CorrectsAt  time.Time // when that one was written
	CorrectedAt time.Time // when this one was corrected; zero: it was not
}

// Corrected says that a later note corrects this one.
func (n Note) Corrected() bool { return !n.CorrectedAt.IsZero() }

// Store keeps notes.
type Store struct{ pool *pgxpool.Pool }

// New gives a store.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// addSQL writes a note once: the second click of a person who has just written the same writes nothing.
const addSQL = `INSERT INTO case_notes (case_id, author, text, corrects) SELECT $1, $2, $3, nullif($4::bigint, 0)
 WHERE NOT EXISTS (SELECT 1 FROM case_notes WHERE case_id = $1 AND author = $2 AND text = $3 AND corrects IS NOT DISTINCT FROM nullif($4::bigint, 0)
   AND written_at > clock_timestamp() - interval '1 minute')`

// Add keeps a note; corrects is the note that it corrects, 0: none.
func (s *Store) Add(ctx context.Context, caseID int64, author, text string, corrects int64) error {
	text, err := Tidy(text)
	if err != nil {
		return err
	}
	_, err = s.pool.Exec(ctx, addSQL, caseID, author, text, corrects)
	if fault, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch fault.ConstraintName {
		case "case_notes_corrects_key":
			return ErrCorrected
		case "case_notes_case_id_corrects_fkey", "case_notes_corrects_check", "case_notes_check":
			return ErrNone
		}
	}
	if err != nil {
		return fmt.Errorf("notes: case %d: %w", caseID, err)
	}
	return nil
}

// Querier reads; a pool and a transaction are queriers.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const listSQL = `SELECT n.id, n.author, n.written_at, n.text, coalesce(n.corrects, 0), coalesce(o.written_at, '0001-01-01Z'), coalesce(f.written_at, '0001-01-01Z')
  FROM case_notes n LEFT JOIN case_notes o ON o.id = n.corrects LEFT JOIN case_notes f ON f.corrects = n.id
 WHERE n.case_id = $1 ORDER BY n.id DESC LIMIT $2`

// Of lists the notes of a case, the latest first.
func Of(ctx context.Context, q Querier, caseID int64) ([]Note, error) {
	rows, err := q.Query(ctx, listSQL, caseID, MostShown)
	if err != nil {
		return nil, fmt.Errorf("notes: case %d: %w", caseID, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Note])
}

// Tidy gives a note as it is kept, or says why it is not.
func Tidy(text string) (string, error) {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, text))
	switch {
	case text == "":
		return "", ErrEmpty
	case utf8.RuneCountInString(text) > MostLetters:
		return "", ErrLong
	case HasIIN(text):
		return "", ErrIIN
	}
	return text, nil
}

// groups are digits, also those that a person has divided for the eye.
var (
	solid  = regexp.MustCompile(`[0-9]+`)
	groups = regexp.MustCompile(`[0-9]+(?:[ \x{00a0}\x{2009}\x{202f}.\-–][0-9]+)*`)
	breaks = regexp.MustCompile(`[^0-9]`)
)

// HasIIN says whether a text has twelve digits that are the number of a person, in one piece or divided.
func HasIIN(text string) bool {
	for _, found := range [][]string{solid.FindAllString(text, -1), groups.FindAllString(text, -1)} {
		for _, s := range found {
			if rules.CheckIIN(breaks.ReplaceAllString(s, "")) == nil {
				return true
			}
		}
	}
	return false
}
