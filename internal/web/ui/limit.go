package ui

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
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

// ClientIP gives a way to tell who asks when the site lies behind proxies of ours: the address of the connection, or, where that is one of
// them, the last one in X-Forwarded-For that is not. What a visitor writes there stands before what our proxies add, and is not read.
func ClientIP(proxies []netip.Prefix) func(*http.Request) string {
	return func(r *http.Request) string {
		at := RemoteAddress(r)
		said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(said) - 1; i >= 0 && within(proxies, at); i-- {
			next, err := netip.ParseAddr(strings.TrimSpace(said[i]))
			if err != nil {
				break
			}
			at = next.String()
		}
		return at
	}
}

func within(nets []netip.Prefix, address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// RemoteAddress is the address a request came from, without its port. Behind a proxy that is the proxy's, see [ClientIP].
func RemoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
