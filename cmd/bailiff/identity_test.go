package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/sandbox/egov"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
)

// In a sandbox a debtor signs in at the provider of the sandbox, sees all cases and opens one; the evidence tells it.
func TestServe_debtorsSignInAtTheSandboxesProvider(t *testing.T) {
	t.Parallel()
	s := durableShell(t)
	ids := s.cases(3)
	s.oneDebtor(ids[:2], "+77010007007")
	site := s.serves("--faults", "{}")
	b := uitest.Visit(t, &httptest.Server{URL: site})
	leads := func(p *uitest.Page) string {
		t.Helper()
		to, ok := strings.CutPrefix(strings.TrimPrefix(p.Header.Get("Location"), site), "/")
		if p.Status != http.StatusSeeOther || !ok {
			t.Fatalf("%d leads to %q: %s", p.Status, p.Header.Get("Location"), p.Text("main"))
		}
		return "/" + to
	}
	people := b.Get(leads(b.Get("/p/signin?lang=ru")))
	most := people.Attr(`button[name="person"]`, "value") // who has the most cases stands first
	if most == "" || strings.Contains(people.Body, iin(0)) || !strings.Contains(people.Text("main"), iin(0)[8:]) {
		t.Fatalf("the provider shows: %s", people.Text("main"))
	}
	back := leads(b.Submit(people, egov.Path+"/authorize", map[string]string{"person": most}))
	if got := leads(b.Get(back)); got != "/p/cases" {
		t.Fatalf("the sign-in leads to %s", got)
	}
	list := b.Get("/p/cases")
	for i, id := range ids {
		if strings.Contains(list.Text("main"), caseno.Format(id)) != (i < 2) {
			t.Errorf("case %d: %s", i, list.Text("main"))
		}
	}
	if got := leads(b.Submit(list, "/p/cases/open", map[string]string{"number": caseno.Format(ids[1])})); got != "/p/case" {
		t.Errorf("opening leads to %s", got)
	}
	var v evidenceView
	s.want(exitDone, &v, "evidence", caseno.Format(ids[1]))
	if len(v.Opened) != 1 || v.Opened[0].By != "sign_in" || v.Opened[0].Visits != 1 || !v.Opened[0].FirstAt.Equal(testkit.Morning) {
		t.Errorf("%+v", v.Opened)
	}
	if _, out, _ := s.run("evidence", caseno.Format(ids[1])); !strings.Contains(out, "The debtor signed in and opened the case at 2026-") {
		t.Errorf("%s", out)
	}
	pdf := filepath.Join(t.TempDir(), "e.pdf")
	s.want(exitDone, &struct{}{}, "evidence", "--pdf", pdf, caseno.Format(ids[1]))
}

func TestProvider_isReadFromTheEnvironment(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s3cret\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	loose := filepath.Join(t.TempDir(), "loose")
	if err := os.WriteFile(loose, []byte("s3cret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := &parts{keys: testkit.Keys(t)}
	base := oidc.Config{Room: "portal", Redirect: "https://1414.gov.kz/p/signin/return"}
	provider := func() (*oidc.Party, error) {
		cfg, err := providerOfDebtors.read(base)
		if err != nil {
			return nil, err
		}
		return providerOfDebtors.join(p, cfg)
	}
	if party, err := provider(); party != nil || err != nil {
		t.Errorf("without an issuer: %v", err)
	}
	for name, c := range map[string]struct{ issuer, client, file, says string }{
		"good":            {"https://idp.example", "bailiff", secret, ""},
		"without secret":  {"https://idp.example", "bailiff", "", ""},
		"no client":       {"https://idp.example", "", secret, "BAILIFF_EGOV_CLIENT"},
		"in the clear":    {"http://idp.example", "bailiff", secret, "https"},
		"others may read": {"https://idp.example", "bailiff", loose, "chmod 0400"},
	} {
		t.Setenv("BAILIFF_EGOV_ISSUER", c.issuer)
		t.Setenv("BAILIFF_EGOV_CLIENT", c.client)
		t.Setenv("BAILIFF_EGOV_SECRET_FILE", c.file)
		party, err := provider()
		if (party != nil) != (c.says == "") || c.says != "" && (!errors.As(err, new(*usageError)) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("BAILIFF_EGOV_SECRET_FILE", filepath.Join(t.TempDir(), "none"))
	if _, err := provider(); err == nil || !strings.Contains(err.Error(), "BAILIFF_EGOV_SECRET_FILE") {
		t.Errorf("a file that is not there: %v", err)
	}
}
