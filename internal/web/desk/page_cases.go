package desk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"robotbailiff/internal/app/caselist"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
)

// caseListRoutes are the pages of lists of cases, and of whom a case is of.
func (h *handler) caseListRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/cases", h.inside(h.cases))
	route("POST /desk/cases/search", h.inside(h.searchCases))
	route("POST /desk/cases/views", h.inside(h.saveView))
	route("POST /desk/cases/views/drop", h.inside(h.dropView))
	route("POST /desk/cases/export", h.inside(h.exportCases))
	for _, was := range []string{"search", "views", "views/drop", "export"} {
		route("GET /desk/cases/"+was, h.inside(h.backToCases)) // the language row after a post
	}
	route("POST /desk/cases/{number}/unmask", h.inside(h.unmask))
	route("GET /desk/cases/{number}/unmask", h.inside(h.backToCase))
	h.exportRoutes(route)
}

type casesPage struct {
	ui.Page
	View     app.CaseList
	Filter   caselist.Filter
	Columns  []caselist.Column
	Choices  choices
	Query    string // of this list without the place in it, for forms and links
	Any      bool   // the filter has something in it
	Set      []setField
	NextHref string
	PrevHref string
	Bad      []string // fields of the address that make no sense
	Problem  string   // of what was just tried; empty: none
	Typed    string   // into a form that is shown again; never what was looked for
	Nothing  *caselist.Found
	Kinds    []caselist.Kind
}

// setField is a condition in force, in words: Family names those of its values in the catalogs.
type setField struct{ Field, Family, Value string }

// families are the words of values that have some.
var families = map[string]string{"state": "state", "region": "region", "flag": "cases.flag", "sort": "cases.sort"}

// set lists the conditions in force.
func set(f caselist.Filter) (out []setField) {
	f = f.Lasting()
	f.Columns = ""
	q := f.Query()
	for _, name := range caselist.Fields {
		if v := q.Get(name); v != "" {
			x := setField{name, families[name], v}
			if v == caselist.StateOpen || v == caselist.StateEnded {
				x.Family = "cases.state"
			}
			out = append(out, x)
		}
	}
	return out
}

// choices are what selects of the filter offer.
type choices struct {
	States  []string
	Regions []string
	Flags   []caselist.Flag
	Sorts   []caselist.Sort
	Columns []columnChoice
}

type columnChoice struct {
	caselist.Column
	On bool
}

var searchKinds = []caselist.Kind{caselist.Number, caselist.IIN, caselist.Phone, caselist.Name, caselist.Sum, caselist.Document}

func (h *handler) cases(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	q := r.URL.Query()
	f, bad := caselist.ParseFilter(q)
	if len(bad) == 0 && untidy(q) {
		tidy := f.Query()
		if lang := q.Get("lang"); lang != "" {
			tidy.Set("lang", lang)
		}
		return ui.Redirect(w, casesPath(tidy))
	}
	return h.showCases(w, r, actor, http.StatusOK, casesPage{Filter: f, Bad: bad})
}

// untidy says whether an address has what a form sends and no link would have: empty fields, and a field for each box.
func untidy(q url.Values) bool {
	for _, name := range caselist.Fields {
		if v, ok := q[name]; ok && (len(v) != 1 || v[0] == "") {
			return true
		}
	}
	return false
}

func casesPath(q url.Values) string {
	if len(q) == 0 {
		return "/desk/cases"
	}
	return "/desk/cases?" + q.Encode()
}

// showCases shows a list, or what surrounds it when it cannot be shown.
func (h *handler) showCases(w http.ResponseWriter, r *http.Request, actor app.Actor, status int, p casesPage) (err error) {
	if len(p.Bad) > 0 {
		status = http.StatusBadRequest
	}
	if len(p.Bad) > 0 || p.Nothing != nil {
		p.View, err = h.app.CaseListFrame(r.Context(), actor)
	} else {
		p.View, err = h.app.ListCases(r.Context(), actor, p.Filter)
		if errors.Is(err, caselist.ErrNoSearch) {
			p.Problem, status, p.Filter.Search = "no_search", http.StatusGone, ""
			p.View, err = h.app.CaseListFrame(r.Context(), actor)
		}
	}
	if err != nil {
		return err
	}
	p.Page = h.page(w, r, i18n.Say("cases.title"))
	p.fill(actor)
	return h.Render.Render(w, r, status, "cases", p.Lang, p)
}

// fill adds what the page needs besides the cases.
func (p *casesPage) fill(actor app.Actor) {
	f := p.Filter
	p.Columns, p.Kinds = f.Chosen(), searchKinds
	p.Choices = choices{States: caselist.States, Regions: actor.Regions, Flags: caselist.Flags, Sorts: caselist.Sorts}
	if actor.Whole() {
		p.Choices.Regions = allRegions()
	}
	for _, c := range caselist.Columns {
		p.Choices.Columns = append(p.Choices.Columns, columnChoice{c, slices.Contains(p.Columns, c)})
	}
	f.After, f.Before = caselist.Cursor{}, caselist.Cursor{}
	p.Query = f.Query().Encode()
	lasting := f.Lasting()
	lasting.Columns, lasting.Sort = "", ""
	p.Any, p.Set = len(lasting.Query()) > 0, set(f)
	if p.View.Next.ID != 0 {
		next := f
		next.After = p.View.Next
		p.NextHref = casesPath(next.Query())
	}
	if p.View.Previous.ID != 0 {
		previous := f
		previous.Before = p.View.Previous
		p.PrevHref = casesPath(previous.Query())
	}
}

// Href is the address of a list by its query.
func (casesPage) Href(query string) string { return "/desk/cases?" + query }

// Day writes a day of the filter for its field.
func (casesPage) Day(d interface {
	IsZero() bool
	String() string
},
) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func (h *handler) backToCases(w http.ResponseWriter, _ *http.Request, _ app.Actor) error {
	return ui.Redirect(w, "/desk/cases")
}

// allRegions are the codes of the regions that have a name.
var allRegions = sync.OnceValue(func() (codes []string) {
	for _, key := range i18n.For(i18n.KK).Keys() {
		if code, ok := strings.CutPrefix(key, "region."); ok {
			codes = append(codes, code)
		}
	}
	return codes
})

// caseTable is what the table of cases is made of.
type caseTable struct {
	Columns []caselist.Column
	Rows    []caselist.Row
}

// Table joins the rows of a page with its columns.
func (p casesPage) Table(rows []caselist.Row) caseTable { return caseTable{p.Columns, rows} }

// Table joins the rows of a page with its columns.
func (p exportPage) Table(rows []caselist.Row) caseTable { return caseTable{p.Columns, rows} }
