package desk

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"robotbailiff/engine/breaker"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/web/ui"
	"robotbailiff/rules/calendar"
)

// todayRoutes are the first page, the lists of what falls due, and the live figures.
func (h *handler) todayRoutes(route func(pattern string, f ui.HandlerFunc)) {
	route("GET /desk/{$}", h.inside(h.today))
	route("GET /desk/deadlines", h.inside(h.deadlines))
	route("GET /desk/live", h.inside(h.live))
}

type todayPage struct {
	ui.Page
	View     app.Today
	C        map[string]string // the figures that live, by their name
	Periods  []periodLink
	Own      bool // the period was chosen by its days
	Codes    []string
	Tiles    []tile
	Bars     []bar
	States   []stateLine
	Dues     []dueLine
	Tomorrow dueCell // the cases that are handed over tomorrow
	Days     []dayRow
	Work     []app.WorkItem // that wait, and that the visitor may work
	Breakers []breakerRow
	Over     int // breakers that are over their limit
	Live     string
	LiftAge  i18n.Text
	Why      string // everything is stopped
}

// periodLink leads to the page with another period.
type periodLink struct {
	Name, Href string
	Current    bool
}

// tile is one figure with its change and its chart.
type tile struct {
	app.KPI
	Change i18n.Text
	Spark  spark
}

// dayRow is a line of the table under the charts.
type dayRow struct {
	Day    calendar.Date
	Values []string
}

// bar is one piece of the stacked bar of states.
type bar struct {
	State    string
	X, Width int
}

// stateLine is one state with its share of all cases, in per cent.
type stateLine struct {
	app.StateRow
	Share int64
}

// dueLine is one kind of what falls due; each of its counts leads to its list.
type dueLine struct {
	Kind  string
	Cells []dueCell
}

type dueCell struct {
	ID, Href string
	N        int64
	Bad      bool // it should be none
}

const barWidth = 1000

var regionForm = regexp.MustCompile(`^[0-9]{2}$`)

// workRights are what one needs to see what waits there; the others need to look.
var workRights = map[string]Right{
	"objections": Objections, "trials": Cases, "suspense": Money, "refunds": Money, "reversals": Money, "approve_money": Money,
}

// todayQuery reads what is to be counted from an address.
func todayQuery(r *http.Request) app.TodayQuery {
	get := r.URL.Query().Get
	q := app.TodayQuery{Region: get("region"), Period: get("period"), From: get("from"), To: get("to")}
	if !regionForm.MatchString(q.Region) {
		q.Region = ""
	}
	return q
}

func (h *handler) today(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	q := todayQuery(r)
	v, err := h.app.Today(r.Context(), actor, q)
	if err != nil {
		return err
	}
	p := todayPage{Page: h.Scripted(h.page(w, r, i18n.Say("desk.title"))), View: v, Own: v.Period.Name == ""}
	say := i18n.For(p.Lang)
	p.C = figures(say, &v)
	p.Bars, p.Why = bars(v), whyStopped(v.Robot, p.Lang)
	for _, x := range v.States {
		p.States = append(p.States, stateLine{x, x.Cases * 100 / max(v.Cases, 1)})
	}
	for i := range v.Dues {
		p.Dues = append(p.Dues, dueLineOf(&v.Dues[i], v.Region, calendar.DateOf(v.Now)))
		if v.Dues[i].Kind == app.DueHandover {
			p.Tomorrow = p.Dues[i].Cells[2]
		}
	}
	for _, row := range v.Regions {
		p.Codes = append(p.Codes, row.Code)
	}
	for _, x := range app.Periods {
		p.Periods = append(p.Periods, periodLink{Name: x.Name, Href: "?" + where(v.Region, url.Values{"period": {x.Name}}), Current: v.Period.Name == x.Name})
	}
	for i := range v.KPIs {
		k := &v.KPIs[i]
		p.Tiles = append(p.Tiles, tile{KPI: *k, Change: change(k), Spark: sparkOf(k, v.Chart, v.Period)})
	}
	for i, day := range slices.Backward(v.Chart) {
		row := dayRow{Day: day}
		for k := range v.KPIs {
			row.Values = append(row.Values, written(say, &v.KPIs[k], v.KPIs[k].Days[i]))
		}
		p.Days = append(p.Days, row)
	}
	for _, x := range v.Work {
		if x.Count > 0 && May(actor, rightOfWork(x.Kind)) {
			p.Work = append(p.Work, x)
		}
	}
	for _, b := range v.Breakers {
		p.Breakers = append(p.Breakers, breakerRow{b, breaker.Why(b.Name, b.Figures, string(p.Lang))})
		if b.Over {
			p.Over++
		}
	}
	if v.Lifts > 0 {
		p.LiftAge = age(max(0, int64(v.Now.Sub(v.Since).Minutes())))
	}
	p.Live = "/desk/live?" + where(v.Region, url.Values{"period": {v.Period.Name}, "cases": {strconv.FormatInt(v.Opened, 10)}})
	return h.Render.Render(w, r, http.StatusOK, "today", p.Lang, p)
}

// dueLineOf lays out the counts of one kind.
func dueLineOf(d *app.DueRow, region string, today calendar.Date) dueLine {
	line := dueLine{Kind: d.Kind}
	for _, x := range []struct {
		when, day string
		n         int64
	}{{"overdue", overdue, d.Overdue}, {"today", today.String(), d.Today}, {"tomorrow", today.AddDays(1).String(), d.Tomorrow}, {"week", today.AddDays(1).String(), d.Week}} {
		href := "/desk/deadlines?" + where(region, url.Values{"kind": {d.Kind}, "day": {x.day}})
		line.Cells = append(line.Cells, dueCell{ID: "c-d-" + d.Kind + "-" + x.when, Href: href, N: x.n, Bad: x.when == overdue && d.Kind != app.DueKept})
	}
	return line
}

// where is the query of an address with the region, if one is chosen.
func where(region string, q url.Values) string {
	if region != "" {
		q.Set("region", region)
	}
	return q.Encode()
}

func rightOfWork(kind string) Right {
	if right, ok := workRights[kind]; ok {
		return right
	}
	return Look
}

// bars shares the width out by counts. Every state that has cases gets at least a line.
func bars(v app.Today) []bar {
	var out []bar
	x := 0
	for _, s := range v.States {
		if s.Cases == 0 {
			continue
		}
		width := max(int(s.Cases*barWidth/v.Cases), 4)
		out = append(out, bar{State: s.State, X: x, Width: width})
		x += width
	}
	return out
}
