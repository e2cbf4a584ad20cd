package desk

import (
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
)

// spark is a small chart of one figure, a bar a day, drawn by the server. What it shows stands in a table as well.
type spark struct {
	Width int
	Bars  []sparkBar
	Says  i18n.Text // the same in a sentence
}

type sparkBar struct {
	X, Y, W, H int
	In         bool // of the period; the days before it are drawn hollow
}

// Sizes of a chart, in units of its own.
const (
	sparkStep   = 10
	sparkHeight = 40
)

// sparkOf draws the days of a figure.
func sparkOf(k *app.KPI, days []calendar.Date, period app.Period) spark {
	s := spark{Width: len(days) * sparkStep}
	var most int64
	top := days[0]
	for i, f := range k.Days {
		if v := k.Value(f); v > most {
			most, top = v, days[i]
		}
	}
	for i, f := range k.Days {
		if v := max(k.Value(f), 0); most > 0 && v > 0 {
			h := max(int(v*(sparkHeight-2)/most), 1)
			s.Bars = append(s.Bars, sparkBar{X: i*sparkStep + 1, Y: sparkHeight - 1 - h, W: sparkStep - 2, H: h, In: period.Has(days[i])})
		}
	}
	if most == 0 {
		s.Says = i18n.Say("today.chart.nothing", "kpi", i18n.Say("today.kpi."+k.Name), "from", days[0], "to", days[len(days)-1])
		return s
	}
	s.Says = i18n.Say("today.chart.says", "kpi", i18n.Say("today.kpi."+k.Name), "from", days[0], "to", days[len(days)-1], "most", said(k, k.Days[top.Sub(days[0])]), "on", top)
	return s
}

// said is a figure as a text says it.
func said(k *app.KPI, f app.Figure) any {
	if k.Money {
		return f.Sum
	}
	return f.N
}

// change says how a figure has changed against the period before.
func change(k *app.KPI) i18n.Text {
	before := said(k, k.Before)
	percent, ok := k.Change()
	switch {
	case !ok:
		return i18n.Say("today.change.before", "before", before)
	case percent > 0:
		return i18n.Say("today.change.up", "percent", percent, "before", before)
	case percent < 0:
		return i18n.Say("today.change.down", "percent", -percent, "before", before)
	}
	return i18n.Say("today.change.same", "before", before)
}
