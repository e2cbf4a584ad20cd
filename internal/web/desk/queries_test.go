package desk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"robotbailiff/internal/web/desk"
)

// address is a page with a query.
type address struct {
	pattern, query string
	slice          bool // it is tried in CI too
}

// queried are the addresses whose pages read what stands behind the question mark, each with a value for everything that it reads. sqlmap tries them
// all; the words in capitals are filled in.
var queried = []address{
	{"GET /desk/{$}", "region=75&period=custom&from=2026-03-01&to=2026-03-10", false},
	{"GET /desk/deadlines", "kind=hand_over&region=75&day=2026-03-20&from=2026-03-20&after=1", false},
	{"GET /desk/robot", "kind=orders.send&queue=orders&state=retryable&about=12&before=99", false},
	{"GET /desk/cases", "state=open&region=75&source=court&flag=hold&sort=sum&cols=sdr&opened_from=2026-01-01&opened_to=2026-12-31&left_from=1&left_to=50000", true},
	{"GET /desk/cases", "voluntary_from=2026-01-01&voluntary_to=2026-12-31&term_from=2026-01-01&term_to=2026-12-31&after=1.1", false},
	{"GET /desk/cases", "s=SEARCH&before=1.1", false},
	{"GET /desk/cases/{number}", "corrects=1", false},
	{"GET /desk/acts/new", "case=CASE&kind=hold&numbers=CASE", false},
	{"GET /desk/acts/{id}", "after=CASE", false},
	{"GET /desk/notices", "channel=sms&language=kk&days=7", false},
	{"GET /desk/work", "kind=objections&whose=free&after=1&from=2026-03-01T00:00:00Z", true},
	{"GET /desk/work/thing", "kind=objections&key=OBJECTION", false},
	{"GET /desk/imports", "source=court&state=done&before=99", false},
	{"GET /desk/imports/{id}/rows", "verdict=accepted&code=iin&after=1", false},
	{"GET /desk/texts/edit", "kind=opening&language=kk&case=CASE&kept=1", false},
	{"GET /desk/orders", "bank=bank", false},
	{"GET /desk/switch/stop", "scope=region:75", false},
	{"GET /desk/money/suspense", "after=1", false},
	{"GET /desk/money/refunds", "after=1", false},
	{"GET /desk/audit", "case=CASE&kind=paid&actor=robot&from=2026-01-01&to=2026-12-31&after=9.1.1", true},
	{"GET /desk/audit/acts", "person=desk:demo&room=cases&from=2026-01-01&to=2026-12-31&after=1.1.1", false},
	{"GET /desk/audit/access", "person=desk:demo&from=2026-01-01&to=2026-12-31&after=1.1.1", false},
	{"GET /desk/audit/chain", "before=9", false},
}

// notTried reads the query too, and says why sqlmap is not sent there.
var notTried = map[string]string{
	"GET /desk/live":             "a stream, which never ends; it reads numbers",
	"GET /desk/sign-in/provider": "leads away, to the provider; nothing of it comes to the database",
	"GET /desk/work/give":        "leads to the thing, which is tried",
	"GET /desk/work/review":      "leads to the thing, which is tried",
	"GET /desk/sign-in/return":   "takes what a provider has signed",
}

// Every page that reads the query of its address is tried.
func TestQueries_everyPageThatReadsOne(t *testing.T) {
	t.Parallel()
	readers := queryReaders(t)
	for _, x := range queried {
		if !slices.Contains(readers, x.pattern) {
			t.Errorf("%s is tried, and its page reads no query", x.pattern)
		}
	}
	for pattern := range notTried {
		if !slices.Contains(readers, pattern) {
			t.Errorf("%s is left out, and its page reads no query", pattern)
		}
	}
	for _, pattern := range readers {
		tried := slices.ContainsFunc(queried, func(x address) bool { return x.pattern == pattern })
		if tried == (notTried[pattern] != "") {
			t.Errorf("%s reads a query: tried %v, left out %q", pattern, tried, notTried[pattern])
		}
	}
	if !slices.Contains(readers, "GET /desk/cases/{number}") { // it hands the request to what reads it
		t.Error("what reads a query is not found through calls")
	}
}

// queryReaders finds in the source which GET routes have a page that reads the query of the request, itself or by a function of this package that it
// hands the request to.
func queryReaders(t *testing.T) (patterns []string) {
	t.Helper()
	files, err := parser.ParseDir(token.NewFileSet(), ".", nil, 0) //nolint:staticcheck // one package without build tags is what is wanted
	must(t, err)
	reads, calls, routes := map[string]bool{}, map[string][]string{}, map[string][]string{}
	for name, file := range files["desk"].Files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				callee := last(call.Fun)
				switch {
				case callee == "Query" && written(call.Fun) == "r.URL.Query", callee == "FormValue" && written(call.Fun) == "r.FormValue":
					reads[f.Name.Name] = true
				case (callee == "route" || callee == "Handle") && len(call.Args) == 2:
					if pattern, ok := call.Args[0].(*ast.BasicLit); ok {
						path, err := strconv.Unquote(pattern.Value)
						must(t, err)
						ast.Inspect(call.Args[1], func(n ast.Node) bool {
							if sel, ok := n.(*ast.SelectorExpr); ok {
								routes[path] = append(routes[path], sel.Sel.Name)
							}
							return true
						})
					}
				case slices.ContainsFunc(call.Args, func(a ast.Expr) bool { return written(a) == "r" }):
					calls[f.Name.Name] = append(calls[f.Name.Name], callee)
				}
				return true
			})
		}
	}
	var reach func(name string, seen map[string]bool) bool
	reach = func(name string, seen map[string]bool) bool {
		if seen[name] || name == "inside" { // the way in is that of all pages
			return false
		}
		seen[name] = true
		return reads[name] || slices.ContainsFunc(calls[name], func(c string) bool { return reach(c, seen) })
	}
	for _, route := range desk.Routes {
		if strings.HasPrefix(route.Pattern, "GET ") && slices.ContainsFunc(routes[route.Pattern], func(f string) bool { return reach(f, map[string]bool{}) }) {
			patterns = append(patterns, route.Pattern)
		}
	}
	if len(routes) < 50 || len(patterns) == 0 {
		t.Fatalf("%d routes, %d that read", len(routes), len(patterns))
	}
	return patterns
}

// written gives a name as it stands in the source: r.URL.Query.
func written(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return written(x.X) + "." + x.Sel.Name
	case *ast.CallExpr:
		return written(x.Fun) + "()"
	}
	return ""
}

func last(e ast.Expr) string {
	s := written(e)
	return s[strings.LastIndex(s, ".")+1:]
}
