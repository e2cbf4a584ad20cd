package desk

import (
	"slices"
	"testing"

	app "robotbailiff/internal/app/desk"
)

// A route without a row, a row without a route, and a right that nobody is granted stop the program.
func TestRights_denyByDefault(t *testing.T) {
	t.Parallel()
	var patterns []string
	for _, r := range Routes {
		patterns = append(patterns, r.Pattern)
	}
	if _, err := rights(patterns); err != nil {
		t.Fatal(err)
	}
	if _, err := rights(append(slices.Clone(patterns), "GET /desk/new")); err == nil {
		t.Error("a route has no row, and the desk opens")
	}
	if _, err := rights(patterns[1:]); err == nil {
		t.Error("a row has no route, and the desk opens")
	}
	if need, _ := rights(patterns); May(anyOne(), need["GET /desk/new"]) {
		t.Error("what is in no table is allowed")
	}
}

func anyOne() app.Actor { return app.Actor{Name: "desk:all", Roles: app.Roles} }
