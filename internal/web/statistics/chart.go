package statistics

import (
	app "robotbailiff/internal/app/statistics"
	"robotbailiff/internal/i18n"
)

// chart is the months of the country as bars, drawn by the server, the oldest first. What it shows stands in a table as well.
type chart struct {
	Width, Height int
	Bars          []bar
	Says          i18n.Text // the same in a sentence
}

type bar struct {
	Kind       string // opened or paid
	X, Y, W, H int
}

// Sizes of a chart, in units of its own.
const (
	chartStep   = 40
	chartBar    = 15
	chartHeight = 120
)

// chartOf draws opened and paid cases of each month, the newest month last. A number that is not shown has no bar.
func chartOf(months []app.Month) chart {
	c := chart{Width: max(len(months), 1) * chartStep, Height: chartHeight}
	var most int64
	for _, m := range months {
		most = max(most, m.Country.Opened.N, m.Country.Paid.N)
	}
	if most == 0 {
		c.Says = i18n.Say("statistics.chart_nothing")
		return c
	}
	for i := range months {
		m := months[len(months)-1-i]
		for k, x := range []struct {
			kind string
			n    int64
		}{{"opened", m.Country.Opened.N}, {"paid", m.Country.Paid.N}} {
			if x.n == 0 {
				continue
			}
			h := max(int(x.n*(chartHeight-4)/most), 1)
			c.Bars = append(c.Bars, bar{x.kind, i*chartStep + 4 + k*(chartBar+2), chartHeight - h, chartBar, h})
		}
	}
	c.Says = i18n.Say("statistics.chart_says", "from", named(months[len(months)-1].Month), "to", named(months[0].Month), "most", most)
	return c
}
