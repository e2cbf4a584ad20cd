package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Role is what a person is at the desk. A person may have several.
type Role string

// The roles. The words are stable: they are stored, and written in configurations.
const (
	Viewer        Role = "viewer"        // looks at cases, and does nothing
	Operator      Role = "operator"      // handles cases
	Supervisor    Role = "supervisor"    // handles cases, and is the second person where two are needed
	Finance       Role = "finance"       // handles money
	Auditor       Role = "auditor"       // reads everything, and changes nothing
	Administrator Role = "administrator" // people, configuration and the switch
)

// Roles lists them, in the order in which they are shown.
var Roles = []Role{Viewer, Operator, Supervisor, Finance, Auditor, Administrator}

// ParseRole reads a role.
func ParseRole(s string) (Role, bool) {
	r := Role(s)
	return r, slices.Contains(Roles, r)
}

// Actor is who asks. The zero actor may do nothing.
type Actor struct {
	Name    string
	Roles   []Role
	Regions []string // two-digit codes of those whose cases he sees; nil: of all
	NoKeys  bool     // he does not want single keys to do anything
	Proved  bool     // he has shown who he is within [ProvedFor]
}

// Errors of what an actor may not do.
var (
	// ErrWholeCountry says that something concerns cases of all regions, and the actor has only some.
	ErrWholeCountry = errors.New("desk: this concerns all regions")
	// ErrSecond says that the second of two words has to be a supervisor's.
	ErrSecond = errors.New("desk: the second word is a supervisor's")
)

// Is says whether an actor has one of some roles.
func (a Actor) Is(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(a.Roles, r) })
}

// Sees says whether an actor sees the cases of a region.
func (a Actor) Sees(region string) bool {
	return a.Regions == nil || slices.Contains(a.Regions, region)
}

// Whole says whether an actor sees the cases of all regions.
func (a Actor) Whole() bool { return a.Regions == nil }

func (a Actor) check() error {
	if a.Name == "" {
		return ErrSignedOut
	}
	return nil
}

// whole lets only those through who see all regions: for what is of no single one.
func (a Actor) whole() error {
	if err := a.check(); err != nil {
		return err
	}
	if !a.Whole() {
		return ErrWholeCountry
	}
	return nil
}

// second lets the second of two words pass only from a supervisor. A person who says his own word again is refused by the domain.
func (a Actor) second(first string) error {
	if first != "" && first != a.Name && !a.Is(Supervisor) {
		return ErrSecond
	}
	return nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// inScope is the condition on cases c by which a query of a list takes only those that an actor sees. Its argument n is his Regions: NULL
// takes all.
func inScope(n int) string {
	return fmt.Sprintf(`($%[1]d::text[] IS NULL OR c.region = ANY ($%[1]d))`, n)
}

var seenSQL = `SELECT c.id FROM cases c WHERE c.id = ANY ($1) AND ` + inScope(2)

// scope gives those of some cases that an actor sees. A case that does not exist is seen by nobody.
func scope(ctx context.Context, q querier, actor Actor, ids ...int64) (seen map[int64]bool, err error) {
	rows, err := q.Query(ctx, seenSQL, ids, actor.Regions)
	if err != nil {
		return nil, fmt.Errorf("desk: regions: %w", err)
	}
	seen = map[int64]bool{}
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { seen[id] = true; return nil })
	return seen, err
}

// outOfScope says that an actor does not see one of some cases, in the words none: as if it did not exist.
func outOfScope(ctx context.Context, q querier, actor Actor, none error, ids ...int64) error {
	if actor.Whole() {
		return nil
	}
	seen, err := scope(ctx, q, actor, ids...)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !seen[id] {
			return none
		}
	}
	return nil
}
