package bench

import (
	"io"
	"slices"
	"time"
)

// Latency of pages that were asked for at a steady rate, from the instant at which each was meant to be asked for.
type Latency struct {
	Pages     int     `json:"pages"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // that were answered
	P50       float64 `json:"p50_ms"`
	P90       float64 `json:"p90_ms"`
	P95       float64 `json:"p95_ms"`
	P99       float64 `json:"p99_ms"`
	Max       float64 `json:"max_ms"`
}

func latencyOf(took []time.Duration, seconds float64) Latency {
	return Latency{Pages: len(took), Seconds: seconds, PerSecond: float64(len(took)) / seconds, P50: at(took, 0.5), P90: at(took, 0.9), P95: at(took, 0.95), P99: at(took, 0.99), Max: at(took, 1)}
}

// WebResult is what [Web] found. The share is that of the round with the median share.
type WebResult struct {
	Name     string  `json:"name"`
	N        int     `json:"n"` // open cases
	Sessions int     `json:"sessions"`
	Seconds  float64 `json:"seconds"` // of pages back to back

	PerSecond      float64   `json:"per_second"`       // pages, back to back
	LimitPerSecond float64   `json:"limit_per_second"` // one statement, and the template over a view that is there
	ShareOfLimit   float64   `json:"share_of_limit"`
	Shares         []float64 `json:"shares_of_limit"` // of every round, as they came

	PageBytes  int64   `json:"page_bytes"` // compressed
	Statements float64 `json:"statements_per_page"`
	Waits      float64 `json:"round_trips_per_page"`

	Rate    int     `json:"rate"`  // of the steady pages
	Least   Latency `json:"least"` // of the limit, robot idle: what this machine takes of any page
	Idle    Latency `json:"idle"`
	Working Latency `json:"working"`
	Lives   float64 `json:"lives_per_second"` // of the robot meanwhile

	Goals []Goal `json:"goals"`
	Met   bool   `json:"goals_met"`
}

// median gives the index of the round with the median share.
func median(shares []float64) int {
	sorted := slices.Sorted(slices.Values(shares))
	return slices.Index(shares, sorted[len(sorted)/2])
}

// idleGoal is in milliseconds. Where not even the limit keeps it, other work has the machine, and no time is asked of the page.
const idleGoal = 10

func (r *WebResult) judge() {
	idle := atMost("ms, 99 of 100 pages at 480 a second, robot idle", r.Idle.P99, idleGoal)
	working := atMost("ms, 99 of 100 pages at 480 a second, robot flat out", r.Working.P99, 25)
	idle.Counted = r.Least.P99 <= idleGoal
	working.Counted = idle.Counted
	r.Goals = []Goal{atLeast("share of one statement and the template, %", 100*r.ShareOfLimit, 60), idle, working}
	r.Met = met(r.Goals)
}

// Table prints the result for people.
func (r WebResult) Table(w io.Writer) {
	line := liner(w)
	line("web: the case page, %d open cases, %d sessions", r.N, r.Sessions)
	line("  back to back: %.0f pages/s; one statement and the template: %.0f pages/s; share %.1f %%", r.PerSecond, r.LimitPerSecond, 100*r.ShareOfLimit)
	line("  a page: %d bytes compressed, %.1f statements in %.1f round trips", r.PageBytes, r.Statements, r.Waits)
	line("  %-34s %8s %9s %9s %9s %9s %9s", "from when each was meant to start", "pages", "pages/s", "p50, ms", "p90, ms", "p99, ms", "max, ms")
	for _, x := range []struct {
		name string
		l    Latency
	}{{"one statement and the template", r.Least}, {"robot idle", r.Idle}, {"robot flat out", r.Working}} {
		line("  %-34s %8d %9.0f %9.2f %9.2f %9.2f %9.2f", x.name, x.l.Pages, x.l.PerSecond, x.l.P50, x.l.P90, x.l.P99, x.l.Max)
	}
	line("  the robot meanwhile: %.0f lives/s", r.Lives)
	printGoals(w, r.Goals)
}
