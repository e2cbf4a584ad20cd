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
	"sync"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui/uitest"
)

var variable = regexp.MustCompile(`\{[^}]*\}`)

// pieces are what the catalogs of each language say, without variables: whatever has two words or more.
var pieces = sync.OnceValues(func() (map[i18n.Lang][]string, error) {
	out := map[i18n.Lang][]string{}
	for _, l := range i18n.DebtorLangs {
		names, err := filepath.Glob("../../i18n/catalog/*." + string(l) + ".json")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			var tree any
			if err := json.Unmarshal(raw, &tree); err != nil {
				return nil, err
			}
			out[l] = append(out[l], said(tree)...)
		}
	}
	return out, nil
})

func said(tree any) (out []string) {
	switch v := tree.(type) {
	case map[string]any:
		for _, below := range v {
			out = append(out, said(below)...)
		}
	case string:
		for _, piece := range variable.Split(v, -1) {
			if piece = strings.Trim(piece, " .,:;()«»№"); len([]rune(piece)) >= 10 && strings.Contains(piece, " ") {
				out = append(out, piece)
			}
		}
	}
	return out
}

// spoken is what a page says in its own language: without what is marked as of another, and without what was typed.
func spoken(p *uitest.Page, own i18n.Lang) string {
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		for _, a := range n.Attr {
			if a.Key == "lang" && a.Val != string(own) || a.Key == "class" && a.Val == "said" {
				return
			}
			if a.Key == "aria-label" {
				b.WriteString(a.Val + " ")
			}
		}
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Data == "style" || n.Data == "textarea" {
			return
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		b.WriteByte(' ')
	}
	for _, n := range p.All("html") {
		walk(n)
	}
	return plain(strings.Join(strings.Fields(b.String()), " "))
}

// data is what the pages of these tests show and no catalog says: names, and what who issued a document calls itself.
var data = []string{
	"Ахметов Данияр Серікұлы", "А.Д.", "Алматы қ. Полиция департаменті", "Альфа Pay", "Сейтқали Айнұр", "ЖСО-2711", "Алматы қ. Әділет департаменті", "Қазынашылық комитеті",
}

// oneLanguage holds a page to its language: no sentence of another catalog stands on it, and in Kyrgyz and Uzbek no letter that they do not have.
func oneLanguage(t *testing.T, p *uitest.Page, own i18n.Lang) {
	t.Helper()
	all, err := pieces()
	if err != nil {
		t.Fatal(err)
	}
	says := spoken(p, own)
	for _, d := range data {
		says = strings.ReplaceAll(says, d, "")
	}
	mine := "\x00" + strings.Join(all[own], "\x00") + "\x00"
	for _, l := range i18n.DebtorLangs {
		if l == own {
			continue
		}
		for _, piece := range all[l] {
			if strings.Contains(says, piece) && !strings.Contains(mine, piece) {
				t.Errorf("a page in %s says %q, which is %s", own, piece, l)
			}
		}
	}
	for _, word := range strings.Fields(says) {
		if strings.ContainsFunc(word, func(r rune) bool {
			return own == i18n.UZ && unicode.Is(unicode.Cyrillic, r) || own == i18n.KY && strings.ContainsRune("әғқұһіӘҒҚҰҺІ", r)
		}) {
			t.Errorf("a page in %s has the word %q", own, word)
		}
	}
}

// The check above sees what it is there for.
func TestOneLanguage_seesAnother(t *testing.T) {
	t.Parallel()
	all, err := pieces()
	must(t, err)
	for _, l := range i18n.DebtorLangs {
		if len(all[l]) < 300 || !slices.ContainsFunc(all[l], func(s string) bool { return s == strings.TrimRight(say(t, l, "gate.lead"), ".") }) {
			t.Errorf("%s: %d pieces", l, len(all[l]))
		}
	}
}

func say(t *testing.T, l i18n.Lang, key string) string {
	t.Helper()
	s, err := i18n.For(l).T(key)
	must(t, err)
	return s
}

// Every address of the portal, with a visit, without one and as a helper, in the two languages that only debtors have.
func TestEveryRoute_speaksOneLanguage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.full(t, uitest.Writ{})
	must(t, s.Sent(t.Context(), p.CaseID, 2))
	path, code := s.invite(t)
	helper := s
	helper.Browser = s.Another()
	helper.helps(path, code)
	for _, l := range []i18n.Lang{i18n.KY, i18n.UZ} {
		seen := 0
		for _, b := range []*uitest.Browser{s.Browser, helper.Browser, s.Another()} {
			for _, fill := range []string{"already_paid", p.Token, "1"} {
				for _, pattern := range uitest.Patterns(t, s.handler) {
					method, path := uitest.Route(pattern, fill)
					if method != http.MethodGet || strings.Contains(path, "/receipt/") || strings.Contains(path, "/documents/") {
						continue
					}
					page := b.Get(path + "?lang=" + string(l))
					if page.Status == http.StatusSeeOther {
						continue
					}
					checkPage(t, page, string(l))
					seen++
				}
			}
		}
		if seen < 40 {
			t.Errorf("%s: only %d pages", l, seen)
		}
	}
}

// inLanguage presses a button of the language row of a page on which something was typed.
func (s stage) inLanguage(t *testing.T, p *uitest.Page, l i18n.Lang, typed map[string]string) *uitest.Page {
	t.Helper()
	if p.Attr(`.langs button[value="`+string(l)+`"]`, "form") != "fill" || len(p.All("form#fill")) != 1 || p.Has(".langs a") {
		t.Fatalf("the language row does not send the form:\n%s", p.Text("main"))
	}
	form := url.Values{}
	for _, in := range p.All(`#fill input:not([type="checkbox"])`) {
		name, value := "", ""
		for _, a := range in.Attr {
			switch a.Key {
			case "name":
				name = a.Val
			case "value":
				value = a.Val
			}
		}
		form.Set(name, value)
	}
	if p.Has("#fill textarea") {
		form.Set(p.Attr("#fill textarea", "name"), p.Text("#fill textarea"))
	}
	for name, value := range typed {
		form.Set(name, value)
	}
	form.Set("speak", string(l))
	if action := p.Attr("form#fill", "action"); p.Attr("form#fill", "method") == "post" {
		return s.Post(action, form)
	} else {
		return s.Get(action + "?" + form.Encode())
	}
}

// On every form of the portal the language can be changed without losing what was typed, and without acting; and a second time.
func TestLanguage_changesOnEveryFormAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	notified(t, s, p.CaseID)
	gate := "/p/" + p.Token
	out := s
	out.Browser = s.Another()
	s.enter(t, p)
	confirm := func() *uitest.Page {
		s.Submit(s.Get("/p/case/refuse"), "/p/case/refuse", nil)
		return s.Get("/p/case/refuse/confirm")
	}
	get := func(in stage, path string) func() *uitest.Page { return func() *uitest.Page { return in.Get(path) } }
	for name, c := range map[string]struct {
		in    stage
		open  func() *uitest.Page
		typed map[string]string // into fields by name
		chose map[string]string // of boxes and lists, by name
	}{
		"the gate":          {out, get(out, gate), map[string]string{"iin": "12", "year": "198", "phone": "7"}, nil},
		"the number":        {out, get(out, "/p/"), map[string]string{"number": "26-01", "iin": "1", "year": "19"}, nil},
		"a helper's gate":   {out, get(out, gate+"/helper"), map[string]string{"code": "123"}, nil},
		"a receipt's code":  {out, get(out, "/verify"), map[string]string{"code": "ABC<\"1"}, nil},
		"an answer":         {out, get(out, "/verify?code=ABC"), map[string]string{"code": "ABC"}, nil},
		"the sum":           {s, get(s, "/p/case/pay"), map[string]string{"sum": "12 3,"}, nil},
		"words":             {s, get(s, "/p/case/object/already_paid"), map[string]string{"words": "Төледім\r\n<b>"}, nil},
		"no words":          {s, get(s, "/p/case/object/notice"), map[string]string{"words": ""}, nil},
		"how one is told":   {s, get(s, "/p/case/contact"), nil, map[string]string{"notices": "uz", "channel": "sms"}},
		"the last question": {s, confirm, nil, map[string]string{"understood": "yes"}},
		"the question":      {s, confirm, nil, map[string]string{"understood": ""}},
	} {
		page := c.open()
		before, err := s.Counts(t.Context())
		must(t, err)
		fill := map[string]string{}
		for _, m := range []map[string]string{c.typed, c.chose} {
			for k, v := range m {
				fill[k] = v
			}
		}
		title := ""
		for i, l := range []i18n.Lang{i18n.UZ, i18n.RU, i18n.KY} {
			if i > 0 && c.chose == nil {
				fill = nil // it stands on the page
			}
			page = c.in.inLanguage(t, page, l, fill)
			if page.Status != http.StatusOK || title == page.Text("h1") {
				t.Fatalf("%s in %s: %d %s", name, l, page.Status, page.Text("main"))
			}
			title = page.Text("h1")
			checkPage(t, page, string(l))
			for field, want := range c.typed {
				got := page.Attr(`#fill input[name="`+field+`"]`, "value")
				if field == "words" {
					got, want = page.Text(`#fill textarea`), strings.Join(strings.Fields(want), " ")
				}
				if got != want {
					t.Errorf("%s in %s: %s is %q, was %q", name, l, field, got, want)
				}
			}
			for field, want := range c.chose {
				got := page.Attr(`#fill select[name="`+field+`"] option[selected]`, "value") + page.Attr(`#fill input[name="`+field+`"][checked]`, "value")
				if got != want {
					t.Errorf("%s in %s: %s is %q, was %q", name, l, field, got, want)
				}
			}
			if page.Has("[role=alert]") {
				t.Errorf("%s in %s: changing the language finds fault: %s", name, l, page.Text("[role=alert]"))
			}
		}
		if got := c.in.Get("/p/sms").Attr("html", "lang"); got != "ky" {
			t.Errorf("%s: the next page is in %s", name, got)
		}
		after, err := s.Counts(t.Context())
		must(t, err)
		if before != after {
			t.Errorf("%s: changing the language has written:\n%s\n---\n%s", name, before, after)
		}
	}
}

// A page without a form to fill in has links, which lead to itself; every form that is filled in has the other row.
func TestLanguage_theRowFitsThePage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	for _, path := range []string{"/p/case", "/p/case/refuse", "/p/case/helper", "/p/sms", "/p/closed", "/p/nowhere/at/all"} {
		if page := s.Get(path); len(page.All(".langs a")) != len(i18n.DebtorLangs) || page.Has(".langs button") {
			t.Errorf("%s: %s", path, page.Text(".langs"))
		}
	}
	for _, path := range []string{"/p/" + p.Token, "/p/", "/p/case/pay", "/p/case/contact", "/p/case/object/not_me", "/verify"} {
		page := s.Get(path)
		for _, field := range []string{"input:not([type=hidden])", "select", "textarea"} {
			if !page.Has(".langs button") || len(page.All("main "+field)) != len(page.All("#fill "+field)) {
				t.Errorf("%s: what is typed is not in the form of the language row", path)
			}
		}
		if first := page.All(`button`)[0]; uitest.Words(first) != "" {
			t.Errorf("%s: the enter key changes the language", path)
		}
	}
}

// What asks for another language never acts, whatever else it holds: not on a form without a row of its own either.
func TestLanguage_neverActs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.full(t, uitest.Writ{})
	s.Submit(s.Get("/p/case/refuse"), "/p/case/refuse", nil)
	page := s.Get("/p/case")
	before, err := s.Counts(t.Context())
	must(t, err)
	for _, pattern := range uitest.Patterns(t, s.handler) {
		method, path := uitest.Route(pattern, "already_paid")
		if method != http.MethodPost {
			continue
		}
		form := url.Values{
			"form_token": {page.Attr(`input[name="form_token"]`, "value")}, "speak": {"en"}, "understood": {"yes"}, "total": {"25193.75"}, "words": {"x"}, "sum": {"100"}, "till": {"alpha"},
			"iin": {p.IIN[8:]}, "year": {p.Year}, "phone": {p.Phone[8:]}, "stranger": {"yes"}, "notices": {"en"}, "channel": {"sms"},
		}
		if got := s.Post(path, form); got.Status >= 500 || got.Header.Get("Set-Cookie") == "" && got.Status == http.StatusOK {
			t.Errorf("%s: %d", pattern, got.Status)
		}
	}
	after, err := s.Counts(t.Context())
	must(t, err)
	if before != after {
		t.Errorf("asking for a language has written:\n%s\n---\n%s", before, after)
	}
}
