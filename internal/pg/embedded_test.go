package pg_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"robotbailiff/internal/pg"
)

// shortDir gives a directory whose name leaves room for a socket, removed at the end.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bailiff-test-pg-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, opts pg.EmbeddedOptions) *pg.Cluster {
	t.Helper()
	c, err := pg.StartEmbedded(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func mustOpen(t *testing.T, c *pg.Cluster, db string) func(sql string) string {
	t.Helper()
	pool, err := pg.Open(t.Context(), c.URL(db), pg.WithMaxConns(2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return func(sql string) (text string) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), sql).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func alive(pid int) bool { return pid > 0 && syscall.Kill(pid, 0) == nil }

// eventually looks again until it is so; processes end when they end.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// TestEmbedded_life walks one durable cluster through all that can happen to it, since making
// one takes a second.
func TestEmbedded_life(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := shortDir(t)
	opts := pg.EmbeddedOptions{Dir: dir, Durable: true, Log: t.Output()}
	one := start(t, opts)

	t.Run("is durable, private and in UTC", func(t *testing.T) {
		pool, err := pg.Open(ctx, one.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if err := pg.Durable(ctx, pool); err != nil {
			t.Error(err)
		}
		query := mustOpen(t, one, "postgres")
		for setting, want := range map[string]string{
			"listen_addresses": "", "jit": "off", "server_encoding": "UTF8", "data_checksums": "on",
			"log_parameter_max_length": "0", "max_wal_size": "8GB", "timezone": "UTC",
		} {
			if got := query("SELECT current_setting('" + setting + "')"); got != want {
				t.Errorf("%s is %q, want %q", setting, got, want)
			}
		}
		if got := query("SELECT lower('ӘЖЫ')"); got != "әжы" {
			t.Errorf("lower gave %q", got)
		}
		info, err := os.Stat(filepath.Join(dir, "socket"))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("socket directory: %v, %v", info.Mode(), err)
		}
	})

	t.Run("databases", func(t *testing.T) {
		oid := ""
		for _, fresh := range []bool{false, false, true} {
			if err := one.EnsureDatabase(ctx, "bailiff", fresh); err != nil {
				t.Fatal(err)
			}
			query := mustOpen(t, one, "bailiff") // still connected when the next round drops it
			got := query(`SELECT oid::text FROM pg_database WHERE datname = current_database()`)
			if oid != "" && (got != oid) != fresh {
				t.Errorf("fresh %t: database %s after %s", fresh, got, oid)
			}
			oid = got
		}
		for _, name := range []string{"", "x y", `x"; DROP`, "Bailiff", "1x", strings.Repeat("x", 64)} {
			if err := one.EnsureDatabase(ctx, name, false); err == nil {
				t.Errorf("%q was taken for a name", name)
			}
		}
	})

	t.Run("others share it, the last one out stops it", func(t *testing.T) {
		pid := one.PostmasterPID()
		two := start(t, opts)
		if got := two.PostmasterPID(); got != pid {
			t.Fatalf("second server %d beside %d", got, pid)
		}
		if err := two.Stop(ctx); err != nil || !alive(pid) {
			t.Fatalf("stopped under its first user: %v", err)
		}
	})

	t.Run("is in a process group of its own", func(t *testing.T) {
		group, err := syscall.Getpgid(one.PostmasterPID())
		if err != nil || group == syscall.Getpgrp() {
			t.Errorf("group %d, ours is %d: %v", group, syscall.Getpgrp(), err)
		}
	})

	t.Run("comes back after kill -9 with all that was committed", func(t *testing.T) {
		pool, err := pg.Open(ctx, one.URL("bailiff"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = pool.Exec(ctx, `CREATE TABLE kept AS SELECT 1 AS n`)
		pool.Close()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			busy := backgroundQuery(t, one)
			pid := one.PostmasterPID()
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the postmaster is gone", func() bool { return !alive(pid) })
			if err := one.Restart(ctx); err != nil {
				t.Fatal(err)
			}
			if got := one.PostmasterPID(); got == pid || !alive(got) {
				t.Errorf("process %d after %d", got, pid)
			}
			if got := mustOpen(t, one, "bailiff")(`SELECT n::text FROM kept`); got != "1" {
				t.Errorf("kept %q", got)
			}
			busy()
		}
		pid := one.PostmasterPID()
		if err := one.Restart(ctx); err != nil || one.PostmasterPID() != pid {
			t.Errorf("restarted a living server: %v", err)
		}
	})

	t.Run("stops cleanly and starts again", func(t *testing.T) {
		pid := one.PostmasterPID()
		if err := errors.Join(one.Stop(ctx), one.Stop(ctx)); err != nil || alive(pid) {
			t.Fatalf("alive %t, %v", alive(pid), err)
		}
		// A stale file whose number belongs to a living stranger, here ourselves.
		pidFile := filepath.Join(one.DataDir(), "postmaster.pid")
		stranger := exec.Command("sleep", "60")
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()
		writeStale(t, pidFile, stranger.Process.Pid)
		again := start(t, opts)
		if got := mustOpen(t, again, "bailiff")(`SELECT n::text FROM kept`); got != "1" {
			t.Errorf("kept %q", got)
		}
		if err := again.Stop(ctx); err != nil {
			t.Error(err)
		}
	})

	t.Run("says when the data is of another version", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(one.DataDir(), "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := pg.StartEmbedded(ctx, opts)
		if err == nil || !strings.Contains(err.Error(), "written by PostgreSQL 9") {
			t.Errorf("got %v", err)
		}
	})
}

// backgroundQuery keeps a backend busy, so that it outlives a killed postmaster for a while.
func backgroundQuery(t *testing.T, c *pg.Cluster) (wait func()) {
	t.Helper()
	pool, err := pg.Open(t.Context(), c.URL("bailiff"), pg.WithMaxConns(1))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = pool.Exec(context.Background(), `SELECT count(*) FROM generate_series(1, 3000000)`)
	}()
	eventually(t, "the backend is busy", func() bool { return pool.Stat().AcquiredConns() == 1 })
	return func() { <-done; pool.Close() }
}

func writeStale(t *testing.T, path string, pid int) {
	t.Helper()
	text := []byte(strings.Join([]string{itoa(pid), filepath.Dir(path), "1", "5432", "/nowhere", "", "0 0", "ready"}, "\n") + "\n")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := os.Chown(path, int(stat.Uid), int(stat.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmbedded_findsAnotherPlace(t *testing.T) {
	t.Parallel()
	base := shortDir(t)
	locked := filepath.Join(base, "locked")
	if err := os.Mkdir(locked, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"long path":     filepath.Join(base, strings.Repeat("very", 30)),
		"closed parent": filepath.Join(locked, rand.Text()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "closed parent" && os.Geteuid() != 0 {
				t.Skip("only root hands the server to another user")
			}
			var notes bytes.Buffer
			c := start(t, pg.EmbeddedOptions{Dir: dir, Log: &notes})
			if got := mustOpen(t, c, "postgres")("SELECT 'here'"); got != "here" {
				t.Errorf("got %q", got)
			}
			if !strings.Contains(notes.String(), "since") {
				t.Errorf("does not say where it is: %q", &notes)
			}
			if err := errors.Join(c.Stop(context.Background()), c.Remove()); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(c.DataDir()); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("left behind: %v", err)
			}
		})
	}
}

func TestEmbedded_joinsWhatAKilledRunLeft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := shortDir(t)
	// The first process is a child of ours that is killed without a chance to clean up.
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestEmbedded_child$")
	child.Env = append(os.Environ(), "BAILIFF_TEST_CHILD_DIR="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 5)
	if _, err := out.Read(ready); err != nil {
		t.Fatal(err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	c := start(t, pg.EmbeddedOptions{Dir: dir})
	pid := c.PostmasterPID()
	if !alive(pid) {
		t.Fatal("no server")
	}
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan is gone", func() bool { return !alive(pid) })
}

// TestEmbedded_child is the process that the test above kills.
func TestEmbedded_child(t *testing.T) {
	dir := os.Getenv("BAILIFF_TEST_CHILD_DIR")
	if dir == "" {
		t.Skip("runs in a child process only")
	}
	if _, err := pg.StartEmbedded(context.Background(), pg.EmbeddedOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString("ready")
	select {}
}

func TestRemoveAbandoned_sparesTheLivingAndTheYoung(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	base := shortDir(t)
	used := start(t, pg.EmbeddedOptions{Dir: filepath.Join(base, "used")})
	for _, name := range []string{"young", "old"} {
		c, err := pg.StartEmbedded(ctx, pg.EmbeddedOptions{Dir: filepath.Join(base, name)})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Stop(ctx); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"used", "old"} {
		if err := os.Chtimes(filepath.Join(base, name, "lock"), past, past); err != nil {
			t.Fatal(err)
		}
	}
	if err := pg.RemoveAbandoned(ctx, filepath.Join(base, "*")); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(base, "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
	if !alive(used.PostmasterPID()) {
		t.Error("a used server was stopped")
	}
}
