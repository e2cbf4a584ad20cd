package letter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// Sheet is what one letter is printed from.
type Sheet struct {
	Ref, Case, Language string
	On                  calendar.Date
	Addressee, Address  string
	Heading, Text       string
}

// Config joins the letters with what surrounds them.
type Config struct {
	Dir   string // the root; it exists
	Clock clock.Clock
	// Print makes a letter and counts its pages. The same letter always gives the same bytes.
	Print func(Sheet) (pdf []byte, pages int, err error)
	// Receive takes what the post says; it returns when that is kept.
	Receive func(ctx context.Context, receipts []notify.Receipt) error
	Observe func(what, outcome string, n int) // for metrics; may be nil
	Log     *slog.Logger                      // nil: silent
}

// The folders below the root.
const (
	workDir, sentDir, outDir, inDir, doneDir, failedDir = "work", "sent", "out", "in", "done", "failed"
)

// Gateway is a [notify.Gateway]. Several processes may work on one root.
type Gateway struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	sent    map[string]bool // references
	batches map[string]bool // of which sent has the references
}

// New returns the letters below a root, and makes the folders that are missing in it.
func New(c Config) (*Gateway, error) {
	if c.Clock == nil || c.Print == nil || c.Receive == nil {
		return nil, errors.New("letter: a clock, a printer and somebody who takes receipts are needed")
	}
	if c.Observe == nil {
		c.Observe = func(string, string, int) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	g := &Gateway{cfg: c, log: c.Log, sent: map[string]bool{}, batches: map[string]bool{}}
	return g, g.within(func(root *os.Root) error {
		for _, dir := range []string{workDir, sentDir, outDir, inDir, doneDir, failedDir} {
			if err := root.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if info, err := root.Lstat(dir); err != nil || !info.IsDir() {
				return errors.Join(fmt.Errorf("%s is not a folder", dir), err)
			}
		}
		return nil
	})
}

// within does something below the root, from which no name leads out.
func (g *Gateway) within(do func(root *os.Root) error) error {
	root, err := os.OpenRoot(g.cfg.Dir)
	if err != nil {
		return fmt.Errorf("letter: the root is not a folder that can be opened: %w", plain(err))
	}
	if err := errors.Join(do(root), root.Close()); err != nil {
		return fmt.Errorf("letter: %w", plain(err))
	}
	return nil
}

// plain leaves the names of files out of an error: those in in/ are of somebody else's choosing.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("%s: %w", e.Op, e.Err)
	}
	return err
}

// Ready tells whether the folders are there.
func (g *Gateway) Ready(context.Context) error {
	return g.within(func(root *os.Root) error {
		_, err := root.Stat(outDir)
		return err
	})
}

// forFiles is left of the time of a call when the last letter is printed, for writing all of them.
const forFiles = 5 * time.Second

// Send implements [notify.Gateway]: what is sent already is not sent again.
func (g *Gateway) Send(ctx context.Context, messages []notify.Message) (answers []notify.Sent, err error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("letter: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	err = g.within(func(root *os.Root) error {
		if err := g.catchUp(root, now); err != nil {
			return err
		}
		fresh := make([]notify.Message, 0, len(messages))
		for _, m := range messages {
			if g.sent[m.Ref] {
				answers = append(answers, notify.Sent{Ref: m.Ref, Status: notify.Accepted})
			} else {
				fresh = append(fresh, m)
			}
		}
		letters, rest := g.print(ctx, fresh)
		if err := g.put(root, now, letters); err != nil {
			return err
		}
		for _, l := range letters {
			answers = append(answers, notify.Sent{Ref: l.Ref, Status: notify.Accepted})
		}
		answers = append(answers, rest...)
		g.cfg.Observe("letter", "sent", len(letters))
		return nil
	})
	return answers, err
}

// Query implements [notify.Gateway].
func (g *Gateway) Query(ctx context.Context, refs []string) (answers []notify.Sent, err error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("letter: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.within(func(root *os.Root) error { return g.catchUp(root, now) }); err != nil {
		return nil, err
	}
	for _, ref := range refs {
		a := notify.Sent{Ref: ref, Status: notify.NotFound}
		if g.sent[ref] {
			a.Status = notify.Accepted
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// printed is one letter, ready.
type printed struct {
	Sheet

	pdf   []byte
	pages int
}

// print makes the letters for which there is time, and answers for the others.
func (g *Gateway) print(ctx context.Context, messages []notify.Message) (letters []printed, answers []notify.Sent) {
	begin, cancel := clock.Before(ctx, forFiles)
	defer cancel()
	for _, m := range messages {
		if begin.Err() != nil {
			answers = append(answers, notify.Sent{Ref: m.Ref, Status: notify.NotFound, Detail: notify.NoTime})
			continue
		}
		l := printed{Sheet: sheetOf(m)}
		var err error
		if l.pdf, l.pages, err = g.cfg.Print(l.Sheet); err != nil {
			g.log.WarnContext(ctx, "a letter cannot be printed", "ref", m.Ref, "error", err)
			answers = append(answers, notify.Sent{Ref: m.Ref, Status: notify.Rejected, Detail: "not_printable"})
			continue
		}
		letters = append(letters, l)
	}
	return letters, answers
}

func sheetOf(m notify.Message) Sheet {
	s := Sheet{Ref: m.Ref, Language: m.Language, On: calendar.DateOf(m.NotBefore), Heading: m.Title, Text: m.Text}
	s.Addressee, s.Address, _ = strings.Cut(m.To, "\n")
	if id, _, _, err := notify.ParseRef(m.Ref); err == nil {
		s.Case = caseno.Format(id)
	}
	return s
}
