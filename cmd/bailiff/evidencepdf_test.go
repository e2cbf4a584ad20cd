package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/i18n"
	"robotbailiff/notify"
)

func TestEvidence_onPaperSaysWhatJSONSays(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(1)
	s.live(ids)
	number, dir := caseno.Format(ids[0]), t.TempDir()
	path := filepath.Join(dir, "pack.pdf")
	_, facts, _ := s.run("evidence", number, "--json")
	var r evidenceReport
	s.want(exitDone, &r, "evidence", number, "--pdf", path, "--lang", "kk")
	pdf, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("%v %q", err, pdf[:min(8, len(pdf))])
	}
	if r.Case != number || r.File != path || r.Bytes != len(pdf) || r.SHA256 != sumOf(pdf) || r.JSONSHA256 != sumOf([]byte(facts)) || r.JSONBytes != len(facts) {
		t.Errorf("%+v", r)
	}
	if r.ChainCheck.Result != audit.Intact || !strings.HasPrefix(r.JSONSHA256, strings.ReplaceAll(r.Check, "-", "")) {
		t.Errorf("%+v", r)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v: others may read it", err, info.Mode())
	}

	status, _, stderr := s.run("evidence", number, "--pdf", path)
	if kept, err := os.ReadFile(path); status != exitFailed || !strings.Contains(stderr, "--force") || err != nil || !bytes.Equal(kept, pdf) {
		t.Errorf("%d %s: a file was lost", status, stderr)
	}
	status, out, _ := s.run("evidence", number, "--pdf", path, "--lang", "kk", "--force")
	if again, err := os.ReadFile(path); status != exitDone || err != nil || !bytes.Equal(again, pdf) || !strings.Contains(out, r.SHA256) || !strings.Contains(out, r.JSONSHA256) {
		t.Errorf("%d %s: the same case at the same instant gave another paper", status, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v: half a file was left", err, left)
	}
	for _, args := range [][]string{{number, "--force"}, {number, "--pdf", path, "--lang", "uz"}} {
		if status, _, stderr := s.run(append([]string{"evidence"}, args...)...); status != exitUsage {
			t.Errorf("%v: %d %s", args, status, stderr)
		}
	}
	if status, _, stderr := s.run("evidence", number, "--pdf", filepath.Join(dir, "no", "pack.pdf")); status != exitFailed || !strings.Contains(stderr, "no such file") {
		t.Errorf("%d %s", status, stderr)
	}
	t.Run("text", func(t *testing.T) { paperHasNoSecret(t, s, path, number) })
	for _, args := range [][]string{{"--record"}, {"--pdf", path, "--record", "--as", " "}} {
		if status, _, stderr := s.run(append([]string{"evidence", number}, args...)...); status != exitUsage || !strings.Contains(stderr, "--as NAME") {
			t.Errorf("%v: %d %s", args, status, stderr)
		}
	}
	var recorded evidenceReport
	s.want(exitDone, &recorded, "evidence", number, "--pdf", filepath.Join(dir, "two.pdf"), "--lang", "kk", "--record", "--as", "auditor")
	if recorded.Recorded != 2 || recorded.SHA256 != r.SHA256 {
		t.Errorf("%+v", recorded)
	}
	var v evidenceView
	s.want(exitDone, &v, "evidence", number)
	if n := len(v.Chain); v.ChainCheck.Result != audit.Intact || n < 2 || v.Chain[n-1].Kind != engine.EvAttested || v.Chain[n-2].Kind != engine.EvAttested {
		t.Errorf("%+v", v.Chain)
	}
}

// paperHasNoSecret reads the paper with another program and looks for what must not be on it.
func paperHasNoSecret(t *testing.T, s *shell, path, number string) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is not on the PATH")
		}
		t.Skip("pdftotext is not installed (package poppler-utils), so the words on the paper were not read")
	}
	words, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := string(words)
	var v evidenceView
	s.want(exitDone, &v, "evidence", number)
	for _, want := range []string{number, "/p/…", v.Head, v.Notices[0].SHA256, v.Notices[0].Ref} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not on the paper", want)
		}
	}
	for _, secret := range []string{"Ахметов", iin(0), iin(20)} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is on the paper", secret)
		}
	}
}

func TestEvidence_seesABrokenChain(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	ids := s.cases(5)
	s.live(ids)
	for i, c := range []struct {
		sql string
		bad chainPlace
	}{
		{`UPDATE events SET data = jsonb_set(data::jsonb, '{amount}', '"1.00"') WHERE case_id = $1 AND seq = 1`, chainPlace{1, "the event is not what was written"}},
		{`DELETE FROM events WHERE case_id = $1 AND seq = 2`, chainPlace{2, "the event is missing"}},
		{`DELETE FROM events WHERE case_id = $1 AND seq = (SELECT max(seq) FROM events WHERE case_id = $1)`, chainPlace{0, "the event is missing"}},
		{`UPDATE cases SET head = decode(repeat('00', 32), 'hex') WHERE id = $1`, chainPlace{0, "the head of the case is not the hash of its last event"}},
		{`DELETE FROM events WHERE case_id = $1`, chainPlace{1, "the event is missing"}},
	} {
		s.exec(c.sql, ids[i])
		path := filepath.Join(t.TempDir(), "pack.pdf")
		var r evidenceReport
		s.want(exitFailed, &r, "evidence", caseno.Format(ids[i]), "--pdf", path)
		bad := r.ChainCheck.FirstBad
		if r.ChainCheck.Result != audit.Tampered || bad == nil || bad.Why != c.bad.Why || c.bad.Seq != 0 && bad.Seq != c.bad.Seq || bad.Seq < 1 {
			t.Errorf("%s: %+v %+v", c.sql, r.ChainCheck, bad)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: the pack is not there to say so: %v", c.sql, err)
		}
		if status, out, _ := s.run("evidence", caseno.Format(ids[i])); status != exitFailed || !strings.Contains(out, "TAMPERED") {
			t.Errorf("%s: %d %s", c.sql, status, out)
		}
	}
}

// What paper has no word for stands on it as a code, so every code that is known here has one.
func TestEvidence_hasWordsForEveryCode(t *testing.T) {
	t.Parallel()
	keys := []string{}
	for status := range notify.Transitions {
		if status != notify.StatusDelivered {
			keys = append(keys, "evidence.state."+string(status))
		}
	}
	for _, c := range notify.Channels {
		keys = append(keys, "evidence.state.delivered_"+string(c), "channel."+string(c))
	}
	for _, kind := range []engine.EventKind{
		engine.EvOpened, engine.EvNoticeRepeated, engine.EvNoticeUnproven, engine.EvNotified, engine.EvReminded, engine.EvArrestOrdered,
		engine.EvCollectOrdered, engine.EvOrderAnswered, engine.EvPaidInPart, engine.EvPaid, engine.EvPaidAfterEnd, engine.EvPaymentReversed,
		engine.EvRefusalRequested, engine.EvRefusalUndone, engine.EvHandedOver, engine.EvAssigned, engine.EvHandoverRecalled, engine.EvCancelled, engine.EvVoided,
		engine.EvAdjusted, engine.EvHeld, engine.EvSuspended, engine.EvResumed, engine.EvBankHolds, engine.EvAttested, engine.EvRegisterOrdered, engine.EvEntryFound, engine.EvLinkRenewed, engine.EvNotifiedAgain, engine.EvLiftOrdered,
	} {
		keys = append(keys, "evidence.event."+string(kind))
	}
	for _, l := range i18n.Langs {
		for _, key := range keys {
			if !i18n.For(l).Has(key) {
				t.Errorf("%s: no word %s", l, key)
			}
		}
	}
}
