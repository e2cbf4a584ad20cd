package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
)

// importReport is what import prints: the sums over all files, and each file when there are several.
type importReport struct {
	Rows        int           `json:"rows"`
	Accepted    int           `json:"accepted"`
	Duplicate   int           `json:"duplicate"`
	Rejected    int           `json:"rejected"`
	Quarantined int           `json:"quarantined"`
	Errors      []importError `json:"errors"`
	DryRun      bool          `json:"dry_run"`
	// Waiting lists the batches that two people have to let in; their counts say what would happen.
	Waiting []waitingBatch `json:"waiting,omitempty"`
	Files   []importFile   `json:"files,omitempty"`
}

// importError is one row, or one whole file, that was not accepted.
type importError struct {
	File    string `json:"file,omitempty"` // when several were given
	Row     int    `json:"row"`            // 0 when the whole file is meant
	Code    string `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// importFile is what became of one file.
type importFile struct {
	File        string       `json:"file"`
	Batch       int64        `json:"batch,omitempty"`
	State       intake.State `json:"state,omitempty"`
	Rows        int          `json:"rows"`
	Accepted    int          `json:"accepted"`
	Duplicate   int          `json:"duplicate"`
	Rejected    int          `json:"rejected"`
	Quarantined int          `json:"quarantined"`
	SameAs      int64        `json:"same_as,omitempty"` // the batch in which this file was received before
	Resumed     bool         `json:"resumed,omitempty"`
	Taken       bool         `json:"taken"` // false: the file as a whole could not be read

	errors []importError
	batch  intake.Batch
}

// codeUnreadable is a file that cannot be opened.
const codeUnreadable = "file_unreadable"

// shownRows is how many rows that were not accepted the text lists per file.
const shownRows = 50

func runImport(ctx context.Context, e *env, args []string) error {
	source := e.flags.String("source", "", "the sender; by default the first row that names one decides")
	dry := e.flags.Bool("dry-run", false, "decide everything and keep the verdicts, open no case")
	signature := e.flags.String("signature", "", "`FILE` with the detached signature (CMS) of the batch")
	as := e.actorFlag()
	lang := e.langFlag()
	files, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usagef("import takes one file or more; - reads standard input")
	}
	if *signature != "" && len(files) > 1 {
		return usagef("--signature belongs to one file: import the files one by one")
	}
	l, err := language(*lang)
	if err != nil {
		return err
	}
	a := intake.Arrival{Source: *source, Via: intake.ViaCLI, By: *as, DryRun: *dry, Language: string(l)}
	if *signature != "" {
		if a.Signature, err = os.ReadFile(*signature); err != nil {
			return fmt.Errorf("the signature cannot be read: %w", err)
		}
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		return e.importAll(ctx, p.robot.Inbox.Local(), files, a)
	}, pg.WithName("bailiff-import"))
}

func (e *env) importAll(ctx context.Context, inbox *intake.Inbox, files []string, a intake.Arrival) error {
	r := importReport{Errors: []importError{}, DryRun: a.DryRun}
	for _, name := range files {
		f, err := e.importOne(ctx, inbox, name, a)
		if err != nil {
			return err
		}
		r.add(f, len(files) > 1)
		if !e.json {
			e.printFile(f, a.DryRun)
		}
	}
	err := e.print(r, func() {
		if len(files) > 1 {
			e.sayf("All files: %s\n", importCounts(r.Rows, r.Accepted, r.Duplicate, r.Rejected, r.Quarantined))
		}
	})
	if err == nil && r.refused() {
		return errSilent
	}
	return err
}

// refused says whether anything has to be sent again, or looked at by a person.
func (r *importReport) refused() bool {
	for _, e := range r.Errors {
		if e.Code != intake.CodeDuplicate {
			return true
		}
	}
	return r.Rejected+r.Quarantined+len(r.Waiting) > 0
}

func (r *importReport) add(f importFile, several bool) {
	r.Rows += f.Rows
	r.Accepted += f.Accepted
	r.Duplicate += f.Duplicate
	r.Rejected += f.Rejected
	r.Quarantined += f.Quarantined
	for _, e := range f.errors {
		if several {
			e.File = f.File
		}
		r.Errors = append(r.Errors, e)
	}
	if f.State == intake.StateWaiting {
		r.Waiting = append(r.Waiting, waitingOf(f.batch))
	}
	if several {
		r.Files = append(r.Files, f)
	}
}

// importOne takes one file in. A file that cannot be taken is an answer, so that the next file has its turn; the error
// is trouble of ours.
func (e *env) importOne(ctx context.Context, inbox *intake.Inbox, name string, a intake.Arrival) (importFile, error) {
	out := importFile{File: name}
	in, err := openBatch(name)
	if err != nil {
		out.errors = []importError{{Code: codeUnreadable, Message: err.Error()}}
		return out, nil
	}
	a.FileName = name
	b, err := inbox.Receive(ctx, a, in)
	err = errors.Join(err, in.Close())
	if fatal, ok := errors.AsType[*intake.FatalError](err); ok {
		out.errors = []importError{{Row: fatal.Row, Code: fatal.Code, Field: strings.Join(fatal.Fields, ", "), Message: fatal.Error()}}
		return out, nil
	}
	if wrong, ok := errors.AsType[*intake.ArrivalError](err); ok {
		return out, usagef("--%s: %s", wrong.Field, wrong.Problem)
	}
	again := b.Again
	if err == nil {
		b, err = e.process(ctx, inbox, b.ID, name)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w; nothing is lost: run the same command again, it goes on where it stopped", name, err)
	}
	if b.Fault != nil {
		out.errors = []importError{{Row: b.Fault.Row, Code: b.Fault.Code, Field: strings.Join(b.Fault.Fields, ", "), Message: b.Fault.Error()}}
		return out, nil
	}
	rep, err := inbox.Report(ctx, b, intake.DefaultMaxErrors, a.Language)
	if err != nil {
		return out, err
	}
	out.batch = b
	out.Taken, out.Batch, out.State, out.SameAs, out.Resumed = true, b.ID, b.State, b.SameAs, again
	out.Rows, out.Accepted, out.Duplicate, out.Rejected, out.Quarantined = b.Rows, b.Accepted, b.Duplicate, b.Rejected, b.Quarantined
	for _, x := range rep.Errors {
		out.errors = append(out.errors, importError{Row: x.Row, Code: x.Code, Field: x.Field, Message: x.Message})
	}
	return out, nil
}

// openBatch opens a file, or standard input for "-".
func openBatch(name string) (io.ReadCloser, error) {
	if name == "-" {
		return keptOpen{os.Stdin}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, errors.New("there is no such file: check the name")
		}
		return nil, fmt.Errorf("the file cannot be opened: %w", errors.Unwrap(err))
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(errors.New("this is a folder: name the files in it"), f.Close())
	}
	return f, nil
}

// keptOpen is standard input, which is not ours to close. It stays a file, so that one that can seek is read in place.
type keptOpen struct{ *os.File }

// Close implements io.Closer.
func (keptOpen) Close() error { return nil }

func importCounts(rows, accepted, duplicate, rejected, quarantined int) string {
	return fmt.Sprintf("%d rows: %d accepted, %d duplicate, %d rejected, %d quarantined", rows, accepted, duplicate, rejected, quarantined)
}

func (e *env) printFile(f importFile, dry bool) {
	if !f.Taken {
		_, _ = fmt.Fprintf(e.stderr, "bailiff: %s: %s: %s\n", f.File, f.errors[0].Code, f.errors[0].Message)
		return
	}
	note := ""
	switch {
	case dry:
		note = fmt.Sprintf(", batch %d, no case was opened (dry run)", f.Batch)
	case f.State == intake.StateWaiting:
		note = fmt.Sprintf(", batch %d waits: no case was opened", f.Batch)
	case f.SameAs != 0:
		note = fmt.Sprintf(", batch %d, the same file as batch %d", f.Batch, f.SameAs)
	case f.Resumed:
		note = fmt.Sprintf(", batch %d, begun by an earlier import", f.Batch)
	default:
		note = fmt.Sprintf(", batch %d", f.Batch)
	}
	e.sayf("%s: %s%s\n", f.File, importCounts(f.Rows, f.Accepted, f.Duplicate, f.Rejected, f.Quarantined), note)
	shown := 0
	for _, x := range f.errors {
		if x.Code == intake.CodeDuplicate || shown == shownRows {
			continue
		}
		shown++
		field := x.Field
		if field != "" {
			field = " (" + field + ")"
		}
		e.sayf("  row %d: %s%s: %s\n", x.Row, x.Code, field, x.Message)
	}
	if left := f.Rejected + f.Quarantined - shown; left > 0 {
		e.sayf("  and %d rows more; --json lists the first %d, the batch keeps all\n", left, intake.DefaultMaxErrors)
	}
	if f.State == intake.StateWaiting {
		e.sayWaiting(f.batch, f.batch.Language)
	}
}

// langFlag adds the flag for the language of texts.
func (e *env) langFlag() *string {
	return e.flags.String("lang", "ru", "`LANGUAGE` of texts: kk, ru or en")
}

func language(code string) (i18n.Lang, error) {
	l, ok := i18n.Parse(code)
	if !ok {
		return l, usagef("--lang is kk, ru or en, not %q", code)
	}
	return l, nil
}
