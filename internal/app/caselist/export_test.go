package caselist

// Statement is one statement, for tests that look at its plan.
type Statement struct {
	SQL  string
	Args []any
}

// Statements gives the two statements of a walk.
func Statements(f Filter) map[string]Statement {
	w := walk{f: f, from: f.After, scan: scanCases, most: PageSize + 1}
	out := map[string]Statement{}
	for name, make := range map[string]func() (string, []any){"walk": w.sql, "end": w.end} {
		sql, args := make()
		out[name] = Statement{sql, args}
	}
	return out
}
