package caselist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Errors of views.
var (
	ErrNoName       = errors.New("caselist: a view needs a name of at most 60 letters")
	ErrTooManyViews = errors.New("caselist: there are too many views")
)

const (
	mostViews = 50
	viewName  = 60
)

// View is a list that somebody comes back to.
type View struct{ Name, Query string }

const listViewsSQL = `SELECT name, query FROM desk_views WHERE actor = $1 ORDER BY name LIMIT $2`

// saveViewSQL keeps one more, unless there are too many; under a name that is taken it replaces what was there.
const saveViewSQL = `INSERT INTO desk_views (actor, name, query) SELECT $1, $2, $3
 WHERE (SELECT count(*) FROM desk_views WHERE actor = $1 AND name <> $2) < $4
    ON CONFLICT (actor, name) DO UPDATE SET query = EXCLUDED.query`

const dropViewSQL = `DELETE FROM desk_views WHERE actor = $1 AND name = $2`

// Views lists the views of one person.
func (s *Store) Views(ctx context.Context, who Who) ([]View, error) {
	rows, err := s.pool.Query(ctx, listViewsSQL, who.Name, mostViews)
	if err != nil {
		return nil, fmt.Errorf("caselist: views: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[View])
}

// SaveView keeps a filter under a name. The search and the place in the list are left out: the one is personal, the other passes.
func (s *Store) SaveView(ctx context.Context, who Who, name string, f Filter) error {
	name = viewTitle(name)
	if name == "" || utf8.RuneCountInString(name) > viewName {
		return ErrNoName
	}
	tag, err := s.pool.Exec(ctx, saveViewSQL, who.Name, name, f.Lasting().Query().Encode(), mostViews)
	if err != nil {
		return fmt.Errorf("caselist: save view: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrTooManyViews
	}
	return nil
}

// DropView forgets a view.
func (s *Store) DropView(ctx context.Context, who Who, name string) error {
	if _, err := s.pool.Exec(ctx, dropViewSQL, who.Name, viewTitle(name)); err != nil {
		return fmt.Errorf("caselist: drop view: %w", err)
	}
	return nil
}

func viewTitle(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	return strings.Join(strings.Fields(name), " ")
}
