package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImport_givesEveryRowAVerdict(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.file("court.csv", batchRow(0, "20155.00"), batchRow(1, "90000.00"), batchRow(2, "100.00"), batchRow(2, "100.00"), batchRow(0, "1.00"))
	var dry importReport
	s.want(exitFailed, &dry, "import", file, "--dry-run", "--lang", "en")
	if !dry.DryRun || dry.Rows != 5 || dry.Accepted != 2 {
		t.Errorf("dry: %+v", dry)
	}
	var r importReport
	s.want(exitFailed, &r, "import", file, "--lang", "en")
	if r.Rows != 5 || r.Accepted != 2 || r.Duplicate != 1 || r.Rejected != 1 || r.Quarantined != 1 || len(r.Files) != 0 {
		t.Errorf("%+v", r)
	}
	want := map[int]string{3: "above_threshold", 5: "duplicate", 6: "conflict"}
	for _, e := range r.Errors {
		if want[e.Row] != e.Code || e.Message == "" || e.File != "" {
			t.Errorf("%+v", e)
		}
		delete(want, e.Row)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
	// the same file again is no failure: there is nothing to do
	s.want(exitDone, &r, "import", file)
	if r.Duplicate != 5 || r.Accepted != 0 {
		t.Errorf("again: %+v", r)
	}
	status, out, _ := s.run("import", s.file("more.csv", batchRow(7, "90000.00")), "--lang", "ru")
	if status != exitFailed || !strings.Contains(out, "row 2: above_threshold (amount): Сумма выше порога") {
		t.Errorf("%d %s", status, out)
	}
}

func TestImport_sumsSeveralFiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	good := s.file("good.csv", batchRow(0, "20155.00"), batchRow(1, "20155.00"))
	broken := filepath.Join(t.TempDir(), "broken.csv")
	if err := os.WriteFile(broken, []byte("one,two\n1,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing.csv")
	last := s.file("last.csv", batchRow(2, "20155.00"))
	var r importReport
	s.want(exitFailed, &r, "import", good, broken, missing, t.TempDir(), last)
	if r.Rows != 3 || r.Accepted != 3 || len(r.Files) != 5 || len(r.Errors) != 3 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []struct{ file, code string }{{broken, "header_unknown"}, {missing, codeUnreadable}} {
		if e := r.Errors[i]; e.File != want.file || e.Code != want.code && !strings.HasPrefix(e.Code, "header_") || e.Message == "" {
			t.Errorf("%+v, want %+v", e, want)
		}
	}
	status, out, errs := s.run("import", broken, missing)
	if status != exitFailed || strings.Contains(out, "broken.csv") || !strings.Contains(errs, broken+": header_") || !strings.Contains(errs, missing+": file_unreadable: there is no such file") {
		t.Errorf("%d\n%s\n%s", status, out, errs)
	}
}

// Standard input is one for the whole process, so this test is not parallel.
func TestImport_readsStandardInput(t *testing.T) {
	s := newShell(t)
	for _, pipe := range []bool{false, true} {
		row := batchRow(3, "20155.00")
		if pipe {
			row = batchRow(4, "20155.00")
		}
		in, err := os.Open(s.file("in.csv", strings.Replace(row, "court-7101", "", 1)))
		if err != nil {
			t.Fatal(err)
		}
		if pipe {
			text, err := os.ReadFile(in.Name())
			if err != nil {
				t.Fatal(err)
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(text); err != nil { // it fits into the pipe
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			in = r
		}
		was := os.Stdin
		os.Stdin = in
		var rep importReport
		func() {
			defer func() { os.Stdin = was }()
			s.want(exitDone, &rep, "import", "-", "--source", "court-7101")
		}()
		if rep.Accepted != 1 {
			t.Errorf("pipe %v: %+v", pipe, rep)
		}
	}
}
