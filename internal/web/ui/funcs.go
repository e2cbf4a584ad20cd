package ui

import (
	"fmt"
	"html/template"
	"slices"

	"robotbailiff/internal/i18n"
)

// actors are the names of those who may act on a case, besides the operators.
var actors = []string{"robot", "court", "bank", "payment", "debtor", "notice", "stranger"}

// actorKey names the catalog's word for an actor: operators are one word, whoever they are.
func actorKey(actor string) string {
	if slices.Contains(actors, actor) {
		return actor
	}
	return "desk"
}

// funcs are what templates of one language may call. Every one that fails makes the page fail, loudly.
func funcs(p *i18n.Printer, css string) template.FuncMap {
	return template.FuncMap{
		"t": p.T,
		// label names a value of the database; one that the catalogs do not know is shown as it is.
		"label": func(family, value string) (string, error) {
			if key := family + "." + value; p.Has(key) {
				return p.T(key)
			}
			return value, nil
		},
		"say":      p.Say,
		"money":    p.Money,
		"round":    p.Round,
		"num":      p.Number,
		"date":     p.Date,
		"instant":  p.Instant,
		"stamp":    p.Stamp,
		"isodate":  func(d fmt.Stringer) string { return d.String() },
		"iso":      i18n.ISO,
		"known":    func(t interface{ IsZero() bool }) bool { return !t.IsZero() },
		"int":      func(n int64) int { return int(n) },
		"long":     func(n int) int64 { return int64(n) },
		"actorKey": actorKey,
		"lang":     func() string { return string(p.Lang()) },
		"lawLang":  func() string { return string(i18n.OfLaw(p.Lang())) },
		"css":      func() template.CSS { return template.CSS(css) }, //nolint:gosec // our own, a constant of the program
	}
}
