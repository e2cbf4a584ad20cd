package chaos_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/audit"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/sandbox"
)

// workers is how many worker processes run at once.
const workers = 2

// size is how large a campaign is.
type size struct {
	seed    uint64
	cases   int
	workers int // kills of worker processes
	servers int // kills of PostgreSQL
	lease   time.Duration
	faults  *sandbox.Faults // of the world; nil: its usual ones
	shares  *sandbox.Shares // of what debtors do; nil: the usual ones
}

// sizes gives the slice that CI runs, or with CHAOS=full the whole; CHAOS_SEED, CHAOS_CASES, CHAOS_WORKERS and CHAOS_POSTGRES
// change either.
func sizes(t *testing.T) size {
	t.Helper()
	z := size{seed: 1, cases: 5000, workers: 60, servers: 6, lease: 300 * time.Millisecond}
	if os.Getenv("CHAOS") == "full" {
		z.cases, z.workers, z.servers = 20_000, 1000, 100
	}
	z.seed = uint64(number(t, "CHAOS_SEED", int(z.seed)))
	z.cases = number(t, "CHAOS_CASES", z.cases)
	z.workers = number(t, "CHAOS_WORKERS", z.workers)
	z.servers = number(t, "CHAOS_POSTGRES", z.servers)
	return z
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is a whole number, not %q", name, text)
	}
	return n
}

func (z size) replay() string {
	return fmt.Sprintf("CHAOS_SEED=%d CHAOS_CASES=%d CHAOS_WORKERS=%d CHAOS_POSTGRES=%d go test -run TestChaos -count=1 -v -timeout 60m ./internal/chaos",
		z.seed, z.cases, z.workers, z.servers)
}

// TestChaos_killedRunEndsLikeAnUndisturbedOne takes the same court batch through its whole term twice, once in peace and once
// under kills, and compares.
func TestChaos_killedRunEndsLikeAnUndisturbedOne(t *testing.T) {
	if testing.Short() {
		t.Skip("a campaign of minutes")
	}
	z := sizes(t)
	t.Logf("seed %d: replay with %s", z.seed, z.replay())
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // ends in time to leave no process behind
		bounded, cancel := context.WithDeadline(ctx, end.Add(-20*time.Second))
		defer cancel()
		ctx = bounded
	}
	s := newSite(ctx, t, z.seed)

	var beats timeline
	calm := lived(ctx, t, s, "calm", z, func(_ context.Context, r *run) error {
		beats.start()
		return r.drive(ctx, beats.moved)
	})
	t.Logf("%d legal instants, %s of work", len(beats.beats), beats.sum().Round(time.Millisecond))
	k := &killer{}
	killed := lived(ctx, t, s, "killed", z, func(ctx context.Context, r *run) error {
		k = newKiller(r, beats.beats)
		return k.disturb(ctx)
	})
	t.Logf("killed %d workers and PostgreSQL %d times, %d of them while work was under way; PostgreSQL was away for %s at most",
		k.workers, k.servers, k.busy, k.longest.Round(time.Millisecond))
	if k.workers != z.workers || k.servers != z.servers {
		t.Errorf("killed %d workers and PostgreSQL %d times, want %d and %d", k.workers, k.servers, z.workers, z.servers)
	}
	for _, v := range k.found {
		t.Errorf("violation right after PostgreSQL came back: %+v", v)
	}
	compare(t, calm, killed)
}

// lived runs a batch to its end, checks everything, and gives how each case ended. The processes are gone afterwards.
func lived(ctx context.Context, t *testing.T, s *site, name string, z size, live func(context.Context, *run) error) (end map[string]life) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		watch := clock.StartStopwatch()
		r := s.open(ctx, t, name, z)
		opened := watch.Elapsed()
		must(t, live(ctx, r))
		t.Logf("%s: %s to take the batch in, %s to live", name, opened.Round(time.Millisecond), (watch.Elapsed() - opened).Round(time.Millisecond))
		must(t, r.fleet.stop())
		if left := r.fleet.left(); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		r.verify(ctx, t)
		end = r.endings(ctx, t)
		r.close(ctx, t)
	})
	if end == nil {
		t.Fatal("the run did not end")
	}
	return end
}

// verify holds what a run left behind against every promise.
func (r *run) verify(ctx context.Context, t *testing.T) {
	t.Helper()
	found, err := r.check(ctx)
	must(t, err)
	books, err := r.world.CheckBooks(ctx)
	must(t, err)
	for _, v := range books {
		t.Errorf("the world's own books: %+v", v)
	}
	for _, v := range found {
		t.Errorf("violation: %+v", v)
	}
	report, err := audit.Verify(ctx, r.pool)
	must(t, err)
	if report.Result != audit.Intact || report.Cases == 0 {
		t.Errorf("audit: %+v", report)
	}
	auditor, err := pg.Open(ctx, r.url, pg.WithRole(pg.RoleAudit), pg.WithMaxConns(2)) // these read whole tables
	must(t, err)
	defer auditor.Close()
	for _, p := range promises {
		var bad int
		if err := auditor.QueryRow(ctx, p.sql).Scan(&bad); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if bad != 0 {
			t.Errorf("%s: %d", p.name, bad)
		}
	}
	r.acknowledged(ctx, t)
	var claims, chunks, orders, notices, sends int
	must(t, r.pool.QueryRow(ctx, evidenceSQL).Scan(&claims, &chunks, &orders, &notices, &sends))
	t.Logf("%d of %d chunks were claimed again, %d orders and %d notices attempted again, %d messages left twice; %d messages of payment acknowledged",
		claims, chunks, orders, notices, sends, len(r.acked.events))
}

// promises are counted by SQL of their own over our tables and the simulated world's books; each must be zero.
var promises = []struct{ name, sql string }{
	{"cases that have not ended or whose orders are open", `SELECT count(*) FROM cases WHERE ended_at IS NULL OR released_at IS NULL`},
	{"arrests that hold money with us and that no bank ever made", `SELECT count(*) FROM orders o
	   WHERE o.purpose = 'arrest' AND o.held > (SELECT coalesce(sum(i.sum), 0) FROM sandbox.instructions i WHERE i.case_id = o.case_id AND i.purpose = 'arrest')`},
	{"arrests that banks have otherwise than we wrote down before", `SELECT count(*) FROM (SELECT i.case_id, i.bank, i.amount, count(*) FROM sandbox.instructions i
	   WHERE i.purpose = 'arrest' GROUP BY 1, 2, 3 EXCEPT ALL SELECT o.case_id, l ->> 'bank', (SELECT sum(s::bigint) FROM json_array_elements_text(l -> 'sums') s), count(*)
	   FROM orders o CROSS JOIN LATERAL json_array_elements(o.legs) l WHERE o.purpose = 'arrest' GROUP BY 1, 2, 3) wrong`},
	{"wrongs that the world saw", `SELECT count(*) FROM sandbox.wrongs`},
	{"messages that left more than twice", `SELECT count(*) FROM sandbox.messages WHERE count > 2`},
	{"messages that left more often than attempts were written down", `SELECT count(*) FROM sandbox.messages m
	   LEFT JOIN notices n ON m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel WHERE m.count > coalesce(n.attempts, 0)`},
	{"chunks that nobody finished", `SELECT count(*) FROM chunks WHERE done_at IS NULL`},
	{"payment messages that were never settled", `SELECT count(*) FROM payment_pending`},
}

const evidenceSQL = `SELECT (SELECT count(*) FROM chunks WHERE fence > 1), (SELECT count(*) FROM chunks),
	(SELECT count(*) FROM orders WHERE attempts > 1), (SELECT count(*) FROM notices WHERE attempts > 1),
	(SELECT count(*) FROM sandbox.messages WHERE count > 1)`

// acknowledged proves that every payment message that was answered with 2xx was kept.
func (r *run) acknowledged(ctx context.Context, t *testing.T) {
	t.Helper()
	rows, err := r.pool.Query(ctx, `SELECT source || '/' || event_id FROM payment_events`)
	must(t, err)
	kept, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	have := make(map[string]bool, len(kept))
	for _, k := range kept {
		have[k] = true
	}
	if len(r.acked.events) == 0 {
		t.Error("no payment message was acknowledged")
	}
	for _, k := range slices.Sorted(maps.Keys(r.acked.events)) {
		if !have[k] {
			t.Errorf("payment message %s was answered with 2xx and is lost", k)
		}
	}
}

// ending is how one case ended, by our tables and by the books of the simulated world.
type ending struct {
	Case                        int64
	Debtor                      int64
	State                       string
	Paid, Outstanding, Adjusted int64
	Released                    bool
	HandedOver, Recalled        bool
	Orders                      string // in the order of purpose and ordinal, with their statuses
	Arrests                     int    // acts of arrest at the banks
	ByHimself, Taken            int64  // what he paid, and what banks took
}

// life is how one case ended, and how it came to it.
type life struct {
	ending

	aware string // when he learnt of the case
	story string // events, orders and notices with their times, to find out why two lives differ
}

// endingsSQL names a case by its document, so that a shifted number would show.
const endingsSQL = `SELECT w.source || ' ' || w.document_number AS document, c.id, c.debtor_id, c.state, c.paid, c.outstanding, c.adjusted, c.released_at IS NOT NULL,
	h.case_id IS NOT NULL, h.recalled_at IS NOT NULL,
	coalesce((SELECT string_agg(o.purpose || ':' || o.status, ' ' ORDER BY o.purpose, o.ordinal) FROM orders o WHERE o.case_id = c.id), ''),
	(SELECT count(*) FROM sandbox.arrests a WHERE a.case_id = c.id), coalesce(d.paid, 0), coalesce(d.taken, 0),
	coalesce((SELECT string_agg(e.kind || ' ' || to_char(e.at, 'MM-DD HH24:MI'), ', ' ORDER BY e.seq) FROM events e WHERE e.case_id = c.id), '') || '; ' ||
	coalesce((SELECT string_agg(o.purpose || o.attempts || ' ' || o.held || ' ' || to_char(o.answered_at, 'MM-DD HH24:MI'), ', ' ORDER BY o.purpose, o.ordinal) FROM orders o WHERE o.case_id = c.id), '') || '; ' ||
	coalesce((SELECT string_agg(n.kind || ' ' || n.ordinal || n.channel || n.attempts || n.denied || ' ' || n.status || coalesce(to_char(n.sent_at, ' MM-DD HH24:MI'), ''), ', ' ORDER BY n.ordinal, n.channel) FROM notices n WHERE n.case_id = c.id), '') || '; ' ||
	coalesce(d.plan, '') || coalesce(to_char(d.aware_at, ' MM-DD HH24:MI'), ''), coalesce(d.aware_at::text, '')
  FROM cases c JOIN writs w ON w.case_id = c.id LEFT JOIN handovers h ON h.case_id = c.id LEFT JOIN sandbox.debtors d ON d.case_id = c.id`

func (r *run) endings(ctx context.Context, t *testing.T) map[string]life {
	t.Helper()
	rows, err := r.pool.Query(ctx, endingsSQL)
	must(t, err)
	out := map[string]life{}
	var document string
	var e life
	_, err = pgx.ForEachRow(rows, []any{
		&document, &e.Case, &e.Debtor, &e.State, &e.Paid, &e.Outstanding, &e.Adjusted, &e.Released, &e.HandedOver, &e.Recalled, &e.Orders,
		&e.Arrests, &e.ByHimself, &e.Taken, &e.story, &e.aware,
	}, func() error {
		out[document] = e
		return nil
	})
	must(t, err)
	return out
}

// shownDifferences is how many cases are shown that ended otherwise.
const shownDifferences = 20

// compare wants every case to have ended in the same way.
func compare(t *testing.T, calm, killed map[string]life) {
	t.Helper()
	if len(calm) == 0 || len(calm) != len(killed) {
		t.Errorf("%d cases in peace, %d under kills", len(calm), len(killed))
	}
	differ, later := 0, 0
	for _, doc := range slices.Sorted(maps.Keys(calm)) {
		a, b := calm[doc], killed[doc]
		if a.aware != b.aware { // a kill delayed the news of an end until after quiet hours: who reads the opening first pays in vain, and all of it comes back
			later++
			a.ByHimself = b.ByHimself
		}
		if a.ending == b.ending {
			continue
		}
		if differ++; differ <= shownDifferences {
			t.Logf("document %s\n  in peace    %+v\n    %s\n  under kills %+v\n    %s", doc, a.ending, a.story, b.ending, b.story)
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d cases ended otherwise than in peace", differ, len(calm))
		return
	}
	t.Logf("all %d cases ended as in peace; %d people learnt of them at another time", len(calm), later)
}
