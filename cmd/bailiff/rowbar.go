package main

import (
	"fmt"
	"strings"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/clock"
)

// rowBar shows how far a batch is: one line that is written over on a terminal, a line now and then elsewhere, nothing with
// --json.
type rowBar struct {
	e        *env
	name     string
	terminal bool
	phase    string
	watch    clock.Stopwatch // of the phase
	told     time.Duration
	from     int // rows that were done when the phase began here
}

func (e *env) rowBar(name string) *rowBar {
	return &rowBar{e: e, name: name, terminal: isTerminal(e.stderr)}
}

// tellEvery is how often a line is written where nothing can be written over.
const tellEvery = 10 * time.Second

var phaseWords = map[string]string{
	intake.PhaseLook: "looking", intake.PhasePreview: "trying", intake.PhaseStage: "taking in",
}

// at tells how far it got.
func (b *rowBar) at(p intake.Progress) {
	if b.phase != p.Phase {
		b.phase, b.watch, b.told, b.from = p.Phase, clock.StartStopwatch(), 0, p.Rows
	}
	spent := b.watch.Elapsed()
	switch {
	case b.terminal:
		_, _ = fmt.Fprintf(b.e.stderr, "\r\x1b[K%s", b.line(p, spent))
	case !b.e.json && spent-b.told >= tellEvery:
		b.told = spent
		_, _ = fmt.Fprintln(b.e.stderr, b.line(p, spent))
	}
}

func (b *rowBar) line(p intake.Progress, spent time.Duration) string {
	rate := int(int64(p.Rows-b.from) * int64(time.Second) / max(int64(spent), int64(time.Millisecond)))
	line := b.name + ": " + phaseWords[p.Phase]
	if p.Total == 0 {
		line += fmt.Sprintf("  %d rows", p.Rows)
	} else {
		const width = 20
		full := min(width*p.Rows/p.Total, width)
		line += "  " + strings.Repeat("█", full) + strings.Repeat("░", width-full) + fmt.Sprintf("  %d of %d rows", p.Rows, p.Total)
	}
	if rate > 0 {
		line += fmt.Sprintf("  %d rows/s", rate)
		if left := p.Total - p.Rows; left > 0 {
			line += "  " + (time.Duration(left/rate+1) * time.Second).String() + " left"
		}
	}
	return line
}

// done clears the line.
func (b *rowBar) done() {
	if b.terminal {
		_, _ = fmt.Fprint(b.e.stderr, "\r\x1b[K")
	}
}
