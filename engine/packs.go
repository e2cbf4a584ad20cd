package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/ruleset"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Packs knows every rule pack that ever decided, by id and by hash, and which one decides now.
type Packs struct {
	pool  *pgxpool.Pool
	own   numbered                 // what the program brings
	force atomic.Pointer[numbered] // what decides now, as far as this process has looked

	mu   sync.Mutex
	byID map[int16]*pack.Pack
}

// numbered is a pack with its id in this database.
type numbered struct {
	*pack.Pack
	id int16
}

// RegisterPack stores the pack that the program brings if it is new. It decides until people have agreed on another one, see engine/ruleset.
func RegisterPack(ctx context.Context, pool *pgxpool.Pool, p *pack.Pack) (*Packs, error) {
	id, err := KeepPack(ctx, pool, p)
	if err != nil {
		return nil, err
	}
	ps := &Packs{pool: pool, own: numbered{p, id}, byID: map[int16]*pack.Pack{id: p}}
	ps.force.Store(&ps.own)
	return ps, nil
}

// KeepPack stores a pack if it is new, and gives its id. It decides nothing by that.
func KeepPack(ctx context.Context, pool *pgxpool.Pool, p *pack.Pack) (id int16, err error) {
	files := map[string]string{}
	for name, raw := range p.Files() {
		files[name] = string(raw)
	}
	raw, err := json.Marshal(files)
	if err != nil {
		return 0, fmt.Errorf("engine: keep pack: %w", err)
	}
	if err := pool.QueryRow(ctx, registerPackSQL, p.Hash(), raw).Scan(&id); err != nil {
		return 0, fmt.Errorf("engine: keep pack: %w", err)
	}
	return id, nil
}

// Own is the pack that the program brings.
func (ps *Packs) Own() *pack.Pack { return ps.own.Pack }

// Current is the pack that decides now, as far as this process has looked: for pages. A decision looks itself.
func (ps *Packs) Current() *pack.Pack { return ps.force.Load().Pack }

// on gives the pack that decides on a legal day.
func (ps *Packs) on(ctx context.Context, q Querier, today calendar.Date) (*numbered, error) {
	id, agreed, err := ruleset.InForce(ctx, q, today)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	now := ps.force.Load()
	switch {
	case !agreed:
		id = ps.own.id
		if now.id == id {
			return now, nil
		}
		now = &ps.own
	case now.id == id:
		return now, nil
	default:
		p, err := ps.load(ctx, q, id)
		if err != nil {
			return nil, err
		}
		now = &numbered{p, id}
	}
	ps.force.Store(now)
	return now, nil
}

// On looks which pack decides on a legal day; after that it is [Packs.Current] in this process.
func (ps *Packs) On(ctx context.Context, today calendar.Date) (*pack.Pack, error) {
	now, err := ps.on(ctx, ps.pool, today)
	if err != nil {
		return nil, err
	}
	return now.Pack, nil
}

// ByID loads the pack under which an old event was decided.
func (ps *Packs) ByID(ctx context.Context, id int16) (*pack.Pack, error) {
	return ps.load(ctx, ps.pool, id)
}

func (ps *Packs) load(ctx context.Context, q Querier, id int16) (*pack.Pack, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p, ok := ps.byID[id]; ok {
		return p, nil
	}
	var raw []byte
	if err := q.QueryRow(ctx, readPackSQL, id).Scan(&raw); err != nil {
		return nil, fmt.Errorf("engine: rule pack %d: %w", id, err)
	}
	files := map[string]string{}
	if err := json.Unmarshal(raw, &files); err != nil {
		return nil, fmt.Errorf("engine: rule pack %d: %w", id, err)
	}
	texts := make(map[string][]byte, len(files))
	for name, text := range files {
		texts[name] = []byte(text)
	}
	p, err := pack.LoadFiles(texts)
	if err != nil {
		return nil, fmt.Errorf("engine: rule pack %d: %w", id, err)
	}
	ps.byID[id] = p
	return p, nil
}

const registerPackSQL = `INSERT INTO rule_packs (hash, files) VALUES ($1, $2) ON CONFLICT (hash) DO UPDATE SET hash = EXCLUDED.hash RETURNING id`

const readPackSQL = `SELECT files FROM rule_packs WHERE id = $1`
