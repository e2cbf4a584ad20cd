package smsc

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// thrown is a connection over which some octets come, and on which nobody waits for answers.
type thrown struct {
	net.Conn

	in io.Reader

	mu     sync.Mutex
	out    bytes.Buffer
	closed bool
}

func (c *thrown) Read(b []byte) (int, error)       { return c.in.Read(b) }
func (c *thrown) SetReadDeadline(time.Time) error  { return nil }
func (c *thrown) SetWriteDeadline(time.Time) error { return nil }

func (c *thrown) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, errors.New("closed")
	}
	return c.out.Write(b)
}

func (c *thrown) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

// FuzzSession throws octets at a session that is bound: what comes back consists of whole units, and the books hold.
func FuzzSession(f *testing.F) {
	hello := appendUnit(nil, bindTransceiver, OK, 1, bindBody("ministry", "secret"))
	m := good("77010000007", "{a}")
	m.registered = 0x11
	part := good("77010000001", "\x05\x00\x03\x01\x02\x01a")
	part.class = esmUDH
	segment := good("77010000001", "a")
	segment.more = appendParameter(appendParameter(appendParameter(nil, tagReference, 0, 1), tagTotal, 2), tagNumber, 2)
	for _, s := range []sm{m, part, segment} {
		f.Add(appendUnit(nil, submitSM, OK, 2, s.body()))
	}
	f.Add(appendUnit(appendUnit(nil, deliverSM|answerBit, SystemError, 1, nil), querySM, OK, 2, []byte("1\x00\x00\x00\x00")))
	f.Add(appendUnit(appendUnit(nil, enquireLink, OK, 1, nil), unbind, OK, 2, nil))
	f.Add([]byte("\x00\x00\x00\x0f"))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: centre\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		c := New(Config{Accounts: accounts, Conduct: ByLastDigit(), Parameters: true})
		conn := &thrown{in: io.MultiReader(bytes.NewReader(hello), bytes.NewReader(stream))}
		newSession(c, conn).run()
		units := 0
		for conn.out.Len() > 0 {
			u, n, err := readHead(&conn.out)
			if err != nil || conn.out.Len() < n {
				t.Fatalf("not whole: %+v %v", u, err)
			}
			conn.out.Next(n)
			units++
		}
		counts := c.Counts()
		if units == 0 || counts.Binds != 1 || counts.Taken != counts.ByStatus[OK] || counts.Taken > counts.Submitted || counts.Waiting < 0 {
			t.Errorf("%d units, %+v", units, counts)
		}
		for _, m := range c.Messages("") {
			if len(m.IDs) != len(m.States) || m.Account != "ministry" {
				t.Errorf("%+v", m)
			}
		}
		c.Shown("")
	})
}
