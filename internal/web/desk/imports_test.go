package desk_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/web/ui/uitest"
)

// batch makes a batch that waits for two people: one row again and again.
func (s stage) waitingBatch(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/samples/court-batch.csv")
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	file := strings.Join(lines[:8], "") + strings.Repeat(lines[1], 12)
	in := intake.NewInbox(s.Store, s.Keys, intake.InboxConfig{})
	b, err := in.Receive(t.Context(), intake.Arrival{Source: "court-7101", FileName: "a.csv", Via: intake.ViaAPI, By: "court"}, strings.NewReader(file))
	must(t, err)
	b, err = in.Process(t.Context(), b.ID, nil)
	must(t, err)
	if b.State != intake.StateWaiting {
		t.Fatalf("%+v", b)
	}
	return b.ID
}

// process does the workers' part for a batch.
func (s stage) process(t *testing.T, id int64) {
	t.Helper()
	_, err := intake.NewInbox(s.Store, s.Keys, intake.InboxConfig{}).Process(t.Context(), id, nil)
	must(t, err)
}

func TestImports_twoPeopleLetABatchIn(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.waitingBatch(t)
	second := s.Another()
	s.signIn(t)
	second.Submit(second.Get("/desk/imports"), "/desk/sign-in", map[string]string{"person": "desk:demo-2"})

	s.wants(t, s.Get("/desk/imports?lang=en&state=waiting").Text("main"), "court-7101", "Waits for two people", "You are desk:demo")
	page := s.Get("/desk/imports/1?lang=en")
	s.wants(t, page.Text("main"), "12 of 19 rows were received before", "Two different people", "no case was opened")
	if got := s.Submit(page, "/desk/imports/1/release", map[string]string{"reason": "asked the court"}); got.Status != http.StatusSeeOther {
		t.Fatalf("status %d", got.Status)
	}
	page = s.Get("/desk/imports/1")
	s.wants(t, page.Text("main"), "This is your proposal", "asked the court")
	if got := s.Submit(page, "/desk/imports/1/release", map[string]string{"reason": "me again"}); got.Status != http.StatusConflict || !got.Has(`[role="alert"]`) {
		t.Errorf("the same person: %d", got.Status)
	}
	page = second.Get("/desk/imports/1?lang=en")
	s.wants(t, page.Text("main"), "desk:demo proposes to take it in", "until 3 March")
	if got := second.Submit(page, "/desk/imports/1/release", map[string]string{"reason": "agreed"}); got.Status != http.StatusSeeOther {
		t.Errorf("the second person: %d\n%s", got.Status, got.Text())
	}
	page = s.Get("/desk/imports/1")
	s.wants(t, page.Text("main"), "Approved", "desk:demo-2", "Being taken in", "In progress")
	if page.Has(`meta[http-equiv="refresh"]`) || !strings.HasPrefix(page.Attr("[data-hx-sse-connect]", "data-hx-sse-connect"), "/desk/live?batch=") {
		t.Error("the page of a batch at work does not live")
	}
	rows := s.Get("/desk/imports/1/rows?verdict=duplicate&lang=ru")
	if rows.Status != http.StatusOK || s.Get("/desk/imports/77").Status != http.StatusNotFound {
		t.Errorf("%d", rows.Status)
	}
}

func TestImports_rowsAndReportSayWhatHappened(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.waitingBatch(t)
	if got := s.Get("/desk/imports/1/report").Status; got != http.StatusForbidden {
		t.Errorf("the report without a visit: %d", got)
	}
	s.signIn(t)
	rows := s.Get("/desk/imports/1/rows?verdict=duplicate&code=duplicate&lang=en")
	if got := len(rows.All("tbody tr")); got != 12 {
		t.Errorf("%d rows", got)
	}
	if strings.Contains(rows.Body, "Ахметов") || strings.Contains(rows.Body, "500101350007") {
		t.Error("the page shows a person")
	}
	report := s.Get("/desk/imports/1/report?lang=en")
	if report.Status != http.StatusOK || !strings.Contains(report.Header.Get("Content-Disposition"), ".csv") || strings.Count(report.Body, "duplicate") < 12 {
		t.Errorf("%d %v", report.Status, report.Header)
	}
	for _, l := range []string{"kk", "ru", "en"} {
		for _, path := range []string{"/desk/imports?lang=", "/desk/imports/1?lang=", "/desk/imports/1/rows?lang="} {
			if got := s.Get(path + l); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
				t.Errorf("%s%s: %d", path, l, got.Status)
			}
		}
	}
	page := s.Get("/desk/imports/1")
	if got := s.Submit(page, "/desk/imports/1/release", map[string]string{"form_token": "x", "reason": "y"}); got.Status != http.StatusForbidden {
		t.Errorf("a form without its token: %d", got.Status)
	}
}

func TestImports_anOperatorLoadsAFileByHand(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	text, err := os.ReadFile("../../../deploy/samples/court-batch.csv")
	must(t, err)
	s.signIn(t)
	list := s.Get("/desk/imports?lang=en")
	load := func(fill map[string]string, name string, file []byte) *uitest.Page {
		t.Helper()
		return s.Upload(list, "/desk/imports", fill, name, file)
	}

	// a trial run opens nothing and says what would happen
	got := load(map[string]string{"source": "court-7101", "dry_run": "1"}, `C:\desk\june.csv`, text)
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/imports/1" {
		t.Fatalf("%d %s", got.Status, got.Text())
	}
	s.process(t, 1)
	page := s.Get("/desk/imports/1?lang=en")
	s.wants(t, page.Text("main"), "june.csv", "desk:demo", "check only", "no case was opened")
	if strings.Contains(page.Text("main"), "desk\\june") {
		t.Error("the page shows the operator's folders")
	}
	// the same file in earnest is another batch; the gates hold for the desk as for everybody: too many bad rows, so it waits
	got = load(map[string]string{"source": "court-7101"}, "june.csv", text)
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/imports/2" {
		t.Fatalf("%d %s", got.Status, got.Text())
	}
	s.process(t, 2)
	b, err := intake.NewInbox(s.Store, s.Keys, intake.InboxConfig{}).Batch(t.Context(), 2)
	must(t, err)
	if b.State != intake.StateWaiting || b.Rows != 27 || b.By != "desk:demo" || b.Via != intake.ViaDesk {
		t.Errorf("%+v", b)
	}

	// what cannot be taken is said in the reader's language, and nothing is kept
	for name, c := range map[string]struct {
		fill map[string]string
		file []byte
		says string
	}{
		"no source":     {map[string]string{"source": " ", "lang": "en"}, text, "Say whom the file comes from"},
		"a long source": {map[string]string{"source": strings.Repeat("x", 101)}, text, "at most 100"},
		"an empty file": {map[string]string{"source": "court-7101"}, nil, intake.FaultMessage(intake.FatalEmpty, "en")},
	} {
		got := load(c.fill, "x.csv", c.file)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text(`[role="alert"]`), c.says) {
			t.Errorf("%s: %d %s", name, got.Status, got.Text("main"))
		}
	}
	if got := s.Upload(list, "/desk/imports", map[string]string{"form_token": "x", "source": "court-7101"}, "x.csv", text); got.Status != http.StatusForbidden {
		t.Errorf("without the form's token: %d", got.Status)
	}
	second := s.Another()
	if got := second.Upload(list, "/desk/imports", map[string]string{"source": "court-7101"}, "x.csv", text); got.Status != http.StatusForbidden {
		t.Errorf("a stranger: %d", got.Status)
	}
}
