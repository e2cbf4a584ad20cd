package sheet

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// LibreOffice opens both files as it would for an operator, reckons whatever is a formula to it, and writes what it sees: zeros that lead and
// every letter are there, long numbers have all digits, and nothing was reckoned.
func TestOffice_seesWhatWasWritten(t *testing.T) {
	t.Parallel()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("soffice is missing, so nothing opens the files here")
		}
		t.Skip("no soffice here")
	}
	attacks := []string{"=1+1", "+1+1", "-1+1", "@SUM(1;1)", " =1+1", "\u00a0=1+1", "\t=1+1", "=HYPERLINK(\"http://127.0.0.1/\";\"x\")", "=WEBSERVICE(\"http://127.0.0.1/\")", "=cmd|' /C calc'!A0", "a\n=1+1"}
	dir := t.TempDir()
	write := func(name string, f func(rows [][]Cell) ([]byte, error)) {
		t.Helper()
		rows := append([][]Cell{}, sample...)
		for _, a := range attacks {
			rows = append(rows, texts("26-0000015-7", a, "1", "1"))
		}
		body, err := f(rows)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), body, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("a.csv", func(rows [][]Cell) ([]byte, error) {
		var out bytes.Buffer
		_, err := CSV(&out, table(rows...))
		return out.Bytes(), err
	})
	write("b.xlsx", func(rows [][]Cell) ([]byte, error) {
		var out bytes.Buffer
		_, err := XLSX(&out, table(rows...))
		return out.Bytes(), err
	})
	for _, x := range []struct{ in, filter, doc string }{
		{"a.csv", "--infilter=Text - txt - csv (StarCalc):59,34,76,1,,1049", "№ 0026160000017"}, // ; and UTF-8, read as Russian, so that a comma is decimal
		{"b.xlsx", "", "0026160000017"},
	} {
		out := filepath.Join(dir, "out-"+x.in)
		args := []string{"--headless", "-env:UserInstallation=file://" + filepath.Join(dir, "profile"), "--convert-to", `csv:Text - txt - csv (StarCalc):59,34,76,1,,1049,false,false,false`, "--outdir", out, filepath.Join(dir, x.in)}
		if x.filter != "" {
			args = append([]string{x.filter}, args...)
		}
		said, err := exec.CommandContext(t.Context(), soffice, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		made, err := os.ReadFile(filepath.Join(out, strings.TrimSuffix(x.in, filepath.Ext(x.in))+".csv"))
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(made, []byte("\ufeff"))))
		r.Comma = ';'
		got, err := r.ReadAll()
		if err != nil || len(got) != 1+len(sample)+len(attacks) {
			t.Fatalf("%s: %d rows, %v:\n%s", x.in, len(got), err, made)
		}
		long := strings.Replace(x.doc, "0026160000017", "123456789012345678", 1)
		want := [][]string{{"№", "Аты-жөні", "Құжат", "Сома"}, {"26-0000012-3", "Ә.Ғ.Қ.Ң.Ө.Ұ.Ү.Һ.І.", x.doc, "20155.5"}, {"26-0000013-1", "'=HYPERLINK(\"http://x\";\"y\")", long, "0.07"}, {"26-0000014-9", "О;\"К\"", "A-07/1", "100000000000.01"}}
		if diff := cmp.Diff(want, got[:4]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", x.in, diff)
		}
		for i, a := range attacks {
			if seen := got[1+len(sample)+i][1]; seen != Harmless(a) && strings.TrimSpace(seen) != Harmless(a) {
				t.Errorf("%s: %q is seen as %q, want %q", x.in, a, seen, Harmless(a))
			}
		}
	}
}
