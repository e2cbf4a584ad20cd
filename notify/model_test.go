package notify

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/internal/testkit"
)

// TestModel_anyOrder is the promise of the package under every order of creation, sending,
// crashes, lost answers, late messages and receipts, against a real database: what a phone
// got at most, that receipts converge, that nothing is said twice, and that it all ends.
func TestModel_anyOrder(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	var lastCase atomic.Int64
	lastCase.Store(firstCase)
	start := noon
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, db)
		m := &model{
			world: w, tb: rt, physical: map[string]int{}, windows: map[string]int{}, said: map[string]int{}, told: map[string]bool{},
			last: map[string]Notice{}, texts: map[string]string{},
		}
		w.clock.Set(start)
		for range 3 {
			id := lastCase.Add(1)
			m.cases = append(m.cases, id)
			w.contacts[id] = Contact{Phone: "+77010000000", PushToken: "token"}
		}
		for _, g := range []*fakeGateway{w.sms, w.push} {
			g.check = m.arrived
			g.fate = m.fate
		}
		rt.Repeat(map[string]func(*rapid.T){
			"":         m.look,
			"create":   m.create,
			"run":      m.run,
			"crash":    m.crash,
			"blind":    func(rt *rapid.T) { w.sms.blind = rapid.Bool().Draw(rt, "blind") },
			"wait":     m.wait,
			"release":  m.release,
			"receipts": m.receipts,
		})
		m.faultsStop(rt)
		start = w.now().Add(48 * time.Hour) // keeps the days of different worlds apart
	})
	checkGreen(t, newStore(t), db)
}

type model struct {
	*world

	tb       *rapid.T
	mu       sync.Mutex // the gateways work at the same time
	crashing bool       // what hangs on the line when the process dies is lost, or arrives within the settle time
	luck     uint32     // drawn for each run; decides the fates, so that a failure can be replayed
	faults   []string
	cases    []int64
	ordinals int
	physical map[string]int  // messages that left, by reference
	windows  map[string]int  // crashes and lost answers between call and record, by reference
	said     map[string]int  // times that delivery was reported to the caller
	told     map[string]bool // a receipt of delivery was handed in for a sent notice
	last     map[string]Notice
	texts    map[string]string
}

func (m *model) window(ref string) { m.windows[ref]++ }

// fate is called by the gateways, at the same time, so it must not draw.
func (m *model) fate(ref string) fate {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, m.luck, ref)
	f := fate(h.Sum32() % uint32(fateCount))
	if f == limbo && m.crashing {
		f = lost
	}
	if f == takenMute || f == lost || f == limbo {
		m.window(ref)
	}
	return f
}

func (m *model) fault(format string, args ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// arrived is called by the gateways for each message that leaves, at the same time.
func (m *model) arrived(msg Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.physical[msg.Ref]++
	now := m.now()
	if from, until := m.Store.cfg.Window(now); from.After(now) || msg.ExpiresAt.After(until) {
		m.fault("%s at %s, to be withdrawn at %s", msg.Ref, now, msg.ExpiresAt)
	}
	if now.Before(msg.NotBefore) || !now.Before(msg.ExpiresAt) {
		m.fault("%s outside its time", msg.Ref)
	}
	if old, ok := m.texts[msg.Ref]; ok && old != msg.Text {
		m.fault("%s was %q and is %q", msg.Ref, old, msg.Text)
	}
	m.texts[msg.Ref] = msg.Text
}

func (m *model) create(rt *rapid.T) {
	m.ordinals++
	in := opening(rapid.SampledFrom(m.cases).Draw(rt, "case"), m.ordinals, m.now())
	in.Kind = rapid.SampledFrom([]Kind{KindOpening, KindPartPaid, KindPaid, KindRefundDue}).Draw(rt, "kind")
	in.Channels = rapid.SampledFrom([][]Channel{{SMS}, {Push}, {SMS, Push}}).Draw(rt, "channels")
	in.NotBefore = in.At.Add(time.Duration(rapid.IntRange(0, 20).Draw(rt, "hours")) * time.Hour)
	in.ExpiresAt = in.NotBefore.Add(time.Duration(rapid.IntRange(1, 72).Draw(rt, "life")) * time.Hour)
	create(m.tb, m.Store, m.db.Pool, in)
}

func (m *model) run(rt *rapid.T) {
	m.luck = rapid.Uint32().Draw(rt, "luck")
	err := m.world.run(m.cases...)
	if later, ok := errors.AsType[*Later](err); ok {
		if !later.At.After(m.now()) {
			rt.Fatalf("go on at %s, but it is %s", later.At, m.now())
		}
		return
	}
	if err != nil {
		rt.Fatal(err)
	}
	m.look(rt)
	for ref, n := range m.last {
		if n.Status == StatusCreated || n.Status == StatusSending || n.Status == StatusUnknown {
			rt.Fatalf("nothing left to do, but %s is %s", ref, n.Status)
		}
	}
}

// crash kills the process before one of the transactions of a run: the first loses nothing,
// a later one loses the answers, or happens before the calls of a second claim.
func (m *model) crash(rt *rapid.T) {
	before := maps.Clone(m.physical)
	attempts := map[string]int{}
	for ref, n := range m.last {
		attempts[ref] = n.Attempts
	}
	m.luck = rapid.Uint32().Draw(rt, "luck")
	m.db.crashAt = rapid.IntRange(1, 4).Draw(rt, "transaction")
	m.crashing = true
	err := m.world.run(m.cases...)
	crashed := errors.Is(err, errCrash)
	m.db.crashAt, m.crashing = 0, false
	if !crashed {
		return
	}
	m.look(rt)
	for ref, n := range m.last {
		if n.Attempts > attempts[ref] || m.physical[ref] > before[ref] {
			m.window(ref)
		}
	}
}

func (m *model) wait(rt *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 14*60).Draw(rt, "minutes")) * time.Minute)
}

func (m *model) release(*rapid.T) {
	for _, g := range []*fakeGateway{m.sms, m.push} {
		for _, ref := range slices.Sorted(maps.Keys(g.floating)) {
			m.physical[ref]++
			g.release(ref)
		}
	}
}

// receipts come for what arrived and for what never did, doubled and in any order.
func (m *model) receipts(rt *rapid.T) {
	refs := append(m.sms.refs(), m.push.refs()...)
	refs = append(refs, Ref(m.cases[0], 9999, SMS))
	for ref, n := range m.last {
		if n.Attempts == 0 {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	var batch []Receipt
	for range rapid.IntRange(1, 8).Draw(rt, "receipts") {
		batch = append(batch, Receipt{
			Ref:    rapid.SampledFrom(refs).Draw(rt, "ref"),
			Status: rapid.SampledFrom([]Status{StatusDelivered, StatusFailed, StatusUnknown}).Draw(rt, "status"),
			At:     m.now().Add(time.Duration(rapid.IntRange(-3, 1).Draw(rt, "at")) * time.Hour),
		})
	}
	m.look(rt)
	news, strays := receiveAll(m.tb, m.Store, m.db.Pool, m.now(), batch...)
	for _, d := range news {
		m.said[Ref(d.CaseID, d.Ordinal, d.Channel)]++
		if d.At.After(m.now()) {
			rt.Fatalf("delivered in the future: %+v", d)
		}
	}
	stray := map[string]bool{}
	for _, r := range strays {
		stray[r.Ref] = true
	}
	for _, r := range batch {
		n, exists := m.last[r.Ref]
		if sent := exists && n.Attempts > 0; sent == stray[r.Ref] {
			rt.Fatalf("%s with %d attempts, stray %t", r.Ref, n.Attempts, stray[r.Ref])
		} else if sent && r.Status == StatusDelivered {
			m.told[r.Ref] = true
		}
	}
}

// look compares the rows with what happened, after every step.
func (m *model) look(rt *rapid.T) {
	if len(m.faults) > 0 {
		rt.Fatal(m.faults)
	}
	for _, id := range m.cases {
		for _, n := range ofCase(m.tb, m.Store, m.db.Pool, id) {
			ref := Ref(n.CaseID, n.Ordinal, n.Channel)
			former, known := m.last[ref]
			m.last[ref] = n
			if known && !reachable(former.Status, n.Status) {
				rt.Fatalf("%s went from %s to %s", ref, former.Status, n.Status)
			}
			if known && former.Status == StatusDelivered && !former.DeliveredAt.Equal(*n.DeliveredAt) {
				rt.Fatalf("%s was delivered at %s and now at %s", ref, former.DeliveredAt, n.DeliveredAt)
			}
			if left := n.Attempts - n.Denied; n.Attempts > 5 || left > 2 || m.physical[ref] > left || m.physical[ref] > 1+m.windows[ref] {
				rt.Fatalf("%s: %d on the phone, %d attempts, %d denied, %d windows", ref, m.physical[ref], n.Attempts, n.Denied, m.windows[ref])
			}
			if (n.Status == StatusDelivered) != m.told[ref] || m.said[ref] > 1 || (m.said[ref] == 1) != (n.Status == StatusDelivered) {
				rt.Fatalf("%s is %s, proven %t, reported %d times", ref, n.Status, m.told[ref], m.said[ref])
			}
			if n.Status == StatusSent && m.physical[ref] == 0 {
				rt.Fatalf("%s is said to be sent, but nothing left", ref)
			}
		}
	}
	checkGreen(m.tb, m.Store, m.db.Pool)
}

// faultsStop: from here on everything works, so everything must come to an end.
func (m *model) faultsStop(rt *rapid.T) {
	for _, g := range []*fakeGateway{m.sms, m.push} {
		g.fate = func(string) fate { return taken }
		g.blind = false
	}
	for range 60 {
		err := m.world.run(m.cases...)
		if err == nil {
			m.run(rt)
			return
		}
		later, ok := errors.AsType[*Later](err)
		if !ok {
			rt.Fatal(err)
		}
		m.clock.Set(later.At)
		m.look(rt)
	}
	rt.Fatal(fmt.Sprintf("still something to do: %+v", m.last))
}

// reachable follows the published graph.
func reachable(from, to Status) bool {
	seen := map[Status]bool{from: true}
	for next := []Status{from}; len(next) > 0; next = next[1:] {
		if next[0] == to {
			return true
		}
		for _, s := range Transitions[next[0]] {
			if !seen[s] {
				seen[s] = true
				next = append(next, s)
			}
		}
	}
	return false
}
