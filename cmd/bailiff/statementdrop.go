package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"robotbailiff/internal/jobs"
)

// statementFolder takes statements that a bank's program, or an accountant, puts into a folder. A file is taken when two looks found it
// the same; then it goes to done or refused, with its report beside it. Any number of processes may look at one folder: a statement is
// taken once however often it is read.
type statementFolder struct {
	robot *jobs.Robot
	dir   string
	lang  string
	log   *slog.Logger
	once  bool                // everything that lies there is complete
	seen  map[string]fileLook // at the last look
}

type fileLook struct {
	size int64
	at   time.Time
}

// Folders below the one that is looked at.
const (
	doneFolder    = "done"
	refusedFolder = "refused"
)

func newStatementFolder(robot *jobs.Robot, dir, lang string, log *slog.Logger) (*statementFolder, error) {
	for _, d := range []string{dir, filepath.Join(dir, doneFolder), filepath.Join(dir, refusedFolder)} {
		if err := os.MkdirAll(d, 0o750); err != nil {
			return nil, fmt.Errorf("the folder for statements: %w", err)
		}
	}
	return &statementFolder{robot: robot, dir: dir, lang: lang, log: log, seen: map[string]fileLook{}}, nil
}

// run looks until the context ends.
func (f *statementFolder) run(ctx context.Context) error {
	tick := time.NewTicker(dropEvery)
	defer tick.Stop()
	for {
		if _, err := f.pass(ctx); err != nil && ctx.Err() == nil {
			f.log.ErrorContext(ctx, "statements in the folder", "error", err) // they stay there and are tried again
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// pass looks once and gives what became of the files that were complete.
func (f *statementFolder) pass(ctx context.Context) ([]statementFile, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, err
	}
	var taken []statementFile
	var errs []error
	now := map[string]fileLook{}
	for _, entry := range entries {
		name := entry.Name()
		info, err := entry.Info()
		if err != nil || !entry.Type().IsRegular() || unfinished(name) {
			continue // gone meanwhile, no file, or still being written
		}
		look := fileLook{info.Size(), info.ModTime()}
		now[name] = look
		if before, known := f.seen[name]; !f.once && (!known || before != look) {
			continue
		}
		r, err := f.take(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // another process was faster
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		default:
			taken = append(taken, r)
		}
	}
	f.seen = now
	return taken, errors.Join(errs...)
}

// unfinished says whether a name is one under which programs write what is not whole yet.
func unfinished(name string) bool {
	for _, end := range []string{".tmp", ".part", ".filepart", ".partial", "~"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return strings.HasPrefix(name, ".")
}

func (f *statementFolder) take(ctx context.Context, name string) (statementFile, error) {
	path := filepath.Join(f.dir, name)
	r := statementFile{File: name, statementReport: statementReport{Errors: []statementError{}}}
	got, err := f.robot.TakeFile(ctx, func() (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		return r, err
	}
	r.fill(got, f.lang)
	return r, f.put(path, r)
}

// put moves a file to where it belongs, the report first: whoever finds the file there finds its report too.
func (f *statementFolder) put(path string, r statementFile) error {
	folder := doneFolder
	if !r.Taken {
		folder = refusedFolder
	}
	to := filepath.Join(f.dir, folder, filepath.Base(path))
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = filepath.Join(f.dir, folder, fmt.Sprintf("%d-%s", n, filepath.Base(path)))
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	report := to + ".report.json"
	if err := os.WriteFile(report+".tmp", append(text, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(report+".tmp", report); err != nil {
		return err
	}
	return os.Rename(path, to)
}
