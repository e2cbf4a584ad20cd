package smsc

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	bufferSize  = 64 << 10
	writeWithin = 10 * time.Second // who does not read for this long is left
	bindWithin  = 10 * time.Second // and so is who does not bind
	leaveWithin = 5 * time.Second  // and who does not answer an unbind
)

// session is one connection. One goroutine reads and answers, one brings receipts and late answers; nothing has a goroutine of
// its own for a single message.
type session struct {
	centre *Centre
	conn   net.Conn
	in     *bufio.Reader
	limit  *rate.Limiter // nil: none
	body   []byte        // of the unit that was read last
	fresh  []due         // receipts of what is answered, but not yet out; they must not be faster than the answer
	began  time.Time
	heard  atomic.Int64 // when the last unit came, in nanoseconds
	wake   chan struct{}

	mu       sync.Mutex // holds for all that follows
	out      *bufio.Writer
	buf      []byte
	account  *account // nil until it is bound
	receives bool
	sends    bool
	late     queue[lateAnswer]
	pending  map[uint32]*receipt // that have no answer yet
	full     bool                // of them; the next come when half are answered
	last     uint32              // sequence number
	asked    time.Time           // by an enquire_link that has no answer
}

// lateAnswer is an answer that waits, and the receipts that come after it.
type lateAnswer struct {
	sequence uint32
	id       string
	status   Status
	receipts []due
}

// patient gives every write its time.
type patient struct{ net.Conn }

func (p patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

func newSession(c *Centre, conn net.Conn) *session {
	s := &session{
		centre: c, conn: conn, in: bufio.NewReaderSize(conn, bufferSize), out: bufio.NewWriterSize(patient{conn}, bufferSize),
		began: time.Now(), wake: make(chan struct{}, 1), pending: map[uint32]*receipt{},
	}
	if c.cfg.Rate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(c.cfg.Rate), c.cfg.Burst)
	}
	s.heard.Store(s.began.UnixNano())
	return s
}

func (s *session) run() {
	over := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { s.bring(over) })
	err := s.read()
	if errors.Is(err, errLength) {
		s.odd(0, InvalidCommandLength)
	}
	_ = s.flush()
	_ = s.conn.Close()
	close(over)
	beside.Wait()
	s.leave()
}

// poke has bring look for work.
func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// read answers units until the connection ends.
func (s *session) read() error {
	for {
		if s.in.Buffered() < headSize { // it may take a while until the next unit comes
			if err := s.flush(); err != nil {
				return err
			}
		}
		u, n, err := readHead(s.in)
		if err != nil {
			return err
		}
		if s.in.Buffered() < n {
			if err := s.flush(); err != nil {
				return err
			}
		}
		if cap(s.body) < n {
			s.body = make([]byte, n)
		}
		u.body = s.body[:n]
		if _, err := io.ReadFull(s.in, u.body); err != nil {
			return err
		}
		now := time.Now()
		s.heard.Store(now.UnixNano())
		if !s.take(u, now) {
			return nil
		}
	}
}

// flush sends what was answered; the receipts of it may follow now.
func (s *session) flush() error {
	s.mu.Lock()
	err := s.out.Flush()
	a := s.account
	s.mu.Unlock()
	if len(s.fresh) > 0 {
		a.push(time.Now(), s.fresh...)
		clear(s.fresh)
		s.fresh = s.fresh[:0]
	}
	return err
}

// answer writes a unit; flush sends it. The standard leaves out the body of a refusal.
func (s *session) answer(command uint32, status Status, sequence uint32, body ...byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(command, status, sequence, body)
}

func (s *session) write(command uint32, status Status, sequence uint32, body []byte) {
	s.buf = appendUnit(s.buf[:0], command, status, sequence, body)
	_, _ = s.out.Write(s.buf) // the error stays, and Flush has it
}

// odd answers what no other answer fits.
func (s *session) odd(sequence uint32, status Status) {
	s.centre.book.count(func(c *Counts) { c.Odd++ })
	s.answer(genericNack, status, sequence)
}

// take deals with one unit, and says whether another may follow.
func (s *session) take(u unit, now time.Time) bool {
	switch u.command {
	case bindReceiver, bindTransmitter, bindTransceiver:
		return s.bind(u)
	case submitSM:
		return s.submit(u, now)
	case querySM:
		s.query(u)
	case cancelSM:
		s.answer(cancelSM|answerBit, CancelFailed, u.sequence)
	case replaceSM:
		s.answer(replaceSM|answerBit, ReplaceFailed, u.sequence)
	case enquireLink:
		s.answer(enquireLink|answerBit, OK, u.sequence)
	case unbind:
		s.answer(unbind|answerBit, OK, u.sequence)
		return false
	case unbind | answerBit:
		return false
	case deliverSM | answerBit:
		s.thanked(u, now)
	case genericNack: // of ours; there is no answer to it
		u.status = max(u.status, SystemError)
		s.thanked(u, now)
	case enquireLink | answerBit:
		s.mu.Lock()
		s.asked = time.Time{}
		s.mu.Unlock()
	default:
		if u.command&answerBit == 0 {
			s.odd(u.sequence, InvalidCommand)
		} // an answer is never answered
	}
	return true
}

// bind lets a client in. One that is refused is told so, and its connection ends, as with the centres of operators.
func (s *session) bind(u unit) bool {
	f := &fields{rest: u.body}
	name, password := f.text(16, InvalidSystemID), f.text(9, InvalidPassword)
	f.text(13, BindFailed) // system_type
	f.octets(3)            // interface_version, addr_ton, addr_npi
	f.text(41, BindFailed) // address_range
	f.parameters()
	a, known := s.centre.accounts[name]
	status := f.wrong
	switch {
	case s.account != nil:
		s.answer(u.command|answerBit, AlreadyBound, u.sequence)
		return true
	case status != OK:
	case !known:
		status = InvalidSystemID
	case a.password != password:
		status = InvalidPassword
	}
	s.centre.book.count(func(c *Counts) {
		c.Binds++
		if status != OK {
			c.BindsRefused++
		}
	})
	if status != OK {
		s.answer(u.command|answerBit, status, u.sequence)
		return false
	}
	s.mu.Lock()
	s.account, s.sends, s.receives = a, u.command != bindReceiver, u.command != bindTransmitter
	s.write(u.command|answerBit, OK, u.sequence, appendParameter(appendString(nil, "sandbox"), tagVersion, version))
	s.mu.Unlock()
	if s.receives {
		a.join(s)
		s.poke()
	}
	return true
}
