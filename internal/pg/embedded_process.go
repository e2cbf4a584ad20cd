package pg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// initialise creates the cluster on first use. It builds under another name and renames, so
// a run killed in the middle leaves nothing that looks finished.
func (c *Cluster) initialise(ctx context.Context) error {
	if c.place.majorVersion() != "" {
		return nil
	}
	unfinished := c.place.data + ".new"
	var err error
	// Names of the same locale differ between systems; plain C is everywhere.
	for _, locale := range [][]string{{"--locale=C.UTF-8"}, {"--locale=C", "--lc-ctype=UTF-8"}, {"--locale=C"}} {
		if err := os.RemoveAll(unfinished); err != nil {
			return fmt.Errorf("clearing an unfinished cluster: %w", err)
		}
		if err := makeOwnedDir(unfinished, c.owner); err != nil {
			return err
		}
		args := append([]string{
			"-D", unfinished, "-U", clusterUser, "--auth=trust",
			"--encoding=UTF8", "--data-checksums",
		}, locale...)
		if !c.opts.Durable {
			args = append(args, "--no-sync")
		}
		if err = c.run(ctx, "initdb", args...); err == nil {
			if err := os.Rename(unfinished, c.place.data); err != nil {
				return fmt.Errorf("finishing initdb: %w", err)
			}
			return nil
		}
	}
	return err
}

// run executes one of the server's programs as the server's user; its output becomes part of
// the error.
func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, c.bin.path(program), args...) //nolint:gosec // the path is the operator's
	cmd.Dir = c.place.socket                                      // a directory that user can be in
	c.owner.dress(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(lastLines(out, 5)))
	}
	return nil
}

// ensureRunning joins the server that serves our data, or starts one. The caller holds the
// start lock.
func (c *Cluster) ensureRunning(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if c.answers(ctx) {
			return c.checkJoined(ctx)
		}
		if pid := readPID(c.place.data); pid > 0 && isPostgres(pid) {
			// A server of ours is starting, recovering or going down: see what becomes of it.
			if err := sleep(ctx, 50*time.Millisecond); err != nil {
				return c.startError(err)
			}
			continue
		}
		done, err := c.launch(ctx)
		if done || err != nil {
			return err
		}
		// Old backends still held the shared memory. They end by themselves, soon.
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return c.startError(err)
		}
	}
}

// launch starts a postmaster and waits until it answers. It reports false without an error
// when the start should be tried again.
func (c *Cluster) launch(ctx context.Context) (bool, error) {
	if err := neutralisePIDFile(c.place.data); err != nil {
		return false, err
	}
	logFile, from, err := c.openLog()
	if err != nil {
		return false, err
	}
	defer func() { _ = logFile.Close() }()
	// Not CommandContext: the server outlives this call and ends by Stop.
	cmd := exec.Command(c.bin.path("postgres"), c.serverArgs(ctx)...) //nolint:gosec,noctx // see above
	cmd.Dir = c.place.data
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = append(os.Environ(), "LC_ALL=C", "PGTZ=UTC", "TZ=UTC")
	c.owner.dress(cmd)
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // reaps it; how it ended is in its log
		close(exited)
	}()
	for {
		if c.answers(ctx) {
			c.mu.Lock()
			c.exited = exited
			c.mu.Unlock()
			return true, nil
		}
		select {
		case <-exited:
			text := c.logSince(from)
			if strings.Contains(text, "is still in use") || strings.Contains(text, "lock file") {
				return false, nil
			}
			return false, fmt.Errorf("PostgreSQL did not start: %s", lastLines([]byte(text), 6))
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGQUIT)
			<-exited
			return false, c.startError(ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *Cluster) startError(err error) error {
	return fmt.Errorf("PostgreSQL did not answer in time (%w): see %s", err, c.place.log)
}

// answers reports whether a server accepts connections on our socket.
func (c *Cluster) answers(ctx context.Context) bool {
	if _, err := os.Stat(filepath.Join(c.place.socket, ".s.PGSQL."+clusterPort)); err != nil {
		return false
	}
	conn, err := c.connect(ctx)
	if err != nil {
		return false
	}
	closeConn(ctx, conn)
	return true
}

func (c *Cluster) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return pgx.Connect(ctx, c.URL("postgres"))
}

// checkJoined refuses a server that serves other data or that is less careful than asked for.
func (c *Cluster) checkJoined(ctx context.Context) error {
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)
	var dir, fsync string
	const sql = `SELECT current_setting('data_directory'), current_setting('fsync')`
	if err := conn.QueryRow(ctx, sql).Scan(&dir, &fsync); err != nil {
		return err
	}
	if !sameFile(dir, c.place.data) {
		return fmt.Errorf("the server on %s serves %s: stop it first", c.place.socket, dir)
	}
	if c.opts.Durable && fsync != "on" {
		return errors.New("the server runs without fsync for a test: let that test end first")
	}
	return nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// shutdown asks for a fast shutdown, and for an immediate one when time runs out. The caller
// holds both locks, so nobody else uses the server.
func (c *Cluster) shutdown(ctx context.Context) error {
	pid := readPID(c.place.data)
	if pid <= 0 || !isPostgres(pid) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	for isPostgres(pid) {
		if sleep(ctx, 10*time.Millisecond) != nil {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
			return fmt.Errorf("process %d did not stop in time and was told to quit at once", pid)
		}
	}
	if c.exited != nil {
		select {
		case <-c.exited:
		case <-ctx.Done():
		}
	}
	return nil
}

// readPID reads the process id out of postmaster.pid, 0 when there is none.
func readPID(data string) int {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(line)))
	if err != nil {
		return 0
	}
	return pid
}

// neutralisePIDFile keeps a stale postmaster.pid from stopping the start when its process id
// now belongs to a stranger. The file must stay, because its last lines are how PostgreSQL
// finds backends that outlived a killed postmaster; only the number is replaced, by one that
// no system hands out.
func neutralisePIDFile(data string) error {
	pid := readPID(data)
	if pid <= 0 || !processExists(pid) {
		return nil
	}
	path := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil //nolint:nilerr // gone in the meantime, which is as good
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	info, err := os.Stat(path)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return os.WriteFile(path, append([]byte("2147483646\n"), rest...), info.Mode().Perm())
}

func processExists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// isPostgres reports whether pid is a living process and a PostgreSQL server; numbers are used
// again, and a zombie still has one.
func isPostgres(pid int) bool {
	if !processExists(pid) {
		return false
	}
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		// pid (name) state …; the name may itself hold brackets
		end := bytes.LastIndexByte(stat, ')')
		begin := bytes.IndexByte(stat, '(')
		if begin < 0 || end < begin || end+2 >= len(stat) {
			return false
		}
		return bytes.HasPrefix(stat[begin+1:end], []byte("postgres")) && stat[end+2] != 'Z'
	}
	out, err := exec.Command("ps", "-o", "stat=,comm=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec,noctx // ends at once
	return err == nil && bytes.Contains(out, []byte("postgres")) && !bytes.HasPrefix(bytes.TrimSpace(out), []byte("Z"))
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
