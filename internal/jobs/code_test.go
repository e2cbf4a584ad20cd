package jobs_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/passcode"
)

// codePost keeps what it is given, and answers as it is told.
type codePost struct {
	mu     sync.Mutex
	got    []notify.Message
	answer []notify.Answer // of each call in turn, and then accepted
}

func (p *codePost) Send(_ context.Context, ms []notify.Message) ([]notify.Sent, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := notify.Accepted
	if n := len(p.got); n < len(p.answer) {
		status = p.answer[n]
	}
	p.got = append(p.got, ms...)
	return []notify.Sent{{Ref: ms[0].Ref, Status: status, Parts: []string{"centre/" + ms[0].Ref}}}, nil
}

func (p *codePost) Query(context.Context, []string) ([]notify.Sent, error) { return nil, nil }

func (p *codePost) messages() []notify.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]notify.Message(nil), p.got...)
}

// codesOf makes a robot whose SMS go to a post of their own, at night, and asks for the code of its first case.
func codesOf(t *testing.T, answers ...notify.Answer) (*bundle, *codePost, func() passcode.State) {
	t.Helper()
	p := &codePost{answer: answers}
	b, look := askedOf(t, map[notify.Channel]notify.Gateway{notify.SMS: p, notify.Push: post{}})
	return b, p, look
}

func askedOf(t *testing.T, gateways map[notify.Channel]notify.Gateway) (*bundle, func() passcode.State) {
	t.Helper()
	b := setupWith(t, 1, gateways)
	b.clock.Advance(13 * time.Hour) // 23:00 in Almaty: notices wait
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error {
		if _, asked, err := b.robot.Codes.Ask(t.Context(), tx, b.ids[0], refusal, true); err != nil || !asked {
			t.Fatalf("asked %t: %v", asked, err)
		}
		return b.robot.SendCode(t.Context(), tx, b.ids[0])
	}))
	return b, func() passcode.State {
		state, err := b.robot.Codes.Look(t.Context(), b.pool, b.ids[0], refusal)
		must(err)
		return state
	}
}

var refusal = passcode.Purpose{Act: passcode.Refusal}

// comesTo waits until the message of the code has come to a fate.
func comesTo(t *testing.T, look func() passcode.State, want passcode.Fate) {
	t.Helper()
	until(t, string(want), func() bool { return look().Fate == want })
}

// until waits for something that workers do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("it does not come to %s", what)
		}
	}
}

func TestCode_leavesAtOnceAlsoAtNight(t *testing.T) {
	t.Parallel()
	b, p, look := codesOf(t)
	b.exec(`INSERT INTO contact_preferences (debtor_id, language, channel, changed_at) SELECT debtor_id, 'en', 'push', now() FROM cases`)
	b.run()
	comesTo(t, look, passcode.Sent)
	got := p.messages()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	m, now := got[0], func() time.Time { at, _ := b.clock.Now(t.Context()); return at }()
	if m.Ref != "260000001-1-code" || m.To != "+77015550000" || m.Channel != notify.SMS || !strings.HasPrefix(m.Text, "Code ") || m.NotBefore.After(now) || m.ExpiresAt.After(now.Add(passcode.Life)) || !m.ExpiresAt.After(now) {
		t.Errorf("%+v until %s", m, m.ExpiresAt)
	}
	code := m.Text[5:11]
	var kept string
	if err := b.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(r::text, ' '), '') || (SELECT string_agg(p::text, ' ') FROM passcodes p) FROM river_job r WHERE kind = 'notify.code'`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(kept, code) || strings.Contains(kept, "5550000") || !strings.Contains(kept, "notify.code") {
		t.Errorf("kept: %s", kept)
	}
	err := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error {
		_, right, err := b.robot.Codes.Use(t.Context(), tx, b.ids[0], refusal, code)
		if !right {
			t.Error("the code that was sent is not the code")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCode_isSentAgainOnlyWhenItDidNotLeave(t *testing.T) {
	t.Parallel()
	for answer, want := range map[notify.Answer]struct {
		fate  passcode.Fate
		calls int
	}{
		notify.NotFound: {passcode.Sent, 2}, notify.Unknown: {passcode.Unknown, 1}, notify.Rejected: {passcode.Failed, 1},
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			b, p, look := codesOf(t, answer)
			b.run()
			comesTo(t, look, want.fate)
			err := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error { return b.robot.SendCode(t.Context(), tx, b.ids[0]) }) // a job too many
			if err != nil {
				t.Fatal(err)
			}
			until(t, "rest", func() bool {
				return b.count(`SELECT count(*) FROM river_job WHERE kind = 'notify.code' AND finalized_at IS NULL`) == 0
			})
			if got := len(p.messages()); got != want.calls || look().Fate != want.fate {
				t.Errorf("%d calls, %s", got, look().Fate)
			}
		})
	}
}

func TestCode_goesToNobodyElse(t *testing.T) {
	t.Parallel()
	b, p, look := codesOf(t)
	b.exec(`UPDATE cases SET hold = 'wrong_person'`)
	b.run()
	comesTo(t, look, passcode.Failed)
	if got := p.messages(); len(got) != 0 {
		t.Errorf("sent: %v", got)
	}
}

func TestCode_withoutAGatewayFails(t *testing.T) {
	t.Parallel()
	b, look := askedOf(t, map[notify.Channel]notify.Gateway{notify.Push: post{}})
	b.run()
	comesTo(t, look, passcode.Failed)
}

// What is told of codes is counted apart, proves nothing, and is nobody's stray.
func TestCode_receipts(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	p := &codePost{}
	b := setupConfig(t, 1, func(c *jobs.Config) {
		c.Gateways = map[notify.Channel]notify.Gateway{notify.SMS: p, notify.Push: post{}}
		c.Observe = func(what, outcome string, n int) {
			mu.Lock()
			defer mu.Unlock()
			seen[what+" "+outcome] += n
		}
	})
	b.clock.Advance(13 * time.Hour)
	var letter passcode.Letter
	err := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) (err error) {
		if _, _, err = b.robot.Codes.Ask(t.Context(), tx, b.ids[0], refusal, true); err == nil {
			letter, _, err = b.robot.Codes.Claim(t.Context(), tx, b.ids[0])
		}
		if err == nil {
			err = b.robot.Codes.Tell(t.Context(), tx, letter, passcode.Sent, []string{"centre/7"})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []notify.Receipt{
		{Ref: passcode.Ref(b.ids[0], 1), Status: notify.StatusDelivered}, {ProviderRef: "centre/7", Status: notify.StatusFailed}, {ProviderRef: "centre/8", Status: notify.StatusDelivered},
	} {
		if err := b.robot.Receipts(t.Context(), []notify.Receipt{r}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if seen["receipt code"] != 2 || seen["receipt stray"] != 1 || seen["receipt delivered"] != 0 {
		t.Errorf("%v", seen)
	}
	if state, err := b.robot.Codes.Look(t.Context(), b.pool, b.ids[0], refusal); err != nil || state.Fate != passcode.Failed {
		t.Errorf("%+v %v", state, err)
	}
}
