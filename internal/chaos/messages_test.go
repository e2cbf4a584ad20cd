package chaos_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/sandbox"
)

// badCentres are an SMS centre and a push service on their worst days: of the messages that they take, every tenth gets no
// answer; of their minutes, three in ten are such that what is asked for is done and no answer comes, and two in ten such that
// nothing gets through.
var badCentres = sandbox.Faults{LostAnswer: 1000, LineMute: 3000, LineDown: 2000, LateReceipt: 400, NoReceipt: 150, Failed: 300, TwiceTold: 300, NoDevice: 3500}

const (
	messageCases = 2500             // by SMS and by push: 5 000 notices
	messageKills = 60               // of workers, while they have something to do
	messageDays  = 5                // until the rungs of the ladder have had their turn
	messageGrid  = 20 * time.Minute // the centres change that often
)

// TestChaos_messagesUnderFaultsAndKills sends the notices of a court batch through centres that misbehave, by workers that are
// killed, and holds the result against the centres' own books: INV-N1 to INV-N4.
func TestChaos_messagesUnderFaultsAndKills(t *testing.T) {
	if testing.Short() {
		t.Skip("a campaign of minutes")
	}
	z := sizes(t)
	z.cases, z.workers, z.servers, z.faults = messageCases, messageKills, 0, &badCentres
	t.Logf("seed %d: replay with CHAOS_SEED=%d go test -run TestChaos_messages -count=1 -v ./internal/chaos", z.seed, z.seed)
	ctx := t.Context()
	s := newSite(ctx, t, z.seed)
	r := s.open(ctx, t, "messages", z)
	watch := clock.StartStopwatch()
	h := &harrier{run: r, dice: rand.New(rand.NewPCG(z.seed, 0x6d736773))}
	until := begin.Add(messageDays * 24 * time.Hour)
	must(t, h.moved(ctx))
	must(t, r.driveOn(ctx, messageGrid, until, func(time.Time) error { return h.moved(ctx) }))
	must(t, h.wait())
	must(t, r.fleet.stop())
	t.Logf("%d workers killed at work, %d instants, %s", h.kills, h.instants, watch.Elapsed().Round(time.Millisecond))
	if h.kills != z.workers {
		t.Errorf("killed %d workers at work, want %d", h.kills, z.workers)
	}
	found, err := r.check(ctx)
	must(t, err)
	for _, v := range found {
		t.Errorf("violation: %+v", v)
	}
	for _, p := range messagePromises {
		var bad int
		must(t, r.pool.QueryRow(ctx, p.sql).Scan(&bad))
		if bad != 0 {
			t.Errorf("%s: %d", p.name, bad)
		}
	}
	var notices, taken, again, doubled, notified int
	must(t, r.pool.QueryRow(ctx, messageEvidenceSQL).Scan(&notices, &taken, &again, &doubled, &notified))
	t.Logf("%d notices, %d messages at the centres, %d attempted again, %d left twice, %d cases notified", notices, taken, again, doubled, notified)
	if doubled > h.kills {
		t.Errorf("%d messages left twice, more than workers were killed (%d)", doubled, h.kills)
	}
	if again == 0 || notices < 2*messageCases*9/10 || notified < messageCases/2 {
		t.Error("the campaign has hardly tried anything")
	}
}

// messagePromises are counted over our tables and the centres' books; each must be zero.
var messagePromises = []struct{ name, sql string }{
	{"messages at the centres that no notice asked for", `SELECT count(*) FROM sandbox.messages m
	   WHERE NOT EXISTS (SELECT 1 FROM notices n WHERE m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel)`},
	{"messages that left more than twice", `SELECT count(*) FROM sandbox.messages WHERE count > 2`},
	{"messages that left more often than attempts were written down", `SELECT count(*) FROM sandbox.messages m
	   JOIN notices n ON m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel WHERE m.count > n.attempts`},
	{"messages in the quiet hours", `SELECT count(*) FROM sandbox.messages
	   WHERE (at AT TIME ZONE 'Asia/Almaty')::time NOT BETWEEN '09:00' AND '20:59:59'`},
	{"notices that are taken for sent and never reached a centre", `SELECT count(*) FROM notices n
	   WHERE n.status IN ('sent', 'delivered') AND NOT EXISTS (SELECT 1 FROM sandbox.messages m WHERE m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel)`},
	{"notices that are taken for delivered and were not, or not then", `SELECT count(*) FROM notices n
	   JOIN sandbox.messages m ON m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel
	   WHERE n.status = 'delivered' AND (m.fate <> 'delivered' OR m.done_at <> n.delivered_at)`},
	{"cases whose time began on another day than a delivery of the opening proves", `SELECT count(*) FROM cases c WHERE c.notified_on IS NOT NULL
	   AND NOT EXISTS (SELECT 1 FROM sandbox.messages m JOIN notices n ON m.ref = n.case_id || '-' || n.ordinal || '-' || n.channel
	     WHERE n.case_id = c.id AND n.kind = 'opening' AND m.fate = 'delivered' AND (m.done_at AT TIME ZONE 'Asia/Almaty')::date = c.notified_on)`},
	{"notices still open though their time is over", `SELECT count(*) FROM notices n
	   WHERE n.status IN ('created', 'sending', 'unknown') AND n.expires_at < (SELECT max(n2.created_at) FROM notices n2) - interval '1 day'`},
}

const messageEvidenceSQL = `SELECT (SELECT count(*) FROM notices), (SELECT count(*) FROM sandbox.messages),
	(SELECT count(*) FROM notices WHERE attempts > 1), (SELECT count(*) FROM sandbox.messages WHERE count > 1),
	(SELECT count(*) FROM cases WHERE notified_on IS NOT NULL)`

// harrier kills workers while they have something to do.
type harrier struct {
	run      *run
	dice     *rand.Rand
	under    chan error // of the hunt that is under way; nil: none is
	kills    int
	instants int
}

// huntsAtOnce is how many workers are killed at one legal instant at most.
const huntsAtOnce = 4

// moved ends the hunt of the former instant and begins that of this one.
func (h *harrier) moved(ctx context.Context) error {
	h.instants++
	if err := h.wait(); err != nil || h.kills >= messageKills {
		return err
	}
	h.under = make(chan error, 1)
	go func(done chan<- error) { done <- h.hunt(ctx) }(h.under)
	return nil
}

func (h *harrier) wait() error {
	if h.under == nil {
		return nil
	}
	err := <-h.under
	h.under = nil
	return err
}

// hunt waits a random moment and kills, as long as there is work.
func (h *harrier) hunt(ctx context.Context) error {
	for range huntsAtOnce {
		timer := time.NewTimer(time.Duration(h.dice.IntN(150)) * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if idle, err := h.run.robot.Idle(ctx); err != nil || idle || h.kills >= messageKills {
			return err
		}
		if err := h.run.fleet.kill(ctx, h.dice.IntN); err != nil {
			return err
		}
		h.kills++
	}
	return nil
}
