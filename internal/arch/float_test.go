package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestMoney_isNeverAFloat looks for the types where amounts and terms are decided. A float
// cannot hold 0.1 tenge, so it has no place there, not even for a ratio.
func TestMoney_isNeverAFloat(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		if !below(p.path(), "rules", "engine", "payments") {
			continue
		}
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, found := range floats(parsed) {
				at := fset.Position(found.Pos())
				t.Errorf("%s/%s:%d uses %s: amounts are money.Amount, rates are money.Rate", p.path(), name, at.Line, text(found))
			}
		}
	}
}

// floats finds float types and the decimal library's ways through a float.
func floats(file *ast.File) []ast.Node {
	var found []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			if x.Name == "float32" || x.Name == "float64" {
				found = append(found, x)
			}
		case *ast.SelectorExpr:
			if strings.Contains(x.Sel.Name, "Float") && x.Sel.Name != "SetFloat" {
				found = append(found, x.Sel)
			}
		}
		return true
	})
	return found
}

func text(n ast.Node) string {
	if id, ok := n.(*ast.Ident); ok {
		return id.Name
	}
	return "a float"
}

func TestFloats_areSeen(t *testing.T) {
	t.Parallel()
	const source = `package x
func f(a float64) { d.InexactFloat64(); decimal.NewFromFloat(1.5); var b []float32 }`
	parsed, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(floats(parsed)); got != 4 {
		t.Errorf("%d found", got)
	}
}
