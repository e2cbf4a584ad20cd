package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"

	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/source"
)

// statementReport is what statement prints: the sums over all files, and each file when there are several.
type statementReport struct {
	Lines      int              `json:"lines"`
	Matched    int              `json:"matched"` // paid a case, or are the money of a payment that a gateway had told of
	Suspense   int              `json:"suspense"`
	Duplicate  int              `json:"duplicate"`
	Settled    int              `json:"settled"`   // of the matched: the money of a gateway's payment
	Reversed   int              `json:"reversed"`  // the bank took back
	Out        int              `json:"out"`       // went from the account
	Conflict   int              `json:"conflict"`  // a known reference with another sum: not taken
	Announced  int              `json:"announced"` // not booked by the bank yet: no line
	Statements int              `json:"statements"`
	Errors     []statementError `json:"errors"`
	Files      []statementFile  `json:"files,omitempty"`
}

// statementError is one fault of a file.
type statementError struct {
	File      string `json:"file,omitempty"` // when several were given
	Statement int    `json:"statement,omitempty"`
	Line      int    `json:"line,omitempty"` // of a text, or the number of an entry
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"`
	Message   string `json:"message"`
	Remedy    string `json:"remedy"`
	Refused   bool   `json:"refused"` // nothing of the file was taken
}

// statementFile is what became of one file.
type statementFile struct {
	File  string `json:"file"`
	Taken bool   `json:"taken"`
	Again bool   `json:"again,omitempty"` // it was taken whole before
	statementReport
}

func runStatement(ctx context.Context, e *env, args []string) error {
	lang := e.langFlag()
	folder := e.flags.String("drop", "", "take every file that lies in `DIR`, and move it to done or refused there")
	files, err := e.parse(args)
	if err != nil {
		return err
	}
	if *folder != "" && len(files) > 0 {
		return usagef("--drop takes the files of a folder: name no others")
	}
	if *folder == "" && len(files) == 0 {
		return usagef("statement takes one file or more (camt.053, camt.054, MT940, 1C); - reads standard input")
	}
	l, err := language(*lang)
	if err != nil {
		return err
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		if *folder != "" {
			return e.takeFolder(ctx, p.robot, *folder, string(l))
		}
		return e.takeStatements(ctx, p.robot, files, string(l))
	}, pg.WithName("bailiff-statement"))
}

func (e *env) takeStatements(ctx context.Context, robot *jobs.Robot, files []string, lang string) error {
	var all []statementFile
	for _, name := range files {
		f, err := takeStatement(ctx, robot, name, lang)
		if err != nil {
			return err
		}
		all = append(all, f)
	}
	return e.tellStatements(all)
}

func (e *env) takeFolder(ctx context.Context, robot *jobs.Robot, dir, lang string) error {
	f, err := newStatementFolder(robot, dir, lang, e.log)
	if err != nil {
		return err
	}
	f.once = true
	all, err := f.pass(ctx)
	return errors.Join(e.tellStatements(all), err)
}

func (e *env) tellStatements(all []statementFile) error {
	r := statementReport{Errors: []statementError{}}
	for _, f := range all {
		r.add(f, len(all) > 1)
		if !e.json {
			e.printStatement(f)
		}
	}
	err := e.print(r, func() {
		if len(all) != 1 {
			e.sayf("All files: %d lines, %d matched, %d in suspense, %d known before\n", r.Lines, r.Matched, r.Suspense, r.Duplicate)
		}
	})
	if err == nil && len(r.Errors)+r.Conflict > 0 {
		return errSilent
	}
	return err
}

func takeStatement(ctx context.Context, robot *jobs.Robot, name, lang string) (statementFile, error) {
	f := statementFile{File: name, statementReport: statementReport{Errors: []statementError{}}}
	open := func() (io.ReadCloser, error) { return os.Open(name) }
	if name == "-" {
		all, err := io.ReadAll(os.Stdin) // it is read twice
		if err != nil {
			return f, err
		}
		open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all)), nil }
	} else if in, err := os.Open(name); err != nil {
		f.Errors = append(f.Errors, statementError{Code: codeUnreadable, Message: err.Error(), Remedy: "Give the path of a file that may be read.", Refused: true})
		return f, nil
	} else if err := in.Close(); err != nil {
		return f, err
	}
	got, err := robot.TakeFile(ctx, open)
	if err != nil {
		return f, err
	}
	f.fill(got, lang)
	return f, nil
}

func (f *statementFile) fill(got jobs.StatementFile, lang string) {
	f.Lines, f.Announced, f.Statements = got.Lines, got.Skipped, len(got.Statements)
	f.Taken, f.Again = len(got.Refused) == 0, len(got.Statements) > 0
	for _, st := range got.Statements {
		f.Again = f.Again && st.Again
		if st.Again {
			f.Duplicate += st.Lines
			continue
		}
		for verdict, n := range st.Counts {
			f.count(verdict, n)
		}
	}
	for _, fault := range got.Refused {
		f.Errors = append(f.Errors, errorOf(fault, lang, true))
	}
	for _, fault := range got.Noticed {
		f.Errors = append(f.Errors, errorOf(fault, lang, false))
	}
}

func (r *statementReport) count(v payments.Verdict, n int) {
	switch v {
	case payments.Matched:
		r.Matched += n
	case payments.WasSettled:
		r.Matched += n
		r.Settled += n
	case payments.Held:
		r.Suspense += n
	case payments.Duplicate:
		r.Duplicate += n
	case payments.WasReverse:
		r.Reversed += n
	case payments.PaidBack, payments.Unexplained:
		r.Out += n
	default:
		r.Conflict += n
	}
}

func errorOf(f *source.Fault, lang string, refused bool) statementError {
	m := f.Message(lang)
	if f.Detail != "" {
		m += " [" + f.Detail + "]"
	}
	return statementError{Statement: f.Statement, Line: f.Place, Code: f.Code, Field: f.Field, Message: m, Remedy: f.Remedy(lang), Refused: refused}
}

func (r *statementReport) add(f statementFile, several bool) {
	r.Lines += f.Lines
	r.Matched += f.Matched
	r.Suspense += f.Suspense
	r.Duplicate += f.Duplicate
	r.Settled += f.Settled
	r.Reversed += f.Reversed
	r.Out += f.Out
	r.Conflict += f.Conflict
	r.Announced += f.Announced
	r.Statements += f.Statements
	for _, e := range f.Errors {
		if several {
			e.File = f.File
		}
		r.Errors = append(r.Errors, e)
	}
	if several {
		r.Files = append(r.Files, f)
	}
}

func (e *env) printStatement(f statementFile) {
	switch {
	case !f.Taken:
		e.sayf("%s: nothing was taken\n", f.File)
	case f.Again:
		e.sayf("%s: %d lines, all known: this file was taken before\n", f.File, f.Lines)
	default:
		e.sayf("%s: %d lines: %d matched (%d the money of payments that gateways had told of), %d in suspense, %d known before, %d taken back, %d out, %d in conflict\n",
			f.File, f.Lines, f.Matched, f.Settled, f.Suspense, f.Duplicate, f.Reversed, f.Out, f.Conflict)
	}
	if f.Announced > 0 {
		e.sayf("  %d movements are announced and not booked: they come again when they are\n", f.Announced)
	}
	for _, x := range f.Errors {
		where := ""
		if x.Statement > 0 {
			where += "statement " + strconv.Itoa(x.Statement) + ", "
		}
		if x.Line > 0 {
			where += "line " + strconv.Itoa(x.Line) + ", "
		}
		e.sayf("  %s%s %s: %s %s\n", where, x.Code, x.Field, x.Message, x.Remedy)
	}
}
