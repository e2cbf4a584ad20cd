package desk_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/ui/uitest"
)

// search types something into the box.
func (s stage) search(b *uitest.Browser, typed string) *uitest.Page {
	return b.Submit(b.Get("/desk/cases?lang=en"), "/desk/cases/search", map[string]string{"q": typed})
}

func TestCases_oneBoxFindsThemAll(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.signIn(t)
	p := people["enforcing"]
	number := caseno.Format(p.CaseID)
	if got := s.search(s.Browser, number).Header.Get("Location"); got != "/desk/cases/"+number {
		t.Errorf("a number leads to %q", got)
	}
	for typed, said := range map[string]string{p.IIN: "Found by IIN: …" + p.IIN[8:], p.Phone: "Found by phone: …" + p.Phone[8:], "ахметов": "Found by beginning of the name: АХ…", "12222": "Found by sum of the debt: 12222.00"} {
		got := s.search(s.Browser, typed)
		to := got.Header.Get("Location")
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/desk/cases?s=") || len(to) != len("/desk/cases?s=")+22 {
			t.Fatalf("%s: %d, %s", typed, got.Status, to)
		}
		page := s.Get(to + "&lang=en")
		s.wants(t, page.Text("main"), said, number)
		if strings.Contains(page.Body, p.IIN) || strings.Contains(page.Body, p.Name) || strings.Contains(page.Body, p.Phone[1:]) {
			t.Errorf("%s: the page shows more of the person than four digits", typed)
		}
		other := s.Another()
		other.Submit(other.Get("/desk/"), "/desk/sign-in", map[string]string{"person": "desk:demo-2"})
		if got := other.Get(to + "&lang=en"); got.Status != http.StatusGone || strings.Contains(got.Body, number) {
			t.Errorf("the address of a search opens for another one: %d", got.Status)
		}
	}
	for typed, said := range map[string]string{"26-0000099-7": "There is no such case: 26-0000099-7", "850101399999": "There is nothing by document number", "Сидоров": "There is nothing by beginning of the name: СИ…", "☺": "neither like a case number"} {
		if got := s.search(s.Browser, typed); got.Status != http.StatusNotFound || !strings.Contains(got.Text("main"), said) {
			t.Errorf("%s: %d\n%.600s", typed, got.Status, got.Text("main"))
		}
	}
}

func TestCases_filterIsTheAddress(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.signIn(t)
	got := s.Get("/desk/cases?state=open&region=&source=&cols=s&cols=l&opened_from=&lang=en")
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/desk/cases?cols=sl&lang=en&state=open" {
		t.Errorf("a form leads to %d %s", got.Status, got.Header.Get("Location"))
	}
	page := s.Get("/desk/cases?cols=sl&lang=en&state=open")
	s.wants(t, page.Text("main"), "4 cases", "Clear all")
	if n := len(page.All("tbody tr")); n != 4 || len(page.All("thead th")) != 3 {
		t.Errorf("%d rows, %d columns", n, len(page.All("thead th")))
	}
	if got := page.Attr(`.langs a[lang="kk"]`, "href"); got != "?cols=sl&lang=kk&state=open" {
		t.Errorf("the language row loses the filter: %s", got)
	}
	page = s.Get("/desk/cases?lang=en&flag=lift")
	s.wants(t, page.Text("main"), "1 case", caseno.Format(people["lifting"].CaseID), "hold not lifted")
	page = s.Get("/desk/cases?lang=en&state=notified&flag=hold")
	s.wants(t, page.Text("main"), "0 cases", "No case fits this filter")

	saved := s.Submit(s.Get("/desk/cases?lang=en&state=open&region=75"), "/desk/cases/views", map[string]string{"name": "Алматы, открытые"})
	if saved.Status != http.StatusSeeOther || saved.Header.Get("Location") != "/desk/cases?region=75&state=open" {
		t.Errorf("saving leads to %d %s", saved.Status, saved.Header.Get("Location"))
	}
	page = s.Get("/desk/cases?lang=en")
	if got := page.Attr(".views a", "href"); got != "/desk/cases?region=75&state=open" || !strings.Contains(page.Text(".views"), "Алматы, открытые") {
		t.Errorf("the view leads to %s", got)
	}
	if got := s.Submit(page, "/desk/cases/views/drop", nil); got.Status != http.StatusSeeOther || s.Get("/desk/cases").Has(".views") {
		t.Errorf("the view stays: %d", got.Status)
	}
}

// Whatever stands in an address or a form, the answer is a page that says so or an empty list, and never a fault.
func TestCases_hostileValues(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	s.signIn(t)
	hostile := []string{
		"'", "''", `"`, "1' OR '1'='1", "1; DROP TABLE cases", "1) UNION SELECT null--", "pg_sleep(5)", "'||pg_sleep(5)||'", "../../etc/passwd", "<script>alert(1)</script>", "%00", "\x00", "\xff\xfe",
		"9223372036854775808", "-1", "1e309", "NaN", "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01", strings.Repeat("9", 40), strings.Repeat("a", 5000), "٣", "{{.}}", "\r\nX-Y: z", "1.1", "9007199254740992.9223372036854775807", "1.9223372036854775807", "\u202e", "$1", "%s%s%n",
	}
	for _, name := range append([]string{"s", "state", "region", "source", "flag", "opened_from", "opened_to", "voluntary_from", "voluntary_to", "term_from", "term_to", "left_from", "left_to", "sort", "cols", "after", "before"}, "lang", "nobody") {
		for _, v := range hostile {
			for _, more := range []string{"", "&sort=due", "&sort=sum_down&flag=arrested", "&state=open&flag=objection"} {
				query := url.Values{name: {v}}.Encode() + more
				got := s.Get("/desk/cases?" + query)
				if got.Status != http.StatusBadRequest && got.Status != http.StatusOK && got.Status != http.StatusSeeOther && got.Status != http.StatusGone {
					t.Errorf("%s: %d", query, got.Status)
				}
				if got.Status == http.StatusOK && strings.Contains(got.Body, "<script>alert") {
					t.Errorf("%s comes back as it was", query)
				}
			}
		}
	}
	page := s.Get("/desk/cases?lang=en&region=75")
	for _, v := range hostile {
		for action, fill := range map[string]map[string]string{
			"/desk/cases/search": {"q": v, "as": ""}, "/desk/cases/views/drop": nil, "/desk/cases/views": {"name": v}, "/desk/cases/export": {"query": v, "format": "csv"},
		} {
			form := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}}
			for k, x := range fill {
				form.Set(k, x)
			}
			if fill == nil {
				form.Set("name", v)
			}
			if got := s.Post(action, form); got.Status >= 500 {
				t.Errorf("%s of %q: %d", action, v, got.Status)
			}
		}
		for _, path := range []string{"/desk/exports/" + url.PathEscape(v), "/desk/exports/" + url.PathEscape(v) + "/take"} {
			if got := s.Get(path); got.Status >= 500 {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
	}
}

func TestCases_whomACaseIsOf(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	people := s.fill(t)
	s.signIn(t)
	p := people["notified"]
	path := "/desk/cases/" + caseno.Format(p.CaseID)
	action := path + "/unmask"
	page := s.Get(path + "?lang=en")
	if got := s.Submit(page, action, map[string]string{"reason": "  "}); got.Status != http.StatusUnprocessableEntity || strings.Contains(got.Body, p.IIN) {
		t.Errorf("without a reason: %d", got.Status)
	}
	got := s.Submit(page, action, map[string]string{"reason": "the debtor calls"})
	s.wants(t, got.Text("#main"), p.Name, p.IIN, p.Phone, "Shown once", "desk:demo saw whom the case is of: the debtor calls")
	if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d, %s", got.Status, got.Header.Get("Cache-Control"))
	}
	again := s.Get(path + "?lang=en")
	s.wants(t, again.Text("main"), "Who looked", "the debtor calls")
	if strings.Contains(again.Body, p.IIN) || strings.Contains(again.Body, p.Name) {
		t.Error("it is shown twice")
	}
	if got := s.Get(action); got.Status != http.StatusSeeOther || got.Header.Get("Location") != path {
		t.Errorf("a look by GET: %d", got.Status)
	}
	for i := range 49 {
		s.Submit(page, action, map[string]string{"reason": fmt.Sprint("look ", i)})
	}
	if got := s.Submit(page, action, map[string]string{"reason": "one more"}); got.Status != http.StatusTooManyRequests || strings.Contains(got.Body, p.IIN) {
		t.Errorf("the fifty-first: %d", got.Status)
	}
}

func TestCases_filesLeaveTheHouse(t *testing.T) {
	t.Parallel()
	s := setup(t, true)
	s.fill(t)
	second := s.two(t)
	page := s.Get("/desk/cases?lang=ru&state=open")
	for format, begins := range map[string]string{"csv": "\ufeffДело;Состояние", "xlsx": "PK"} {
		got := s.Submit(page, "/desk/cases/export", map[string]string{"format": format})
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, begins) || got.Header.Get("Content-Disposition") != `attachment; filename="cases.`+format+`"` {
			t.Errorf("%s: %d %s %.40q", format, got.Status, got.Header.Get("Content-Disposition"), got.Body)
		}
	}
	_, err := s.Pool.Exec(t.Context(), `WITH c AS (INSERT INTO cases (id, debtor_id, region, language, state, debt, outstanding, opened_on, term_ends_on, pack, seq, head)
SELECT 260001000 + i, debtor_id, region, language, 'opened', 100 * i, 100 * i, opened_on, term_ends_on, pack, 1, head FROM cases, generate_series(1, 120) i WHERE id = 260000001)
INSERT INTO writs (case_id, source, document_number, in_force_date, kind, debtor_id, amount, unpaid_confirmed_on, content_hash, batch_id, row_no)
SELECT 260001000 + i, source, lpad(i::text, 12, '0'), in_force_date, kind, debtor_id, 100 * i, unpaid_confirmed_on, content_hash, batch_id, i + 1 FROM writs, generate_series(1, 120) i WHERE case_id = 260000001`)
	must(t, err)
	page = s.Get("/desk/cases?lang=ru&state=opened")
	if got := s.Submit(page, "/desk/cases/export", map[string]string{"format": "csv"}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Text("main"), "больше 100 дел") {
		t.Errorf("without a reason: %d", got.Status)
	}
	got := s.Submit(page, "/desk/cases/export", map[string]string{"format": "csv", "reason": "отчёт для министерства"})
	path := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || path != "/desk/exports/1" {
		t.Fatalf("%d, %s", got.Status, path)
	}
	mine := s.Get(path + "?lang=ru")
	s.wants(t, mine.Text("main"), "Это ваш запрос", "отчёт для министерства", "121")
	if mine.Has(`form[action="`+path+`/agree"]`) || mine.Has(`form[action="`+path+`/take"]`) {
		t.Error("one is offered what he may not do")
	}
	form := url.Values{"form_token": {mine.Attr(`input[name="form_token"]`, "value")}}
	form.Set("form_token", s.Get("/desk/cases").Attr(`input[name="form_token"]`, "value"))
	if got := s.Post(path+"/agree", form); got.Status != http.StatusForbidden {
		t.Errorf("one agrees with oneself: %d", got.Status)
	}
	if got := s.Post(path+"/take", form); got.Status != http.StatusConflict {
		t.Errorf("taken before anybody agreed: %d", got.Status)
	}
	seen := second.Get(path + "?lang=ru")
	if got := second.Submit(seen, path+"/agree", nil); got.Status != http.StatusSeeOther {
		t.Fatalf("the second person: %d", got.Status)
	}
	got = s.Submit(s.Get(path+"?lang=ru"), path+"/take", nil)
	if lines := strings.Count(got.Body, "\r\n"); got.Status != http.StatusOK || lines != 122 || !strings.Contains(got.Body, "№ 000000000120") {
		t.Errorf("%d, %d lines", got.Status, lines)
	}
	if got := s.Post(path+"/take", form); got.Status != http.StatusConflict {
		t.Errorf("taken twice: %d", got.Status)
	}
	s.wants(t, s.Get("/desk/exports?lang=ru").Text("main"), "забран", "отчёт для министерства")
}
