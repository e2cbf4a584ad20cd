package jobs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// provider is a gateway with books of its own. While it is down no call gets an answer.
type provider struct {
	mu    sync.Mutex
	clock *clock.Manual
	down  bool
	calls []time.Time // in legal time
	taken []notify.Message
	at    map[string]time.Time // when each was taken
	twice []string
}

var errDown = errors.New("connection reset")

// called notes a call and says whether it gets through.
func (p *provider) called() (time.Time, error) {
	now, err := p.clock.Now(context.Background())
	p.calls = append(p.calls, now)
	if p.down {
		err = errDown
	}
	return now, err
}

func (p *provider) Send(_ context.Context, ms []notify.Message) ([]notify.Sent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, err := p.called()
	if err != nil {
		return nil, err
	}
	out := make([]notify.Sent, len(ms))
	for i, m := range ms {
		if _, again := p.at[m.Ref]; again {
			p.twice = append(p.twice, m.Ref)
		}
		p.at[m.Ref], p.taken = now, append(p.taken, m)
		out[i] = notify.Sent{Ref: m.Ref, Status: notify.Accepted}
	}
	return out, nil
}

func (p *provider) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.called(); err != nil {
		return nil, err
	}
	out := make([]notify.Sent, len(refs))
	for i, r := range refs {
		out[i] = notify.Sent{Ref: r, Status: notify.NotFound}
		if _, has := p.at[r]; has {
			out[i].Status = notify.Accepted
		}
	}
	return out, nil
}

func (p *provider) set(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// receipts are those of all it took, each delivered a minute later: all of them backwards, and then all of them again.
func (p *provider) receipts() (rs []notify.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range slices.Backward(p.taken) {
		rs = append(rs, notify.Receipt{Ref: m.Ref, Status: notify.StatusDelivered, At: p.at[m.Ref].Add(time.Minute)})
	}
	return append(rs, rs...)
}

// A provider is away for a day, from the first message on. Nobody is taken for told meanwhile and nothing piles up; when it is
// back, the time to pay begins on the day of the proven delivery, however the receipts come.
func TestRobot_providerAwayForADay(t *testing.T) {
	t.Parallel()
	const cases, step = 40, 20 * time.Minute
	sms, push := &provider{down: true, at: map[string]time.Time{}}, &provider{down: true, at: map[string]time.Time{}}
	b := setupWith(t, cases, map[notify.Channel]notify.Gateway{notify.SMS: sms, notify.Push: push})
	sms.clock, push.clock = b.clock, b.clock
	start, _ := b.clock.Now(t.Context())
	b.run()
	pass := func(until time.Time) {
		for {
			b.rest()
			now, _ := b.clock.Now(t.Context())
			if !now.Before(until) {
				return
			}
			b.clock.Advance(step)
		}
	}
	pass(start.Add(24 * time.Hour))
	if n := b.count(`SELECT count(*) FROM cases WHERE state <> 'opened'`); n > 0 {
		t.Fatalf("%d cases have moved although nobody was told", n)
	}
	for name, p := range map[string]*provider{"sms": sms, "push": push} {
		if len(p.taken) > 0 {
			t.Fatalf("%s took messages while it was down", name)
		}
		// A chunk asks at most every ten minutes of the twelve hours in which messages may leave; one or two chunks hold these cases.
		if n := len(p.calls); n == 0 || n > 2*2*12*6 {
			t.Errorf("%s was called %d times while it was down", name, n)
		}
	}
	sms.set(false)
	push.set(false)
	pass(start.Add(72 * time.Hour)) // the next rung is tried after 48 hours
	told := map[string]bool{}
	for _, m := range sms.taken {
		told[m.To] = true
	}
	if len(told) != cases {
		t.Fatalf("%d of %d people were told", len(told), cases)
	}
	for _, p := range []*provider{sms, push} {
		if len(p.twice) > 0 {
			t.Errorf("left twice: %v", p.twice)
		}
		for _, at := range p.calls {
			if hour := at.In(calendar.Almaty).Hour(); hour < 9 || hour >= 21 {
				t.Errorf("called in the quiet hours, at %s", at)
			}
		}
		for _, m := range p.taken {
			if end := m.ExpiresAt.In(calendar.Almaty); end.Sub(p.at[m.Ref]) > 12*time.Hour || end.Hour() > 21 || end.Hour() == 21 && end.Minute() > 0 {
				t.Errorf("%s taken at %s would be delivered by the queue until %s", m.Ref, p.at[m.Ref], end)
			}
		}
	}
	for rs := range slices.Chunk(append(sms.receipts(), push.receipts()...), 7) {
		if err := b.robot.Receipts(t.Context(), rs); err != nil {
			t.Fatal(err)
		}
	}
	b.rest()
	for _, id := range b.ids {
		c := b.load(id)
		proven := sms.first(id)
		want, _ := rules.VoluntaryEnd(pack.Default(), proven)
		if c.NotifiedOn != proven || c.VoluntaryEndsOn != want {
			t.Errorf("case %d: told on %s, may pay until %s; proven is %s, so until %s", id, c.NotifiedOn, c.VoluntaryEndsOn, proven, want)
		}
	}
	b.sound()
}

// first is the day on which a delivery to the debtor of a case is proven.
func (p *provider) first(caseID int64) calendar.Date {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first calendar.Date
	for ref, at := range p.at {
		if id, _, _, err := notify.ParseRef(ref); err == nil && id == caseID && (first.IsZero() || calendar.DateOf(at.Add(time.Minute)) < first) {
			first = calendar.DateOf(at.Add(time.Minute))
		}
	}
	return first
}
