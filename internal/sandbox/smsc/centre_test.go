package smsc

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRate_throttlesWhatIsBeyondIt(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Rate: 0.001, Burst: 3})
	address, _ := start(t, c)
	for range 2 { // each session has its own
		conn := bound(t, address, bindTransmitter)
		var got []Status
		for range 5 {
			got = append(got, conn.ask(submitSM, good("77010000001", "a").body()...).status)
		}
		if want := []Status{OK, OK, OK, Throttled, Throttled}; !slices.Equal(got, want) {
			t.Errorf("%x", got)
		}
	}
	if n := c.Counts(); n.Taken != 6 || n.ByStatus[Throttled] != 4 || n.Submitted != 10 {
		t.Errorf("%+v", n)
	}
	if n := New(Config{Rate: 50}).cfg.Burst; n != 50 {
		t.Errorf("a burst of %d", n)
	}
}

func part(to string, reference, of, n byte, words string) sm {
	m := good(to, "\x05\x00\x03"+string([]byte{reference, of, n})+words)
	m.class = esmUDH
	return m
}

func TestBooks_putPartsTogether(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Conduct: ByLastDigit(), Ref: func(m Message) string { return strings.Fields(m.Text)[0] }})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransmitter)
	wide := good("77010000041", "")
	wide.coding, wide.class, wide.words = 8, esmUDH, []byte("\x06\x08\x04\x01\x00\x01\x01\x04\xd9\x04\x93") // 16 bits, and one part of one
	segment := func(n byte) sm {
		m := good("77010000051", "case-5 ")
		m.more = appendParameter(appendParameter(appendParameter(nil, tagReference, 0, 1), tagTotal, 2), tagNumber, n)
		return m
	}
	long := good("77010000061", "")
	long.more = appendParameter(nil, tagPayload, []byte("case-6 "+strings.Repeat("a", 400))...)
	for _, m := range []sm{
		part("77010000011", 7, 3, 3, " and three"), part("77010000011", 7, 3, 1, "case-1 one"), part("77010000021", 7, 3, 2, "of another phone"),
		part("77010000011", 7, 3, 1, "case-1 one"), part("77010000011", 7, 3, 2, ", two"), // the first came twice
		part("77010000011", 7, 2, 1, "case-1"), part("77010000011", 7, 2, 2, " again"), // a reference is used again
		good("77010000031", "case-3"), good("77010000031", "case-3"), good("77010000032", "case-3"), good("77010000035", "case-35"),
		wide, segment(2), segment(1), long, part("77010000009", 1, 2, 1, "case-9 half"), part("77010000009", 1, 2, 2, " shown"),
	} {
		conn.ask(submitSM, m.body()...)
	}
	for to, want := range map[string][]string{
		"77010000011": {"case-1 one, two and three", "case-1 again"}, "+77010000031": {"case-3", "case-3"}, "77010000032": nil, "77010000035": nil,
		"77010000041": {"әғ"}, "77010000051": {"case-5 case-5 "}, "77010000061": {"case-6 " + strings.Repeat("a", 400)}, "77010000021": nil, "77010000009": nil,
	} {
		if got := c.Shown(to); !slices.Equal(got, want) {
			t.Errorf("%s shows %q", to, got)
		}
	}
	if m := c.Messages("77010000021"); len(m) != 1 || m[0].Whole() || m[0].Text != "of another phone" || len(m[0].IDs) != 3 || m[0].States[1] != Delivered {
		t.Errorf("%+v", m)
	}
	if m := c.Messages("77010000009"); len(m) != 1 || !m[0].Whole() || !slices.Equal(m[0].States, []State{Delivered, Undeliverable}) {
		t.Errorf("%+v", m)
	}
	refs, n := c.Refs(), c.Counts()
	if refs["case-1"] != 2 || refs["case-3"] != 2 || refs["case-35"] != 1 || refs["case-9"] != 1 || len(refs) != 7 {
		t.Errorf("%v", refs)
	}
	if n.Messages != 9 || n.Repeated != 1 || n.Taken != 16 || n.Submitted != 17 || len(c.Submissions("")) != 17 || n.Binds != 1 {
		t.Errorf("%+v", n)
	}
}

// TestCountOnly_keepsNothing: what stays are counts, however many messages come.
func TestCountOnly_keepsNothing(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, CountOnly: true, Ref: func(m Message) string { return m.Text }})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransmitter)
	for _, m := range []sm{good("77010000001", "a"), part("77010000001", 1, 2, 1, "b"), part("77010000001", 1, 2, 2, "c"), good("77010000001", "a")} {
		conn.ask(submitSM, m.body()...)
	}
	if r := c.Refs(); r["a"] != 2 || r["bc"] != 1 || c.Submissions("") != nil || c.Messages("") != nil || len(c.book.byID) != 0 || len(c.book.open) != 0 {
		t.Errorf("%v %v", r, c.Messages(""))
	}
	for i := range maxOpen + 10 {
		c.book.add(Submission{Of: 2, Number: 1, Reference: uint16(i), To: Address{Number: strconv.Itoa(i)}}, Conduct{}, nil, 0)
	}
	if len(c.book.open) != maxOpen {
		t.Errorf("%d are open", len(c.book.open))
	}
}

func TestEnquire_ofTheCentre(t *testing.T) {
	t.Parallel()
	address, _ := start(t, New(Config{Accounts: accounts, Enquire: 200 * time.Millisecond}))
	conn := bound(t, address, bindTransceiver)
	for range 3 {
		u, ok := conn.read()
		if !ok || u.command != enquireLink {
			t.Fatalf("%+v %t", u, ok)
		}
		conn.send(enquireLink|answerBit, OK, u.sequence)
	}
	for { // no answers any more
		if _, ok := conn.read(); !ok {
			return
		}
	}
}

func TestUnbindAndHangup(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts})
	address, _ := start(t, c)
	one, two := bound(t, address, bindTransceiver), bound(t, address, bindReceiver)
	c.Unbind()
	for _, conn := range []*client{one, two} {
		u, ok := conn.read()
		if !ok || u.command != unbind {
			t.Errorf("%+v", u)
		}
		conn.send(unbind|answerBit, OK, u.sequence)
		if _, ok := conn.read(); ok {
			t.Error("the session goes on")
		}
	}
	one = bound(t, address, bindTransceiver)
	c.Hangup()
	if u, ok := one.read(); ok {
		t.Errorf("%+v", u)
	}
	if n := c.Counts(); n.Binds != 3 || n.Odd != 0 {
		t.Errorf("%+v", n)
	}
}

func TestServe_saysWhenItCannot(t *testing.T) {
	t.Parallel()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	must(t, ln.Close())
	if err := New(Config{}).Serve(context.Background(), ln); err == nil {
		t.Error("it serves a listener that is closed")
	}
}

// push sends n messages with a window and takes all receipts. An account can have one of these at a time.
func push(t testing.TB, address, account string, n int) {
	conn := dial(t, address)
	defer func() { _ = conn.Close() }()
	if u := conn.ask(bindTransceiver, bindBody(account, "secret")...); u.status != OK {
		t.Errorf("%+v", u)
		return
	}
	const window = 200
	free := make(chan struct{}, window)
	words := good("77010000001", strings.Repeat("a", 140)).body()
	done := make(chan struct{})
	writes := make(chan []byte, 2*window)
	var writer sync.WaitGroup
	writer.Go(func() {
		for b := range writes {
			_, _ = conn.Write(b) // where it fails, the reader below does too
		}
	})
	go func() {
		defer close(done)
		for answers, receipts := 0, 0; answers < n || receipts < n; {
			u, ok := conn.read()
			switch {
			case !ok:
				t.Errorf("ended after %d answers and %d receipts", answers, receipts)
				return
			case u.command == deliverSM:
				receipts++
				writes <- appendUnit(nil, deliverSM|answerBit, OK, u.sequence, []byte{0})
			default:
				answers++
				<-free
			}
		}
	}()
	for i := range n {
		select {
		case free <- struct{}{}:
			writes <- appendUnit(nil, submitSM, OK, uint32(i+1), words)
		case <-done:
			return
		}
	}
	<-done
	close(writes)
	writer.Wait()
}

// TestCentre_losesNothingOfMany has several sessions push at once.
func TestCentre_losesNothingOfMany(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: map[string]string{"one": "secret", "two": "secret"}, CountOnly: true, Window: 10})
	address, _ := start(t, c)
	const each = 2000
	var both sync.WaitGroup
	for _, account := range []string{"one", "two"} {
		both.Go(func() { push(t, address, account, each) })
	}
	both.Wait()
	soon(t, "all thanks", func() bool { return c.Counts().Thanked == 2*each })
	if n := c.Counts(); n.Taken != 2*each || n.Messages != 2*each || n.Waiting != 0 || n.Again != 0 || n.Receipts[Delivered] != 2*each {
		t.Errorf("%+v", n)
	}
}

func BenchmarkCentre(b *testing.B) {
	address, _ := start(b, New(Config{Accounts: accounts, CountOnly: true, Window: 1000}))
	b.ResetTimer()
	push(b, address, "ministry", b.N)
}
