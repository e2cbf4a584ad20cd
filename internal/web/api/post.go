package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"robotbailiff/internal/app/feed"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/webhook"
)

// postTimeout bounds one message, from the look-up of the name to the last byte of the answer.
const postTimeout = 15 * time.Second

var errAddress = errors.New("api: the webhook's address is not public: outside of a sandbox only https to public addresses is told")

// Poster tells messages to webhooks, signed after Standard Webhooks. It follows no redirect and uses no proxy, and looks at
// the very address that is connected to, so that no name can lead it into our own network. In a sandbox it speaks to this
// machine alone.
func Poster(sandbox bool) feed.Post {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !reachable(to.Addr(), sandbox) {
			return errAddress
		}
		return nil
	}}
	client := &http.Client{
		Timeout:       postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
		},
	}
	return func(ctx context.Context, m feed.Message) (int, error) { return post(ctx, client, m, sandbox) }
}

// notPublic are ranges that net/netip does not name: shared addresses of providers, tests, protocols, and the ways to
// write an IPv4 address in an IPv6 one.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
}

func reachable(ip netip.Addr, sandbox bool) bool {
	ip = ip.Unmap()
	if sandbox {
		return ip.IsLoopback()
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

func post(ctx context.Context, client *http.Client, m feed.Message, sandbox bool) (int, error) {
	to, err := url.Parse(m.URL)
	if err != nil || to.Scheme != "https" && !sandbox {
		return 0, errAddress
	}
	signer, err := webhook.NewSigner(m.Secret)
	if err != nil {
		return 0, errors.New("api: the webhook secret cannot be used: make a new one with bailiff source key NAME --webhook")
	}
	now, err := clock.System().Now(ctx) // receivers compare it with their own clock
	if err != nil {
		return 0, err
	}
	header, err := signer.Sign(m.ID, now, m.Body)
	if err != nil {
		return 0, fmt.Errorf("api: sign a webhook: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return 0, errAddress
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "robot-bailiff")
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("api: webhook: %w", err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 16<<10) // the status is all that counts
	return resp.StatusCode, resp.Body.Close()
}
