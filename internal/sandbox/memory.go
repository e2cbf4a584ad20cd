package sandbox

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// memory keeps the books in this process, for benchmarks and simulations. It keeps nothing after its end.
type memory struct {
	mu           sync.Mutex
	instructions map[uuid.UUID]Instruction
	arrests      map[string]Arrest
	accounts     map[string]Account
	debtors      map[int64]Debtor
	messages     map[string]Message
	payments     map[string]Payment
	items        map[string]Item
	wrongs       map[string]Wrong
	entries      map[uuid.UUID]EntryOrder
	checkouts    map[uuid.UUID]Checkout

	arrestsOf  map[int64][]string
	accountsOf map[string][]string
	entriesOf  map[int64][]uuid.UUID
	agenda     map[bool]*agenda // by Inner
}

// NewMemoryBooks gives empty books in memory.
func NewMemoryBooks() Books {
	return &memory{
		instructions: make(map[uuid.UUID]Instruction), arrests: make(map[string]Arrest), accounts: make(map[string]Account),
		debtors: make(map[int64]Debtor), messages: make(map[string]Message), payments: make(map[string]Payment),
		items: make(map[string]Item), wrongs: make(map[string]Wrong), checkouts: make(map[uuid.UUID]Checkout), entries: make(map[uuid.UUID]EntryOrder), entriesOf: make(map[int64][]uuid.UUID),
		arrestsOf: make(map[int64][]string), accountsOf: make(map[string][]string),
		agenda: map[bool]*agenda{false: {}, true: {}},
	}
}

// Change implements Books.
func (m *memory) Change(ctx context.Context, want Want, f func(*Page) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := newPage()
	loadAll(&p.Instructions, m.instructions, want.Instructions)
	loadAll(&p.Debtors, m.debtors, want.Cases)
	for _, c := range want.Cases {
		loadAll(&p.Arrests, m.arrests, m.arrestsOf[c])
	}
	for _, person := range want.Persons {
		loadAll(&p.Accounts, m.accounts, m.accountsOf[person])
	}
	if len(want.Persons) > 0 { // an order may name another person than its arrest: load the arrest's account too
		for _, a := range p.Arrests.rows {
			loadAll(&p.Accounts, m.accounts, []string{a.Account})
		}
	}
	loadAll(&p.Entries, m.entries, want.Entries)
	for _, c := range want.EntryCases {
		loadAll(&p.Entries, m.entries, m.entriesOf[c])
	}
	loadAll(&p.Messages, m.messages, want.Messages)
	loadAll(&p.Payments, m.payments, want.Payments)
	loadAll(&p.Items, m.items, want.Items)
	loadAll(&p.Checkouts, m.checkouts, want.Checkouts)
	if err := f(p); err != nil {
		return err
	}
	m.write(p)
	return nil
}

func loadAll[K, V comparable](s *Shelf[K, V], from map[K]V, keys []K) {
	for _, k := range keys {
		if v, ok := from[k]; ok {
			s.load(v)
		}
	}
}

// write keeps what changed. As in the database, a new row never replaces one that is there.
func (m *memory) write(p *Page) {
	for _, v := range p.Arrests.changed() {
		if _, known := m.arrests[v.Key]; !known {
			m.arrestsOf[v.CaseID] = append(m.arrestsOf[v.CaseID], v.Key)
		}
		put(m.arrests, &p.Arrests, v)
	}
	for _, v := range p.Accounts.changed() {
		if _, known := m.accounts[v.IBAN]; !known {
			m.accountsOf[v.Person] = append(m.accountsOf[v.Person], v.IBAN)
		}
		put(m.accounts, &p.Accounts, v)
	}
	for _, v := range p.Items.changed() {
		_, known := m.items[v.Key]
		old, loaded := p.Items.was[v.Key]
		if known && !loaded {
			continue
		}
		if v.HandedAt.IsZero() && (!known || !old.At.Equal(v.At)) {
			heap.Push(m.agenda[v.Inner], slot{v.At, v.Key})
		}
		m.items[v.Key] = v
	}
	for _, v := range p.Entries.changed() {
		if _, known := m.entries[v.ID]; !known {
			m.entriesOf[v.CaseID] = append(m.entriesOf[v.CaseID], v.ID)
		}
		put(m.entries, &p.Entries, v)
	}
	putAll(m.instructions, &p.Instructions)
	putAll(m.debtors, &p.Debtors)
	putAll(m.messages, &p.Messages)
	putAll(m.payments, &p.Payments)
	putAll(m.wrongs, &p.Wrongs)
	putAll(m.checkouts, &p.Checkouts)
}

func putAll[K, V comparable](into map[K]V, s *Shelf[K, V]) {
	for _, v := range s.changed() {
		put(into, s, v)
	}
}

func put[K, V comparable](into map[K]V, s *Shelf[K, V], v V) {
	k := s.key(&v)
	_, loaded := s.was[k]
	if _, known := into[k]; !known || loaded {
		into[k] = v
	}
}

// Due implements Books.
func (m *memory) Due(ctx context.Context, q DueQuery) ([]Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.agenda[q.Inner]
	var out []Item
	var back []slot
	for len(*a) > 0 && len(out) < q.Limit && !(*a)[0].at.After(q.Now) {
		s := heap.Pop(a).(slot)
		it, open := m.open(s)
		if !open {
			continue
		}
		if len(back) > 0 && back[len(back)-1] == s {
			continue
		}
		back = append(back, s)
		if s.after(q.AfterAt, q.AfterKey) {
			out = append(out, it)
		}
	}
	for _, s := range back {
		heap.Push(a, s)
	}
	return out, nil
}

// open gives the item of a slot, unless it was handed or moved since.
func (m *memory) open(s slot) (Item, bool) {
	it := m.items[s.key]
	return it, it.HandedAt.IsZero() && it.At.Equal(s.at)
}

// Next implements Books.
func (m *memory) Next(ctx context.Context) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var next time.Time
	found := false
	for _, a := range m.agenda {
		for len(*a) > 0 {
			s := (*a)[0]
			if _, open := m.open(s); open {
				if !found || s.at.Before(next) {
					next, found = s.at, true
				}
				break
			}
			heap.Pop(a)
		}
	}
	return next, found, nil
}

// All implements Books.
func (m *memory) All(ctx context.Context) (*Page, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := newPage()
	shelve(&p.Instructions, m.instructions)
	shelve(&p.Arrests, m.arrests)
	shelve(&p.Accounts, m.accounts)
	shelve(&p.Debtors, m.debtors)
	shelve(&p.Messages, m.messages)
	shelve(&p.Payments, m.payments)
	shelve(&p.Wrongs, m.wrongs)
	shelve(&p.Entries, m.entries)
	shelve(&p.Checkouts, m.checkouts)
	for _, it := range m.items {
		if it.HandedAt.IsZero() {
			p.Items.load(it)
		}
	}
	return p, nil
}

func shelve[K, V comparable](s *Shelf[K, V], from map[K]V) {
	for _, v := range from {
		s.load(v)
	}
}

// slot is the place of an item in the agenda.
type slot struct {
	at  time.Time
	key string
}

func (s slot) after(at time.Time, key string) bool {
	return cmp.Or(s.at.Compare(at), cmp.Compare(s.key, key)) > 0
}

// agenda is a heap of slots by time and key. A slot whose item was handed or moved is dropped when it comes up.
type agenda []slot

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[j].after(a[i].at, a[i].key) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { *a = append(*a, x.(slot)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = slices.Delete(*a, len(*a)-1, len(*a))
	return last
}
