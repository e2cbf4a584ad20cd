package pack_test

import (
	"maps"
	"strings"
	"testing"

	"robotbailiff/rules/pack"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	own := pack.Default()
	if d := pack.Diff(own, own); len(d) != 0 {
		t.Errorf("a pack differs from itself: %v", d)
	}
	files := maps.Clone(own.Files())
	files["term.yaml"] = []byte("# a remark moves every line and changes nothing\n" + strings.Replace(string(files["term.yaml"]), "value: 30\n", "value: 31\n", 1))
	other, err := pack.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	d := pack.Diff(own, other)
	if len(d) != 1 || d[0].Old == nil || d[0].New == nil || d[0].Key != pack.KeyTerm || d[0].New.Value == d[0].Old.Value {
		t.Fatalf("%+v", d)
	}
	if back := pack.Diff(other, own); len(back) != 1 || back[0].New.Value != d[0].Old.Value {
		t.Errorf("%+v", back)
	}
}
