package smsc

import (
	"sync"
	"time"
)

// account is a system_id: its receipts wait here until one of its sessions may bring them.
type account struct {
	name, password string

	mu       sync.Mutex
	waiting  queue[*receipt]
	sessions map[*session]bool // that receive
}

// push has receipts brought when they are due.
func (a *account) push(now time.Time, rs ...due) {
	if len(rs) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range rs {
		a.waiting.push(now.Add(r.after), r.receipt)
	}
	for s := range a.sessions {
		s.poke()
	}
}

// due is a receipt that comes after a while.
type due struct {
	receipt *receipt
	after   time.Duration
}

func (a *account) pop(now time.Time) (*receipt, time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting.pop(now)
}

func (a *account) join(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[s] = true
}

func (a *account) leave(s *session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, s)
}
