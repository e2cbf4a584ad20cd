package ui

import (
	"net"
	"net/http"
	"sync"
	"time"

	"robotbailiff/internal/clock"
)

// Limiter bounds how often one address may do something, per process. It forgets everything at the end of each window,
// so it holds no more than one window's addresses.
type Limiter struct {
	most   int
	window time.Duration
	watch  clock.Stopwatch

	mu     sync.Mutex
	number int64 // of the window
	seen   map[string]int
}

// NewLimiter allows most acts per address and window.
func NewLimiter(most int, window time.Duration) *Limiter {
	return &Limiter{most: most, window: window, watch: clock.StartStopwatch(), seen: map[string]int{}}
}

// Allow counts an act and says whether it may be done.
func (l *Limiter) Allow(address string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := int64(l.watch.Elapsed() / l.window); n != l.number {
		l.number, l.seen = n, map[string]int{}
	}
	l.seen[address]++
	return l.seen[address] <= l.most
}

// RemoteAddress is the address a request came from, without its port. Behind a proxy the program configures another way.
func RemoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
