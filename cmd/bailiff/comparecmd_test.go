package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/restored"
	"robotbailiff/internal/sandbox"
	"robotbailiff/rules/money"
)

// strangeArrest lets a bank of the sandbox hold a tenge that nobody ordered, and gives the bank's name.
func strangeArrest(t *testing.T, s *shell) string {
	t.Helper()
	world, err := silentWorld(t.Context(), s.pool)
	if err != nil {
		t.Fatal(err)
	}
	id := engine.OrderID(260009999, engine.Lift, 1) // no arrest's id
	for n := range 50 {
		for name, b := range world.Banks() {
			iin := iin(n)
			at, err := b.Accounts(t.Context(), []string{iin})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range at[iin] {
				if a.Kind != orders.KindCurrent || !a.Available.IsPositive() {
					continue
				}
				one := money.FromTiyn(100)
				if _, err := b.Submit(t.Context(), []orders.Instruction{{
					ID: id, CaseID: 260009999, Purpose: engine.Arrest, IIN: iin, Amount: one, Parts: []orders.Part{{Account: a.ID, Amount: one}},
				}}); err != nil {
					t.Fatal(err)
				}
				return name
			}
		}
	}
	t.Fatal("no bank of the sandbox has an account with money")
	return ""
}

// ends runs a command and expects an exit status.
func (s *shell) ends(status int, args ...string) {
	s.t.Helper()
	if got, out, told := s.run(args...); got != status {
		s.t.Fatalf("%v ended with %d, want %d\n%s%s", args, got, status, out, told)
	}
}

func TestCompare_showsAndLiftsWhatNobodyOrdered(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if err := sandbox.Install(t.Context(), s.pool); err != nil {
		t.Fatal(err)
	}
	var r compareReport
	s.want(exitDone, &r, "compare")
	if len(r.Banks) < 2 || len(r.Findings) != 0 {
		t.Fatalf("untouched: %+v", r)
	}
	bank := strangeArrest(t, s)
	r = compareReport{}
	s.want(exitFailed, &r, "compare", "--bank", bank)
	if len(r.Banks) != 1 || r.Banks[0].Holds != 1 || len(r.Findings) != 1 || r.Findings[0].Kind != orders.KindOrphan || r.Findings[0].Proposal != "lift" || r.Findings[0].Ordered {
		t.Fatalf("%+v", r)
	}
	s.ends(exitUsage, "compare", "lift", "1", "--as", "a")
	s.ends(exitUsage, "compare", "--bank", "nobody")
	s.ends(exitUsage, "compare", "lift", "x")
	s.ends(exitDone, "compare", "lift", "1", "--as", "a", "--reason", "asked the bank")
	s.ends(exitFailed, "compare", "lift", "1", "--as", "a", "--reason", "again")
	r = compareReport{}
	s.want(exitDone, &r, "compare")
	if len(r.Findings) != 0 {
		t.Errorf("%+v", r)
	}
	var c checkReport
	s.want(exitFailed, &c, "check")
	unknown := slices.DeleteFunc(c.Violations, func(v foundViolation) bool { return v.ID != "INV-A6" })
	if len(unknown) != 1 { // the arrest is nobody's, the lift is ours
		t.Errorf("%+v", c.Violations)
	}
}

func TestRestored_needsTwoPeople(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if err := sandbox.Install(t.Context(), s.pool); err != nil {
		t.Fatal(err)
	}
	var r restoredReport
	s.want(exitDone, &r, "restored")
	if r.Restore != nil {
		t.Fatalf("%+v", r)
	}
	s.want(exitDone, &r, "restored", "declare", "--as", "Admin")
	if r.Restore == nil || r.Restore.NoticedBy != restored.ByPerson || r.Restore.Actor != "admin" {
		t.Fatalf("%+v", r)
	}
	s.ends(exitUsage, "restored", "release", "--as", "a", "--reason", "looked")
	s.ends(exitFailed, "restored", "release", "--money-read", "--as", "a", "--reason", "looked")
	s.ends(exitDone, "compare")
	s.ends(exitUsage, "restored", "release", "--money-read", "--as", "a")
	s.ends(exitDone, "restored", "release", "--money-read", "--as", "a", "--reason", "looked")
	s.ends(exitFailed, "restored", "release", "--money-read", "--as", "A", "--reason", "looked")
	r = restoredReport{}
	s.want(exitDone, &r, "restored", "release", "--money-read", "--as", "b", "--reason", "looked")
	if r.Restore == nil || r.Restore.ReleasedAt == nil {
		t.Fatalf("%+v", r)
	}
	var on bool
	if err := s.pool.QueryRow(t.Context(), `SELECT NOT EXISTS (SELECT 1 FROM restores WHERE released_at IS NULL)`).Scan(&on); err != nil || !on {
		t.Errorf("coercion is on: %t, %v", on, err)
	}
	s.ends(exitUsage, "restored", "undo")
}

// The mark lies beside the key and survives the process; one that is broken stops everything until somebody has looked.
func TestMark_liesBesideTheKey(t *testing.T) {
	s := newShell(t)
	dir := t.TempDir()
	t.Setenv("BAILIFF_MARK_FILE", "")
	t.Setenv("BAILIFF_SECRET_FILE", filepath.Join(dir, "secret.key"))
	now := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	for range 2 {
		m, err := openMark()
		if err != nil {
			t.Fatal(err)
		}
		if r, err := m.Beat(t.Context(), s.pool, now); r != nil || err != nil {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	s.exec(`UPDATE instance SET beat = 0`)
	m, err := openMark()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := m.Beat(t.Context(), s.pool, now); r == nil || err != nil {
		t.Fatalf("an older copy was not noticed: %v", err)
	}
	if r, err := m.Beat(t.Context(), s.pool, now); r != nil || err != nil {
		t.Fatalf("noticed again: %+v, %v", r, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mark.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Beat(t.Context(), s.pool, now); err == nil {
		t.Error("a broken mark was overwritten")
	}
}
