package bench

import (
	"io"

	"robotbailiff/engine/intake"
)

// ImportResult is what [Import] found. Every share is of this one run, and its name says of what.
type ImportResult struct {
	Name      string  `json:"name"`
	Format    Format  `json:"format"`
	N         int     `json:"n"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // input rows

	Accepted    int   `json:"accepted"`
	Duplicate   int   `json:"duplicate"`
	Rejected    int   `json:"rejected"`
	Quarantined int   `json:"quarantined"`
	Rows        int64 `json:"rows"` // left behind

	// RawPerSecond is the raw COPY of the same input rows, unchecked, into one table with a primary key.
	RawPerSecond float64 `json:"raw_copy_per_second"`
	ShareOfRaw   float64 `json:"share_of_raw_copy"`
	// FloorPerSecond is the COPY of the rows that the import left behind, counted in input rows.
	FloorPerSecond float64 `json:"floor_per_second"`
	ShareOfFloor   float64 `json:"share_of_floor"`

	AgainPerSecond    float64 `json:"again_per_second"` // the same file a second time
	AgainShareOfRaw   float64 `json:"again_share_of_raw_copy"`
	AgainShareOfFloor float64 `json:"again_share_of_floor"`

	PeakMB         float64 `json:"peak_mb"` // of this process; 0 where the system does not tell
	WALBytesPerRow float64 `json:"wal_bytes_per_row"`
	CPUMicros      float64 `json:"cpu_us_per_row"`
	OwnMicros      float64 `json:"own_cpu_us_per_row"`
	RawCPUMicros   float64 `json:"raw_cpu_us_per_row"`
	FloorCPUMicros float64 `json:"floor_cpu_us_per_row"`

	Goals []Goal `json:"goals"`
	Met   bool   `json:"goals_met"`
}

func (r *ImportResult) fill(rep intake.Report, first, second, raw, floor cost, rows int64) {
	r.Accepted, r.Duplicate, r.Rejected, r.Quarantined, r.Rows = rep.Accepted, rep.Duplicate, rep.Rejected, rep.Quarantined, rows
	r.Seconds, r.PerSecond = first.seconds, first.perSecond(r.N)
	r.RawPerSecond, r.ShareOfRaw = raw.perSecond(r.N), first.share(raw)
	r.FloorPerSecond, r.ShareOfFloor = floor.perSecond(r.N), first.share(floor)
	r.AgainPerSecond, r.AgainShareOfRaw, r.AgainShareOfFloor = second.perSecond(r.N), second.share(raw), second.share(floor)
	r.WALBytesPerRow, r.CPUMicros, r.OwnMicros = first.walPer(r.N), first.microsPer(r.N), first.oursPer(r.N)
	r.RawCPUMicros, r.FloorCPUMicros = raw.microsPer(r.N), floor.microsPer(r.N)
	r.Goals = []Goal{
		atLeast("share of a COPY of the rows left behind, %", 100*r.ShareOfFloor, 40),
		atLeast("share of a raw COPY of the input rows, %", 100*r.ShareOfRaw, 40),
		atLeast("the same file again: share of that raw COPY, %", 100*r.AgainShareOfRaw, 80),
		atMost("MB of memory at most", r.PeakMB, 300),
	}
	r.Met = met(r.Goals)
}

// Table prints the result for people.
func (r ImportResult) Table(w io.Writer) {
	line := liner(w)
	line("import: %d rows: %d accepted, %d duplicate, %d rejected, %d quarantined; %d rows left behind", r.N, r.Accepted, r.Duplicate, r.Rejected, r.Quarantined, r.Rows)
	line("  %-44s %12s %14s %12s", "", "rows/s", "import is, %", "CPU µs/row")
	line("  %-44s %12.0f %14s %12.1f", "import", r.PerSecond, "", r.CPUMicros)
	line("  %-44s %12.0f %14.1f %12.1f", "COPY of the rows it left behind", r.FloorPerSecond, 100*r.ShareOfFloor, r.FloorCPUMicros)
	line("  %-44s %12.0f %14.1f %12.1f", "raw COPY of the input rows, unchecked", r.RawPerSecond, 100*r.ShareOfRaw, r.RawCPUMicros)
	line("  the same file again: %.0f rows/s, %.0f %% of the raw COPY, %.0f %% of the COPY of the rows left behind",
		r.AgainPerSecond, 100*r.AgainShareOfRaw, 100*r.AgainShareOfFloor)
	line("  %.0f bytes of log and %.1f µs of our own CPU a row, %.0f MB of memory at most", r.WALBytesPerRow, r.OwnMicros, r.PeakMB)
	printGoals(w, r.Goals)
}
