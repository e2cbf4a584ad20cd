package jobs_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/peers"
	"robotbailiff/notify"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
)

// slowPost is a channel that refuses the first message of a call, answers nothing to the second, and takes only so many a second.
type slowPost struct{ post }

func (slowPost) Pace() int { return 1000 }

func (p slowPost) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	sent, err := p.post.Send(ctx, messages)
	if len(sent) > 1 {
		sent[0].Status = notify.Rejected
		sent = append(sent[:1], sent[2:]...)
	}
	return sent, err
}

func (b *bundle) health() map[peers.Peer]peers.Health {
	b.t.Helper()
	batch := &pgx.Batch{}
	list := peers.Read(batch)
	if err := b.pool.SendBatch(b.t.Context(), batch).Close(); err != nil {
		b.t.Fatal(err)
	}
	out := map[peers.Peer]peers.Health{}
	for _, h := range *list {
		out[h.Peer] = h
	}
	return out
}

// What banks, gateways and channels answer is counted, and changes nothing of what they say.
func TestRobot_countsWhatPeersAnswer(t *testing.T) {
	t.Parallel()
	gw := newTill()
	end := time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)
	bank := peers.Peer{Kind: peers.Bank, Name: "test"}
	b := setupConfig(t, 5, func(c *jobs.Config) {
		c.Tills = map[string]gateway.Driver{"gateway": gw}
		c.Gateways = map[notify.Channel]notify.Gateway{notify.SMS: slowPost{}, notify.Push: post{}}
		c.Certificates = map[peers.Peer]time.Time{bank: end}
	})
	order := b.begin(gw, b.ids[0], money.FromTiyn(owed))
	gw.down = true
	b.clock.Advance(2 * time.Minute)
	b.ask()
	if order == uuid.Nil || gw.begun[order].Case != caseno.Format(b.ids[0]) {
		t.Fatal("the gateway was not asked")
	}
	b.run()
	b.rest()
	late := time.After(time.Minute)
	for len(b.health()) < 4 || len(b.health()[peers.Peer{Kind: peers.Channel, Name: "sms"}].Day) < 3 {
		select {
		case <-late:
			t.Fatalf("%+v", b.health())
		case <-time.Tick(100 * time.Millisecond):
		}
	}
	all := b.health()
	if h := all[bank]; !h.Expires.Equal(end) || !h.Connected {
		t.Errorf("%+v", h)
	}
	if h := all[peers.Peer{Kind: peers.Till, Name: "gateway"}]; !maps.Equal(h.Day, map[peers.Outcome]int64{peers.Accepted: 1, peers.Unknown: h.Day[peers.Unknown]}) || h.Day[peers.Unknown] == 0 {
		t.Errorf("%+v", h)
	}
	if h := all[peers.Peer{Kind: peers.Channel, Name: "sms"}]; h.Day[peers.Rejected] == 0 || h.Day[peers.Unknown] == 0 || h.Day[peers.Accepted] == 0 || h.Median == 0 {
		t.Errorf("%+v", h)
	}
}
