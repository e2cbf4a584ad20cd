package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Kinds of chunks: what an outside call is made for.
const (
	ChunkLift   = "lift"   // lifts, reductions and recalls: never behind anything else
	ChunkOrders = "orders" // arrests and collection orders
	ChunkNotify = "notify" // notices

	ChunkRegister   = "register"   // entries into the register of debtors
	ChunkDeregister = "deregister" // removals from it, and who executes
	ChunkHandover   = "handover"   // choice of a private bailiff
)

// Chunk is a set of cases for which something must be done outside. The row is the truth; a River job only drives it.
type Chunk struct {
	ID        int64
	Kind      string
	CaseIDs   []int64
	NotBefore time.Time // legal time
	Fence     int       // grows with every claim
}

// ErrFenced says that somebody else has claimed the chunk meanwhile, or that it is done: this worker's answers are stale.
var ErrFenced = errors.New("engine: the chunk was claimed by another worker")

// Claim takes a chunk for one worker. Answers are accepted only under the fence it returns.
func Claim(ctx context.Context, tx pgx.Tx, id int64) (Chunk, error) {
	c := Chunk{ID: id}
	err := tx.QueryRow(ctx, claimChunkSQL, id).Scan(&c.Kind, &c.CaseIDs, &c.NotBefore, &c.Fence)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrFenced
	}
	return c, err
}

// Hold checks the fence inside the transaction that records the answers, and locks the chunk.
func (c Chunk) Hold(ctx context.Context, tx pgx.Tx) error {
	var one int
	err := tx.QueryRow(ctx, holdChunkSQL, c.ID, c.Fence).Scan(&one)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrFenced
	}
	return err
}

// Finish marks the chunk done. What is still open in it comes back as a new chunk, not before the given legal time, which
// is rounded up a little so that what waits can be worked together.
func (c Chunk) Finish(ctx context.Context, tx pgx.Tx, open []int64, now, notBefore time.Time) error {
	if _, err := tx.Exec(ctx, finishChunkSQL, c.ID, c.Fence); err != nil {
		return err
	}
	return c.Again(ctx, tx, open, now, notBefore)
}

// Again brings cases of the chunk back as a new chunk of its kind, as Finish does.
func (c Chunk) Again(ctx context.Context, tx pgx.Tx, open []int64, now, notBefore time.Time) error {
	if len(open) == 0 {
		return nil
	}
	_, err := insertChunks(ctx, tx, []Chunk{{Kind: c.Kind, CaseIDs: open, NotBefore: together(now, notBefore)}}, nil)
	return err
}

// together rounds an instant up to a round one: to five minutes when the wait is longer than that, to a quarter of an hour
// when it is longer than that.
func together(now, at time.Time) time.Time {
	for _, step := range [...]time.Duration{15 * time.Minute, 5 * time.Minute} {
		if at.Sub(now) >= step {
			if r := at.Truncate(step); r.Before(at) {
				return r.Add(step)
			}
			return at
		}
	}
	return at
}

// Split replaces a chunk that cannot be worked by its two halves, so that one bad case stops no other. A chunk of one
// case is left as it is and reported as not split.
func (c Chunk) Split(ctx context.Context, tx pgx.Tx, cause string) (halves []Chunk, err error) {
	if len(c.CaseIDs) < 2 {
		_, err := tx.Exec(ctx, failChunkSQL, c.ID, cause)
		return nil, err
	}
	if _, err := tx.Exec(ctx, splitChunkSQL, c.ID, cause); err != nil {
		return nil, err
	}
	ids := slices.Clone(c.CaseIDs)
	half := len(ids) / 2
	return insertChunks(ctx, tx, []Chunk{{Kind: c.Kind, CaseIDs: ids[:half], NotBefore: c.NotBefore}, {Kind: c.Kind, CaseIDs: ids[half:], NotBefore: c.NotBefore}}, func(Chunk) bool { return true })
}

// DueChunks takes chunks whose time has come and that nobody works, so that jobs can be made for them: those that never
// had one, those whose job nobody began for the lease, those whose worker has died, and those whose worker has had them for
// longer than a job may take. It heals lost jobs, killed workers and an emptied job table.
// Small chunks of one kind that were never started become one large one: sets are cheap, single cases are not.
// Chunks of the kinds in except are left alone: their jobs wait, and more of them would help nobody.
func DueChunks(ctx context.Context, tx pgx.Tx, now time.Time, lease, longest time.Duration, limit int, except ...string) ([]Chunk, error) {
	if except == nil {
		except = []string{}
	}
	rows, err := tx.Query(ctx, dueChunksSQL, now, lease, longest, limit, except)
	if err != nil {
		return nil, err
	}
	var ready, merged []Chunk
	var gone []int64
	open := map[string]int{} // index in merged of the chunk of a kind that is being filled
	var c Chunk
	var fresh bool
	_, err = pgx.ForEachRow(rows, []any{&c.ID, &c.Kind, &c.CaseIDs, &c.NotBefore, &fresh}, func() error {
		i, filling := open[c.Kind]
		switch {
		case !fresh:
			ready = append(ready, Chunk{ID: c.ID, Kind: c.Kind})
		case filling && len(merged[i].CaseIDs)+len(c.CaseIDs) <= MaxBatch:
			merged[i].CaseIDs = append(merged[i].CaseIDs, c.CaseIDs...)
			gone = append(gone, c.ID)
		default:
			open[c.Kind] = len(merged)
			merged = append(merged, Chunk{ID: c.ID, Kind: c.Kind, CaseIDs: slices.Clone(c.CaseIDs), NotBefore: c.NotBefore})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		if err := mergeChunks(ctx, tx, merged, gone); err != nil {
			return nil, err
		}
	}
	return append(ready, merged...), nil
}

func mergeChunks(ctx context.Context, tx pgx.Tx, merged []Chunk, gone []int64) error {
	batch := &pgx.Batch{}
	batch.Queue(mergedChunksSQL, gone)
	for _, c := range merged {
		slices.Sort(c.CaseIDs)
		batch.Queue(fillChunkSQL, c.ID, slices.Compact(c.CaseIDs))
	}
	return tx.SendBatch(ctx, batch).Close()
}

// Hurry takes cases out of chunks that wait and makes chunks of the same kinds of them, whose time is now. Each part has the id and the
// kind of its chunk, which the caller has locked.
func Hurry(ctx context.Context, tx pgx.Tx, parts map[int64]Chunk, now time.Time) error {
	if len(parts) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	byKind := map[string][]int64{}
	for _, id := range slices.Sorted(maps.Keys(parts)) {
		p := parts[id]
		batch.Queue(takeOutSQL, id, p.CaseIDs)
		byKind[p.Kind] = append(byKind[p.Kind], p.CaseIDs...)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	var chunks []Chunk
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		slices.Sort(byKind[kind])
		for ids := range slices.Chunk(slices.Compact(byKind[kind]), MaxBatch) {
			chunks = append(chunks, Chunk{Kind: kind, CaseIDs: ids, NotBefore: now})
		}
	}
	_, err := insertChunks(ctx, tx, chunks, nil)
	return err
}

// insertChunks stores chunks and fills in their ids. started says for which of them the caller asks for a job at once; the
// pulse starts the others when their time has come.
func insertChunks(ctx context.Context, tx pgx.Tx, chunks []Chunk, started func(Chunk) bool) ([]Chunk, error) {
	batch := &pgx.Batch{}
	for i := range chunks {
		c := &chunks[i]
		batch.Queue(insertChunkSQL, c.Kind, c.CaseIDs, c.NotBefore, started != nil && started(*c)).QueryRow(func(row pgx.Row) error { return row.Scan(&c.ID) })
	}
	return chunks, tx.SendBatch(ctx, batch).Close()
}

// chunksOf groups the outside work of a plan's effects: a chunk per kind and time, at most MaxBatch cases each.
func chunksOf(effects []Effect, now time.Time) []Chunk {
	type key struct {
		kind string
		at   int64
	}
	index := map[key]int{}
	var chunks []Chunk
	add := func(kind string, at time.Time, id int64) {
		k := key{kind, at.UnixMicro()}
		i, ok := index[k]
		if ok && len(chunks[i].CaseIDs) > 0 && chunks[i].CaseIDs[len(chunks[i].CaseIDs)-1] == id {
			return
		}
		if !ok || len(chunks[i].CaseIDs) >= MaxBatch {
			i = len(chunks)
			index[k] = i
			chunks = append(chunks, Chunk{Kind: kind, NotBefore: at})
		}
		chunks[i].CaseIDs = append(chunks[i].CaseIDs, id)
	}
	for _, e := range effects {
		switch e := e.(type) {
		case OrderWanted:
			add(e.Order.Purpose.Chunk(), now, e.CaseID)
		case OrderAgain:
			add(e.Purpose.Chunk(), now, e.CaseID)
		case NoticeWanted:
			add(ChunkNotify, e.NotBefore, e.CaseID)
		case HandoverWanted:
			add(ChunkHandover, now, e.CaseID)
		}
	}
	return chunks
}

// Chunk is the kind of chunk that carries orders of this purpose out. Nothing else says which worker takes which orders up: SQL asks
// [ChunkSQL].
func (p Purpose) Chunk() string {
	switch {
	case p == Register:
		return ChunkRegister
	case p.Public():
		return ChunkDeregister
	case p.Coercive():
		return ChunkOrders
	}
	return ChunkLift
}

// ChunkSQL is [Purpose.Chunk] as an expression over a column. It is no key of any index, so that a look for the orders of a case is one.
func ChunkSQL(column string) string {
	var b strings.Builder
	b.WriteString("CASE " + column)
	for _, p := range Purposes {
		b.WriteString(" WHEN '" + string(p) + "' THEN '" + p.Chunk() + "'")
	}
	return b.String() + " END"
}
