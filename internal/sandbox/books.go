package sandbox

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// MaxBatch is the most that one call to the world may hold.
const MaxBatch = 2000

// Books keep the truth of the world. The two implementations behave alike; a test compares them.
type Books interface {
	// Change loads what is wanted, lets f decide on it and writes what f changed, in one commit. Changes happen one after
	// the other. When f fails, nothing is written. f may be called again and must depend on its page alone.
	Change(ctx context.Context, want Want, f func(*Page) error) error
	// Due lists items that are not yet handed and due up to a moment, by time and key, after a position.
	Due(ctx context.Context, q DueQuery) ([]Item, error)
	// Next is when the next item is due, handed ones excepted.
	Next(ctx context.Context) (time.Time, bool, error)
	// All reads everything except items that are handed, for the oracle.
	All(ctx context.Context) (*Page, error)
}

// DueQuery selects items.
type DueQuery struct {
	Now      time.Time
	Inner    bool
	AfterAt  time.Time // the position of the last item seen
	AfterKey string
	Limit    int
}

// Want names the rows of a change. Arrests come with their case, accounts with their person.
type Want struct {
	Instructions []uuid.UUID
	Cases        []int64
	Persons      []string
	Messages     []string
	Payments     []string
	Items        []string
	Entries      []uuid.UUID // orders about the register, and those of EntryCases
	EntryCases   []int64
	Checkouts    []uuid.UUID
}

// Shelf is the rows of one table inside a change.
type Shelf[K comparable, V comparable] struct {
	rows map[K]*V
	was  map[K]V
	key  func(*V) K
}

func newShelf[K comparable, V comparable](key func(*V) K) Shelf[K, V] {
	return Shelf[K, V]{rows: make(map[K]*V), was: make(map[K]V), key: key}
}

// Get gives a row to read or to change, nil when there is none.
func (s *Shelf[K, V]) Get(k K) *V { return s.rows[k] }

// Add puts a row unless its key is taken, and gives the row that stands there.
func (s *Shelf[K, V]) Add(v V) *V {
	k := s.key(&v)
	if old := s.rows[k]; old != nil {
		return old
	}
	s.rows[k] = &v
	return &v
}

// load puts a row as it is in the books.
func (s *Shelf[K, V]) load(v V) {
	k := s.key(&v)
	s.was[k] = v
	s.rows[k] = &v
}

// changed gives the rows that are new or differ.
func (s *Shelf[K, V]) changed() []V {
	var out []V
	for k, v := range s.rows {
		if old, known := s.was[k]; !known || old != *v {
			out = append(out, *v)
		}
	}
	return out
}

// Page is the part of the books that one change sees.
type Page struct {
	Instructions Shelf[uuid.UUID, Instruction]
	Arrests      Shelf[string, Arrest]
	Accounts     Shelf[string, Account]
	Debtors      Shelf[int64, Debtor]
	Messages     Shelf[string, Message]
	Payments     Shelf[string, Payment]
	Items        Shelf[string, Item]
	Wrongs       Shelf[string, Wrong]
	Entries      Shelf[uuid.UUID, EntryOrder]
	Checkouts    Shelf[uuid.UUID, Checkout]

	planned func(Item) // told of every new item
}

func newPage() *Page {
	return &Page{
		Instructions: newShelf(func(v *Instruction) uuid.UUID { return v.ID }),
		Arrests:      newShelf(func(v *Arrest) string { return v.Key }),
		Accounts:     newShelf(func(v *Account) string { return v.IBAN }),
		Debtors:      newShelf(func(v *Debtor) int64 { return v.CaseID }),
		Messages:     newShelf(func(v *Message) string { return v.Key }),
		Payments:     newShelf(func(v *Payment) string { return v.Key }),
		Items:        newShelf(func(v *Item) string { return v.Key }),
		Wrongs:       newShelf(func(v *Wrong) string { return v.Key }),
		Entries:      newShelf(func(v *EntryOrder) uuid.UUID { return v.ID }),
		Checkouts:    newShelf(func(v *Checkout) uuid.UUID { return v.ID }),
	}
}

// debtor gives the debtor's file of a case, a fresh one if need be.
func (p *Page) debtor(caseID int64) *Debtor { return p.Debtors.Add(Debtor{CaseID: caseID}) }

// schedule puts an item into the agenda; one that is there already, handed or not, stays as it is.
func (p *Page) schedule(it Item) {
	if p.Items.Get(it.Key) != nil {
		return
	}
	it.At = instant(it.At)
	p.Items.Add(it)
	if p.planned != nil {
		p.planned(it)
	}
}

func (p *Page) wrong(key, invariant string, caseID int64, detail string, at time.Time) {
	p.Wrongs.Add(Wrong{Key: key, Invariant: invariant, CaseID: caseID, Detail: detail, At: at})
}
