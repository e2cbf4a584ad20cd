package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp"
	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
	"golang.org/x/time/rate"

	"robotbailiff/notify"
)

var (
	// ErrNotBound says that nothing has left: there is no bind, or none yet.
	ErrNotBound = errors.New("not_bound")
	// errMaybe says that a request may have reached the centre, and that no answer did.
	errMaybe = errors.New("no_answer")
	// errNoTime says that a request did not begin, since its answer could not have come in time.
	errNoTime = errors.New(notify.NoTime)
)

// bind is one account's connection, made again whenever it ends.
type bind struct {
	Account

	gateway *Gateway
	limit   *rate.Limiter
	window  chan struct{} // holds one for each request under way

	mu      sync.Mutex
	conn    *gosmpp.Connection // nil while there is none
	why     error              // there is none; nil before the first attempt
	last    int32              // sequence number
	waiting map[int32]*request
}

// request is one that has no answer yet.
type request struct {
	answer chan unit // closed without one when the connection has ended
}

// The pause before the next attempt to bind.
const (
	pauseFirst = 500 * time.Millisecond
	pauseMost  = 30 * time.Second
)

func (b *bind) run(ctx context.Context) {
	pause := pauseFirst
	for ctx.Err() == nil {
		conn, err := b.connect(ctx)
		if err != nil {
			b.lost(nil, err)
			b.gateway.cfg.Observe("smpp_bind", "failed", 1)
			b.gateway.cfg.Log.WarnContext(ctx, "no bind at the SMS centre, trying again", "account", b.SystemID, "error", err, "pause", pause)
			if wait(ctx, pause) != nil {
				return
			}
			pause = min(2*pause, pauseMost)
			continue
		}
		pause = pauseFirst
		b.gateway.cfg.Observe("smpp_bind", "bound", 1)
		b.serve(ctx, conn)
	}
}

// connect binds as a transceiver.
func (b *bind) connect(ctx context.Context) (*gosmpp.Connection, error) {
	bounded, cancel := context.WithTimeout(ctx, bindWithin)
	defer cancel()
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if b.TLS {
		dialer = &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
	}
	raw, err := dialer.DialContext(bounded, "tcp", b.Address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", b.Address, err)
	}
	stop := context.AfterFunc(bounded, func() { _ = raw.Close() })
	conn := gosmpp.NewConnection(raw)
	status, err := b.hello(conn)
	if !stop() && err == nil { // too late: it is closed
		err = bounded.Err()
	}
	switch {
	case err != nil:
		err = fmt.Errorf("%s does not answer as an SMS centre does: %w", b.Address, err)
	case status == data.ESME_RINVPASWD || status == data.ESME_RBINDFAIL || status == data.ESME_RINVSYSID:
		err = fmt.Errorf("%s refuses system id and password (status 0x%02x): ask the operator for the right ones, and whether this address may connect", b.Address, uint32(status))
	case status != data.ESME_ROK:
		err = fmt.Errorf("%s refuses the bind (status 0x%02x)", b.Address, uint32(status))
	default:
		return conn, nil
	}
	_ = raw.Close()
	return nil, err
}

// hello asks for the bind and reads the answer.
func (b *bind) hello(conn *gosmpp.Connection) (data.CommandStatusType, error) {
	r := pdu.NewBindRequest(pdu.Transceiver)
	r.SystemID, r.Password, r.SystemType = b.SystemID, b.Password, b.SystemType
	if err := b.write(conn, r); err != nil {
		return 0, err
	}
	for {
		u, err := readUnit(conn)
		if err != nil || u.isAnswer() {
			return u.CommandStatus, err
		}
	}
}

// serve reads until the connection ends.
func (b *bind) serve(ctx context.Context, conn *gosmpp.Connection) {
	b.mu.Lock()
	b.conn, b.why = conn, nil
	b.mu.Unlock()
	over := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { b.enquire(ctx, over) })
	stop := context.AfterFunc(ctx, func() { b.unbind(conn) })
	var err error
	for err == nil {
		if err = conn.SetReadTimeout(2*enquireEvery + answerWithin); err != nil {
			break
		}
		var u unit
		if u, err = readUnit(conn); err == nil {
			err = b.take(ctx, conn, u)
		}
	}
	stop()
	close(over)
	b.lost(conn, err)
	beside.Wait()
	if ctx.Err() == nil {
		b.gateway.cfg.Log.WarnContext(ctx, "the bind at the SMS centre has ended", "account", b.SystemID, "error", err)
	}
}

// lost ends a connection: who waits for an answer learns that there will be none.
func (b *bind) lost(conn *gosmpp.Connection, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
	b.conn, b.why = nil, why
	for _, r := range b.waiting {
		close(r.answer)
	}
	clear(b.waiting)
}

// state is nil while the bind is up.
func (b *bind) state() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.conn != nil:
		return nil
	case b.why != nil:
		return b.why
	default:
		return ErrNotBound
	}
}

// take deals with what the centre sends.
func (b *bind) take(ctx context.Context, conn *gosmpp.Connection, u unit) error {
	if u.isAnswer() {
		b.answered(u)
		return nil
	}
	switch p := u.body.(type) {
	case *pdu.EnquireLink:
		return b.write(conn, p.GetResponse())
	case *pdu.Unbind:
		_ = b.write(conn, p.GetResponse())
		return errors.New("the centre has ended the bind")
	case *pdu.DeliverSM:
		return b.gateway.arrive(ctx, b, p, func(ok bool) {
			answer := p.GetResponse()
			if r, is := answer.(*pdu.DeliverSMResp); is && !ok {
				r.CommandStatus = data.ESME_RX_T_APPN // it comes again
			}
			_ = b.write(conn, answer)
		})
	default: // nothing that we asked for, or nothing that can be read; the standard has one answer for that
		nack := pdu.NewGenericNack()
		nack.SetSequenceNumber(u.SequenceNumber)
		if n, ok := nack.(*pdu.GenericNack); ok {
			n.CommandStatus = data.ESME_RINVCMDID
		}
		return b.write(conn, nack)
	}
}

func (b *bind) answered(u unit) {
	b.mu.Lock()
	r := b.waiting[u.SequenceNumber]
	delete(b.waiting, u.SequenceNumber)
	b.mu.Unlock()
	if r == nil {
		return // its caller has given up
	}
	r.answer <- u
}

// write sends one unit; units of several callers do not mix, since each is one Write.
func (b *bind) write(conn *gosmpp.Connection, p pdu.PDU) error {
	if err := conn.SetWriteTimeout(writeWithin); err != nil {
		return err
	}
	_, err := conn.WritePDU(p)
	return err
}

// ask sends a request, unless it is too late to begin, and waits for its answer. ErrNotBound and errNoTime say that it never left.
func (b *bind) ask(ctx, begin context.Context, p pdu.PDU) (u unit, err error) {
	select {
	case b.window <- struct{}{}:
	case <-begin.Done():
		return u, errNoTime
	}
	defer func() { <-b.window }()
	r := &request{answer: make(chan unit, 1)}
	b.mu.Lock()
	conn := b.conn
	if conn == nil || begin.Err() != nil {
		b.mu.Unlock()
		if conn == nil {
			return u, ErrNotBound
		}
		return u, errNoTime
	}
	b.last = b.last%0x7FFFFFFE + 1
	sequence := b.last
	p.SetSequenceNumber(sequence)
	b.waiting[sequence] = r
	b.mu.Unlock()
	if err = b.write(conn, p); err != nil {
		b.forget(sequence)
		_ = conn.Close() // half a unit may be out: nothing can follow it
		return u, fmt.Errorf("%w: %w", errMaybe, err)
	}
	limit := time.NewTimer(answerWithin)
	defer limit.Stop()
	select {
	case answer, ok := <-r.answer:
		if !ok {
			return u, errMaybe
		}
		return answer, nil
	case <-limit.C:
		b.forget(sequence)
		return u, fmt.Errorf("%w: %w", errMaybe, os.ErrDeadlineExceeded)
	case <-ctx.Done():
		b.forget(sequence)
		return u, fmt.Errorf("%w: %w", errMaybe, ctx.Err())
	}
}

func (b *bind) forget(sequence int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, sequence)
}

// submit sends a part and gives its number at the centre.
func (b *bind) submit(ctx, begin context.Context, p *part) (number, error) {
	if b.state() != nil {
		return number{}, ErrNotBound
	}
	if b.limit.Wait(begin) != nil {
		return number{}, errNoTime
	}
	answer, err := b.ask(ctx, begin, p.pdu())
	if err != nil {
		return number{}, err
	}
	if answer.CommandStatus != data.ESME_ROK {
		return number{}, &statusError{answer.CommandStatus}
	}
	r, ok := answer.body.(*pdu.SubmitSMResp)
	if !ok || r.MessageID == "" { // taken, under a number that cannot be read
		return number{}, errMaybe
	}
	return number{b.name(b.gateway.idOf(r.MessageID)), r.MessageID}, nil
}

// name makes a number of the centre one that no other centre gives: it is unique among the binds of one system id only.
func (b *bind) name(id string) string { return b.SystemID + "/" + id }

// slower holds a part back before it is tried again: one second, then two, then three.
func (b *bind) slower(ctx context.Context, try int) error {
	return wait(ctx, time.Duration(try+1)*time.Second)
}

func (b *bind) query(ctx context.Context, id string) (messageState, error) {
	q, ok := pdu.NewQuerySM().(*pdu.QuerySM)
	if !ok {
		return 0, ErrNotBound
	}
	source, err := b.gateway.source()
	if err != nil {
		return 0, err
	}
	q.MessageID, q.SourceAddr = id, source
	answer, err := b.ask(ctx, ctx, q)
	if err != nil {
		return 0, err
	}
	r, ok := answer.body.(*pdu.QuerySMResp)
	if !ok {
		return 0, &statusError{answer.CommandStatus}
	}
	return messageState(r.MessageState), nil
}

// enquire asks whether the centre is there; one that does not answer is left.
func (b *bind) enquire(ctx context.Context, over <-chan struct{}) {
	tick := time.NewTicker(enquireEvery)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		if _, err := b.ask(ctx, ctx, pdu.NewEnquireLink()); err != nil {
			b.mu.Lock()
			if b.conn != nil {
				_ = b.conn.Close()
			}
			b.mu.Unlock()
		}
	}
}

// unbind says good-bye and ends the connection.
func (b *bind) unbind(conn *gosmpp.Connection) {
	_ = b.write(conn, pdu.NewUnbind())
	_ = conn.Close()
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
