package desk_test

import (
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/desk"
	"robotbailiff/internal/web/ui/uitest"
)

// The desk fetches what the debtor fetches, with initials where the debtor reads a name.
func TestDocuments_ofACase(t *testing.T) {
	t.Parallel()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	must(t, err)
	docs, err := w.Papers(nil)
	must(t, err)
	service, err := app.New(app.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, OpenIIN: w.OpenIIN, Inbox: intake.NewInbox(w.Store, w.Keys, intake.InboxConfig{}), DemoSignIn: true, DemoPeople: anybody, Papers: docs,
	})
	must(t, err)
	h, err := desk.Handler(desk.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	s := stage{World: w, Browser: uitest.Open(t, h), service: service}
	p := s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), p.CaseID))
	const path = "/desk/cases/26-0000001-4"
	if got := s.Get(path + "/documents/decree-1.pdf"); got.Status != http.StatusForbidden || strings.Contains(got.Body, "%PDF") {
		t.Errorf("nobody is signed in: %d", got.Status)
	}
	s.signIn(t)
	page := s.Get(path + "?lang=ru")
	s.wants(t, page.Text("main"), "Документы", "Постановление о возбуждении, 2 марта 2026 г. (PDF, казахский, до 40 КБ)", "Реквизиты для оплаты в банке (PDF, русский, до 40 КБ)")
	if n := len(page.All(`a[href^="` + path + `/documents/"]`)); n != 2 {
		t.Errorf("%d links", n)
	}
	got := s.Get(path + "/documents/decree-1.pdf")
	if got.Status != http.StatusOK || got.Header.Get("Content-Disposition") != `attachment; filename="26-0000001-4-decree-1.pdf"` || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	for _, none := range []string{path + "/documents/decree-2.pdf", path + "/documents/x", "/desk/cases/26-0000009-7/documents/decree-1.pdf", "/desk/cases/1/documents/decree-1.pdf"} {
		if got := s.Get(none); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", none, got.Status)
		}
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (package poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "x.pdf")
	must(t, os.WriteFile(file, []byte(got.Body), 0o600))
	out, err := exec.CommandContext(t.Context(), "pdftotext", file, "-").Output()
	must(t, err)
	if text := string(out); !strings.Contains(text, "А.Д.") || strings.Contains(text, "Серікұлы") {
		t.Errorf("the desk reads the name:\n%s", text)
	}
}
