package drop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/clock"
)

// Config joins a drop folder with what surrounds it.
type Config struct {
	Inbox *intake.Inbox
	Dir   string // the root
	// Process takes batches as far as they can go in the pass itself; without it workers do.
	Process bool
	// Sign signs acknowledgements, so that a sender can prove what he was told; nil: they stay unsigned.
	Sign func(ctx context.Context, content []byte) (proof.Signature, error)
	Log  *slog.Logger // nil: silent
}

// How long things that are not complete wait. They are counted from the moment that this process has seen them: the times of
// files are the sender's to choose.
const (
	settleWithin = time.Minute
	orphanWithin = time.Hour
)

// mostPerPass bounds how many files of one sender one pass takes up.
const mostPerPass = 1000

// Folder is a drop folder. Several processes may work on one; a Folder itself is for one goroutine.
type Folder struct {
	cfg     Config
	log     *slog.Logger
	seen    map[string]sight
	told    map[string]string // the state that was last acknowledged, by file in work/
	elapsed func(clock.Stopwatch) time.Duration
}

// sight is since when a file has looked as it does.
type sight struct {
	size  int64
	at    time.Time
	watch clock.Stopwatch
	pass  bool // seen in this pass
}

// Pass is what one pass has done.
type Pass struct {
	Taken       int `json:"taken"`       // files that have become a batch, or have found theirs
	Finished    int `json:"finished"`    // batches that have reached their end and were answered
	Quarantined int `json:"quarantined"` // files that were not taken
	Waiting     int `json:"waiting"`     // files that are not complete, and batches that are not at their end
	Failed      int `json:"failed"`      // files that trouble of ours has stopped: the next pass tries again
}

// New returns the drop folder below a root that exists.
func New(c Config) (*Folder, error) {
	if c.Inbox == nil {
		return nil, errors.New("drop: there is no inbox")
	}
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("drop: the root is not a folder: make it, and one folder in it for each sender: %w", errors.Join(err, fs.ErrNotExist))
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Folder{cfg: c, log: log, seen: map[string]sight{}, told: map[string]string{}, elapsed: clock.Stopwatch.Elapsed}, nil
}

// Run passes over the folder until the context ends. Trouble is logged, and the next pass tries again.
func (f *Folder) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := f.Pass(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "drop folder: a pass was cut short", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Pass looks once at all senders: it takes what is complete and answers what has come to an end.
func (f *Folder) Pass(ctx context.Context) (n Pass, err error) {
	root, err := os.OpenRoot(f.cfg.Dir)
	if err != nil {
		return n, fmt.Errorf("drop: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	senders, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return n, fmt.Errorf("drop: %w", err)
	}
	for _, d := range senders {
		if !d.IsDir() || d.Name()[0] == '.' || !goodName(d.Name()) {
			continue
		}
		if err := f.sender(ctx, root, d.Name(), &n); err != nil {
			if ctx.Err() != nil {
				return n, ctx.Err()
			}
			n.Failed++
			f.log.WarnContext(ctx, "drop folder: a sender was passed over", "source", d.Name(), "error", err)
		}
	}
	for name, s := range f.seen {
		if s.pass {
			s.pass = false
			f.seen[name] = s
			continue
		}
		delete(f.seen, name)
	}
	return n, nil
}

func (f *Folder) sender(ctx context.Context, root *os.Root, source string, n *Pass) (err error) {
	p, err := openPlace(root, source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.root.Close()) }()
	if err := f.takeAll(ctx, p, n); err != nil {
		return err
	}
	if err := f.followAll(ctx, p, n); err != nil {
		return err
	}
	return f.retellAll(ctx, p)
}

// since says for how long a file has looked as it does.
func (f *Folder) since(p *place, e entry) time.Duration {
	key := filepath.Join(p.source, e.name)
	s, ok := f.seen[key]
	if !ok || s.size != e.info.Size() || !s.at.Equal(e.info.ModTime()) {
		s = sight{size: e.info.Size(), at: e.info.ModTime(), watch: clock.StartStopwatch()}
	}
	s.pass = true
	f.seen[key] = s
	return f.elapsed(s.watch)
}

// outcome counts what became of one file. Trouble of ours is logged and does not stop the other files.
func (f *Folder) outcome(ctx context.Context, p *place, n *Pass, count *int, err error) error {
	switch {
	case err == nil:
		*count++
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrNotExist): // somebody else was faster, or the sender has changed his mind
	default:
		n.Failed++
		f.log.WarnContext(ctx, "drop folder: a file has to wait", "source", p.source, "error", plain(err))
	}
	return nil
}

// plain leaves the name of the file out of an error: who named it may have written anything.
func plain(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("drop: %s: %w", e.Op, e.Err)
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("drop: %s: %w", e.Op, e.Err)
	}
	return err
}

// sorted puts the oldest first, and those of one instant of a coarse clock by their names.
func sorted(entries []entry) []entry {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(a.info.ModTime().Compare(b.info.ModTime()), cmp.Compare(a.info.Name(), b.info.Name()))
	})
	return entries
}
