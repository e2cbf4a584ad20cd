package bench

import (
	"fmt"
	"io"
)

// Result of [Lifecycle]. Every share and ratio is of one round, the one with the median share.
type Result struct {
	Name      string  `json:"name"`
	N         int     `json:"n"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // whole lives

	Rows           int64   `json:"rows"` // that the lives left behind
	FloorSeconds   float64 `json:"floor_seconds"`
	FloorPerSecond float64 `json:"floor_per_second"` // lives a second, if their final rows were only copied in, two connections
	ShareOfFloor   float64 `json:"share_of_floor"`
	ShareCPU       float64 `json:"share_of_floor_cpu"` // the same comparison by CPU, which other work on the machine disturbs less

	Shares []float64 `json:"shares_of_floor"` // of every round, as they came

	NaiveN         int     `json:"naive_n"`
	NaivePerSecond float64 `json:"naive_per_second"` // the same code, a job and a transaction for each step of each case
	TimesNaive     float64 `json:"times_naive"`
	NaiveCPUMicros float64 `json:"naive_cpu_us_per_case"`
	TimesNaiveCPU  float64 `json:"times_naive_cpu"` // the same comparison by CPU, which no waiting flatters

	WALBytesPerCase float64 `json:"wal_bytes_per_case"`
	CPUMicros       float64 `json:"cpu_us_per_case"`     // of both sides
	OwnMicros       float64 `json:"own_cpu_us_per_case"` // of this process
	FloorWALBytes   float64 `json:"floor_wal_bytes_per_case"`
	FloorCPUMicros  float64 `json:"floor_cpu_us_per_case"`

	Phases []Phase `json:"phases"`
	Goals  []Goal  `json:"goals"`
	Met    bool    `json:"goals_met"`
}

// fastFloor is the floor of the machine for which the absolute goal was set.
const fastFloor = 40_000

func (r *Result) fill(whole, floor, naive cost, rows int64) {
	r.Seconds, r.PerSecond, r.Rows = whole.seconds, whole.perSecond(r.N), rows
	r.FloorSeconds, r.FloorPerSecond, r.ShareOfFloor = floor.seconds, floor.perSecond(r.N), whole.share(floor)
	r.NaivePerSecond, r.TimesNaive = naive.perSecond(r.NaiveN), whole.perSecond(r.N)/naive.perSecond(r.NaiveN)
	r.NaiveCPUMicros = naive.microsPer(r.NaiveN)
	r.WALBytesPerCase, r.CPUMicros, r.OwnMicros = whole.walPer(r.N), whole.microsPer(r.N), whole.oursPer(r.N)
	r.FloorWALBytes, r.FloorCPUMicros = floor.walPer(r.N), floor.microsPer(r.N)
	if r.CPUMicros > 0 {
		r.TimesNaiveCPU, r.ShareCPU = r.NaiveCPUMicros/r.CPUMicros, r.FloorCPUMicros/r.CPUMicros
	}
	absolute := atLeast("cases a second, where the floor is 40 000", r.PerSecond, 4000)
	absolute.Counted = r.FloorPerSecond >= fastFloor
	r.Goals = []Goal{
		atLeast("share of a COPY of the same final rows, %", 100*r.ShareOfFloor, 20),
		atLeast("times the same code one case at a time", r.TimesNaive, 40),
		absolute,
		atMost("KB of WAL for one life", r.WALBytesPerCase/1024, 15),
	}
	r.Met = met(r.Goals)
}

func met(goals []Goal) bool {
	for _, g := range goals {
		if g.Counted && !g.Met {
			return false
		}
	}
	return true
}

// Table prints the result for people.
func (r Result) Table(w io.Writer) {
	line := liner(w)
	line("lifecycle: %d cases, %d rows left behind", r.N, r.Rows)
	line("  %-34s %12s %12s %12s %12s %12s", "", "cases/s", "seconds", "CPU µs/case", "own µs/case", "WAL B/case")
	for _, p := range r.Phases {
		line("  %-34s %12.0f %12.2f %12.0f %12.0f %12.0f", p.Name, p.PerSecond, p.Seconds, p.CPUMicros, p.OwnMicros, p.WALBytes)
	}
	line("  %-34s %12.0f %12.2f %12.0f %12.0f %12.0f", "whole lives", r.PerSecond, r.Seconds, r.CPUMicros, r.OwnMicros, r.WALBytesPerCase)
	line("  %-34s %12.0f %12.2f %12.0f %12s %12.0f", "COPY of the final rows", r.FloorPerSecond, r.FloorSeconds, r.FloorCPUMicros, "", r.FloorWALBytes)
	line("  %-34s %12.1f %12s %12.0f", fmt.Sprintf("one case at a time (%d)", r.NaiveN), r.NaivePerSecond, "", r.NaiveCPUMicros)
	line("  share of the COPY %.1f %% (%.1f %% by CPU), %.0f times one at a time (%.0f times by CPU)", 100*r.ShareOfFloor, 100*r.ShareCPU, r.TimesNaive, r.TimesNaiveCPU)
	printGoals(w, r.Goals)
}

// liner prints lines.
func liner(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
}
