// Package giveway lets the robot's processes give way to the pages where both share a machine: a debtor who opens the link waits for a
// processor now, and a chunk of ten thousand cases is no worse for being done a little later.
//
// It is the operating system that decides by the niceness of a process; nothing here waits, limits or measures. Niceness is enough, since
// pages ask for little at a time: measured by `bailiff bench web` (ADR 0059). It must not touch a process that is not this program's or
// does not serve it.
//
// The entry points are [Process] and [Session].
package giveway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// niceness of who gives way: a thirtieth of the weight of others. With 10, a tenth, the slowest page of a hundred took half as long again; with 19
// nothing is won, and who holds a lock of the server would hardly come to let it go.
const niceness = 15

// Process lets this process give way from now on, as a process of workers without pages does, and with it the session that it was started in, where
// sessions have a share of the processors each. Elsewhere than on Linux it does nothing.
func Process() error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil // there niceness belongs to threads, and they cannot be told
	}
	for _, t := range threads { // those that begin later have it from who begins them
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := atLeast(id); err != nil {
			return fmt.Errorf("giveway: %w", err)
		}
	}
	return group(context.Background(), os.Getpid())
}

// Session lets the server's process of one session give way, where it runs on this machine: the session is over a socket of the file
// system, and a process of that number is a server's own that serves a local session. A process that belongs to another user stays as it is:
// whoever runs that server decides. It has the shape of pgxpool's AfterConnect.
func Session(ctx context.Context, c *pgx.Conn) error {
	pid := int(c.PgConn().PID())
	if c.PgConn().Conn().RemoteAddr().Network() != "unix" || !serves(pid) {
		return nil
	}
	_ = atLeast(pid) // not being allowed to is no reason not to work
	return group(ctx, pid)
}

// group gives the session of a process the niceness, where sessions are scheduled as groups (sched(7), "The autogroup feature"): there the
// niceness of a process counts within its session alone, and each process of PostgreSQL is a session of its own. Not to be allowed to is no
// error. The kernel lets a user do this once in a tenth of a second, so that it may have to be asked again.
func group(ctx context.Context, pid int) error {
	file := "/proc/" + strconv.Itoa(pid) + "/autogroup"
	text, err := os.ReadFile(file)
	if err != nil {
		return nil // there are no such groups
	}
	_, now, _ := strings.Cut(strings.TrimSpace(string(text)), " nice ")
	if has, err := strconv.Atoi(now); err != nil || has >= niceness {
		return nil
	}
	for range 10 {
		if err = os.WriteFile(file, []byte(strconv.Itoa(niceness)), 0); !errors.Is(err, syscall.EAGAIN) {
			return nil
		}
		select {
		case <-time.After(110 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// serves says whether a process is one of PostgreSQL that serves a local session; behind a pooler, or in another container, the number that
// a session has may be that of anybody.
func serves(pid int) bool {
	line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && strings.HasPrefix(string(line), "postgres: ") && strings.Contains(string(line), "[local]")
}

// atLeast gives a thread or process the niceness, unless it has a higher one already.
func atLeast(id int) error {
	has, err := syscall.Getpriority(syscall.PRIO_PROCESS, id)
	if err == syscall.ESRCH {
		return nil // it has ended since
	}
	if err != nil {
		return err
	}
	if 20-has >= niceness { // the kernel's own call gives 20 less the niceness, which is never negative
		return nil
	}
	return syscall.Setpriority(syscall.PRIO_PROCESS, id, niceness)
}
