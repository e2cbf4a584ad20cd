package main

import (
	"io"
	"net/http"
	"regexp"
	"testing"

	"robotbailiff/internal/sandbox/smspage"
	"robotbailiff/internal/web/ui/uitest"
)

// A person refuses in the sandbox: from the price over the code, which the page of the SMS centre shows, to the refusal that stands.
func TestServe_aPersonRefusesWithTheCodeOfTheSMSCentre(t *testing.T) {
	s := durableShell(t)
	ids := s.cases(1)
	s.exec(`UPDATE debtors d SET phone_sealed = $1 FROM cases c WHERE c.debtor_id = d.id AND c.id = $2`, s.parts().keys.Seal([]byte("+77010007007"), "debtors.phone_sealed"), ids[0])
	site := s.serves("--pulse", "50ms", "--faults", "{}")
	b := s.visit(site, ids[0], 0)
	if got := b.Submit(b.Get("/p/case/refuse"), "/p/case/refuse", nil); got.Header.Get("Location") != "/p/case/refuse/confirm" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	page := b.Get("/p/case/refuse/confirm")
	refuse := func(code string) *uitest.Page {
		return b.Submit(page, "/p/case/refuse/confirm", map[string]string{"understood": "yes", "code": code})
	}
	code := s.codeOnPage(site)
	wrong := "0" + code[1:]
	if code[0] == '0' {
		wrong = "1" + code[1:]
	}
	if got := refuse(wrong); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.Status)
	}
	if got := refuse(code); got.Header.Get("Location") != "/p/case/refused" {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	s.until(`SELECT refusal_at IS NOT NULL FROM cases WHERE id = $1`, ids[0])
	s.until(`SELECT sent = 'sent' AND used_at IS NOT NULL FROM passcodes WHERE case_id = $1`, ids[0])
	s.until(`SELECT count(*) = 0 FROM sandbox.wrongs`)
}

var sixDigits = regexp.MustCompile(`Код (\d{6})`)

// codeOnPage waits until a code has been sent, and reads it on the page of the SMS centre.
func (s *shell) codeOnPage(site string) string {
	s.t.Helper()
	s.until(`SELECT count(*) > 0 FROM sandbox.messages WHERE words <> ''`)
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, site+smspage.Path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err = closing(res.Body, err); err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" {
		s.t.Fatalf("%d %v", res.StatusCode, err)
	}
	code := sixDigits.FindSubmatch(body)
	if code == nil {
		s.t.Fatalf("no code on the page: %s", body)
	}
	return string(code[1])
}

func closing(c io.Closer, err error) error {
	if closed := c.Close(); err == nil {
		err = closed
	}
	return err
}
