package bankfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
)

// ErrNotYet says that the bank was asked by a file, or sends a list by itself, and that nothing fresh has come yet.
var ErrNotYet = errors.New("bank files: no fresh answer yet")

// Config is what one bank needs.
type Config struct {
	Name     string
	Dir      string // with out and in below it
	Encoding wire.Encoding
	Signer   *wire.Signer
	Verifier *wire.Verifier // of the bank
	Clock    clock.Clock    // the world's
	Fresh    time.Duration  // how old what the bank tells of accounts and arrests may be; 0: 24 hours

	FirstOut, FirstIn int // the first numbers that are left, after older packages were archived; 0: 1

	// Keep keeps what the bank has signed, as with package bankapi. The same package is told again after each start. May be nil: the
	// folder has it.
	Keep func(ctx context.Context, e wire.Evidence) error
	// Report is told of everything that was not believed. May be nil.
	Report func(ctx context.Context, f wire.Finding)
}

// Peer implements orders.Peer by files. Any number of callers may use it.
type Peer struct {
	cfg     Config
	out, in *Box

	mu      sync.Mutex
	nextOut int
	nextIn  int
	ordered map[uuid.UUID]orders.Instruction
	replies map[uuid.UUID]orders.Reply
	asked   map[uuid.UUID][]string // questions for accounts, by message
	asking  map[string]time.Time   // when a person was asked for last
	known   map[string]wealth      // by IIN
	list    arrests                // the last whole one
	growing arrests                // pages so far
}

type wealth struct {
	accounts []orders.Account
	at       time.Time
}

type arrests struct {
	holds []orders.Hold
	at    time.Time
	next  string
	open  bool
}

var _ orders.Peer = (*Peer)(nil)

// Open checks the settings and reads what lies in the folders. A fault in what lies there does not stop the start: it is told with
// each call.
func Open(cfg Config) (*Peer, error) {
	var err error
	switch {
	case !wire.ValidBank(cfg.Name):
		err = errors.New("name: a Latin small letter, then up to 31 small letters, digits, - or _")
	case !cfg.Encoding.Valid():
		err = errors.New("encoding: json or xml")
	case cfg.Signer == nil || cfg.Verifier == nil || cfg.Clock == nil:
		err = errors.New("a key to sign with, one of the bank, and a clock are wanted")
	case cfg.Verifier.Knows(cfg.Signer.ID()):
		err = errors.New("keys: the key of the bank is our own, so that its answers could be ours")
	}
	if err != nil {
		return nil, fmt.Errorf("bank %s: %w", cfg.Name, err)
	}
	if cfg.Fresh == 0 {
		cfg.Fresh = 24 * time.Hour
	}
	if cfg.Report == nil {
		cfg.Report = func(context.Context, wire.Finding) {}
	}
	cfg.FirstOut, cfg.FirstIn = max(1, cfg.FirstOut), max(1, cfg.FirstIn)
	p := &Peer{
		cfg: cfg, nextOut: cfg.FirstOut, nextIn: cfg.FirstIn, ordered: map[uuid.UUID]orders.Instruction{}, replies: map[uuid.UUID]orders.Reply{},
		asked: map[uuid.UUID][]string{}, asking: map[string]time.Time{}, known: map[string]wealth{},
	}
	if p.out, err = OpenBox(cfg.Dir, "out"); err != nil {
		return nil, err
	}
	if p.in, err = OpenBox(cfg.Dir, "in"); err != nil {
		return nil, errors.Join(err, p.out.Close())
	}
	return p, nil
}

// Close closes the folders.
func (p *Peer) Close() error { return errors.Join(p.out.Close(), p.in.Close()) }

// Ready says whether what lies in the folders can be read; a bank that has sent nothing yet is no fault.
func (p *Peer) Ready(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.readOut(ctx), p.readIn(ctx))
}

// Submit implements orders.Bank: what is not in a file yet, or what the bank says it has never seen, is written into one. Nothing has
// an answer by that.
func (p *Peer) Submit(ctx context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.readOut(ctx); err != nil {
		return nil, err
	}
	var fresh []orders.Instruction
	for _, o := range batch {
		_, written := p.ordered[o.ID]
		if r, said := p.replies[o.ID]; !written || said && !r.Known {
			fresh = append(fresh, o)
		}
	}
	for part := range slices.Chunk(fresh, wire.MaxOrders) {
		if err := p.put(ctx, wire.Message{Kind: wire.Submit, Orders: part}); err != nil {
			return nil, err
		}
		for _, o := range part {
			delete(p.replies, o.ID)
		}
	}
	if err := p.readOut(ctx); err != nil { // what was written is known by what lies there
		return nil, err
	}
	replies := make([]orders.Reply, len(batch))
	for i, o := range batch {
		replies[i] = p.reply(o.ID)
	}
	return replies, nil
}

// Query implements orders.Bank: what the files of the bank say. With an error come the replies of what could be read before it.
func (p *Peer) Query(ctx context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.readOut(ctx); err != nil {
		return nil, err // otherwise an order that was written could seem to be new
	}
	err := p.readIn(ctx)
	replies := make([]orders.Reply, len(ids))
	for i, id := range ids {
		replies[i] = p.reply(id)
	}
	return replies, err
}

func (p *Peer) reply(id uuid.UUID) orders.Reply {
	if r, ok := p.replies[id]; ok {
		return r
	}
	_, written := p.ordered[id]
	r := orders.Reply{ID: id, Known: written}
	if written {
		r.Bank = p.cfg.Name
	}
	return r
}

// Accounts implements orders.Peer. Whom the bank has told nothing fresh of is asked for by a file, once, and the error is [ErrNotYet].
func (p *Peer) Accounts(ctx context.Context, iins []string) (map[string][]orders.Account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(p.readOut(ctx), p.readIn(ctx)); err != nil {
		return nil, err
	}
	now, err := p.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string][]orders.Account{}
	var missing, ask []string
	for _, iin := range slices.Compact(slices.Sorted(slices.Values(iins))) {
		w, ok := p.known[iin]
		switch {
		case ok && now.Sub(w.at) <= p.cfg.Fresh:
			if len(w.accounts) > 0 {
				all[iin] = w.accounts
			}
			continue
		case now.Sub(p.asking[iin]) > p.cfg.Fresh:
			ask = append(ask, iin)
		}
		missing = append(missing, iin)
	}
	for part := range slices.Chunk(ask, wire.MaxOrders) {
		if err := p.put(ctx, wire.Message{Kind: wire.AskAccounts, IINs: part}); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: accounts of %d persons", ErrNotYet, len(missing))
	}
	return all, nil
}

// Holds implements orders.Peer: the last whole list that the bank has sent.
func (p *Peer) Holds(ctx context.Context, after string, limit int) ([]orders.Hold, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(p.readOut(ctx), p.readIn(ctx)); err != nil {
		return nil, "", err
	}
	now, err := p.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, "", err
	}
	if p.list.at.IsZero() || now.Sub(p.list.at) > p.cfg.Fresh {
		return nil, "", fmt.Errorf("%w: the list of arrests", ErrNotYet)
	}
	page := p.list.holds
	if after != "" {
		i := slices.IndexFunc(page, func(h orders.Hold) bool { return h.ID.String() > after })
		if i < 0 {
			return nil, "", nil
		}
		page = page[i:]
	}
	if limit = max(1, limit); len(page) > limit {
		return slices.Clone(page[:limit]), page[limit-1].ID.String(), nil
	}
	return slices.Clone(page), "", nil
}

func (p *Peer) put(ctx context.Context, m wire.Message) error {
	var err error
	if m.At, err = p.cfg.Clock.Now(ctx); err != nil {
		return err
	}
	m.ID, m.Bank = uuid.New(), p.cfg.Name
	_, err = p.out.Put(m, p.cfg.Encoding, p.cfg.Signer, p.cfg.FirstOut)
	return err
}
