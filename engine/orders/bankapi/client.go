package bankapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
)

// Config is what one bank needs. What has no "may be nil" or "0:" has to be there.
type Config struct {
	Name     string // short, stable: it is in order ids
	URL      string // what is before /v1: https://HOST[:PORT][/PATH]
	Encoding wire.Encoding
	TLS      *tls.Config // see [Files]
	Signer   *wire.Signer
	Verifier *wire.Verifier

	Batch   int           // orders, ids or persons of one request; 0: 500, which is the most
	Abreast int           // requests under way at most, for what takes and for what gives back each; 0: 4
	Rate    int           // requests a second at most, likewise; 0: 20
	Within  time.Duration // from the connection to the last byte of an answer; 0: 30 s

	// Keep keeps what a bank has signed. When it fails, the answer is not given on, and its orders stay unknown.
	Keep func(ctx context.Context, e wire.Evidence) error
	// Report is told of everything that was not believed; it is worth a person's look. May be nil.
	Report  func(ctx context.Context, f wire.Finding)
	Observe func(what, outcome string, n int) // for metrics; may be nil

	Clock     clock.Clock          // of messages: the world's, not the law's
	Transport http.RoundTripper    // nil: the network, by TLS
	Since     func() time.Duration // what pauses are measured by; nil: the computer's own stopwatch
}

// Client implements orders.Peer over HTTP. Any number of callers may use it.
type Client struct {
	cfg  Config
	base *url.URL
	take lane // what takes, and what only asks
	give lane // what gives back: nothing else may stand in its way
}

var _ orders.Peer = (*Client)(nil)

// New checks the settings. Nothing is connected before the first call.
func New(cfg Config) (*Client, error) {
	base, err := outcall.Base(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("bank %s: url: %w", cfg.Name, err)
	}
	switch {
	case !wire.ValidBank(cfg.Name):
		err = errors.New("name: a Latin small letter, then up to 31 small letters, digits, - or _")
	case !cfg.Encoding.Valid():
		err = errors.New("encoding: json or xml")
	case cfg.TLS == nil && base.Scheme == "https" && cfg.Transport == nil:
		err = errors.New("TLS: certificate, key and roots are missing")
	case cfg.Signer == nil || cfg.Verifier == nil:
		err = errors.New("keys: one to sign with and one of the bank are wanted")
	case cfg.Verifier.Knows(cfg.Signer.ID()):
		err = errors.New("keys: the key of the bank is our own, so that its answers could be ours")
	case cfg.Keep == nil || cfg.Clock == nil:
		err = errors.New("somebody who keeps what the bank signs, and a clock, are wanted")
	case cfg.Batch < 0 || cfg.Batch > wire.MaxOrders || cfg.Abreast < 0 || cfg.Rate < 0 || cfg.Within < 0:
		err = fmt.Errorf("bounds: a request holds 1 to %d orders, and none is negative", wire.MaxOrders)
	}
	if err != nil {
		return nil, fmt.Errorf("bank %s: %w", cfg.Name, err)
	}
	cfg.defaults()
	if cfg.Transport == nil {
		settings := cfg.TLS
		if settings == nil {
			settings = &tls.Config{MinVersion: tls.VersionTLS12} // a test on this machine, without TLS
		}
		cfg.Transport = transport(base, settings, 2*cfg.Abreast)
	}
	c := &Client{cfg: cfg, base: base}
	for _, l := range []*lane{&c.take, &c.give} {
		l.calls = outcall.New(outcall.Config{
			Abreast: cfg.Abreast, Rate: cfg.Rate, Within: cfg.Within, MaxAnswer: wire.MaxBody, Transport: cfg.Transport, Since: cfg.Since,
		})
	}
	return c, nil
}

func (cfg *Config) defaults() {
	for _, d := range []struct {
		value *int
		usual int
	}{{&cfg.Batch, wire.MaxOrders}, {&cfg.Abreast, 4}, {&cfg.Rate, 20}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if cfg.Within == 0 {
		cfg.Within = 30 * time.Second
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	if cfg.Report == nil {
		cfg.Report = func(context.Context, wire.Finding) {}
	}
}

// Ready says, without a call, how the last requests went: three in a row without an answer that counts, and the bank cannot be reached.
// What gives back and what takes are looked at apart.
func (c *Client) Ready(context.Context) error {
	for _, l := range []*lane{&c.give, &c.take} {
		if last := l.last.Load(); last != nil && l.bad.Load() >= unreachedAfter {
			return last
		}
	}
	return nil
}

// Name is the bank's.
func (c *Client) Name() string { return c.cfg.Name }
