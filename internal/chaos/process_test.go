package chaos_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one worker process with web pages and workers, as production runs it.
type process struct {
	cmd  *exec.Cmd
	addr string        // where it listens
	gone chan struct{} // closed when it has ended and was reaped
}

// fleet keeps worker processes running: whoever is killed is replaced.
type fleet struct {
	binary string
	args   []string
	env    []string
	log    *os.File

	mu    sync.Mutex
	slots []*process // nil while a new one starts
	pids  []int      // of all that ever ran
	turn  int
	ready chan struct{} // told when a slot is filled again
	after sync.WaitGroup
	err   error // of a start in the background
}

// startLimit is how long a process may take to say where it serves, also while PostgreSQL recovers.
const startLimit = 60 * time.Second

// startTries is how often a start is tried again that an outage cut short.
const startTries = 5

var (
	errNotReady = errors.New("a worker process did not start")
	errEnded    = errors.New("a worker process ended by itself")
)

// launch starts one process and waits until it serves.
func (f *fleet) launch(ctx context.Context) (*process, error) {
	cmd := exec.CommandContext(ctx, f.binary, f.args...)
	cmd.Env = f.env
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.pids = append(f.pids, cmd.Process.Pid)
	f.mu.Unlock()
	p := &process{cmd: cmd, gone: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		defer close(p.gone)
		f.read(out, ready)
		_ = cmd.Wait() // it was killed, or ended by itself: the log tells
	}()
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case p.addr = <-ready:
		return p, nil
	case <-p.gone:
		return nil, fmt.Errorf("%w: %s", errNotReady, cmd.ProcessState)
	case <-limit.C:
		_ = cmd.Process.Kill()
		<-p.gone
		return nil, fmt.Errorf("%w in %s", errNotReady, startLimit)
	}
}

// read copies the log of a process and finds its address.
func (f *fleet) read(out io.Reader, ready chan<- string) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if _, addr, ok := strings.Cut(lines.Text(), "serves on http://"); ok {
			ready <- addr
			continue
		}
		_, _ = fmt.Fprintln(f.log, lines.Text())
	}
}

// start brings n processes up.
func (f *fleet) start(ctx context.Context, n int) error {
	f.ready = make(chan struct{}, 1)
	f.slots = make([]*process, n)
	for i := range n {
		p, err := f.launch(ctx)
		if err != nil {
			return err
		}
		f.slots[i] = p
	}
	return nil
}

// kill ends a process that works, chosen by pick, with SIGKILL, and has another one started in its place.
func (f *fleet) kill(ctx context.Context, pick func(n int) int) error {
	for {
		f.mu.Lock()
		var alive []int
		for i, p := range f.slots {
			if p != nil {
				alive = append(alive, i)
			}
		}
		if f.err != nil || len(alive) > 0 {
			err := f.err
			if err == nil {
				err = f.strike(ctx, alive[pick(len(alive))])
			}
			f.mu.Unlock()
			return err
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.ready:
		}
	}
}

// strike kills the process of a slot; the caller holds the lock.
func (f *fleet) strike(ctx context.Context, i int) error {
	victim := f.slots[i]
	select {
	case <-victim.gone:
		return fmt.Errorf("%w: %s", errEnded, victim.cmd.ProcessState)
	default:
	}
	if err := victim.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	f.slots[i] = nil
	f.after.Go(func() {
		<-victim.gone
		var p *process
		var err error
		for range startTries { // PostgreSQL may be killed while it starts
			if p, err = f.launch(ctx); err == nil || !errors.Is(err, errNotReady) || ctx.Err() != nil {
				break
			}
		}
		f.mu.Lock()
		f.slots[i] = p
		f.err = errors.Join(f.err, err)
		f.mu.Unlock()
		select {
		case f.ready <- struct{}{}:
		default:
		}
	})
	return nil
}

// alive is an error when a process has ended without being killed: an outage of PostgreSQL is no reason to end.
func (f *fleet) alive() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.slots {
		if p == nil {
			continue
		}
		select {
		case <-p.gone:
			return fmt.Errorf("%w: %s", errEnded, p.cmd.ProcessState)
		default:
		}
	}
	return f.err
}

// stop asks all to end, and says who did not end well.
func (f *fleet) stop() error {
	f.after.Wait()
	var errs []error
	for _, p := range f.slots {
		if p != nil {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	for _, p := range f.slots {
		if p == nil {
			continue
		}
		limit := time.NewTimer(30 * time.Second)
		select {
		case <-p.gone:
			if !p.cmd.ProcessState.Success() {
				errs = append(errs, fmt.Errorf("a worker that was asked to end: %s", p.cmd.ProcessState))
			}
		case <-limit.C:
			_ = p.cmd.Process.Kill()
			<-p.gone
			errs = append(errs, errors.New("a worker did not end in 30 s after SIGTERM"))
		}
		limit.Stop()
	}
	f.slots = nil
	return errors.Join(errs...)
}

// left lists processes that still run.
func (f *fleet) left() (pids []int) {
	for _, pid := range f.pids {
		if syscall.Kill(pid, 0) == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// RoundTrip implements http.RoundTripper as a load balancer would: a message goes to one of the processes that serve, in turn,
// whatever its port is by now.
func (f *fleet) RoundTrip(req *http.Request) (*http.Response, error) {
	var p *process
	f.mu.Lock()
	for range f.slots {
		f.turn++
		if p = f.slots[f.turn%len(f.slots)]; p != nil {
			break
		}
	}
	f.mu.Unlock()
	if p == nil {
		return nil, errNotReady
	}
	req = req.Clone(req.Context())
	req.URL.Host = p.addr
	return http.DefaultTransport.RoundTrip(req)
}
