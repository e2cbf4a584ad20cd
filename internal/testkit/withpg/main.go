// Command withpg runs a command with a PostgreSQL server of its own, whose address it passes on
// in BAILIFF_TEST_DATABASE_URL, and ends with the command's exit status:
//
//	withpg go test ./...
//
// All test binaries of a run share that server. It must not be part of any shipped program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"robotbailiff/internal/testkit"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "withpg:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("usage: withpg COMMAND [ARGUMENT…]")
	}
	// Ctrl-C reaches the command as well, since it is in our process group. We wait for its end
	// and clean up after it.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	ctx := context.Background()
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec,noctx // running a given command is what it is for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if os.Getenv(testkit.EnvURL) == "" {
		cluster, err := testkit.StartServer(ctx)
		if err != nil {
			return 1, err
		}
		defer func() { err = errors.Join(err, testkit.StopServer(ctx, cluster)) }()
		cmd.Env = append(cmd.Env, testkit.EnvURL+"="+cluster.URL("postgres"))
	}
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s != os.Interrupt {
				_ = cmd.Process.Signal(s) // the terminal sends only Ctrl-C to the whole group
			}
		case err := <-done:
			exit, failed := errors.AsType[*exec.ExitError](err)
			if !failed {
				return 0, err
			}
			if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				return 128 + int(status.Signal()), nil
			}
			return exit.ExitCode(), nil
		}
	}
}
