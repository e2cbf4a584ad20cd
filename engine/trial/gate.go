package trial

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Kinds of what can be new.
const (
	KindSource = "source"
	KindFormat = "format"
	KindPack   = "pack"
)

// Arrest is one that is about to be sent for the first time.
type Arrest struct {
	CaseID  int64
	Ordinal int
	Asked   time.Time // when the engine asked for it: by that the version of the rules is found
}

// Gate tells which arrests have to wait. It is safe for concurrent use.
type Gate struct {
	need func(now time.Time) (int, bool)

	mu     sync.Mutex
	passed map[key]bool // what is known to be no trial any more, which is final
}

type key struct{ kind, name string }

var everything = key{kind: "all"}

// NewGate makes a gate; need says how many arrests of whatever begins to be new at an instant are confirmed, false: none.
func NewGate(need func(now time.Time) (int, bool)) *Gate {
	return &Gate{need: need, passed: map[key]bool{}}
}

// candidate is an arrest with what can be new of it.
type candidate struct {
	Arrest
	of      [3]key
	verdict *string // nil: nobody is asked about it; empty: somebody is
}

// Admit gives the arrests that have to wait, by case. What is new is put on trial by it, and as many arrests as are still wanted are
// laid before people. It locks the trials that go on, after everything else that a sender locks.
func (g *Gate) Admit(ctx context.Context, tx pgx.Tx, arrests []Arrest, now time.Time) (held map[int64]bool, err error) {
	need, ok := g.need(now)
	if !ok || len(arrests) == 0 || g.knows(everything) {
		return nil, nil
	}
	all, fresh, err := g.candidates(ctx, tx, arrests)
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	open, err := g.open(ctx, tx, fresh, need, now)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	held = map[int64]bool{}
	var picked []candidate
	for _, c := range all {
		trials := make([]*going, 0, len(c.of))
		for _, k := range c.of {
			if t := open[k]; t != nil {
				trials = append(trials, t)
			}
		}
		if len(trials) == 0 || c.verdict != nil && *c.verdict == VerdictConfirmed {
			continue
		}
		held[c.CaseID] = true
		if c.verdict == nil && slices.ContainsFunc(trials, (*going).wants) {
			picked = append(picked, c)
			for _, t := range trials {
				t.counted++
			}
		}
	}
	return held, pick(ctx, tx, picked, now)
}

// candidates reads what can be new of arrests, and lists what is not known to be old.
func (g *Gate) candidates(ctx context.Context, tx pgx.Tx, arrests []Arrest) (all []candidate, fresh []key, err error) {
	ids, ordinals, asked := make([]int64, len(arrests)), make([]int16, len(arrests)), make([]time.Time, len(arrests))
	for i, a := range arrests {
		ids[i], ordinals[i], asked[i] = a.CaseID, int16(a.Ordinal), a.Asked
	}
	rows, err := tx.Query(ctx, candidatesSQL, ids, ordinals, asked)
	if err != nil {
		return nil, nil, fmt.Errorf("trial: %w", err)
	}
	found := map[key]bool{}
	all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c candidate, err error) {
		c.of = [3]key{{kind: KindSource}, {kind: KindFormat}, {kind: KindPack}}
		err = row.Scan(&c.CaseID, &c.Ordinal, &c.of[0].name, &c.of[1].name, &c.of[2].name, &c.verdict)
		for _, k := range c.of {
			if !g.knows(k) {
				found[k] = true
			}
		}
		return c, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("trial: %w", err)
	}
	return all, slices.SortedFunc(maps.Keys(found), func(a, b key) int { return strings.Compare(a.kind+":"+a.name, b.kind+":"+b.name) }), nil
}

func (g *Gate) knows(k key) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.passed[k]
}

// going is a trial that goes on.
type going struct{ need, counted int }

func (t *going) wants() bool { return t.counted < t.need }

// open begins the trials of what is new, and gives those that go on, locked, each with how many arrests count for it: those confirmed
// and those that wait and may still leave.
func (g *Gate) open(ctx context.Context, tx pgx.Tx, fresh []key, need int, now time.Time) (map[key]*going, error) {
	kinds, names := make([]string, len(fresh)), make([]string, len(fresh))
	for i, k := range fresh {
		kinds[i], names[i] = k.kind, k.name
	}
	if _, err := tx.Exec(ctx, beginSQL, kinds, names, need, now); err != nil {
		return nil, fmt.Errorf("trial: begin: %w", err)
	}
	rows, err := tx.Query(ctx, lockSQL, kinds, names)
	if err != nil {
		return nil, fmt.Errorf("trial: %w", err)
	}
	open, passed := map[key]*going{}, []key(nil)
	var (
		k    key
		n    int
		over bool
	)
	if _, err = pgx.ForEachRow(rows, []any{&k.kind, &k.name, &n, &over}, func() error {
		if over {
			passed = append(passed, k)
		} else {
			open[k] = &going{need: n}
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("trial: %w", err)
	}
	g.mu.Lock()
	for _, k := range passed {
		g.passed[k] = true
	}
	g.mu.Unlock()
	if slices.Contains(passed, everything) {
		return nil, nil
	}
	return open, count(ctx, tx, open)
}

// count tells trials how many arrests count for them.
func count(ctx context.Context, tx pgx.Tx, open map[key]*going) error {
	if len(open) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, countSQL)
	if err != nil {
		return fmt.Errorf("trial: count: %w", err)
	}
	var (
		k key
		n int
	)
	_, err = pgx.ForEachRow(rows, []any{&k.kind, &k.name, &n}, func() error {
		if t := open[k]; t != nil {
			t.counted = n
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("trial: count: %w", err)
	}
	return nil
}

func pick(ctx context.Context, tx pgx.Tx, picked []candidate, now time.Time) error {
	if len(picked) == 0 {
		return nil
	}
	var (
		ids      []int64
		ordinals []int16
		of       [3][]string
	)
	for _, c := range picked {
		ids, ordinals = append(ids, c.CaseID), append(ordinals, int16(c.Ordinal))
		for i := range of {
			of[i] = append(of[i], c.of[i].name)
		}
	}
	if _, err := tx.Exec(ctx, pickSQL, ids, ordinals, of[0], of[1], of[2], now); err != nil {
		return fmt.Errorf("trial: pick: %w", err)
	}
	return nil
}

const (
	candidatesSQL = `SELECT u.case_id, u.ordinal, w.source, coalesce(b.format, ''), coalesce(k.hash, ''), t.verdict
  FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[]) WITH ORDINALITY AS u(case_id, ordinal, asked, n)
  JOIN writs w ON w.case_id = u.case_id
  LEFT JOIN batches b ON b.id = w.batch_id
  LEFT JOIN LATERAL (SELECT max(e.pack) AS pack FROM events e WHERE e.case_id = u.case_id AND e.kind = 'arrest_ordered' AND e.at = u.asked) e ON true
  LEFT JOIN rule_packs k ON k.id = e.pack
  LEFT JOIN trial_arrests t ON t.case_id = u.case_id AND t.ordinal = u.ordinal
 ORDER BY u.n`

	beginSQL = `INSERT INTO trials (kind, name, need, opened_at)
SELECT u.kind, u.name, $3, $4 FROM unnest($1::text[], $2::text[]) AS u(kind, name)
 WHERE NOT EXISTS (SELECT 1 FROM trials WHERE kind = 'all') ON CONFLICT (kind, name) DO NOTHING`

	lockSQL = `SELECT t.kind, t.name, t.need, t.passed_at IS NOT NULL FROM trials t
 WHERE t.kind = 'all' OR (t.kind, t.name) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY t.id FOR UPDATE`

	// subjectSQL joins a trial (t) with the arrests that count for it (a).
	subjectSQL = `CASE t.kind WHEN 'source' THEN a.source WHEN 'format' THEN a.format ELSE a.pack END = t.name`

	// waitsSQL says that an arrest (a) that a person is asked about may still leave: it was not sent, not withdrawn, and nobody holds its case.
	waitsSQL = `a.verdict = '' AND EXISTS (SELECT 1 FROM orders o JOIN cases c ON c.id = o.case_id
     WHERE o.case_id = a.case_id AND o.purpose = 'arrest' AND o.ordinal = a.ordinal AND o.status = 'requested' AND o.attempts = 0 AND c.hold = '' AND c.state = 'enforcing')`

	countSQL = `SELECT t.kind, t.name, count(*) FROM trials t JOIN trial_arrests a ON ` + subjectSQL + `
 WHERE t.passed_at IS NULL AND (a.verdict = 'confirmed' OR ` + waitsSQL + `) GROUP BY t.id`

	pickSQL = `INSERT INTO trial_arrests (case_id, ordinal, source, format, pack, picked_at)
SELECT u.*, $6 FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[]) AS u ON CONFLICT DO NOTHING`
)
