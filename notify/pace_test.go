package notify

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
)

// pacedGateway takes so many messages a second and begins none that could not be answered in time, as drivers do.
type pacedGateway struct {
	*fakeGateway

	pace  int
	takes int // messages; then its time is over
	calls []int
}

func (g *pacedGateway) Pace() int { return g.pace }

func (g *pacedGateway) Send(ctx context.Context, messages []Message) ([]Sent, error) {
	g.calls = append(g.calls, len(messages))
	n := min(g.takes, len(messages))
	g.takes -= n
	sent, err := g.fakeGateway.Send(ctx, messages[:n])
	for _, m := range messages[n:] {
		sent = append(sent, Sent{Ref: m.Ref, Status: NotFound, Detail: NoTime})
	}
	return sent, err
}

// A gateway with a pace gets a few messages at a time. What did not begin for want of time goes on at once, what failed in another
// way after a while; no attempt is lost, and nothing is unknown.
func TestRun_withinTheTimeOfItsGateway(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	slow := &pacedGateway{fakeGateway: w.sms, pace: 5, takes: 23}
	w.Gateways[SMS] = slow
	var ids []int64
	for i := range int64(35) {
		ids = append(ids, firstCase+i+1)
		create(t, w.Store, db, on(opening(ids[i], 1, noon), SMS))
	}
	err := w.run(ids...)
	later, ok := errors.AsType[*Later](err)
	if !ok || !later.At.IsZero() || !slices.Equal(later.Rest, ids[23:]) {
		t.Fatalf("%v", err)
	}
	if !slices.Equal(slow.calls, []int{10, 10, 10, 5}) {
		t.Errorf("calls of %v messages", slow.calls)
	}
	for i, id := range ids {
		status, attempts := statusOf(t, w.Store, db, Ref(id, 1, SMS))
		if want := map[bool]Status{true: StatusSent, false: StatusCreated}[i < 23]; status != want || (attempts == 1) != (i < 23) {
			t.Errorf("case %d: %s after %d attempts", i, status, attempts)
		}
	}
	slow.takes = 100
	if err := w.run(later.Rest...); err != nil || len(w.sms.got) != len(ids) {
		t.Errorf("%v, %d sent", err, len(w.sms.got))
	}
	checkGreen(t, w.Store, db)
}

// A run ends in time for its answers to be written down, with what it did not reach.
func TestRun_endsBeforeItsTime(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	w.Gateways[SMS] = &pacedGateway{fakeGateway: w.sms, pace: 1, takes: 100}
	var ids []int64
	for i := range int64(9) {
		ids = append(ids, firstCase+i+1)
		create(t, w.Store, db, on(opening(ids[i], 1, noon), SMS))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w.sms.check = func(Message) { cancel() } // the time is over while the first ones are sent
	err := w.Run(ctx, ids, w.contacts)
	later, ok := errors.AsType[*Later](err)
	if !ok || !slices.Equal(later.Rest, ids[2:]) || len(w.sms.got) != 2 {
		t.Fatalf("%v, %d sent", err, len(w.sms.got))
	}
	if status, _ := statusOf(t, w.Store, db, Ref(ids[0], 1, SMS)); status != StatusSent {
		t.Errorf("what was sent is %s", status)
	}
}
