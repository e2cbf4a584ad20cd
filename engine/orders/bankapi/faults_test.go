package bankapi_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/rules/money"
)

// dice fails as banks on a bad day do: 30 % no answer, 20 % 5xx, 10 % slow, 10 % resets, 5 % HTML, 10 % done and no answer. A part of
// the 5xx and of the resets comes when all is done, which is worse.
type dice struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	calls int
	seen  map[far.Fault]int
}

func (d *dice) roll(wire.Kind) far.Fault {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	f := far.None
	switch n := d.rnd.IntN(100); {
	case n < 30:
		f = far.Timeout
	case n < 40:
		f = far.Broken
	case n < 50:
		f = far.BrokenLate
	case n < 60:
		f = far.Slow
	case n < 65:
		f = far.Reset
	case n < 70:
		f = far.ResetAfter
	case n < 75:
		f = far.Garbage
	case n < 85:
		f = far.Late
	}
	d.seen[f]++
	return f
}

// stopwatch is what pauses are measured by: it goes on when a round ends.
type stopwatch struct {
	mu sync.Mutex
	at time.Duration
}

func (s *stopwatch) since() time.Duration  { s.mu.Lock(); defer s.mu.Unlock(); return s.at }
func (s *stopwatch) later(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.at += d }

// 500 calls through all faults: each order is done once by the books of the bank, nothing is believed that they do not say, and in the
// end everything is known. The worker does as orders.Sender does: what was sent before is asked about, and sent again only when the
// bank has never seen it.
func TestClient_throughAllFaults(t *testing.T) {
	t.Parallel()
	const seed, calls, perCall = 7, 500, 3 // calls at least
	r := newRing(t)
	d := &dice{rnd: rand.New(rand.NewPCG(seed, seed)), seen: map[far.Fault]int{}}
	r.fault = d.roll
	all := map[uuid.UUID]orders.Instruction{}
	watch := &stopwatch{}
	client := r.client(t, wire.JSON, func(cfg *bankapi.Config) {
		cfg.Abreast, cfg.Since = 16, watch.since
		r.hurry(t, cfg)
	})
	var open [][]orders.Instruction
	for i := range 40 {
		iin := strconv.Itoa(100_000_000_000 + i)
		r.books.Open(iin, "KZ"+iin, "current", 1_000_000)
		var arrests []orders.Instruction
		for j := range perCall {
			o := orders.Instruction{ID: peertest.ID(iin + "/" + strconv.Itoa(j)), CaseID: int64(i*perCall + j + 1), Purpose: engine.Arrest, IIN: iin, Amount: money.FromTiyn(400_000)}
			arrests, all[o.ID] = append(arrests, o), o
		}
		open = append(open, arrests)
	}
	var lifts [][]orders.Instruction
	for _, arrests := range open {
		var back []orders.Instruction
		for _, o := range arrests {
			l := orders.Instruction{ID: peertest.ID("lift " + o.ID.String()), CaseID: o.CaseID, Purpose: engine.Lift, IIN: o.IIN, Of: o.ID}
			back, all[l.ID] = append(back, l), l
		}
		lifts = append(lifts, back)
	}
	believed := map[uuid.UUID]orders.Reply{}
	for _, stage := range [][][]orders.Instruction{open, lifts} {
		bringHome(t, client, watch, stage, believed)
	}
	if d.calls < calls {
		t.Errorf("only %d calls", d.calls)
	}
	for _, f := range []far.Fault{far.Timeout, far.Late, far.Reset, far.ResetAfter, far.Broken, far.BrokenLate, far.Slow, far.Garbage} {
		if d.seen[f] == 0 {
			t.Errorf("no %s", f)
		}
	}
	for id := range all {
		truth, done := r.books.Done(id)
		if diff := cmp.Diff(truth, believed[id], cmpopts.IgnoreFields(orders.Reply{}, "Bank")); !done || diff != "" {
			t.Fatalf("done: %t, %s", done, diff)
		}
	}
	if changed := r.books.Changed(); len(changed) > 0 {
		t.Errorf("%d orders came with another content", len(changed))
	}
	if held, _ := r.books.Held(); held != 0 {
		t.Errorf("%d tiyn are still held", held)
	}
	for _, code := range r.doubted() {
		if code != "wrong_content" { // the HTML
			t.Errorf("an honest bank was doubted: %s", code)
		}
	}
	t.Logf("%d calls: %v", d.calls, d.seen)
}

// bringHome works chunks until every order has its answer.
func bringHome(t *testing.T, client *bankapi.Client, watch *stopwatch, chunks [][]orders.Instruction, believed map[uuid.UUID]orders.Reply) {
	t.Helper()
	var mu sync.Mutex
	tried := map[uuid.UUID]bool{}
	for round := 0; len(chunks) > 0; round++ {
		if round == 200 {
			t.Fatalf("%d chunks have no answer", len(chunks))
		}
		var again [][]orders.Instruction
		var group errgroup.Group
		group.SetLimit(16)
		for _, chunk := range chunks {
			group.Go(func() error {
				send, ask := []orders.Instruction{}, []uuid.UUID{}
				mu.Lock()
				for _, o := range chunk {
					if tried[o.ID] {
						ask = append(ask, o.ID)
					} else {
						send = append(send, o)
					}
					tried[o.ID] = true
				}
				mu.Unlock()
				said, _ := client.Query(orders.Asking(t.Context(), chunk), ask)
				for _, r := range said {
					for _, o := range chunk {
						if o.ID == r.ID && !r.Known {
							send = append(send, o)
						}
					}
				}
				done, _ := client.Submit(t.Context(), send) // an error: the outcome is unknown
				mu.Lock()
				defer mu.Unlock()
				var left []orders.Instruction
				for _, r := range append(said, done...) {
					if r.Known && r.Answer != "" {
						believed[r.ID] = r
					}
				}
				for _, o := range chunk {
					if _, ok := believed[o.ID]; !ok {
						left = append(left, o)
					}
				}
				if len(left) > 0 {
					again = append(again, left)
				}
				return nil
			})
		}
		_ = group.Wait()
		chunks = again
		watch.later(time.Minute)
	}
}

// Whether a bank can be reached is known from what became of the last requests, without one more.
func TestClient_ready(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	calls, told := 0, map[string]int{}
	fault := far.Broken
	r.fault = func(wire.Kind) far.Fault { calls++; return fault }
	client := r.client(t, wire.JSON, func(cfg *bankapi.Config) {
		cfg.Observe = func(what, outcome string, n int) { told[what+" "+outcome] += n }
	})
	for i := range 3 {
		if err := client.Ready(t.Context()); err != nil {
			t.Errorf("after %d failures: %v", i, err)
		}
		_, _ = client.Submit(t.Context(), []orders.Instruction{arrest("a", 100)})
	}
	if err := client.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "http_503") || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v", err)
	}
	fault = far.None
	if _, err := client.Query(t.Context(), []uuid.UUID{peertest.ID("a")}); err != nil {
		t.Fatal(err)
	}
	if client.Ready(t.Context()) == nil {
		t.Error("what takes still fails")
	}
	if _, err := client.Submit(t.Context(), []orders.Instruction{arrest("a", 100)}); err != nil || client.Ready(t.Context()) != nil || calls != 5 {
		t.Errorf("%v, %v, %d calls", err, client.Ready(t.Context()), calls)
	}
	stranger := r.client(t, wire.JSON, func(cfg *bankapi.Config) {
		cfg.Signer, cfg.Observe = newSigner(t), func(what, outcome string, n int) { told[what+" "+outcome] += n }
	})
	_, _ = stranger.Submit(t.Context(), []orders.Instruction{arrest("a", 100)})
	want := map[string]int{"bank_halyk http_503": 3, "bank_halyk ok": 2, "bank_halyk refused": 1} // never a word of the bank
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

// A bank that does not answer is left alone, what gives back has its own way, and what comes back is used again.
func TestClient_breaker(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	calls := 0
	fault := far.Broken
	r.fault = func(wire.Kind) far.Fault { calls++; return fault }
	watch := &stopwatch{}
	client := r.client(t, wire.JSON, func(cfg *bankapi.Config) { cfg.Since = watch.since })
	try := func(o orders.Instruction) bool {
		replies, err := client.Submit(t.Context(), []orders.Instruction{o})
		return err == nil && len(replies) == 1
	}
	for range 50 {
		try(arrest("a", 100))
	}
	if calls > 20 {
		t.Errorf("%d calls to a bank that does not answer", calls)
	}
	before := calls
	fault = far.None
	if lift := (orders.Instruction{ID: peertest.ID("lift"), CaseID: 1, Purpose: engine.Lift, IIN: peertest.Rich, Of: peertest.ID("b")}); !try(lift) || calls != before+1 {
		t.Error("a lift had to wait for arrests")
	}
	if try(arrest("a", 100)) {
		t.Error("the bank was not left alone")
	}
	fault = far.Broken
	watch.later(time.Minute)
	before = calls
	for range 5 {
		try(arrest("a", 100))
	}
	if calls != before+1 {
		t.Errorf("%d probes of a bank that is still down", calls-before)
	}
	fault = far.None
	watch.later(time.Minute)
	if !try(arrest("a", 100)) || !try(arrest("c", 100)) {
		t.Error("a bank that is back is not used")
	}
}
