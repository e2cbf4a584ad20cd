package portal

import (
	"cmp"
	"net/http"
	"net/netip"
	"time"

	"robotbailiff/internal/web/ui"
)

// Bounds of answers a minute, at all doors together.
const (
	gateTries    = 20
	networkTries = 200
)

// limits bounds how often one address, and one network, may try a door. A try that is refused for its address does not count for
// its network, so that one loud visitor does not shut the neighbours out.
type limits struct {
	addresses, networks *ui.Limiter
	who                 func(*http.Request) string
	observe             func(what string)
}

// newLimits makes the bounds of one kind of door; tries is how many answers one address may give a minute, 0: twenty.
func newLimits(c Config, tries int) *limits {
	l := &limits{
		addresses: ui.NewLimiter(cmp.Or(tries, gateTries), time.Minute), networks: ui.NewLimiter(cmp.Or(c.NetworkTries, networkTries), time.Minute),
		who: c.ClientIP, observe: c.Observe,
	}
	if l.who == nil {
		l.who = ui.RemoteAddress
	}
	if l.observe == nil {
		l.observe = func(string) {}
	}
	return l
}

// allow counts a try and says whether it may be looked at.
func (l *limits) allow(r *http.Request) bool {
	address, network := places(l.who(r))
	switch {
	case !l.addresses.Allow(address):
		l.observe("limited_address")
	case !l.networks.Allow(network):
		l.observe("limited_network")
	default:
		return true
	}
	return false
}

// places gives what counts as one address and as one network: of IPv6 a subscriber has at least 64 bits, and a house 48.
func places(s string) (address, network string) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return s, s
	}
	a = a.Unmap().WithZone("")
	one, many := 32, 24
	if a.Is6() {
		one, many = 64, 48
	}
	prefix := func(bits int) string {
		p, _ := a.Prefix(bits) // the numbers fit
		return p.String()
	}
	return prefix(one), prefix(many)
}
