package chaos_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"robotbailiff/internal/clock"
)

// beat is one legal instant of the undisturbed run and how long its work took.
type beat struct {
	at   time.Time
	took time.Duration
}

// timeline notes the beats of a run.
type timeline struct {
	beats []beat
	watch clock.Stopwatch
}

func (l *timeline) start() {
	l.beats = append(l.beats[:0], beat{at: begin})
	l.watch = clock.StartStopwatch()
}

func (l *timeline) moved(to time.Time) error {
	l.beats[len(l.beats)-1].took = l.watch.Elapsed()
	l.beats = append(l.beats, beat{at: to})
	l.watch = clock.StartStopwatch()
	return nil
}

func (l *timeline) sum() (all time.Duration) {
	for _, b := range l.beats {
		all += b.took
	}
	return all
}

// strike is one kill: so long after the work of a legal instant began.
type strike struct {
	at     time.Time
	offset time.Duration
	server bool // PostgreSQL, not a worker
}

// plan chooses when to strike: at legal instants, by chance in proportion to the work of the undisturbed run in them, and in
// each at a random moment of that work. No instant is struck twice before as many as possible were struck once.
func plan(dice *rand.Rand, beats []beat, workers, servers int) []strike {
	type draw struct {
		beat
		key float64
	}
	draws := make([]draw, len(beats))
	var out []strike
	for len(out) < workers+servers {
		for i, b := range beats { // a weighted sample without replacement: the largest keys
			draws[i] = draw{b, math.Pow(dice.Float64(), 1/max(b.took.Seconds(), 1e-6))}
		}
		slices.SortFunc(draws, func(a, b draw) int { return cmp.Compare(b.key, a.key) })
		for _, d := range draws[:min(len(draws), workers+servers-len(out))] {
			out = append(out, strike{at: d.at, offset: time.Duration(dice.Float64() * float64(d.took))})
		}
	}
	for _, i := range dice.Perm(len(out))[:servers] {
		out[i].server = true
	}
	slices.SortFunc(out, func(a, b strike) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.offset, b.offset)) })
	return out
}

// killer strikes while legal time passes.
type killer struct {
	run     *run
	dice    *rand.Rand
	strikes []strike      // to come
	under   chan error    // of the strikes that are under way; nil when none are
	longest time.Duration // of an outage of PostgreSQL

	workers, servers, busy int
	found                  []violation // right after the server came back
}

func newKiller(r *run, beats []beat) *killer {
	k := &killer{run: r, dice: rand.New(rand.NewPCG(r.size.seed, 0x6b696c6c))}
	k.strikes = plan(k.dice, beats, r.size.workers, r.size.servers)
	return k
}

// disturb drives a run to its end under the kills.
func (k *killer) disturb(ctx context.Context) error {
	if err := k.moved(ctx, begin); err != nil {
		return err
	}
	err := k.run.drive(ctx, func(to time.Time) error { return k.moved(ctx, to) })
	return errors.Join(err, k.wait())
}

// moved waits for the strikes of the former instant and begins those of this one.
func (k *killer) moved(ctx context.Context, to time.Time) error {
	if err := k.wait(); err != nil {
		return err
	}
	n := 0
	for n < len(k.strikes) && !k.strikes[n].at.After(to) {
		n++
	}
	if n == 0 {
		return nil
	}
	due := k.strikes[:n]
	k.strikes = k.strikes[n:]
	k.under = make(chan error, 1)
	watch := clock.StartStopwatch()
	go func(done chan<- error) { done <- k.strike(ctx, due, watch) }(k.under)
	return nil
}

// wait waits for the strikes that are under way.
func (k *killer) wait() error {
	if k.under == nil {
		return nil
	}
	err := <-k.under
	k.under = nil
	return err
}

func (k *killer) strike(ctx context.Context, due []strike, watch clock.Stopwatch) error {
	for _, s := range due {
		timer := time.NewTimer(max(0, s.offset-watch.Elapsed()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if idle, err := k.run.robot.Idle(ctx); err == nil && !idle {
			k.busy++
		}
		if s.server {
			if err := k.killServer(ctx); err != nil {
				return err
			}
			continue
		}
		if err := k.run.fleet.kill(ctx, k.dice.IntN); err != nil {
			return err
		}
		k.workers++
	}
	return nil
}

// healthyLimit is how long PostgreSQL may be away after it was killed.
const healthyLimit = 30 * time.Second

// killServer kills the postmaster, starts the server again, and looks at every invariant as soon as it answers.
func (k *killer) killServer(ctx context.Context) error {
	cluster := k.run.cluster
	pid := cluster.PostmasterPID()
	if !postgresRuns(pid) {
		return errors.New("PostgreSQL ended before it was killed")
	}
	watch := clock.StartStopwatch()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill PostgreSQL: %w", err)
	}
	// The server is started again only when the killed postmaster was reaped; until then it would look alive.
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for postgresRuns(pid) && watch.Elapsed() < healthyLimit {
		<-tick.C
	}
	if err := cluster.Restart(ctx); err != nil {
		return fmt.Errorf("PostgreSQL did not come back: %w", err)
	}
	k.longest = max(k.longest, watch.Elapsed())
	if watch.Elapsed() > healthyLimit {
		return fmt.Errorf("PostgreSQL was away for %s", watch.Elapsed())
	}
	k.servers++
	found, err := k.run.check(ctx)
	k.found = append(k.found, found...)
	return errors.Join(err, k.run.fleet.alive())
}

// postgresRuns tells a living server from none, from a zombie and from a stranger with its number.
func postgresRuns(pid int) bool {
	if pid <= 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true // no such file system here: the signal has to do
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.Contains(string(stat), "(postgres") && !strings.HasPrefix(rest, "Z")
}
