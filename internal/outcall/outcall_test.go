package outcall

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func caller(t *testing.T, transport http.RoundTripper) *Caller {
	t.Helper()
	return New(Config{Abreast: 4, Rate: 1000, Within: 10 * time.Second, MaxAnswer: 1000, Transport: transport})
}

func to(address string) func(context.Context) (*http.Request, error) {
	return func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(`{"a":1}`))
	}
}

// listen gives the address of a server that does as it likes with its connections.
func listen(t *testing.T, serve func(n int, conn net.Conn)) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for n := 1; ; n++ {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serve(n, conn); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); all.Wait() })
	return ln.Addr().String()
}

func readRequest(conn net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

func TestDo_tellsWhetherAnythingHasLeft(t *testing.T) {
	t.Parallel()
	broken := httptest.NewTLSServer(http.NotFoundHandler()) // nobody here knows its certificate
	broken.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(broken.Close)
	for name, c := range map[string]struct {
		address string
		want    error
	}{
		"closed port":           {"http://127.0.0.1:1/", ErrNotSent},
		"unknown certificate":   {broken.URL, ErrNotSent},
		"no TLS":                {"https://" + listen(t, func(_ int, c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 400 Bad\r\n\r\n") }), ErrNotSent},
		"closed after it":       {"http://" + listen(t, func(_ int, c net.Conn) { readRequest(c) }), ErrNoAnswer},
		"half an answer's head": {"http://" + listen(t, func(_ int, c net.Conn) { readRequest(c); _, _ = io.WriteString(c, "HTTP/1.1 200") }), ErrNoAnswer},
		"half an answer's body": {"http://" + listen(t, func(_ int, c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		}), ErrNoAnswer},
		"no HTTP": {"http://" + listen(t, func(_ int, c net.Conn) { readRequest(c); _, _ = io.WriteString(c, "220 mail.example\r\n") }), ErrNoAnswer},
		"too long an answer": {"http://" + listen(t, func(_ int, c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 1001))
		}), ErrNoAnswer},
	} {
		a, err := caller(t, nil).Do(t.Context(), to(c.address))
		if !errors.Is(err, c.want) || a.Status != 0 {
			t.Errorf("%s: %d %v", name, a.Status, err)
		}
		if errors.Is(c.want, ErrNotSent) && errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A connection that has ended while nobody used it is the usual end of a connection. What comes next has not left over it.
func TestDo_connectionThatHadEndedHasTakenNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second bool // somebody is there again
		want   error
	}{"back": {true, nil}, "away": {false, ErrNotSent}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			closed, over := make(chan struct{}), make(chan struct{})
			t.Cleanup(func() { close(over) })
			address := listen(t, func(n int, conn net.Conn) {
				readRequest(conn)
				requests.Add(1)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			})
			transport := Transport(1)
			dial := transport.DialContext
			dials := 0
			transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials++; dials > 1 && !c.second {
					return nil, errors.New("nobody is there")
				}
				conn, err := dial(ctx, network, addr)
				if err != nil || dials > 1 {
					return conn, err
				}
				return &ended{Conn: conn, closed: closed, over: over}, nil
			}
			call := caller(t, transport)
			if _, err := call.Do(t.Context(), to("http://"+address)); err != nil {
				t.Fatal(err)
			}
			<-closed
			_, err := call.Do(t.Context(), to("http://"+address))
			if !errors.Is(err, c.want) || errors.Is(err, ErrNoAnswer) {
				t.Errorf("%v", err)
			}
			if want := map[bool]int32{true: 2, false: 1}[c.second]; requests.Load() != want {
				t.Errorf("%d requests have arrived", requests.Load())
			}
		})
	}
}

// ended is a connection of which the transport does not hear that it has ended, before it writes.
type ended struct {
	net.Conn

	closed, over chan struct{}
	done         atomic.Bool
}

func (e *ended) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if err != nil && e.done.CompareAndSwap(false, true) {
		close(e.closed)
		<-e.over // it is not told
	}
	return n, err
}

func (e *ended) Write(p []byte) (int, error) {
	if e.done.Load() {
		return 0, net.ErrClosed
	}
	return e.Conn.Write(p)
}

func TestDo_cancelledBeforeAndAfter(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	call := caller(t, server.Client().Transport)
	for range 4 { // all slots
		call.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := call.Do(ctx, to(server.URL)); !errors.Is(err, ErrNoTime) {
		t.Errorf("no slot: %v", err)
	}
	<-call.slots
	if _, err := call.Do(ctx, to(server.URL)); !errors.Is(err, ErrNoTime) {
		t.Errorf("cancelled before: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	if _, err := call.Do(ctx, to(server.URL)); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("cancelled after: %v", err)
	}
	slow := New(Config{Abreast: 1, Rate: 1, Within: 10 * time.Millisecond, MaxAnswer: 10, Transport: server.Client().Transport})
	go func() { <-arrived }()
	if _, err := slow.Do(t.Context(), to(server.URL)); !errors.Is(err, ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("too slow: %v", err)
	}
	why := errors.New("not any more")
	if _, err := call.Do(t.Context(), func(context.Context) (*http.Request, error) { return nil, why }); !errors.Is(err, why) || errors.Is(err, ErrNoAnswer) {
		t.Errorf("not made: %v", err)
	}
}

func TestDo_followsNoRedirectAndKeepsItsBounds(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	together := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		if n := now.Add(1); n == 4 { // as many as may be
			close(together)
		} else if n > most.Load() {
			most.Store(n)
		}
		<-together
		now.Add(-1)
	}))
	t.Cleanup(server.Close)
	call := caller(t, nil)
	if a, err := call.Do(t.Context(), to(server.URL+"/moved")); err != nil || a.Status != http.StatusTemporaryRedirect {
		t.Errorf("%d %v", a.Status, err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if a, err := call.Do(t.Context(), to(server.URL)); err != nil || a.Status != http.StatusOK {
				t.Errorf("%d %v", a.Status, err)
			}
		})
	}
	all.Wait()
	if most.Load() > 4 || len(call.slots) != 0 {
		t.Errorf("%d at once, %d slots are kept", most.Load(), len(call.slots))
	}
}

func TestPause_keepsEverythingBackAndEnds(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	call := caller(t, nil)
	var at time.Duration
	call.since = func() time.Duration { return at }
	for _, step := range []struct {
		pause, then time.Duration
		paused      bool
	}{
		{-time.Hour, pauseLeast - 1, true}, // no less than a second
		{0, 2*pauseLeast - 2, true},        // from then on
		{0, 10 * pauseLeast, false},
		{time.Minute, 69 * time.Second, true},
		{time.Second, 70*time.Second - 1, true},               // the longer one counts
		{time.Hour, 70*time.Second - 1 + pauseMost - 1, true}, // and never more than ten minutes
		{0, 20 * time.Minute, false},
	} {
		call.Pause(step.pause)
		if at = step.then; call.paused() != step.paused {
			t.Errorf("%+v", step)
		}
		if _, err := call.Do(t.Context(), to(server.URL)); errors.Is(err, ErrPaused) != step.paused {
			t.Errorf("%+v: %v", step, err)
		}
	}
}

// A dead gateway is left alone; what comes back is used again.
func TestDo_leavesADeadGatewayAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	call := caller(t, nil)
	var at time.Duration
	call.since = func() time.Duration { return at }
	try := func(address string, want error) {
		t.Helper()
		if _, err := call.Do(t.Context(), to(address)); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	const dead = "http://127.0.0.1:1/"
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * deadAfter { // who does not wait says nothing about the gateway
		_, _ = call.Do(cancelled, to(dead))
	}
	for range deadAfter - 1 {
		try(dead, ErrNotSent)
	}
	try(server.URL, nil) // one answer, and it counts anew
	for range deadAfter {
		try(dead, ErrNotSent)
	}
	try(dead, ErrPaused)
	at += deadFor
	try(dead, ErrNotSent)
	try(dead, ErrPaused) // one failure was enough
	at += deadFor
	try(server.URL, nil)
	try(dead, ErrNotSent)
	try(server.URL, nil)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 2, 4, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		text, date string
		want       time.Duration
		ok         bool
	}{
		{"", "", 0, false},
		{"30", "", 30 * time.Second, true},
		{" 0 ", "", 0, true},
		{"86400", "", pauseMost, true},
		{"99999999999999999999999", "", pauseMost, true},
		{"-5", "", 0, false},
		{"1.5", "", 0, false},
		{"soon", "", 0, false},
		{"Mon, 02 Mar 2026 04:01:00 GMT", "", time.Minute, true},
		{"Mon, 02 Mar 2026 04:01:00 GMT", "Mon, 02 Mar 2026 04:00:45 GMT", 15 * time.Second, true}, // their clock is the measure
		{"Mon, 02 Mar 2026 03:59:00 GMT", "", 0, true},
		{"Fri, 31 Dec 9999 23:59:59 GMT", "broken", pauseMost, true},
	} {
		h := http.Header{}
		h.Set("Retry-After", c.text)
		h.Set("Date", c.date)
		if got, ok := RetryAfter(h, now); got != c.want || ok != c.ok {
			t.Errorf("%q, %q: %s %t", c.text, c.date, got, ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30", "")
	f.Add("Mon, 02 Mar 2026 04:01:00 GMT", "Mon, 02 Mar 2026 04:00:45 GMT")
	f.Fuzz(func(t *testing.T, text, date string) {
		d, ok := RetryAfter(http.Header{"Retry-After": {text}, "Date": {date}}, time.Unix(0, 0))
		if d < 0 || d > pauseMost || !ok && d != 0 {
			t.Errorf("%s %t", d, ok)
		}
	})
}

func TestBase_takesHTTPSAndThisMachine(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://push.gov.kz": true, "https://push.gov.kz:8443/in": true, "http://127.0.0.1:80": true, "http://[::1]:80": true, "http://localhost": true,
		"http://push.gov.kz": false, "push.gov.kz": false, "": false, "https://": false, "https://a:b@push.gov.kz": false, "https://push.gov.kz?a=1": false,
		"ftp://push.gov.kz": false, "https://push.gov.kz/#a": false, "https:push": false, "http://127.0.0.1.evil.kz": false, "https://a b": false,
	} {
		u, err := Base(address)
		if (err == nil) != ok || (u != nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
