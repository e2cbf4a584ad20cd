package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"
)

// screen shows how a long command gets on: bars on a terminal, a line now and then elsewhere, nothing with --json. It is
// used by one goroutine; only the words beside a bar are read by the one that draws.
type screen struct {
	out   io.Writer
	quiet bool
	bars  *mpb.Progress // nil when the output is no terminal
	bar   *mpb.Bar
	name  string
	total int
	told  int
	text  atomic.Value // string
}

func newScreen(out io.Writer, quiet bool) *screen {
	s := &screen{out: out, quiet: quiet}
	s.text.Store("")
	if !quiet && isTerminal(out) {
		s.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40))
	}
	return s
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && cwriter.IsTerminal(int(f.Fd()))
}

func (s *screen) words() string {
	text, _ := s.text.Load().(string)
	return text
}

// begin starts the next stretch of work.
func (s *screen) begin(name string, total int) {
	s.end()
	s.name, s.total, s.told = name, total, 0
	if s.bars != nil {
		s.bar = s.bars.AddBar(int64(total),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-12s", name))),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d  "), decor.Any(func(decor.Statistics) string { return s.words() })))
	}
}

// at tells how far it got.
func (s *screen) at(n int) {
	n = min(n, s.total)
	switch {
	case s.bar != nil:
		s.bar.SetCurrent(int64(n))
	case !s.quiet && (n-s.told)*5 >= s.total:
		s.told = n
		_, _ = fmt.Fprintf(s.out, "%s: %d of %d  %s\n", s.name, n, s.total, s.words())
	}
}

// line sets the words beside the bar.
func (s *screen) line(text string) { s.text.Store(text) }

// done ends all bars.
func (s *screen) done() {
	s.end()
	if s.bars != nil {
		s.bars.Wait()
		s.bars = nil
	}
}

// end stops the bar where it is; a bar that is not full would be waited for for ever.
func (s *screen) end() {
	if s.bar != nil {
		s.bar.Abort(false)
		s.bar = nil
	}
}
