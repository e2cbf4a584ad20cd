package desk

import (
	"net/http"
	"net/url"
	"time"

	"robotbailiff/engine/breaker"
	app "robotbailiff/internal/app/desk"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/peers"
	"robotbailiff/internal/web/ui"
)

// banksPage is the health of everybody whom the robot talks to.
type banksPage struct {
	ui.Page
	View     app.Banks
	Groups   []bankGroup
	Outcomes []peers.Outcome
}

// bankGroup is all peers of one kind.
type bankGroup struct {
	Kind    peers.Kind
	Ordered bool // they get orders
	Rows    []bankRow
}

// bankRow is one peer with what the page says of it.
type bankRow struct {
	app.BankHealth

	Stops       []stopRow
	Orders      string // where its orders are; empty: it gets none
	Median, P95 i18n.Text
	Ending      bool // our certificate ends within a month
}

// endingWithin is how long before its end a certificate is worth a word.
const endingWithin = 30 * 24 * time.Hour

func (h *handler) banks(w http.ResponseWriter, r *http.Request, actor app.Actor) error {
	v, err := h.app.Banks(r.Context(), actor)
	if err != nil {
		return err
	}
	p := banksPage{Page: h.page(w, r, i18n.Say("banks.title")), View: v, Outcomes: peers.Outcomes}
	for _, b := range v.Rows {
		row := bankRow{BankHealth: b, Ending: !b.Expires.IsZero() && b.Expires.Sub(b.Seen) < endingWithin}
		for i := range b.Stops {
			row.Stops = append(row.Stops, stopRow{Stop: b.Stops[i], Why: breaker.WhyStopped(&b.Stops[i], string(p.Lang))})
		}
		if b.Ordered() {
			row.Orders = "/desk/orders?" + url.Values{"bank": {b.Name}}.Encode()
		}
		if b.Median > 0 {
			row.Median, row.P95 = lasts(b.Median, false), lasts(b.P95, b.Longest)
		}
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Kind != b.Kind {
			p.Groups = append(p.Groups, bankGroup{Kind: b.Kind, Ordered: b.Ordered()})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Rows = append(g.Rows, row)
	}
	return h.Render.Render(w, r, http.StatusOK, "banks", p.Lang, p)
}

// lasts says how long calls last at most.
func lasts(d time.Duration, longer bool) i18n.Text {
	switch {
	case longer:
		return i18n.Say("banks.longer")
	case d < time.Second:
		return i18n.Say("banks.ms", "n", int(d.Milliseconds()))
	case d%time.Second == 0:
		return i18n.Say("banks.seconds", "n", int(d.Seconds()))
	}
	return i18n.Say("banks.ms", "n", int(d.Milliseconds()))
}

// outcomeCount is how often something became of what a peer was asked for.
type outcomeCount struct {
	Outcome peers.Outcome
	N       int64
	Bad     bool
}

// Of gives those outcomes that there were.
func (banksPage) Of(counts map[peers.Outcome]int64) (list []outcomeCount) {
	for _, o := range peers.Outcomes {
		if n := counts[o]; n > 0 {
			list = append(list, outcomeCount{o, n, o == peers.Unknown || o == peers.Timeout || o == peers.Unsent})
		}
	}
	return list
}
