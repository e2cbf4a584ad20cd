// Command bailiff is the robot bailiff: one program for servers, workers, administrators, auditors and the demo.
//
// Exit status: 0 done, 1 the work ran and something in it failed or was refused, 2 wrong use. With --json one JSON object
// goes to standard output and nothing else; logs go to standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"robotbailiff/internal/obs"
	"robotbailiff/rules/calendar"
)

// Exit statuses of the contract.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// command is one sub-command.
type command struct {
	name, does string
	run        func(ctx context.Context, e *env, args []string) error
}

// env is what every command gets from the process.
type env struct {
	stdout, stderr io.Writer
	log            *slog.Logger
	flags          *flag.FlagSet
	json           bool
	db             string
}

var commands []command

func init() {
	commands = []command{
		{"demo", "run the whole robot on an embedded database and a simulated world", runDemo},
		{"serve", "web pages and workers against a database", runServe},
		{"migrate", "bring the schema up to date: migrate up | status", runMigrate},
		{"import", "take in a court batch: import FILE… [--source S] [--dry-run] [--signature FILE]", runImport},
		{"statement", "take in bank statements: statement FILE…", runStatement},
		{"account", "bank accounts of ours and of gateways: account list | put IBAN [--gateway SOURCE]", runAccount},
		{"source", "who may send batches: source list | show NAME | put NAME … | key NAME", runSource},
		{"operator", "who may do what at the desk, by accounts of this installation: operator list | add LOGIN | roles LOGIN | regions LOGIN | reset LOGIN | off LOGIN | history", runOperator},
		{"batch", "court batches: batch list | show ID | release ID | reject ID", runBatch},
		{"drop", "take what lies in a drop folder: drop DIR [--once]", runDrop},
		{"bank", "try the way to a bank: bank check NAME", runBank},
		{"sms", "try the way to the SMS centre: sms trial --to NUMBER", runSMS},
		{"case", "show one case: case NUMBER [--explain]; case --waiting; case NUMBER --resume WHY", runCase},
		{"trial", "first arrests of what is new: trial list | confirm NUMBER | reject NUMBER | agree ID", runTrial},
		{"switch", "stop measures at once: switch list | stop [SCOPE] | release ID | history", runSwitch},
		{"evidence", "show what proves that a person was told: evidence NUMBER [--pdf FILE]", runEvidence},
		{"money", "how the money stands, and what goes on to claimants: money [--journal FILE] | claimants | remit | release | drop | file | report | requisites | approve | reject", runMoney},
		{"clock", "show or move the sandbox clock: clock [advance DURATION | to DATE]", runClock},
		{"rules", "the rule pack: rules list | validate | simulate", runRules},
		{"audit", "prove that no event was changed: audit verify", runAudit},
		{"check", "look at every invariant, read-only", runCheck},
		{"compare", "compare what banks hold with our arrests: compare [--bank NAME] | lift ID", runCompare},
		{"restored", "whether an older copy of the database was restored: restored [declare | release]", runRestored},
		{"bench", "measure: bench lifecycle | import | reconcile | notices | web", runBench},
		{"version", "print the version", runVersion},
	}
}

// usageError is wrong use: exit 2.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errSilent is a failure that was already told.
var errSilent = errors.New("failed")

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(mainStatus(os.Args[1:], os.Stdout, os.Stderr))
}

// gcPercent lets the heap grow to three times what lives before it is collected. What lives is small, a few batches of rows,
// and a batch leaves much garbage: it saves a tenth of our own time for some tens of megabytes.
const gcPercent = 200

func mainStatus(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, stdout, stderr)
	switch u := (*usageError)(nil); {
	case err == nil:
		return exitDone
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.As(err, &u):
		_, _ = fmt.Fprintf(stderr, "bailiff: %s\nRun 'bailiff help' for the commands.\n", u.msg)
		return exitUsage
	case errors.Is(err, errUnknown):
		_, _ = fmt.Fprintf(stderr, "bailiff: %v\n", err)
		return exitUsage
	case errors.Is(err, errSilent):
		return exitFailed
	default:
		_, _ = fmt.Fprintf(stderr, "bailiff: %v\n", err)
		return exitFailed
	}
}

// errUnknown is "cannot tell", exit 2 of the verifier.
var errUnknown = errors.New("cannot tell")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		printHelp(stdout)
		return nil
	}
	if err := calendar.CheckZone(); err != nil {
		return err
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, newEnv(c, stdout, stderr), args[1:])
		}
	}
	return usagef("there is no command %q", args[0])
}

func newEnv(c command, stdout, stderr io.Writer) *env {
	level := slog.LevelWarn
	if l := os.Getenv("BAILIFF_LOG"); l != "" {
		_ = level.UnmarshalText([]byte(l)) // an unknown level keeps the default
	}
	e := &env{stdout: stdout, stderr: stderr, log: obs.NewLogger(stderr, level)}
	e.flags = flag.NewFlagSet(c.name, flag.ContinueOnError)
	e.flags.SetOutput(stderr)
	e.flags.BoolVar(&e.json, "json", false, "print one JSON object on standard output")
	e.flags.StringVar(&e.db, "db", "", "`DATABASE`: embedded, or a postgres:// URL (default: BAILIFF_DATABASE_URL)")
	e.flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "bailiff %s: %s\n", c.name, c.does)
		e.flags.PrintDefaults()
	}
	return e
}

// parse reads flags that may stand before and after the arguments, and returns the arguments.
func (e *env) parse(args []string) ([]string, error) {
	var rest []string
	for {
		if err := e.flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usagef("%s: %v", e.flags.Name(), err)
		}
		args = e.flags.Args()
		if len(args) == 0 {
			return rest, nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

func printHelp(w io.Writer) {
	_, _ = fmt.Fprintln(w, "bailiff: the robot bailiff\n\nCommands:")
	for _, c := range commands {
		_, _ = fmt.Fprintf(w, "  %-10s %s\n", c.name, c.does)
	}
	_, _ = fmt.Fprintln(w, "\nEvery command takes --json and --db embedded|URL. 'bailiff COMMAND -h' shows its flags.\n"+
		"Environment: BAILIFF_DATABASE_URL, BAILIFF_HOME (default var), BAILIFF_SECRET_FILE, BAILIFF_MARK_FILE, BAILIFF_LOG.")
}
