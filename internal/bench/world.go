package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/rules/money"
)

// bank is all banks: it holds and lets go at once, and keeps books.
type bank struct {
	mu    sync.Mutex
	seen  map[uuid.UUID]entry
	held  map[int64]int64 // tiyn by case, while an arrest is live
	sums  map[int64]int64 // tiyn by case, as first arrested
	again int             // orders that came twice
	wrong error
}

// entry is one order in the books; without pointers, so that the books of a large run cost the collector nothing.
type entry struct {
	caseID int64
	sum    int64 // tiyn
	refuse bool
}

func (e entry) reply(id uuid.UUID) orders.Reply {
	r := orders.Reply{ID: id, CaseID: e.caseID, Known: true, Answer: engine.Accepted, Sum: money.FromTiyn(e.sum)}
	if e.refuse {
		r.Answer = engine.Refused
	}
	return r
}

func newBank(n int) *bank {
	return &bank{seen: make(map[uuid.UUID]entry, 2*n), held: make(map[int64]int64, n), sums: make(map[int64]int64, n)}
}

// bankNames are the banks of the bench. Everybody has one account, at the bank of the last digit of his number.
var bankNames = []string{"altyn", "dala", "jetisu"}

func (b *bank) peers() map[string]orders.Peer {
	out := make(map[string]orders.Peer, len(bankNames))
	for i, name := range bankNames {
		out[name] = peer{b, i}
	}
	return out
}

// peer is one of the banks; they share their books.
type peer struct {
	*bank

	n int
}

// plenty covers any sum of the simplified procedure and what the law leaves to everybody.
var plenty = money.FromTiyn(1_000_000_00)

// Accounts implements orders.Peer.
func (p peer) Accounts(_ context.Context, iins []string) (map[string][]orders.Account, error) {
	out := make(map[string][]orders.Account, len(iins)/len(bankNames)+1)
	for _, iin := range iins {
		if int(iin[len(iin)-1]-'0')%len(bankNames) == p.n {
			out[iin] = []orders.Account{{ID: "KZ86901000000" + iin[5:], Kind: orders.KindCurrent, Available: plenty}}
		}
	}
	return out, nil
}

// Holds implements orders.Peer: nobody compares while it is measured.
func (p peer) Holds(context.Context, string, int) ([]orders.Hold, string, error) { return nil, "", nil }

// Submit implements orders.Bank.
func (b *bank) Submit(_ context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]orders.Reply, 0, len(batch))
	for _, in := range batch {
		if e, known := b.seen[in.ID]; known {
			b.again++
			out = append(out, e.reply(in.ID))
			continue
		}
		e := entry{caseID: in.CaseID}
		_, live := b.held[in.CaseID]
		switch {
		case in.Purpose == engine.Arrest && !live && len(in.IIN) == 12 && len(in.Parts) == 1:
			e.sum = in.Amount.Tiyn()
			b.held[in.CaseID], b.sums[in.CaseID] = e.sum, e.sum
		case in.Purpose == engine.Lift && live:
			delete(b.held, in.CaseID)
		default:
			b.wrong = errors.Join(b.wrong, fmt.Errorf("bench: the bank cannot %s for case %d", in.Purpose, in.CaseID))
			e.refuse = true
		}
		b.seen[in.ID] = e
		out = append(out, e.reply(in.ID))
	}
	return out, nil
}

// Query implements orders.Bank.
func (b *bank) Query(_ context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]orders.Reply, len(ids))
	for i, id := range ids {
		out[i] = orders.Reply{ID: id}
		if e, known := b.seen[id]; known {
			out[i] = e.reply(id)
		}
	}
	return out, nil
}

// check compares the books with what n lives must leave behind.
func (b *bank) check(n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.wrong != nil:
		return b.wrong
	case len(b.held) != 0 || len(b.sums) != n || len(b.seen) != 2*n || b.again != 0:
		return fmt.Errorf("bench: the bank had %d orders (%d again) for %d cases and still holds %d, want %d orders for %d cases and none held",
			len(b.seen), b.again, len(b.sums), len(b.held), 2*n, n)
	}
	return nil
}

// centre is the message centre of one channel: it takes every message and soon proves its delivery.
type centre struct {
	channel notify.Channel
	clock   clock.Clock
	mu      sync.Mutex
	sent    map[message]int32
	proofs  chan []notify.Receipt
}

func newCentre(channel notify.Channel, c clock.Clock, n int, proofs chan []notify.Receipt) *centre {
	return &centre{channel: channel, clock: c, sent: make(map[message]int32, 3*n), proofs: proofs}
}

// message is a reference of this channel, without pointers.
type message struct {
	caseID  int64
	ordinal int
}

func messageOf(ref string) message {
	id, ordinal, _, err := notify.ParseRef(ref)
	if err != nil {
		panic(err) // references are ours
	}
	return message{id, ordinal}
}

// Send implements notify.Gateway.
func (c *centre) Send(ctx context.Context, messages []notify.Message) ([]notify.Sent, error) {
	now, err := c.clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	out, proofs := make([]notify.Sent, len(messages)), make([]notify.Receipt, len(messages))
	c.mu.Lock()
	for i, m := range messages {
		c.sent[messageOf(m.Ref)]++
		ref := "p-" + m.Ref
		out[i] = notify.Sent{Ref: m.Ref, Status: notify.Accepted, ProviderRef: ref}
		proofs[i] = notify.Receipt{Ref: m.Ref, ProviderRef: ref, Status: notify.StatusDelivered, At: now}
	}
	c.mu.Unlock()
	c.proofs <- proofs // what has left is proven, whoever still waits for the answer
	return out, nil
}

// Query implements notify.Gateway.
func (c *centre) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]notify.Sent, len(refs))
	for i, ref := range refs {
		out[i] = notify.Sent{Ref: ref, Status: notify.NotFound}
		if c.sent[messageOf(ref)] > 0 {
			out[i] = notify.Sent{Ref: ref, Status: notify.Accepted, ProviderRef: "p-" + ref}
		}
	}
	return out, nil
}

// check says whether every message left once.
func (c *centre) check(want int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for m, n := range c.sent {
		if n != 1 {
			return fmt.Errorf("bench: notice %d of case %d left %d times on %s", m.ordinal, m.caseID, n, c.channel)
		}
	}
	if len(c.sent) != want {
		return fmt.Errorf("bench: %d messages left on %s, want %d", len(c.sent), c.channel, want)
	}
	return nil
}

// postman brings the proofs of delivery, so many at a time.
type postman struct {
	deliver func(ctx context.Context, receipts []notify.Receipt) error
	size    int
	proofs  chan []notify.Receipt
	idle    chan chan struct{}
}

// maxProofs bounds what lies at the centres; far more than any run has under way.
const maxProofs = 1 << 16

func newPostman(size int, deliver func(context.Context, []notify.Receipt) error) *postman {
	return &postman{deliver: deliver, size: size, proofs: make(chan []notify.Receipt, maxProofs), idle: make(chan chan struct{})}
}

// lag is how many batches are on their way: a proof comes after the answer to its message, not while that is written.
const lag = 8

// run delivers until the context ends: what has come some batches ago, or all when somebody waits for it.
func (p *postman) run(ctx context.Context) error {
	var held []notify.Receipt
	flush := func(all bool) error {
		for len(held) >= (1+lag)*p.size || all && len(held) > 0 {
			n := min(p.size, len(held))
			if err := p.deliver(ctx, held[:n]); err != nil {
				return fmt.Errorf("bench: receipts: %w", err)
			}
			held = held[n:]
		}
		return nil
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-p.proofs:
			held = append(held, r...)
			if err := flush(false); err != nil {
				return err
			}
		case asked := <-p.idle:
			for more := true; more; {
				select {
				case r := <-p.proofs:
					held = append(held, r...)
				default:
					more = false
				}
			}
			if err := flush(true); err != nil {
				return err
			}
			close(asked)
		}
	}
}

// drain waits until everything that has come is delivered.
func (p *postman) drain(ctx context.Context) error {
	asked := make(chan struct{})
	select {
	case p.idle <- asked:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-asked:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// pause waits for one look of a poll.
func pause(ctx context.Context, t *time.Ticker) error {
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
