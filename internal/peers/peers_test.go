package peers_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/peers"
	"robotbailiff/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, pool *pgxpool.Pool) []peers.Health {
	t.Helper()
	batch := &pgx.Batch{}
	list := peers.Read(batch)
	must(t, pool.SendBatch(t.Context(), batch).Close())
	return *list
}

var altyn = peers.Peer{Kind: peers.Bank, Name: "altyn"}

// What several processes count is one; the median and the 95th of a hundred are of the calls, and what never left is no call.
func TestMeter_countsWhatPeersAnswer(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	connected := map[peers.Peer]time.Time{altyn: end, {Kind: peers.Channel, Name: "sms"}: {}}
	if got := read(t, pool); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
	flush := func(m *peers.Meter) {
		if err := m.Flush(t.Context(), pool); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			m := peers.NewMeter(connected)
			for i := range 25 {
				took := 18 * time.Millisecond
				if i == 24 || i == 23 {
					took = 1900 * time.Millisecond
				}
				m.Called(altyn, took, map[peers.Outcome]int{peers.Accepted: 2, peers.Rejected: 1})
				if i == 10 {
					flush(m)
				}
			}
			if n == 0 {
				m.Called(altyn, time.Hour, map[peers.Outcome]int{peers.Unsent: 7})
			}
			flush(m)
			flush(m) // nothing new
		})
	}
	wg.Wait()
	got := read(t, pool)
	if len(got) != 2 || got[0].Peer != altyn || got[1].Name != "sms" {
		t.Fatalf("%+v", got)
	}
	h := got[0]
	want := map[peers.Outcome]int64{peers.Accepted: 200, peers.Rejected: 100, peers.Unsent: 7}
	if !maps.Equal(h.Hour, want) || !maps.Equal(h.Day, want) || h.Median != 20*time.Millisecond || h.P95 != 2*time.Second || h.Quiet() || !h.Connected || !h.Expires.Equal(end) || h.Answered.IsZero() {
		t.Errorf("%+v", h)
	}
	if s := got[1]; s.Last != "" || !s.Answered.IsZero() || !s.Expires.IsZero() || s.Median != 0 || !s.Connected {
		t.Errorf("%+v", s)
	}
}

func TestHealth_whoDoesNotAnswer(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	m := peers.NewMeter(map[peers.Peer]time.Time{altyn: {}})
	m.Called(altyn, 30*time.Second, map[peers.Outcome]int{peers.Timeout: 3, peers.Accepted: 2})
	must(t, m.Flush(t.Context(), pool))
	m.Called(altyn, 30*time.Second, map[peers.Outcome]int{peers.Timeout: 1})
	must(t, m.Flush(t.Context(), pool))
	if h := read(t, pool)[0]; !h.Quiet() || h.Last != peers.Timeout || h.Answered.IsZero() || !h.Answered.Before(h.Asked) {
		t.Errorf("%+v", h)
	}
	for _, sql := range []string{
		`UPDATE peer_answers SET at = at - interval '2 hours'`, // not of this hour any more
		`UPDATE peers SET seen_at = seen_at - interval '3 minutes'`,
	} {
		_, err := pool.Exec(t.Context(), sql)
		must(t, err)
	}
	if h := read(t, pool)[0]; h.Quiet() || h.Connected || h.Hour[peers.Timeout] != 0 || h.Day[peers.Timeout] != 4 {
		t.Errorf("%+v", h)
	}
	_, err := pool.Exec(t.Context(), `UPDATE peer_answers SET at = at - interval '3 days'`)
	must(t, err)
	other := peers.NewMeter(map[peers.Peer]time.Time{altyn: {}})
	must(t, other.Flush(t.Context(), pool))
	var left int
	must(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM peer_answers`).Scan(&left))
	if left != 0 {
		t.Errorf("%d rows are kept", left)
	}
}

// What cannot be written is not lost.
func TestMeter_countsOnWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	m := peers.NewMeter(map[peers.Peer]time.Time{altyn: {}})
	m.Called(altyn, time.Second, map[peers.Outcome]int{peers.Accepted: 1})
	_, err := pool.Exec(t.Context(), `ALTER TABLE peer_answers RENAME TO away`)
	must(t, err)
	if err := m.Flush(t.Context(), pool); err == nil {
		t.Fatal("written to nowhere")
	}
	_, err = pool.Exec(t.Context(), `ALTER TABLE away RENAME TO peer_answers`)
	must(t, err)
	m.Called(altyn, time.Second, map[peers.Outcome]int{peers.Accepted: 1})
	must(t, m.Flush(t.Context(), pool))
	if h := read(t, pool)[0]; h.Day[peers.Accepted] != 2 || h.Last != peers.Accepted || h.Answered.IsZero() {
		t.Errorf("%+v", h)
	}
}

// A page at the desk reads two days of a country's peers by their keys.
func TestRead_goesByTheKey(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	for _, sql := range []string{
		`INSERT INTO peer_answers (at, kind, name, outcome, took, n) SELECT date_bin('5 minutes', clock_timestamp(), timestamptz '2020-01-01') - make_interval(mins => 5 * i), 'bank', 'b' || b, o, CASE o WHEN 'call' THEN 10 ELSE 0 END, 1
		   FROM generate_series(0, 3000) i, generate_series(1, 30) b, unnest(ARRAY['accepted', 'call']) o`,
		`ANALYZE peer_answers`,
	} {
		_, err := pool.Exec(t.Context(), sql)
		must(t, err)
	}
	rows, err := pool.Query(t.Context(), `EXPLAIN `+peers.AnswersSQL)
	must(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if plan := strings.Join(lines, "\n"); !strings.Contains(plan, "Index Scan") && !strings.Contains(plan, "Bitmap") {
		t.Error(fmt.Sprint("it reads the whole table:\n", plan))
	}
}
