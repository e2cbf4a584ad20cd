package letter

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"robotbailiff/notify"
)

const (
	lookEvery   = 5 * time.Second
	mostAnswers = 16 << 20 // bytes of a file
	atOnce      = 1000     // receipts in one transaction
)

// Taken is what one pass over the answers of the post has done.
type Taken struct {
	Files, Failed      int // all that were read, and those of them with a problem
	Receipts, Problems int
}

// Run takes the answers of the post as they come, until the context ends.
func (g *Gateway) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if _, err := g.Take(ctx); err != nil && ctx.Err() == nil {
			g.log.WarnContext(ctx, "answers of the post have to wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Take reads once what the post has said. Killed at any point, it reads a file again: receipts converge.
func (g *Gateway) Take(ctx context.Context) (n Taken, err error) {
	now, err := g.cfg.Clock.Now(ctx)
	if err != nil {
		return n, err
	}
	err = g.within(func(root *os.Root) error {
		entries, err := fs.ReadDir(root.FS(), inDir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := e.Name()
			if !e.Type().IsRegular() || name[0] == '.' || strings.ToLower(path.Ext(name)) != ".csv" {
				continue
			}
			if err := g.takeFile(ctx, root, name, now, &n); err != nil && !errors.Is(err, fs.ErrNotExist) { // another process was faster
				return err
			}
		}
		return nil
	})
	return n, err
}

func (g *Gateway) takeFile(ctx context.Context, root *os.Root, name string, now time.Time, n *Taken) error {
	file, err := content(root, path.Join(inDir, name))
	if err != nil {
		return err
	}
	var receipts []notify.Receipt
	var problems []Problem
	if len(file) > mostAnswers {
		problems = []Problem{problem(0, "", CodeLong)}
	} else {
		receipts, problems = Parse(file, now)
	}
	for from := 0; from < len(receipts); from += atOnce {
		if err := g.cfg.Receive(ctx, receipts[from:min(from+atOnce, len(receipts))]); err != nil {
			return err
		}
	}
	dir := doneDir
	kept := now.UTC().Format(stampForm) + "-" + name // the post may use a name twice
	if len(problems) > 0 {
		dir = failedDir
		text, err := errorsOf(problems)
		if err == nil {
			err = appear(root, path.Join(dir, strings.TrimSuffix(kept, path.Ext(kept))+".errors.csv"), text)
		}
		if err != nil {
			return err
		}
		n.Failed++
		g.log.WarnContext(ctx, "the post has said what cannot be read", "lines", len(problems))
	}
	if err := root.Rename(path.Join(inDir, name), path.Join(dir, kept)); err != nil {
		return err
	}
	n.Files, n.Receipts, n.Problems = n.Files+1, n.Receipts+len(receipts), n.Problems+len(problems)
	g.cfg.Observe("letter", "answered", len(receipts))
	g.cfg.Observe("letter", "not_read", len(problems))
	return persist(root, dir, inDir)
}

// content reads a file as far as one may be long, and a byte more.
func content(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, mostAnswers+1))
}
