package bench

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
)

// cost is what a stretch of work took.
type cost struct {
	seconds  float64
	ours     time.Duration // CPU of this process
	servers  time.Duration // CPU of the database; 0 where the system does not tell
	walBytes float64
}

// per is the cost of one of n.
func (c cost) walPer(n int) float64 { return c.walBytes / float64(n) }

func (c cost) microsPer(n int) float64 {
	return float64((c.ours + c.servers).Microseconds()) / float64(n)
}
func (c cost) oursPer(n int) float64   { return float64(c.ours.Microseconds()) / float64(n) }
func (c cost) perSecond(n int) float64 { return float64(n) / c.seconds }
func (c cost) share(of cost) float64   { return of.seconds / c.seconds }
func (c cost) plus(d cost) cost {
	return cost{c.seconds + d.seconds, c.ours + d.ours, c.servers + d.servers, c.walBytes + d.walBytes}
}

// measure runs f and tells what it cost.
func measure(ctx context.Context, pool *pgxpool.Pool, p *place, f func() error) (cost, error) {
	wal, err := walPosition(ctx, pool)
	if err != nil {
		return cost{}, err
	}
	ours, theirs := ownCPU(), serverCPU(p.cluster.PostmasterPID())
	w := clock.StartStopwatch()
	if err := f(); err != nil {
		return cost{}, err
	}
	c := cost{seconds: w.Elapsed().Seconds(), ours: ownCPU() - ours, servers: serverCPU(p.cluster.PostmasterPID()) - theirs}
	end, err := walPosition(ctx, pool)
	c.walBytes = end - wal
	return c, err
}

func walPosition(ctx context.Context, pool *pgxpool.Pool) (at float64, err error) {
	err = pool.QueryRow(ctx, `SELECT (pg_current_wal_insert_lsn() - '0/0')::float8`).Scan(&at)
	return at, err
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tick is the unit of /proc, which is the same on every Linux.
const tick = 10 * time.Millisecond

// serverCPU is what the server and its children have used; those that are gone are counted by their parent.
func serverCPU(postmaster int) time.Duration {
	if postmaster == 0 {
		return 0
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var total int64
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, ok := strings.Cut(string(text), ") ")
		f := strings.Fields(rest)
		if !ok || len(f) < 15 {
			continue
		}
		number := func(i int) int64 { n, _ := strconv.ParseInt(f[i], 10, 64); return n }
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		switch {
		case pid == postmaster:
			total += number(11) + number(12) + number(13) + number(14)
		case number(1) == int64(postmaster):
			total += number(11) + number(12)
		}
	}
	return time.Duration(total) * tick
}

// peakMemory is the most memory that this process has ever had, in MB; 0 where the system does not tell.
func peakMemory() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb / 1024
		}
	}
	return 0
}

// resetPeak forgets what was needed to make the batch, where the system lets us.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // without it the peak counts the preparation too
}
