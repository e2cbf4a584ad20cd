package bench

import "io"

// deskGoal is what nineteen of twenty answers of a page have to keep, in milliseconds.
const deskGoal = 200

// DeskResult is what [Desk] found. The first of its pages is none: the reading of one row by its key.
type DeskResult struct {
	Name      string     `json:"name"`
	N         int        `json:"n"`
	Seconds   float64    `json:"seconds"`    // of all pages together
	PerSecond float64    `json:"per_second"` // of the slowest page
	Pages     []DeskPage `json:"pages"`
	Goals     []Goal     `json:"goals"`
	Met       bool       `json:"goals_met"`
}

// DeskPage is one thing that people do at the desk.
type DeskPage struct {
	Name string `json:"name"`
	Latency
}

func (r *DeskResult) judge() {
	for i, p := range r.Pages {
		r.Seconds += p.Seconds
		if i == 0 {
			continue
		}
		if r.PerSecond == 0 || p.PerSecond < r.PerSecond {
			r.PerSecond = p.PerSecond
		}
		r.Goals = append(r.Goals, atMost("ms, 95 of 100: "+p.Name, p.P95, deskGoal))
	}
	r.Met = met(r.Goals)
}

// Table prints the result for people.
func (r DeskResult) Table(w io.Writer) {
	line := liner(w)
	line("web --desk: the operators' pages, %d cases", r.N)
	line("  %-50s %8s %9s %9s %9s %9s", "what", "times", "p50, ms", "p95, ms", "p99, ms", "max, ms")
	for _, p := range r.Pages {
		line("  %-50s %8d %9.2f %9.2f %9.2f %9.2f", p.Name, p.Pages, p.P50, p.P95, p.P99, p.Max)
	}
	printGoals(w, r.Goals)
}
