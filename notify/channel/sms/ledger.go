package sms

import (
	"slices"
	"sync"
)

// maxRemembered is how many messages are remembered; the oldest go first.
const maxRemembered = 200_000

// number is that of a part at a centre: as receipts write it, with the account it belongs to, and as the centre answered and wants to
// be asked. They differ where a centre counts in two ways. Both are empty where there was no answer.
type number struct{ name, raw string }

// ledger remembers under which numbers the centre knows the parts of a message, so that it can be asked about them. What became
// of them is not its matter: receipts find their notice in the database.
type ledger struct {
	mu    sync.Mutex
	ids   map[string][]number // by our reference, in the order of the parts
	order []string            // of references, oldest first
}

func newLedger() *ledger { return &ledger{ids: map[string][]number{}} }

// keep notes the parts of the last attempt.
func (l *ledger) keep(ref string, ids []number) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, again := l.ids[ref]; !again {
		l.order = append(l.order, ref)
	}
	l.ids[ref] = slices.Clone(ids)
	for len(l.order) > maxRemembered {
		delete(l.ids, l.order[0])
		l.order = l.order[1:]
	}
}

// of gives the numbers of the parts of a message; nil when it is not remembered.
func (l *ledger) of(ref string) []number {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids[ref])
}
