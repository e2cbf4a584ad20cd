package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"robotbailiff/rules/calendar"
)

// Feed is a court batch, as CSV with a header and as XML with the same rows; sandbox.Court is one.
type Feed interface {
	WriteCSV(w io.Writer) error
	WriteXML(w io.Writer) error
}

// Format is the encoding of the batch that is taken in.
type Format string

// The encodings that are measured.
const (
	CSV Format = "csv"
	XML Format = "xml"
)

// FeedMaker makes a batch of n rows that fits the opening day. With clean every row is good, and no debtor comes twice.
type FeedMaker func(n int, opening calendar.Date, clean bool) (Feed, error)

// Options says what is measured, and where.
type Options struct {
	// N is the number of cases, or of rows. 0: 100 000 cases, 1 000 000 rows, 20 000 cases for notices.
	N int
	// NaiveN is the number of cases of the comparison that takes one case at a time; 0: 300.
	NaiveN int
	// Rounds is how often Lifecycle is measured, each time beside its own COPY, and the page of Web beside its limit; 0: 3, and 1 with a
	// profile.
	Rounds int
	// Slice is for how long Web asks for pages back to back in each round; 0: three seconds.
	Slice time.Duration
	// Format is that of the file in Import; empty: CSV. A raw COPY has the same rows as CSV in any case.
	Format Format
	// Dir is where the databases live during the run; empty: a temporary directory. It is left as it was found.
	Dir string
	// Profile is a folder for a CPU profile and the server's costliest statements; empty: none are taken.
	Profile string
	// Out is told what is being done; nil: nobody is.
	Out io.Writer
	// Feed makes the court batch. Required.
	Feed FeedMaker
	// Centre starts an SMS centre that takes so many parts a second, 0: as many as come. Required by Notices.
	Centre func(ctx context.Context, rate int) (Centre, error)
	// Pages gives the command of a process, not started yet, that runs [Pages] on its standard input and output. Required by Web.
	Pages func(ctx context.Context) (*exec.Cmd, error)
	// GiveWay is called before Web measures pages beside the robot; from then on this process is one of workers, as `serve --roles work` is.
	// nil: it stays as it is.
	GiveWay func() error
}

// Errors of nothing to measure with.
var (
	errNoFeed   = errors.New("bench: options: a feed is needed")
	errNoCentre = errors.New("bench: options: a centre is needed")
	errNoPages  = errors.New("bench: options: a process of pages is needed")
)

func (o Options) withDefaults(n int) (Options, error) {
	if o.Feed == nil {
		return o, errNoFeed
	}
	if o.N <= 0 {
		o.N = n
	}
	if o.NaiveN <= 0 {
		o.NaiveN = 300
	}
	if o.Rounds <= 0 {
		o.Rounds = 3
	}
	if o.Profile != "" {
		o.Rounds = 1
	}
	if o.Format == "" {
		o.Format = CSV
	}
	o.NaiveN = min(o.NaiveN, o.N)
	if o.Out == nil {
		o.Out = io.Discard
	}
	return o, nil
}

func (o Options) say(format string, args ...any) { _, _ = fmt.Fprintf(o.Out, format+"\n", args...) }

// folder makes the run's own folder and gives what removes it.
func (o Options) folder() (dir string, remove func() error, err error) {
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // the server's user must be able to enter it
			return "", nil, fmt.Errorf("bench: %w", err)
		}
	}
	dir, err = os.MkdirTemp(o.Dir, "bailiff-bench-")
	if err != nil {
		return "", nil, fmt.Errorf("bench: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// Goal is one promise of the design with what came out.
type Goal struct {
	Text string  `json:"goal"`
	Got  float64 `json:"got"`
	Want float64 `json:"want"`
	Met  bool    `json:"met"`
	// Counted is false where the goal holds only on a machine faster than this one.
	Counted bool `json:"counted"`
}

func atLeast(text string, got, want float64) Goal {
	return Goal{Text: text, Got: got, Want: want, Met: got >= want, Counted: true}
}

func atMost(text string, got, want float64) Goal {
	return Goal{Text: text, Got: got, Want: want, Met: got <= want, Counted: true}
}

func printGoals(w io.Writer, goals []Goal) {
	for _, g := range goals {
		word := "missed"
		switch {
		case g.Met:
			word = "met"
		case !g.Counted:
			word = "not asked of this machine"
		}
		_, _ = fmt.Fprintf(w, "  %-58s %10.2f of %10.2f  %s\n", g.Text, g.Got, g.Want, word)
	}
}
