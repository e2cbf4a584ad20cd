package smsc

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Counts is what has happened so far.
type Counts struct {
	Binds, BindsRefused int
	Submitted           int            // submit_sm, whatever came of them
	Taken               int            // parts
	ByStatus            map[Status]int // answers to submit_sm; of what got no answer, what it would have been
	Unanswered          int            // silence, or an end of the connection
	Messages            int            // that are whole: all of their parts were taken
	Repeated            int            // parts that came again under the reference of a message that is not whole
	Receipts            map[State]int  // that were brought, each counted once
	Again               int            // receipts that were brought once more
	Thanked             int            // receipts that a client has taken
	Refused             int            // receipts that a client does not want, for good
	Waiting             int            // receipts that are to be brought, or have no answer yet
	Odd                 int            // units that were answered with generic_nack, or ended a connection
}

// Message is what was taken, put together from its parts.
type Message struct {
	Account, From, To string
	Text              string   // of the parts that are there, in order
	IDs               []string // of the parts; empty where one is missing
	States            []State  // of the parts, as they are now; zero where nothing is known
}

// Whole says that all parts are there.
func (m Message) Whole() bool { return !slices.Contains(m.IDs, "") }

// key is what a phone puts parts together by.
type key struct {
	account, from, to string
	reference         uint16
	of                int
}

// kept is a part in the books.
type kept struct {
	Submission

	steps []step
}

// state is what the centre knows of a part at a moment.
func (k *kept) state(now time.Time) (last step) {
	for _, s := range k.steps {
		if !s.at.After(now) && !s.at.Before(last.at) {
			last = s
		}
	}
	return last
}

// together is a message that is being put together.
type together struct {
	parts []*kept
	left  int // parts that are missing
}

// maxOpen is how many messages may be incomplete where only counts are kept.
const maxOpen = 10_000

// book is what the centre knows of itself.
type book struct {
	countOnly bool
	ref       func(Message) string

	mu       sync.Mutex
	counts   Counts
	made     int     // receipts
	all      []*kept // in the order in which they came; what was refused as well
	byID     map[string]*kept
	open     map[key]*together
	messages []*together
	refs     map[string]int
}

func newBook(countOnly bool, ref func(Message) string) *book {
	return &book{
		countOnly: countOnly, ref: ref, counts: Counts{ByStatus: map[Status]int{}, Receipts: map[State]int{}},
		byID: map[string]*kept{}, open: map[key]*together{}, refs: map[string]int{},
	}
}

// count changes the counts.
func (b *book) count(f func(c *Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.counts)
}

// add writes a submission down, and how many receipts it will have.
func (b *book) add(s Submission, c Conduct, plan []step, receipts int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.Submitted++
	b.made += receipts
	b.counts.ByStatus[s.Status]++
	if c.Silent || c.Drop {
		b.counts.Unanswered++
	}
	k := &kept{Submission: s, steps: plan}
	if !b.countOnly {
		b.all = append(b.all, k)
	}
	if s.Status != OK {
		return
	}
	b.counts.Taken++
	if !b.countOnly {
		b.byID[s.ID] = k
	}
	b.assemble(k)
}

// assemble adds a part to its message.
func (b *book) assemble(k *kept) {
	if k.Of == 1 {
		b.whole(&together{parts: []*kept{k}}, true)
		return
	}
	name := key{k.Account, k.From.Number, k.To.Number, k.Reference, k.Of}
	m := b.open[name]
	if m == nil {
		if b.countOnly && len(b.open) >= maxOpen {
			for other := range b.open { // one has to go, and none is better than another
				delete(b.open, other)
				break
			}
		}
		m = &together{parts: make([]*kept, k.Of), left: k.Of}
		b.open[name] = m
		if !b.countOnly {
			b.messages = append(b.messages, m)
		}
	}
	if m.parts[k.Number-1] != nil {
		b.counts.Repeated++
	} else {
		m.left--
	}
	m.parts[k.Number-1] = k
	if m.left == 0 {
		delete(b.open, name)
		b.whole(m, false)
	}
}

func (b *book) whole(m *together, fresh bool) {
	b.counts.Messages++
	if fresh && !b.countOnly {
		b.messages = append(b.messages, m)
	}
	if b.ref != nil {
		b.refs[b.ref(m.message(time.Time{}))]++
	}
}

// message is how it looks at a moment.
func (t *together) message(now time.Time) (m Message) {
	var words strings.Builder
	for _, p := range t.parts {
		if p == nil {
			m.IDs, m.States = append(m.IDs, ""), append(m.States, 0)
			continue
		}
		m.Account, m.From, m.To = p.Account, p.From.Number, p.To.Number
		m.IDs, m.States = append(m.IDs, p.ID), append(m.States, p.state(now).State)
		words.WriteString(p.Text)
	}
	m.Text = words.String()
	return m
}

// submissions gives what came for a number, refused or not.
func (b *book) submissions(to string) (out []Submission) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.all {
		if to == "" || k.To.Number == to {
			out = append(out, k.Submission)
		}
	}
	return out
}

func (b *book) take(to string, now time.Time) (out []Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.messages {
		m := t.message(now)
		if to == "" || m.To == to {
			out = append(out, m)
		}
	}
	return out
}

// find gives a part by the number of its answer.
func (b *book) find(id string) (*kept, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.byID[id]
	return k, ok
}

func (b *book) copyCounts() Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.counts
	c.Waiting = b.made - c.Thanked - c.Refused
	c.ByStatus, c.Receipts = maps.Clone(c.ByStatus), maps.Clone(c.Receipts)
	return c
}

func (b *book) copyRefs() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.refs)
}
