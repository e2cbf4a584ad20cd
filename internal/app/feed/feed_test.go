package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type bundle struct {
	t     *testing.T
	pool  *pgxpool.Pool
	feed  *feed.Service
	ids   []int64
	mu    sync.Mutex
	posts []feed.Message
	reply func(feed.Message) (int, error)
}

// setup opens cases on the writs of two sources, one of which has a webhook.
func setup(t *testing.T, n int) *bundle {
	t.Helper()
	b := &bundle{t: t, pool: testkit.DB(t), reply: func(feed.Message) (int, error) { return 204, nil }}
	keys := testkit.Keys(t)
	packs, err := engine.RegisterPack(t.Context(), b.pool, pack.Default())
	b.must(err)
	store := engine.NewStore(engine.Config{Pool: b.pool, Clock: testkit.Clock(t), Packs: packs})
	sources := intake.NewSources(b.pool, keys)
	for _, s := range []string{"mine", "other"} {
		file := "source,document_number,in_force_date,kind,debtor_iin,debtor_name,region,amount,unpaid_confirmed_on\n"
		for i := range n {
			file += fmt.Sprintf("%s,%s-%d,2026-01-12,fine_prescription,500101350007,Ахметов Данияр,75,20155.00,2026-02-20\n", s, s, i)
		}
		rep, err := intake.New(store, keys).Import(t.Context(), s, "a.csv", strings.NewReader(file), intake.Options{})
		if err != nil || rep.Accepted != n {
			t.Fatal(rep, err)
		}
		b.must(sources.Put(t.Context(), intake.Source{Name: s, Proof: proof.None, Active: true}, "test"))
	}
	b.must(sources.Put(t.Context(), intake.Source{Name: "mine", Proof: proof.None, Active: true, WebhookURL: "http://127.0.0.1:1/hook"}, "test"))
	_, err = sources.NewWebhookSecret(t.Context(), "mine", "test")
	b.must(err)
	rows, err := b.pool.Query(t.Context(), `SELECT case_id FROM writs WHERE source = 'mine' ORDER BY 1`)
	b.must(err)
	b.ids, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	b.must(err)
	b.feed = feed.New(feed.Config{Pool: b.pool, Sources: sources, Log: slog.New(slog.DiscardHandler), Post: func(_ context.Context, m feed.Message) (int, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.posts = append(b.posts, m)
		return b.reply(m)
	}})
	b.settle()
	return b
}

func (b *bundle) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) all(since string, limit int) (ids []string, next string) {
	b.t.Helper()
	for {
		page, err := b.feed.Read(b.t.Context(), "mine", since, limit)
		b.must(err)
		for _, e := range page.Events {
			ids = append(ids, e.ID)
		}
		since = page.Next
		if !page.More {
			return ids, since
		}
	}
}

// settle waits until no transaction is older than the last event: the other tests use the same server.
func (b *bundle) settle() {
	b.t.Helper()
	for settled := false; !settled; {
		b.must(b.pool.QueryRow(b.t.Context(), `SELECT max(tx) < pg_snapshot_xmin(pg_current_snapshot()) FROM events`).Scan(&settled))
	}
}

// eventSQL writes what only a transaction in the middle of its work can: the next event of a case.
const eventSQL = `INSERT INTO events (case_id, seq, kind, at, actor, pack, data, hash)
SELECT case_id, max(seq) + 1, 'held', now(), 'test', 1, '{}', decode(repeat('00', 32), 'hex') FROM events WHERE case_id = $1 GROUP BY case_id`

func TestRead_tellsASourceOfItsOwnWritsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 7)
	ids, next := b.all("", 3)
	if len(ids) != 7 || ids[0] == ids[1] {
		t.Errorf("%q", ids)
	}
	if more, same := b.all(next, 3); len(more) != 0 || same != next {
		t.Errorf("%q, %q then %q", more, next, same)
	}
	_, err := b.pool.Exec(t.Context(), eventSQL, b.ids[4])
	b.must(err)
	b.settle()
	if more, _ := b.all(next, 3); len(more) != 1 || !strings.HasSuffix(more[0], ".2") {
		t.Errorf("%q", more)
	}
	for _, wrong := range []string{"x", "MS4", "MS4xLjEuMXg", next + "A", "\x00"} {
		if _, err := b.feed.Read(t.Context(), "mine", wrong, 1); !errors.Is(err, feed.ErrCursor) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// A transaction that began earlier and commits later is not passed over: what came after it waits.
func TestRead_waitsForALateCommit(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	_, since := b.all("", 10)
	slow, err := b.pool.Begin(t.Context())
	b.must(err)
	_, err = slow.Exec(t.Context(), eventSQL, b.ids[0])
	b.must(err)
	_, err = b.pool.Exec(t.Context(), eventSQL, b.ids[1])
	b.must(err)
	if early, next := b.all(since, 10); len(early) != 0 || next != since {
		t.Errorf("told %q before the older transaction has ended", early)
	}
	b.must(slow.Commit(t.Context()))
	b.settle()
	if late, _ := b.all(since, 10); len(late) != 2 {
		t.Errorf("%q", late)
	}
}

// Writers at once, with commits in any order, and a reader who never goes back: he sees every event once, in sequence.
func TestRead_losesNothingUnderConcurrentCommits(t *testing.T) {
	t.Parallel()
	b := setup(t, 8)
	_, since := b.all("", 10)
	var wg sync.WaitGroup
	for w := range b.ids {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(w)))
			for range 20 {
				tx, err := b.pool.Begin(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = tx.Exec(t.Context(), eventSQL, b.ids[w])
				for range dice.IntN(4) {
					_, e := tx.Exec(t.Context(), `SELECT 1`) // gives others time to commit before
					err = errors.Join(err, e)
				}
				if dice.IntN(5) == 0 {
					err = errors.Join(err, tx.Rollback(t.Context()))
				} else {
					err = errors.Join(err, tx.Commit(t.Context()))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen := map[string]int{}
	for ended := false; ; {
		ids, next := b.all(since, 3)
		for _, id := range ids {
			number, seq, _ := strings.Cut(id, ".")
			seen[number]++
			if fmt.Sprint(seen[number]+1) != seq {
				t.Fatalf("case %s: event %s came as number %d", number, seq, seen[number]+1)
			}
		}
		since = next
		if ended {
			break
		}
		select {
		case <-done:
			b.settle()
			ended = true
		default:
		}
	}
	var want int
	b.must(b.pool.QueryRow(t.Context(), `SELECT count(*) FROM events e JOIN writs w USING (case_id) WHERE w.source = 'mine' AND e.seq > 1`).Scan(&want))
	got := 0
	for _, n := range seen {
		got += n
	}
	if got != want || want == 0 {
		t.Errorf("%d events of %d", got, want)
	}
}

func TestDeliver_tellsAgainUnderTheSameIDUntilTaken(t *testing.T) {
	t.Parallel()
	b := setup(t, 250) // more than one page
	due, err := b.feed.Due(t.Context(), 10)
	if b.must(err); len(due) != 1 || due[0] != "mine" {
		t.Fatalf("%q", due)
	}
	b.reply = func(feed.Message) (int, error) { return 503, nil }
	b.must(b.feed.Deliver(t.Context(), "mine"))
	b.must(b.feed.Deliver(t.Context(), "mine")) // too early: nobody is told
	if due, err = b.feed.Due(t.Context(), 10); err != nil || len(due) != 0 {
		t.Errorf("%q, %v: waits", due, err)
	}
	b.later()
	_, err = b.pool.Exec(t.Context(), eventSQL, b.ids[0]) // what comes meanwhile does not change the page
	b.must(err)
	b.settle()
	b.reply = func(feed.Message) (int, error) { return 0, errors.New("no answer") }
	b.must(b.feed.Deliver(t.Context(), "mine"))
	b.later()
	b.reply = func(feed.Message) (int, error) { return 204, nil }
	b.must(b.feed.Deliver(t.Context(), "mine"))
	b.must(b.feed.Deliver(t.Context(), "mine"))
	if len(b.posts) < 4 || b.posts[0].ID != b.posts[1].ID || b.posts[1].ID != b.posts[2].ID || b.posts[2].ID == b.posts[3].ID {
		t.Fatalf("%d messages", len(b.posts))
	}
	if string(b.posts[0].Body) != string(b.posts[2].Body) {
		t.Error("a page that is told again is another one")
	}
	if got := b.told(2); got != 251 {
		t.Errorf("%d events were taken", got)
	}
	n := len(b.posts)
	b.must(b.feed.Replay(t.Context(), "mine", ""))
	b.must(b.feed.Deliver(t.Context(), "mine"))
	if got := b.told(n); got != 251 {
		t.Errorf("%d events were told once more", got)
	}
	if err := b.feed.Replay(t.Context(), "other", ""); !errors.Is(err, feed.ErrNoWebhook) {
		t.Error(err)
	}
}

func TestDeliver_givesUpAfterThreeDaysUntilAReplay(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.reply = func(feed.Message) (int, error) { return 500, nil }
	b.must(b.feed.Deliver(t.Context(), "mine"))
	_, err := b.pool.Exec(t.Context(), `UPDATE webhook_deliveries SET failing_since = now() - interval '72 hours', next_at = now()`)
	b.must(err)
	b.must(b.feed.Deliver(t.Context(), "mine"))
	b.later()
	if due, err := b.feed.Due(t.Context(), 10); err != nil || len(due) != 0 {
		t.Errorf("%q, %v", due, err)
	}
	b.must(b.feed.Deliver(t.Context(), "mine"))
	if len(b.posts) != 2 {
		t.Errorf("%d messages", len(b.posts))
	}
	if st, err := b.feed.State(t.Context(), "mine"); err != nil || !st.Stopped || st.FailingSince == nil || st.Attempts != 2 || st.Told != 0 || st.LastAt == nil {
		t.Errorf("%+v, %v", st, err)
	}
	b.must(b.feed.Replay(t.Context(), "mine", ""))
	if st, err := b.feed.State(t.Context(), "mine"); err != nil || st.Stopped {
		t.Errorf("after a replay: %+v, %v", st, err)
	}
	if st, err := b.feed.State(t.Context(), "other"); err != nil || st != (feed.State{}) {
		t.Errorf("nobody told it anything: %+v, %v", st, err)
	}
	if due, err := b.feed.Due(t.Context(), 10); err != nil || len(due) != 1 {
		t.Errorf("%q, %v", due, err)
	}
}

// later makes what waits due.
func (b *bundle) later() {
	b.t.Helper()
	_, err := b.pool.Exec(b.t.Context(), `UPDATE webhook_deliveries SET next_at = now()`)
	b.must(err)
}

// told counts the different events of messages.
func (b *bundle) told(from int) int {
	b.t.Helper()
	ids := map[string]bool{}
	for _, m := range b.posts[from:] {
		var body struct {
			Data struct {
				Writs []feed.Event `json:"writs"`
			} `json:"data"`
		}
		b.must(json.Unmarshal(m.Body, &body))
		for _, e := range body.Data.Writs {
			ids[e.ID] = true
		}
	}
	return len(ids)
}
