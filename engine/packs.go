package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/rules/pack"
)

// Packs knows every rule pack that ever decided, by id and by hash, and which one decides now.
type Packs struct {
	pool    *pgxpool.Pool
	current *pack.Pack
	id      int16

	mu   sync.Mutex
	byID map[int16]*pack.Pack
}

// RegisterPack stores the pack if it is new and makes it the one that decides in this process.
func RegisterPack(ctx context.Context, pool *pgxpool.Pool, p *pack.Pack) (*Packs, error) {
	files := map[string]string{}
	for name, raw := range p.Files() {
		files[name] = string(raw)
	}
	raw, err := json.Marshal(files)
	if err != nil {
		return nil, fmt.Errorf("engine: register pack: %w", err)
	}
	ps := &Packs{pool: pool, current: p, byID: map[int16]*pack.Pack{}}
	if err := pool.QueryRow(ctx, registerPackSQL, p.Hash(), raw).Scan(&ps.id); err != nil {
		return nil, fmt.Errorf("engine: register pack: %w", err)
	}
	ps.byID[ps.id] = p
	return ps, nil
}

// Current is the pack that decides now.
func (ps *Packs) Current() *pack.Pack { return ps.current }

// CurrentID is the id of the current pack in this database.
func (ps *Packs) CurrentID() int16 { return ps.id }

// ByID loads the pack under which an old event was decided.
func (ps *Packs) ByID(ctx context.Context, id int16) (*pack.Pack, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p, ok := ps.byID[id]; ok {
		return p, nil
	}
	var raw []byte
	if err := ps.pool.QueryRow(ctx, readPackSQL, id).Scan(&raw); err != nil {
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
