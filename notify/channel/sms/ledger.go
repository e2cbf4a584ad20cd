package sms

import (
	"slices"
	"sync"
)

// maxRemembered is how many messages are remembered; the oldest go first.
const maxRemembered = 200_000

// ledger remembers under which numbers the centre knows the parts of a message, so that it can be asked about them. What became
// of them is not its matter: receipts find their notice in the database.
type ledger struct {
	mu    sync.Mutex
	ids   map[string][]string // by our reference, in the order of the parts; empty where there was no answer
	order []string            // of references, oldest first
}

func newLedger() *ledger { return &ledger{ids: map[string][]string{}} }

// keep notes the parts of the last attempt.
func (l *ledger) keep(ref string, ids []string) {
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
func (l *ledger) of(ref string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ids[ref])
}
