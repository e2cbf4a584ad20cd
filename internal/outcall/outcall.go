// Package outcall makes HTTP requests to systems of others (gateways of channels, banks), and tells exactly what became of each:
// whether it had left when it failed. It bounds how many are under way and how many begin in a second, and keeps still while the
// other side wants it or seems to be dead.
//
// It must not know a channel, a notice, an order or what an answer means, repeat a request, or follow a redirect: a second request
// is a second message or a second order, and only its caller may decide about one.
package outcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"robotbailiff/internal/clock"
)

var (
	// ErrNoAnswer says that the request may have reached the gateway, and that no whole answer came back. Every other error of
	// [Caller.Do] says that nothing has left.
	ErrNoAnswer = errors.New("no_answer")
	// ErrNotSent says that nothing has left, for want of a connection.
	ErrNotSent = errors.New("not_sent")
	// ErrNoTime says that nothing has left, since the caller had no time any more, or too little for an answer.
	ErrNoTime = errors.New("no_time")
	// ErrPaused says that nothing has left, since the gateway had asked for some quiet, or seems to be dead.
	ErrPaused = errors.New("paused")
	// ErrAddress says that an address cannot be used.
	ErrAddress = errors.New("an address is https://HOST[:PORT][/PATH]; http:// is for this machine alone")
)

// Config says how a gateway is called. Nothing of it may be left out but the transport and what pauses are measured by.
type Config struct {
	Abreast   int           // requests under way at most
	Rate      int           // requests begun in a second at most
	Within    time.Duration // from the connection to the last byte of an answer
	MaxAnswer int64         // bytes of an answer
	Transport http.RoundTripper
	Since     func() time.Duration // some start, for pauses; nil: the computer's own stopwatch
}

// Caller makes requests. It is safe for concurrent use.
type Caller struct {
	cfg    Config
	client http.Client
	slots  chan struct{}
	limit  *rate.Limiter
	since  func() time.Duration // the start, for pauses

	silent atomic.Int32 // requests in a row that nobody answered

	mu    sync.Mutex
	until time.Duration // of the pause
}

// New makes a caller.
func New(cfg Config) *Caller {
	if cfg.Transport == nil {
		cfg.Transport = Transport(cfg.Abreast)
	}
	if cfg.Since == nil {
		cfg.Since = clock.StartStopwatch().Elapsed
	}
	return &Caller{
		cfg: cfg, slots: make(chan struct{}, cfg.Abreast), limit: rate.NewLimiter(rate.Limit(cfg.Rate), max(1, cfg.Rate/10)), since: cfg.Since,
		client: http.Client{Transport: cfg.Transport, CheckRedirect: Stay},
	}
}

// Transport is how gateways are reached: over TLS that is checked, through the proxy of the environment where there is one.
func Transport(abreast int) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second,
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: abreast, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
	}
}

// Stay follows no redirect: what was meant for one address is not told to another.
func Stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Answer is what came back, whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do waits for its turn, lets the request be made then, and sends it once. It does not begin what could not be answered before the
// end of ctx. An error of prepare is given back as it is: nothing has left.
func (c *Caller) Do(ctx context.Context, prepare func(context.Context) (*http.Request, error)) (a Answer, err error) {
	if c.paused() {
		return a, ErrPaused
	}
	begin, cancel := clock.Before(ctx, c.cfg.Within)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
	case <-begin.Done():
		return a, fmt.Errorf("%w: %w", ErrNoTime, begin.Err())
	}
	defer func() { <-c.slots }()
	if err := c.limit.Wait(begin); err != nil {
		return a, fmt.Errorf("%w: %w", ErrNoTime, err)
	}
	if c.paused() { // meanwhile
		return a, ErrPaused
	}
	ctx, stop := context.WithTimeout(ctx, c.cfg.Within)
	defer stop()
	left := &departure{}
	req, err := prepare(left.watch(ctx))
	if err != nil {
		return a, err
	}
	resp, err := c.client.Do(req)
	if err == nil {
		c.silent.Store(0)
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) { // that is the caller's doing
			c.missed()
		}
		if left.begun.Load() {
			return a, fmt.Errorf("%w: %w", ErrNoAnswer, err)
		}
		return a, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer func() { _ = resp.Body.Close() }()
	a = Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, c.cfg.MaxAnswer+1))
	if err == nil && int64(len(a.Body)) > c.cfg.MaxAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	return a, nil
}

// Code is what is kept of an error: one of ours or of others that are known, never an address.
func Code(err error, others ...error) string {
	for _, known := range append([]error{ErrPaused, ErrNoTime, ErrNotSent, ErrNoAnswer}, others...) {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "failed"
}

// departure notes whether a request has begun to leave.
type departure struct{ begun atomic.Bool }

// watch has the transport tell. It looks for another connection by itself only after one that had ended before the request, or
// whose peer says that it did not look at it, as long as no header calls the request repeatable; then nothing has left yet.
func (d *departure) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:          func(string) { d.begun.Store(false) },
		WroteHeaderField: func(string, []string) { d.begun.Store(true) },
		WroteHeaders:     func() { d.begun.Store(true) },
	})
}

// Base reads the address of a gateway. Secrets and texts travel there, so that it is https; a test on this machine may do without.
func Base(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, ErrAddress // the error of url.Parse would hold all of it
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())) {
		return nil, ErrAddress
	}
	return u, nil
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
