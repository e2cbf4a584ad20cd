package smsc

import (
	"context"
	"io"
	"net"
	"testing"
	"time"
)

// client is a bare one: it writes what a test wants written and reads units.
type client struct {
	net.Conn

	t    testing.TB
	next uint32
}

// start serves a centre on a loopback port; stop ends it, once.
func start(t testing.TB, c *Centre) (address string, stop func()) {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Serve(ctx, ln) }()
	ended := false
	stop = func() {
		cancel()
		if !ended {
			must(t, <-done)
		}
		ended = true
	}
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &client{Conn: conn, t: t}
}

func (c *client) send(command uint32, status Status, sequence uint32, body ...byte) {
	c.t.Helper()
	_, err := c.Write(appendUnit(nil, command, status, sequence, body))
	must(c.t, err)
}

// read gives the next unit; ok is false when the connection has ended.
func (c *client) read() (u unit, ok bool) {
	c.t.Helper()
	must(c.t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	u, n, err := readHead(c)
	if err != nil {
		if e, is := err.(net.Error); is && e.Timeout() { //nolint:errorlint // the connection gives it as it is
			c.t.Fatal("nothing came for ten seconds")
		}
		return u, false
	}
	u.body = make([]byte, n)
	_, err = io.ReadFull(c, u.body)
	must(c.t, err)
	return u, true
}

// ask sends a request and reads units until its answer comes; others, such as receipts, are lost.
func (c *client) ask(command uint32, body ...byte) unit {
	c.t.Helper()
	c.next++
	c.send(command, OK, c.next, body...)
	for {
		u, ok := c.read()
		if !ok {
			c.t.Fatalf("no answer to %#x", command)
		}
		if u.command&answerBit != 0 && u.sequence == c.next {
			return u
		}
	}
}

// bound gives a session of the account "ministry".
func bound(t testing.TB, address string, command uint32) *client {
	t.Helper()
	c := dial(t, address)
	if u := c.ask(command, bindBody("ministry", "secret")...); u.status != OK {
		t.Fatalf("the bind is refused: %#x", u.status)
	}
	return c
}

func bindBody(name, password string) []byte {
	b := appendString(appendString(nil, name), password)
	return append(b, 0, version, 0, 0, 0)
}

// sm is a submit_sm that a test may spoil.
type sm struct {
	service, from, to  string
	fromTON, toTON     byte
	class              byte
	schedule, validity string
	registered, coding byte
	words              []byte
	more               []byte
}

func good(to, words string) sm {
	return sm{from: "1414", fromTON: 3, to: to, toTON: 1, registered: 1, words: []byte(words)}
}

func (m sm) body() []byte {
	b := appendString(nil, m.service)
	b = appendString(append(b, m.fromTON, 0), m.from)
	b = appendString(append(b, m.toTON, 1), m.to)
	b = appendString(append(b, m.class, 0, 0), m.schedule)
	b = appendString(b, m.validity)
	b = append(b, m.registered, 0, m.coding, 0, byte(len(m.words)))
	return append(append(b, m.words...), m.more...)
}

// delivery is what a deliver_sm says.
type delivery struct {
	sequence uint32
	from, to string
	class    byte
	words    string
	more     map[uint16][]byte
}

func (c *client) delivery() delivery {
	c.t.Helper()
	u, ok := c.read()
	if !ok || u.command != deliverSM || u.status != OK {
		c.t.Fatalf("want a deliver_sm, got %+v %v", u, ok)
	}
	f := &fields{rest: u.body}
	f.text(6, InvalidServiceType)
	d := delivery{sequence: u.sequence, from: f.address(InvalidSource).Number, to: f.address(InvalidDestination).Number}
	d.class = f.octet()
	f.octets(8)
	d.words = string(f.octets(int(f.octet())))
	d.more = f.parameters()
	if f.wrong != OK {
		c.t.Fatalf("a deliver_sm that cannot be read: %#x in %x", f.wrong, u.body)
	}
	return d
}

// soon waits for something that other goroutines bring about.
func soon(t testing.TB, what string, f func() bool) {
	t.Helper()
	for range 2000 {
		if f() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("not within ten seconds: " + what)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var accounts = map[string]string{"ministry": "secret"}
