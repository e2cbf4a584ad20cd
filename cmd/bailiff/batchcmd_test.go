package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
)

func TestBatch_twoPeopleLetItIn(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var rows []string
	for i := range 10 {
		amount := "20155.00"
		if i < 3 {
			amount = "0"
		}
		rows = append(rows, batchRow(i, amount))
	}
	file := s.file("court.csv", rows...)
	var r importReport
	s.want(exitFailed, &r, "import", file, "--lang", "en")
	if r.Rows != 10 || r.Accepted != 7 || r.Rejected != 3 || len(r.Waiting) != 1 || len(r.Errors) != 3 {
		t.Fatalf("%+v", r)
	}
	id := fmt.Sprint(r.Waiting[0].Batch)
	if _, out, _ := s.run("import", file, "--lang", "en"); !strings.Contains(out, "3 of 10 rows would be rejected") || !strings.Contains(out, "bailiff batch release "+id) {
		t.Errorf("does not say what to do:\n%s", out)
	}
	var list struct{ Batches []intake.Batch }
	s.want(exitDone, &list, "batch", "list", "--state", "waiting")
	if len(list.Batches) != 1 || list.Batches[0].State != intake.StateWaiting {
		t.Errorf("%+v", list)
	}
	var b batchReport
	if status, _, errs := s.run("batch", "release", id, "--as", "aigul"); status != exitUsage || !strings.Contains(errs, "--reason") {
		t.Errorf("%d %s", status, errs)
	}
	s.want(exitDone, &b, "batch", "release", id, "--as", "aigul", "--reason", "asked the court")
	if b.State != intake.StateWaiting || b.Proposal == nil {
		t.Errorf("%+v", b)
	}
	if status, _, errs := s.run("batch", "release", id, "--as", "Aigul", "--reason", "me again"); status != exitFailed || !strings.Contains(errs, "same_person") {
		t.Errorf("%d %s", status, errs)
	}
	s.want(exitDone, &b, "batch", "release", id, "--as", "bolat", "--reason", "agreed")
	if b.State != intake.StateDone || b.Accepted != 7 || len(b.Acts) != 2 || len(b.Errors) != 3 {
		t.Errorf("%+v", b)
	}
	if status, out, _ := s.run("batch", "show", id, "--lang", "en"); status != exitDone || !strings.Contains(out, "released") || !strings.Contains(out, "by bolat: agreed") {
		t.Errorf("%d %s", status, out)
	}
	for _, wrong := range [][]string{{"batch"}, {"batch", "show"}, {"batch", "show", "x"}, {"batch", "melt", "1"}} {
		if status, _, _ := s.run(wrong...); status != exitUsage {
			t.Errorf("%v ended with %d", wrong, status)
		}
	}
}

func TestBatch_onePersonSendsItAway(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var rows []string
	for range 11 {
		rows = append(rows, batchRow(0, "20155.00"))
	}
	var r importReport
	s.want(exitFailed, &r, "import", s.file("twice.csv", rows...))
	if len(r.Waiting) != 1 || r.Duplicate != 10 {
		t.Fatalf("%+v", r)
	}
	var b batchReport
	s.want(exitDone, &b, "batch", "reject", fmt.Sprint(r.Waiting[0].Batch), "--as", "aigul", "--reason", "one row eleven times")
	if b.State != intake.StateRejected {
		t.Errorf("%+v", b)
	}
}

// Without a proof that asks for it a signature is kept out of the way; one that cannot be read is an error.
func TestImport_signatureFile(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	file := s.file("a.csv", batchRow(0, "20155.00"))
	p7s := filepath.Join(t.TempDir(), "a.p7s")
	if status, _, _ := s.run("import", file, "--signature", p7s); status != exitFailed {
		t.Errorf("ended with %d", status)
	}
	if err := os.WriteFile(p7s, []byte("0"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.run("import", file, file, "--signature", p7s); status != exitUsage {
		t.Errorf("ended with %d", status)
	}
	var r importReport
	s.want(exitDone, &r, "import", file, "--signature", p7s)
	if r.Accepted != 1 {
		t.Errorf("%+v", r)
	}
}
