package peers

import (
	"cmp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Health is how one peer fares.
type Health struct {
	Peer

	Connected bool      // a process has said so within two minutes
	Seen      time.Time // when one last did
	Expires   time.Time // our certificate; zero: none is known
	Answered  time.Time // it last answered, whatever it said; zero: never
	Asked     time.Time // it was last asked; zero: never
	Last      Outcome   // what became of that; empty: never asked
	Hour, Day map[Outcome]int64
	Median    time.Duration // of the calls of the day: so long at most; zero: there were none
	P95       time.Duration
	Longest   bool // the last step: as long, or longer
}

// Quiet says that most of what it was asked for in the last hour got no answer.
func (h *Health) Quiet() bool {
	all := int64(0)
	for _, n := range h.Hour {
		all += n
	}
	return all > 0 && 2*(h.Hour[Unknown]+h.Hour[Timeout]+h.Hour[Unsent]) > all
}

const (
	peersSQL = `SELECT kind, name, seen_at, seen_at > clock_timestamp() - interval '2 minutes', expires_at, answered_at, last_at, last_outcome FROM peers ORDER BY kind, name`
	// The last 24 hours by the key, which begins with the time.
	answersSQL = `SELECT kind, name, outcome, took, coalesce(sum(n) FILTER (WHERE at > clock_timestamp() - interval '1 hour'), 0)::bigint, sum(n)::bigint
  FROM peer_answers WHERE at > (SELECT clock_timestamp() - interval '24 hours') GROUP BY kind, name, outcome, took ORDER BY kind, name, took`
)

// Read queues the reading of how all peers fare, by kind and name, for a batch that its caller sends.
func Read(batch *pgx.Batch) *[]Health {
	var list []Health
	at := map[Peer]int{}
	batch.Queue(peersSQL).Query(func(rows pgx.Rows) error {
		h := Health{}
		var expires, answered, asked *time.Time
		_, err := pgx.ForEachRow(rows, []any{&h.Kind, &h.Name, &h.Seen, &h.Connected, &expires, &answered, &asked, &h.Last}, func() error {
			one := h
			one.Expires, one.Answered, one.Asked = instant(expires), instant(answered), instant(asked)
			one.Hour, one.Day = map[Outcome]int64{}, map[Outcome]int64{}
			at[h.Peer] = len(list)
			list = append(list, one)
			return nil
		})
		return err
	})
	batch.Queue(answersSQL).Query(func(rows pgx.Rows) error {
		calls := map[Peer][]took{}
		var p Peer
		var outcome string
		var t took
		var hour int64
		_, err := pgx.ForEachRow(rows, []any{&p.Kind, &p.Name, &outcome, &t.ms, &hour, &t.n}, func() error {
			i, known := at[p]
			switch {
			case !known:
			case outcome == call:
				calls[p] = append(calls[p], t)
			default:
				list[i].Hour[Outcome(outcome)], list[i].Day[Outcome(outcome)] = hour, t.n
			}
			return nil
		})
		for p, all := range calls {
			h := &list[at[p]]
			h.Median, h.P95 = within(all, 50), within(all, 95)
			h.Longest = h.P95 == time.Duration(steps[len(steps)-1])*time.Millisecond
		}
		slices.SortStableFunc(list, func(a, b Health) int {
			return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(a.Name, b.Name))
		})
		return err
	})
	return &list
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

type took struct {
	ms int32
	n  int64
}

// within is how long a share of calls lasted at most; they are by length.
func within(all []took, percent int64) time.Duration {
	total, sum := int64(0), int64(0)
	for _, t := range all {
		total += t.n
	}
	for _, t := range all {
		if sum += t.n; sum*100 >= total*percent {
			return time.Duration(t.ms) * time.Millisecond
		}
	}
	return 0
}
