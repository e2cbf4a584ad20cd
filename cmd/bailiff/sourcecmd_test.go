package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/seal"
	"robotbailiff/internal/testkit"
)

// savedRoot is the root of the files that the tests of proof keep.
const savedRoot = "../../engine/intake/proof/testdata/signed/root.pem"

func TestSource_isRegisteredChangedAndShown(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	var v sourceView
	s.want(exitDone, &v, "source", "put", "court-7101", "--proof", "cms", "--roots", savedRoot, "--subject", "IIN123456789012",
		"--subject", "BIN123456789021", "--title", "Районный суд", "--webhook-url", "https://court.example/hook", "--tls-cert", savedRoot)
	if v.Name != "court-7101" || v.Proof != "cms" || len(v.Roots) != 1 || len(v.Roots[0].SHA256) != 64 || !v.Active || !v.Gates || v.HasKey {
		t.Errorf("%+v", v)
	}
	if got := strings.Join(v.Subjects, " "); got != "IIN********9012 BIN123456789021" {
		t.Errorf("subjects %s", got)
	}
	if !strings.HasPrefix(v.WebhookSecret, "whsec_") || v.APIKey != "" || v.TLSSubject == "" || !strings.HasPrefix(v.ChangedBy, "cli") {
		t.Errorf("%+v", v)
	}
	secret := v.WebhookSecret

	// what is not given stays; the secret is not shown again
	v = sourceView{}
	s.want(exitDone, &v, "source", "put", "court-7101", "--active=false", "--gates=false")
	if v.Active || v.Gates || v.Title != "Районный суд" || len(v.Roots) != 1 || len(v.Subjects) != 2 || v.WebhookSecret != "" || !v.HasSecret {
		t.Errorf("%+v", v)
	}
	s.want(exitDone, &v, "source", "put", "court-7101", "--active", "--subject", "")
	if !v.Active || len(v.Subjects) != 0 {
		t.Errorf("%+v", v)
	}

	// the key works, is shown once, and the next one replaces it
	v = sourceView{}
	s.want(exitDone, &v, "source", "key", "court-7101")
	first := v.APIKey
	keys, err := seal.Load(os.Getenv("BAILIFF_SECRET_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	register := intake.NewSources(s.pool, keys)
	if src, err := register.ByAPIKey(t.Context(), first); err != nil || src.Name != "court-7101" {
		t.Errorf("%v", err)
	}
	status, out, _ := s.run("source", "key", "court-7101")
	if status != exitDone || !strings.Contains(out, "bailiff_") || !strings.Contains(out, "Shown this once") || strings.Contains(out, "123456789012") {
		t.Errorf("%d %s", status, out)
	}
	if _, err := register.ByAPIKey(t.Context(), first); err == nil {
		t.Error("the old key still works")
	}
	v = sourceView{}
	s.want(exitDone, &v, "source", "key", "court-7101", "--webhook")
	if v.WebhookSecret == "" || v.WebhookSecret == secret || v.APIKey != "" {
		t.Errorf("%+v", v)
	}

	if _, err := s.pool.Exec(t.Context(), `INSERT INTO webhook_deliveries (source, told, last_at, last_status, attempts, failing_since) VALUES ('court-7101', 7, now(), 503, 2, now())`); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := s.run("source", "show", "court-7101"); !strings.Contains(out, "7 events; last at") || !strings.Contains(out, "answer 503; failing since") {
		t.Errorf("how telling goes: %s", out)
	}

	s.want(exitDone, &v, "source", "put", "archive", "--proof", "none")
	v = sourceView{}
	s.want(exitDone, &v, "source", "put", "court-7101", "--proof", "none")
	if v.Proof != "none" || len(v.Roots) != 0 {
		t.Errorf("%+v", v)
	}
	var list struct{ Sources []sourceView }
	s.want(exitDone, &list, "source", "list")
	if len(list.Sources) != 2 || list.Sources[0].Name != "archive" || list.Sources[1].APIKey != "" {
		t.Errorf("%+v", list)
	}
	if _, out, _ := s.run("source", "list"); !strings.Contains(out, "2 sources") {
		t.Errorf("%s", out)
	}
}

func TestSource_refuses(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		tells  string
	}{
		{"source", exitUsage, "list, show NAME"},
		{"source list all", exitUsage, "list, show NAME"},
		{"source put", exitUsage, "list, show NAME"},
		{"source put a", exitUsage, "--proof none"},
		{"source put a --proof gost", exitFailed, "none, cms or xmldsig"},
		{"source put a --proof cms", exitFailed, "there is no certificate"},
		{"source put a --proof cms --roots " + empty, exitFailed, "there is no certificate"},
		{"source put a --proof cms --roots nothing.pem", exitFailed, "--roots"},
		{"source put a --proof none --roots " + savedRoot, exitFailed, "proves nothing"},
		{"source put a --proof none --tls-cert " + empty, exitFailed, "--tls-cert"},
		{"source put a --proof none --webhook-url http://court.example", exitFailed, "https"},
		{"source put a --proof cms --roots " + savedRoot + " --subject 12", exitFailed, "twelve digits"},
		{"source show a", exitFailed, "no such source"},
		{"source key a", exitFailed, "no such source"},
		{"source key a --webhook", exitFailed, "no such source"},
	} {
		status, out, errs := s.run(strings.Fields(c.args)...)
		if status != c.status || out != "" || !strings.Contains(errs, c.tells) {
			t.Errorf("%s: %d %s %s", c.args, status, out, errs)
		}
	}
	if status, _, _ := bailiff("source", "list", "--db", testkit.URL(t, testkit.DB(t))); status != exitDone {
		t.Errorf("list on a real database: %d", status)
	}
}
