package ui_test

import (
	"net/http"
	"net/netip"
	"testing"

	"robotbailiff/internal/web/ui"
)

// Only our own proxies are believed, and only what they have added themselves.
func TestClientIP(t *testing.T) {
	t.Parallel()
	who := ui.ClientIP([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})
	for name, c := range map[string]struct {
		from string
		said []string
		want string
	}{
		"no proxy":                  {"203.0.113.7:1", nil, "203.0.113.7"},
		"no proxy of ours":          {"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		"one proxy":                 {"10.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"a visitor who makes it up": {"10.0.0.1:1", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"two proxies":               {"10.0.0.1:1", []string{"198.51.100.1, 203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		"IPv6":                      {"[fd00::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		"IPv4 within IPv6":          {"[::ffff:10.0.0.1]:1", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy that says nothing": {"10.0.0.1:1", nil, "10.0.0.1"},
		"nonsense":                  {"10.0.0.1:1", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.from, Header: http.Header{"X-Forwarded-For": c.said}}
		if got := who(r); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
