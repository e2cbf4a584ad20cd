package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/caseno"
	"robotbailiff/notify"
)

// A letter is put where the hybrid-mail provider fetches it, for the case that is named alone, and what the post says starts the term.
func TestServe_aRoundByPost(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BAILIFF_LETTERS", dir)
	t.Setenv("BAILIFF_LETTERS_SENDER", "Әділет департаменті, Астана")
	s := durableShell(t)
	ids := s.cases(2)
	t.Setenv("BAILIFF_LETTERS_ONLY", caseno.Format(ids[0]))
	for _, id := range ids {
		sealed := s.parts().keys.Seal([]byte("010000, г. Астана, ул. Абая, д. 1"), intake.SealedAddress)
		s.exec(`UPDATE debtors d SET address_sealed = $1 FROM cases c WHERE c.debtor_id = d.id AND c.id = $2`, sealed, id)
		s.exec(`UPDATE cases SET mail = true WHERE id = $1`, id)
	}
	s.exec(`DELETE FROM notices WHERE channel = 'push'`)
	s.exec(`UPDATE notices SET channel = 'letter', expires_at = created_at + interval '14 days'`)
	s.serves("--pulse", "50ms")
	ref := notify.Ref(ids[0], 1, notify.Letter)
	one := func(sql string, args ...any) (text string) {
		if err := s.pool.QueryRow(t.Context(), sql, args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	const states = `SELECT string_agg(status || ' ' || detail, ', ' ORDER BY case_id) FROM notices`
	for one(states) != "sent , failed trial" { // the test's own limit ends the wait
		time.Sleep(20 * time.Millisecond)
	}
	pdf, err := filepath.Glob(filepath.Join(dir, "out", "*", ref+".pdf"))
	if err != nil || len(pdf) != 1 {
		t.Fatalf("%v, %v", pdf, err)
	}
	register, err := os.ReadFile(filepath.Join(filepath.Dir(pdf[0]), "register.csv"))
	if err != nil || strings.Count(string(register), "\n") != 2 || !strings.Contains(string(register), ref+","+caseno.Format(ids[0])+",ru,") {
		t.Errorf("%s, %v", register, err)
	}
	answer := "id,tracking_number,status,time\n" + ref + ",KZ0001,delivered,2026-03-02 09:00\n"
	if err := os.WriteFile(filepath.Join(dir, "in", "answers.csv"), []byte(answer), 0o600); err != nil {
		t.Fatal(err)
	}
	for one(states) != "delivered , failed trial" {
		time.Sleep(20 * time.Millisecond)
	}
	if got := one(`SELECT state || ' ' || notified_on FROM cases WHERE id = $1`, ids[0]); got != "notified 2026-03-02" {
		t.Error(got)
	}
	if got := one(`SELECT provider_ref FROM notices WHERE case_id = $1`, ids[0]); got != "KZ0001" {
		t.Error(got)
	}
}

func TestServe_saysWhichLetterSettingIsWrong(t *testing.T) {
	s := durableShell(t)
	for _, c := range []struct{ dir, only, says string }{
		{filepath.Join(t.TempDir(), "nowhere"), "26-0000001-4", "BAILIFF_LETTERS names a folder that exists"},
		{t.TempDir(), "", "BAILIFF_LETTERS_ONLY says who may get messages"},
		{t.TempDir(), "everybody", "a sandbox never goes live"},
	} {
		t.Setenv("BAILIFF_LETTERS", c.dir)
		t.Setenv("BAILIFF_LETTERS_ONLY", c.only)
		if status, _, stderr := s.run("serve", "--addr", "127.0.0.1:0"); status != exitUsage || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: %d %s", c.says, status, stderr)
		}
	}
}
