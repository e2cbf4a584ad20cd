package portal_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"golang.org/x/net/html"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
)

// full gives a person a case with something in every room of the portal.
func (s stage) full(t *testing.T, x uitest.Writ) uitest.Person {
	t.Helper()
	p := s.open(t, x)
	notified(t, s, p.CaseID)
	arrested(t, s, p.CaseID)
	paid(1000)(t, s, p.CaseID)
	owed(t, s, p.CaseID)
	s.enter(t, p)
	if got := s.PostBody("/p/case/device", "application/json", strings.NewReader(`{"platform":"android","token":"`+p.IIN+`:APA91b-0123456789"}`)); got.Status != http.StatusNoContent {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	s.Submit(s.Get("/p/case/contact"), "/p/case/contact", map[string]string{"notices": "ru", "channel": "sms"})
	s.begin(t, "100")
	return p
}

// idsOf are all ids that the database has for a case and its debtor, whatever tables there are.
func (s stage) idsOf(t *testing.T, p uitest.Person) []string {
	t.Helper()
	ids := []string{caseno.Format(p.CaseID), p.Token}
	const columnsSQL = `SELECT c.table_name, c.column_name, o.column_name FROM information_schema.columns c
  JOIN information_schema.columns o ON o.table_schema = c.table_schema AND o.table_name = c.table_name AND o.column_name IN ('case_id', 'debtor_id')
 WHERE c.table_schema = 'public' AND c.data_type IN ('bigint', 'integer', 'uuid', 'text') AND c.column_name ~ '(^|_)(id|ordinal|seq|number|ref|token|txn_id)$'`
	rows, err := s.Pool.Query(t.Context(), columnsSQL)
	must(t, err)
	type column struct{ Table, Column, Owner string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	must(t, err)
	for _, c := range columns {
		owner := map[string]int64{"case_id": p.CaseID, "debtor_id": p.ID}[c.Owner]
		sql := `SELECT DISTINCT ` + c.Column + `::text FROM ` + c.Table + ` WHERE ` + c.Owner + ` = $1 AND ` + c.Column + ` IS NOT NULL LIMIT 3`
		rows, err := s.Pool.Query(t.Context(), sql, owner)
		must(t, err)
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		ids = append(ids, found...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// fieldNames are all names that the portal reads out of a request, as its own sources have them.
func fieldNames(t *testing.T) []string {
	t.Helper()
	var names []string
	find := map[string]*regexp.Regexp{
		".go": regexp.MustCompile(`(?:FormValue|\.Get|FormFile)\("([a-z_]+)"\)|json:"([a-z_]+)`), ".html": regexp.MustCompile(` name="([a-z_]+)"`),
	}
	for _, pattern := range []string{"*.go", "template/*.html"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(file)
			must(t, err)
			for _, m := range find[filepath.Ext(file)].FindAllStringSubmatch(string(raw), -1) {
				names = append(names, m[1]+strings.Join(m[2:], ""))
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) < 8 || !slices.Contains(names, "device") || !slices.Contains(names, "helper") {
		t.Fatalf("names of fields: %q", names)
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == "form_token" || n == "lang" || n == "case" })
}

// With a session of the one, all ids of the other are tried in every path, every field and every JSON text that the portal has: made
// from the table of routes, the sources and the tables, so that what is added later is tried as well. Nothing of the other is
// shown, and nothing of the other changes.
func TestSession_ofOneCaseReachesNoOther(t *testing.T) {
	t.Parallel()
	s := withProvider(t, func(_ *app.Config, pages *portal.Config) { pages.GateTries, pages.NetworkTries = 1<<30, 1<<30 })
	theirs := stage{World: s.World, Browser: s.Another(), robot: s.robot, tills: s.tills}
	other := theirs.full(t, uitest.Writ{Name: "Бекова Сауле Маратқызы", Issuer: "Тараз салық басқармасы", Document: "OTHER-DOC-77", Amount: 31337, Kind: "tax_order"})
	mine := s.full(t, uitest.Writ{})
	theirs.invite(t) // links of helpers do not live long
	s.invite(t)
	theirs.signIn(t, other)
	secrets := []string{"Бекова", "Сауле", "Тараз", "OTHER-DOC-77", "31 337", "30 337", "31337", caseno.Format(other.CaseID), other.IIN, other.Phone, other.Token}
	own := s.idsOf(t, mine)
	ids := slices.DeleteFunc(s.idsOf(t, other), func(id string) bool { return slices.Contains(own, id) })
	if len(ids) < 6 {
		t.Fatalf("ids of the other: %q", ids)
	}
	before := s.rowsOf(t, other)
	check := func(what, sent string, got *uitest.Page) {
		t.Helper()
		all := plain(got.Body) + strings.Join(got.Header["Location"], "")
		for _, secret := range secrets {
			if !strings.Contains(sent, secret) && strings.Contains(all, secret) {
				t.Errorf("%s (%s) shows %q: %d", what, sent, secret, got.Status)
			}
		}
		if got.Status >= 500 && got.Status != http.StatusBadGateway {
			t.Errorf("%s (%s): %d", what, sent, got.Status)
		}
	}
	inside := func() *uitest.Page { // leaving is one of the routes, and so is signing out
		if s.Get("/p/cases").Status != http.StatusOK {
			s.signIn(t, mine)
		}
		page := s.Get("/p/case")
		if page.Status != http.StatusOK {
			s.enter(t, mine)
			page = s.Get("/p/case")
		}
		return page
	}
	names := fieldNames(t)
	for _, id := range ids {
		fields := url.Values{}
		body := map[string]string{}
		for _, name := range names {
			fields.Set(name, id)
			body[name] = id
		}
		raw, err := json.Marshal(body)
		must(t, err)
		for _, pattern := range uitest.Patterns(t, s.handler) {
			method, path := uitest.Route(pattern, url.PathEscape(id))
			page := inside()
			if method == http.MethodGet {
				got := s.Get(path + "?" + fields.Encode())
				check(pattern, id, got)
				if strings.HasPrefix(path, "/p/case") && strings.Contains(pattern, "{") && got.Status < 400 && got.Status != http.StatusSeeOther {
					t.Errorf("%s with %s: %d", pattern, id, got.Status)
				}
				continue
			}
			form := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}}
			for k, v := range fields {
				form[k] = v
			}
			check(pattern, id, s.Browser.Do(method, path, form, nil))
			inside()
			check(pattern+" JSON", id, s.PostBody(path, "application/json", strings.NewReader(string(raw))))
		}
	}
	s.swap(t, theirs, inside, check)
	if diff := cmp.Diff(before, s.rowsOf(t, other)); diff != "" {
		t.Errorf("the other case has changed:\n%s", diff)
	}
}

// swap sends every form of one visitor's pages with the hidden values that the other's pages have in the same form: each must be refused.
func (s stage) swap(t *testing.T, theirs stage, inside func() *uitest.Page, check func(what, sent string, got *uitest.Page)) {
	t.Helper()
	swapped := 0
	for _, pattern := range uitest.Patterns(t, s.handler) {
		method, path := uitest.Route(pattern, "x")
		if method != http.MethodGet || !strings.HasPrefix(path, "/p/case") || strings.Contains(pattern, "{t") {
			continue
		}
		inside()
		own, foreign := hidden(s.Get(path)), hidden(theirs.Get(path))
		for where, values := range foreign {
			for _, value := range values {
				if len(own[where]) == 0 || slices.Contains(own[where], value) {
					continue
				}
				action, name, _ := strings.Cut(where, " ")
				page := inside()
				form := url.Values{"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "understood": {"yes"}, name: {value}}
				got := s.Post(action, form)
				check(action, value, got)
				if got.Status != http.StatusNotFound && got.Status != http.StatusConflict {
					t.Errorf("%s with the other's %s: %d", action, name, got.Status)
				}
				swapped++
			}
		}
	}
	if swapped < 3 { // a device, a helper, a case in the list
		t.Errorf("only %d values of the other were tried", swapped)
	}
}

// hidden are the hidden values of all forms of a page, by action and name.
func hidden(p *uitest.Page) map[string][]string {
	out := map[string][]string{}
	for _, form := range p.All(`form[method="post"]`) {
		var action string
		for _, a := range form.Attr {
			if a.Key == "action" {
				action = a.Val
			}
		}
		for n := range form.Descendants() {
			field := map[string]string{}
			for _, a := range n.Attr {
				field[a.Key] = a.Val
			}
			if n.Type == html.ElementNode && n.Data == "input" && field["type"] == "hidden" && field["name"] != "form_token" && field["name"] != "lang" && field["name"] != "case" {
				out[action+" "+field["name"]] = append(out[action+" "+field["name"]], field["value"])
			}
		}
	}
	return out
}

// rowsOf is a checksum of all rows of a case and its debtor, table by table.
func (s stage) rowsOf(t *testing.T, p uitest.Person) map[string]string {
	t.Helper()
	rows, err := s.Pool.Query(t.Context(), `SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND column_name IN ('case_id', 'debtor_id')`)
	must(t, err)
	type column struct{ Table, Owner string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	must(t, err)
	sums := map[string]string{}
	for _, c := range append(columns, column{"cases", "id"}) {
		owner := p.CaseID
		if c.Owner == "debtor_id" {
			owner = p.ID
		}
		var sum string
		sql := `SELECT count(*) || ' ' || md5(coalesce(string_agg(x::text, E'\n' ORDER BY x::text), '')) FROM ` + c.Table + ` x WHERE ` + c.Owner + ` = $1`
		must(t, s.Pool.QueryRow(t.Context(), sql, owner).Scan(&sum))
		sums[c.Table+"."+c.Owner] = sum
	}
	return sums
}
