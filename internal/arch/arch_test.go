package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "robotbailiff/"

// pkg is what go list tells of one package.
type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string // by its code
	Deps       []string // by its code, directly and through others
	GoFiles    []string
}

func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, module) }

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,Imports,Deps,GoFiles", "../../...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &stderr)
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// below reports whether path is one of the folders or lies below one.
func below(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

var (
	domains  = []string{"engine", "notify", "payments"}
	outer    = []string{"internal/jobs", "internal/app", "internal/web", "internal/sandbox", "internal/testkit", "cmd"}
	adapters = []string{"notify/channel", "payments/source", "engine/orders/bankapi"}
	kit      = []string{"internal/pg", "internal/clock", "internal/seal", "internal/webhook", "internal/outcall"}
	pure     = []string{"internal/caseno", "internal/person", "internal/strictjson", "internal/xmlscan", "internal/cms"} // they work on what they are handed, and nothing else
)

const (
	river = "github.com/riverqueue"
	web   = "net/http"
)

// violations says what is wrong with the imports of one package, each with its reason.
func violations(p pkg) []string {
	from := p.path()
	var wrong []string
	deny := func(why string, bad func(path string) bool) {
		for _, imported := range p.Imports {
			if bad(strings.TrimPrefix(imported, module)) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s: %s", from, strings.TrimPrefix(imported, module), why))
			}
		}
	}
	ours := func(path string) bool { return slices.Contains(p.Imports, module+path) }

	if below(from, "rules") {
		deny("the rules are pure and know nothing of this module but themselves", func(path string) bool {
			return ours(path) && !below(path, "rules")
		})
		deny("the rules read no network, no files, no database and no process", func(path string) bool {
			return below(path, "net", "os/exec", "database/sql", "github.com/jackc", river)
		})
	}
	for _, domain := range domains {
		if !below(from, domain) {
			continue
		}
		deny("the three domains never import each other; internal/jobs is the only bridge", func(path string) bool {
			return !below(path, domain) && below(path, domains...)
		})
		deny("domains do not know the job queue; they record what has to be done", func(path string) bool {
			return below(path, river)
		})
		deny("dependencies point inwards, from cmd to rules", func(path string) bool { return below(path, outer...) })
		deny("a domain may use of internal only pg, clock, seal, webhook and outcall (and caseno, person, strictjson, xmlscan and cms, which are pure)", func(path string) bool {
			return below(path, "internal") && !below(path, outer...) && !below(path, kit...) && !below(path, pure...)
		})
		if !below(from, adapters...) {
			deny("only adapters to channels, sources and banks speak HTTP", func(path string) bool { return below(path, web) })
		}
	}
	if below(from, "internal/app") {
		deny("use cases know neither the job queue nor HTTP", func(path string) bool { return below(path, river, web) })
		deny("internal/app and internal/jobs are joined in cmd only", func(path string) bool { return below(path, "internal/jobs", "internal/web") })
	}
	if below(from, "internal/jobs") {
		deny("internal/app and internal/jobs are joined in cmd only", func(path string) bool { return below(path, "internal/app", "internal/web") })
	}
	if below(from, kit...) || below(from, pure...) || below(from, "internal/oidc") {
		deny("the kit is below everything else", func(path string) bool {
			return below(path, domains...) || below(path, outer...) || below(path, "migrations", "rules")
		})
	}
	if below(from, "internal/giveway") {
		deny("it touches processes, and nothing of this module", ours)
	}
	if below(from, "internal/paper") {
		deny("paper lays out what it is given: it asks neither the domains nor the world", func(path string) bool {
			return below(path, domains...) || below(path, outer...) || below(path, kit...) || below(path, "net", "os", "database/sql", "github.com/jackc", river)
		})
	}
	if !below(from, "cmd", "internal/sandbox", "internal/testkit") {
		deny("the sandbox is wired in by cmd alone, so that no production path can reach it", func(path string) bool {
			return below(path, "internal/sandbox")
		})
	}
	if !below(from, "internal/testkit") {
		deny("testkit is for tests", func(path string) bool { return below(path, "internal/testkit") })
	}
	return wrong
}

func TestImports_pointInwards(t *testing.T) {
	t.Parallel()
	all := list(t)
	if len(all) < 5 {
		t.Fatalf("go list shows only %d packages", len(all))
	}
	for _, p := range all {
		for _, v := range violations(p) {
			t.Error(v)
		}
	}
}

func TestPrograms_linkNoTestCode(t *testing.T) {
	t.Parallel()
	// "testing" itself is not in the list: the library that fetches PostgreSQL binaries imports it in its own code.
	for _, p := range list(t) {
		if !below(p.path(), "cmd") {
			continue
		}
		for _, dep := range p.Deps {
			path := strings.TrimPrefix(dep, module)
			if below(path, "internal/testkit", "go.uber.org/goleak", "pgregory.net/rapid", "github.com/google/go-cmp") {
				t.Errorf("%s links %s, which is for tests only", p.path(), path)
			}
		}
	}
}

// TestViolations_areSeen guards the guard: a rule that nobody can break has no force.
func TestViolations_areSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, imported string
		ok             bool
	}{
		{"engine", module + "rules/money", true},
		{"engine", module + "internal/pg", true},
		{"engine/intake", module + "engine", true},
		{"engine", module + "payments", false},
		{"notify/text", module + "engine", false},
		{"payments/match", module + "notify/channel/sms", false},
		{"engine", river + "/river", false},
		{"engine", web, false},
		{"engine", "net/http/httptrace", false},
		{"notify/channel/sms", web, true},
		{"payments/source/gateway", web, true},
		{"engine/orders/bankapi", web, true},
		{"engine/orders", web, false},
		{"engine/orders/bankapi", module + "internal/outcall", true},
		{"internal/outcall", module + "notify", false},
		{"internal/strictjson", module + "engine", false},
		{"payments", web, false},
		{"engine", module + "internal/jobs", false},
		{"engine", module + "internal/obs", false},
		{"engine", module + "internal/app/desk", false},
		{"rules/pack", module + "rules/calendar", true},
		{"rules", module + "internal/clock", false},
		{"rules", "net/url", false},
		{"internal/app/desk", river + "/river", false},
		{"internal/app/desk", web, false},
		{"internal/app", module + "internal/jobs", false},
		{"internal/jobs", module + "internal/app", false},
		{"internal/jobs", river + "/river", true},
		{"internal/web/desk", module + "internal/app/desk", true},
		{"internal/web/desk", module + "internal/sandbox", false},
		{"internal/web/desk", module + "internal/testkit", false},
		{"internal/pg", module + "engine", false},
		{"internal/oidc", module + "internal/outcall", true},
		{"internal/oidc", module + "internal/app/desk", false},
		{"notify", module + "internal/oidc", false},
		{"internal/paper", module + "internal/i18n", true},
		{"internal/paper", module + "notify", false},
		{"internal/paper", module + "internal/clock", false},
		{"internal/paper", "os", false},
		{"engine", module + "internal/paper", false},
		{"internal/app/desk", module + "internal/paper", true},
		{"cmd/bailiff", module + "internal/sandbox", true},
		{"cmd/bailiff", module + "internal/testkit", false},
	} {
		got := violations(pkg{ImportPath: module + c.from, Imports: []string{c.imported}})
		if (len(got) == 0) != c.ok {
			t.Errorf("%s imports %s: %q", c.from, c.imported, got)
		}
	}
}
