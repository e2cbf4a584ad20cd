package main

import (
	"net/http"
	"net/netip"
	"os"
	"strings"

	"robotbailiff/internal/web/ui"
)

// proxies tells who asks, behind the proxies of BAILIFF_PROXIES: addresses or networks, separated by commas. Without them it is the address of
// the connection, so that behind a proxy all visitors would share the bounds of one.
func proxies() (func(*http.Request) string, error) {
	var nets []netip.Prefix
	for _, s := range strings.FieldsFunc(os.Getenv("BAILIFF_PROXIES"), func(r rune) bool { return r == ',' || r == ' ' }) {
		net, err := netip.ParsePrefix(s)
		if err != nil {
			address, err := netip.ParseAddr(s)
			if err != nil {
				return nil, usagef("BAILIFF_PROXIES: %q is neither an address nor a network such as 10.0.0.0/8", s)
			}
			net = netip.PrefixFrom(address, address.BitLen())
		}
		nets = append(nets, net.Masked())
	}
	return ui.ClientIP(nets), nil
}
