package desk

import (
	"net/http"
	"net/url"
	"strconv"

	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
)

type deadlinesPage struct {
	ui.Page
	View  app.Deadlines
	Kinds []periodLink
	Days  []deadlineRow
	Late  string // address of what is overdue
	Codes []string
	Next  string // address of the next page; empty: there is none

	Tomorrow   bool   // the list is of tomorrow
	ToTomorrow string // address of the cases that are handed over tomorrow
}

// deadlineRow is one day with its address and the length of its bar.
type deadlineRow struct {
	app.DeadlineDay
	Href    string
	Bar     int
	Current bool
}

// overdue is the word for all days before today in an address.
const overdue = "overdue"

var dueNames = []string{app.DueHandover, app.DueVoluntary, app.DueUnproven, app.DueKept}

func (h *handler) deadlines(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	get := r.URL.Query().Get
	q := app.DeadlineQuery{Kind: get("kind"), Region: get("region"), Overdue: get("day") == overdue}
	if !regionForm.MatchString(q.Region) {
		q.Region = ""
	}
	// What makes no sense in an address is tomorrow, and the first page.
	q.Day, _ = calendar.ParseDate(get("day"))
	q.After.Day, _ = calendar.ParseDate(get("from"))
	q.After.Case, _ = strconv.ParseInt(get("after"), 10, 64)
	v, err := h.app.Deadlines(r.Context(), actor, q)
	if err != nil {
		return err
	}
	p := deadlinesPage{Page: h.page(w, r, i18n.Say("today.due."+v.Query.Kind)), View: v, Codes: v.Regions}
	to := func(kind, day string) string {
		return "/desk/deadlines?" + where(v.Query.Region, url.Values{"kind": {kind}, "day": {day}})
	}
	day := v.Query.Day.String()
	if v.Query.Overdue {
		day = overdue
	}
	for _, name := range dueNames {
		p.Kinds = append(p.Kinds, periodLink{Name: name, Href: to(name, day), Current: name == v.Query.Kind})
	}
	tomorrow := v.Today.AddDays(1)
	p.Tomorrow, p.ToTomorrow = !v.Query.Overdue && v.Query.Day == tomorrow, to(app.DueHandover, tomorrow.String())
	p.Late = to(v.Query.Kind, overdue)
	most := int64(1)
	for _, d := range v.Days {
		most = max(most, d.N)
	}
	for _, d := range v.Days {
		bar := int(max(d.N, 0) * barWidth / most)
		if d.N > 0 {
			bar = max(bar, 8)
		}
		p.Days = append(p.Days, deadlineRow{DeadlineDay: d, Href: to(v.Query.Kind, d.Day.String()), Bar: bar, Current: !v.Query.Overdue && d.Day == v.Query.Day})
	}
	if v.Next.Case != 0 {
		p.Next = to(v.Query.Kind, day) + "&" + url.Values{"from": {v.Next.Day.String()}, "after": {strconv.FormatInt(v.Next.Case, 10)}}.Encode()
	}
	return h.Render.Render(w, r, http.StatusOK, "deadlines", p.Lang, p)
}
