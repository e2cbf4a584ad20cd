package desk_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
)

func TestNotices_showWhatDidNotArriveAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	now, err := s.Store.Now(t.Context())
	must(t, err)
	for i, n := range []struct{ channel, language, status, detail string }{
		{"sms", "kk", "delivered", ""},
		{"sms", "kk", "failed", "UNDELIV 034"},
		{"sms", "kk", "failed", "no_address"},
		{"sms", "ru", "sent", ""},
		{"push", "ru", "failed", "no_device"},
		{"sms", "ru", "unknown", "call_failed"},
		{"sms", "uz", "expired", "superseded"},
		{"sms", "uz", "expired", ""},
	} {
		_, err := s.Pool.Exec(t.Context(), `INSERT INTO notices (case_id, ordinal, channel, kind, language, text_version, params, status, not_before, expires_at, created_at, detail)
			VALUES ($1, 1, $2, 'opening', $3, 1, '{}', $4, $5, $5, $6, $7)`, 260000100+i, n.channel, n.language, n.status, now, now.AddDate(0, 0, -i).Add(time.Minute), n.detail)
		must(t, err)
	}
	if got := s.Get("/desk/notices"); got.Status != http.StatusForbidden {
		t.Errorf("without a visit: %d", got.Status)
	}
	s.signIn(t)
	page := s.Get("/desk/notices?lang=en&days=30")
	s.wants(t, page.Text("main"), "UNDELIV 034", "Without delivery there is no arrest", "No telephone number", "an SMS was sent besides", "answer was lost", "Out of date before it left", "Its time was over")
	if got := len(page.All("section:first-of-type tbody tr")); got != 4 {
		t.Errorf("%d lines of channel and language, want 4", got)
	}
	if !page.Has(`a[href^="/desk/cases/26-"]`) {
		t.Error("no case is named")
	}
	for query, want := range map[string][2]string{
		"days=1&channel=sms&language=kk": {"UNDELIV 034", "No telephone number"}, // the second is of yesterday's day before
		"days=30&channel=push":           {"No device", "UNDELIV"},
		"days=30&language=uz":            {"Its time was over", "No device"},
		"days=nonsense&channel=pigeon":   {"UNDELIV 034", "No such thing"}, // seven days, everything
	} {
		text := s.Get("/desk/notices?lang=en&" + query).Text("main")
		if !strings.Contains(text, want[0]) || strings.Contains(text, want[1]) {
			t.Errorf("%s: want %q and not %q in\n%s", query, want[0], want[1], text)
		}
	}
	for _, class := range app.FaultClasses {
		for _, l := range i18n.Langs {
			if p := i18n.For(l); !p.Has("undelivered.why."+class) || !p.Has("undelivered.next."+class) {
				t.Errorf("%s is not explained in %s", class, l)
			}
		}
	}
	for _, l := range []string{"kk", "ru", "en"} {
		if got := s.Get("/desk/notices?lang=" + l); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
			t.Errorf("%s: %d", l, got.Status)
		}
	}
}
