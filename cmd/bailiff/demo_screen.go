package main

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// screen shows how a long command gets on: bars on a terminal, a line now and then elsewhere, nothing with --json.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	quiet bool
	bars  *mpb.Progress // nil when the output is no terminal
	bar   *mpb.Bar
	name  string
	total int
	told  int
	text  string
}

func newScreen(out io.Writer, quiet bool) *screen {
	s := &screen{out: out, quiet: quiet}
	if !quiet && isTerminal(out) {
		s.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40))
	}
	return s
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// begin starts the next stretch of work.
func (s *screen) begin(name string, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	s.name, s.total, s.told = name, total, 0
	if s.bars != nil {
		s.bar = s.bars.AddBar(int64(total),
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-12s", name))),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d  "), decor.Any(func(decor.Statistics) string { s.mu.Lock(); defer s.mu.Unlock(); return s.text })))
	}
}

// at tells how far it got.
func (s *screen) at(n int) {
	s.mu.Lock()
	bar := s.bar
	tell := bar == nil && !s.quiet && (n-s.told)*5 >= s.total
	if tell {
		s.told = n
		_, _ = fmt.Fprintf(s.out, "%s: %d of %d  %s\n", s.name, min(n, s.total), s.total, s.text)
	}
	s.mu.Unlock()
	if bar != nil {
		bar.SetCurrent(int64(min(n, s.total)))
	}
}

// line sets the words beside the bar.
func (s *screen) line(text string) {
	s.mu.Lock()
	s.text = text
	s.mu.Unlock()
}

// done ends all bars.
func (s *screen) done() {
	s.mu.Lock()
	s.end()
	bars := s.bars
	s.bars = nil
	s.mu.Unlock()
	if bars != nil {
		bars.Wait()
	}
}

func (s *screen) end() {
	if s.bar != nil {
		bar := s.bar
		s.bar = nil
		go bar.SetTotal(-1, true) // outside the lock that its decorators take
	}
}
