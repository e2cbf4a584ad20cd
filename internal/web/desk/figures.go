package desk

import (
	"fmt"
	"strconv"

	"robotbailiff/engine/intake"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
)

// figures writes what lives on the first page, by the name of its place: the page shows the same words that are told later.
func figures(p *i18n.Printer, v *app.Today) map[string]string {
	c := map[string]string{
		"cases": p.Number(v.Cases), "open": p.Number(v.Open), "debt": p.Money(v.Debt), "repaid": p.Money(v.Paid), "left": p.Money(v.Outstanding), "lifts": p.Number(v.Lifts),
	}
	for _, s := range v.States {
		c["s-"+s.State] = p.Number(s.Cases)
	}
	for i := range v.KPIs {
		k := &v.KPIs[i]
		c["k-"+k.Name] = written(p, k, k.Now)
	}
	for _, d := range v.Dues {
		for when, n := range map[string]int64{"overdue": d.Overdue, "today": d.Today, "tomorrow": d.Tomorrow, "week": d.Week} {
			c["d-"+d.Kind+"-"+when] = p.Number(n)
		}
	}
	for _, w := range v.Work {
		c["w-"+w.Kind] = p.Number(w.Count)
	}
	return c
}

// written is a figure as the page writes it.
func written(p *i18n.Printer, k *app.KPI, f app.Figure) string {
	switch {
	case k.Unknown:
		return "—"
	case k.Money:
		return p.Round(f.Sum)
	}
	return p.Number(f.N)
}

// batchFigures writes what lives on the pages of court batches. What ends in bar is markup of numbers, the rest is text.
func batchFigures(p *i18n.Printer, batches []intake.Batch) (map[string]string, error) {
	c := map[string]string{}
	for _, b := range batches {
		id := "b-" + strconv.FormatInt(b.ID, 10) + "-"
		for name, n := range map[string]int{"rows": b.Rows, "accepted": b.Accepted, "duplicate": b.Duplicate, "rejected": b.Rejected, "quarantined": b.Quarantined} {
			c[id+name] = p.Number(int64(n))
		}
		if b.Expected > 0 {
			c[id+"bar"] = fmt.Sprintf(`<progress max="%d" value="%d">%d</progress>`, b.Expected, b.Rows, b.Rows)
		}
		state, err := p.T("batch.state." + string(b.State))
		if err != nil {
			return nil, err
		}
		c[id+"state"] = state
	}
	return c, nil
}
