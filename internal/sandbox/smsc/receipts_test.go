package smsc

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var morning = time.Date(2026, time.March, 2, 4, 16, 0, 0, time.UTC)

func fixed() time.Time { return morning }

// id is the number in an answer.
func id(u unit) string { return strings.TrimSuffix(string(u.body), "\x00") }

func TestReceipt_asAppendixBHasIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg        Config
		registered byte
		to         string
		want       []string // of what follows the number
	}{
		"delivered":          {Config{}, 1, "77010000001", []string{"sub:001 dlvrd:001 submit date:2603020916 done date:2603020916 stat:DELIVRD err:000 text:id:x stat:UNDELIV"}},
		"failed":             {Config{}, 1, "77010000005", []string{"sub:001 dlvrd:000 submit date:2603020916 done date:2603020916 stat:UNDELIV err:034 text:id:x stat:UNDELIV"}},
		"only failures: one": {Config{}, 2, "77010000005", []string{"sub:001 dlvrd:000 submit date:2603020916 done date:2603020916 stat:UNDELIV err:034 text:id:x stat:UNDELIV"}},
		"only failures":      {Config{}, 2, "77010000001", nil},
		"not asked for":      {Config{}, 0, "77010000001", nil},
		"not on the way":     {Config{}, 1, "77010000007", []string{"sub:001 dlvrd:001 submit date:2603020916 done date:2603020916 stat:DELIVRD err:000 text:id:x stat:UNDELIV"}},
		"on the way too": {Config{}, 0x11, "77010000007", []string{
			"sub:001 dlvrd:000 submit date:2603020916 done date:2603020916 stat:ENROUTE err:000 text:id:x stat:UNDELIV",
			"sub:001 dlvrd:001 submit date:2603020916 done date:2603020916 stat:DELIVRD err:000 text:id:x stat:UNDELIV",
		}},
		"the text": {Config{Conduct: Deliver}, 1, "77010000001", []string{"sub:001 dlvrd:001 submit date:2603020916 done date:2603020916 stat:DELIVRD err:000 text:Case 260000017 has b"}},
	} {
		if c.cfg.Conduct == nil {
			c.cfg.Conduct = ByLastDigit()
		}
		c.cfg.Accounts, c.cfg.Now = accounts, fixed
		centre := New(c.cfg)
		address, _ := start(t, centre)
		conn := bound(t, address, bindTransceiver)
		m := good(c.to, "Case 260000017 has begun")
		m.registered = c.registered
		number := id(conn.ask(submitSM, m.body()...))
		for i, want := range c.want {
			d := conn.delivery()
			class := esmReceipt
			if len(c.want) == 2 && i == 0 {
				class = esmIntermediate
			}
			if d.words != "id:"+number+" "+want || d.from != c.to || d.to != "1414" || d.class != class || d.more != nil {
				t.Errorf("%s: %+v", name, d)
			}
			conn.send(deliverSM|answerBit, OK, d.sequence, 0)
		}
		conn.ask(enquireLink) // what was sent before is counted now
		if n := centre.Counts(); n.Thanked != len(c.want) || n.Waiting != 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestReceipt_numbersInHexAndParameters(t *testing.T) {
	t.Parallel()
	address, _ := start(t, New(Config{Accounts: accounts, HexIDs: true, Parameters: true, Now: fixed, Conduct: ByLastDigit()}))
	conn := bound(t, address, bindTransceiver)
	answer := id(conn.ask(submitSM, good("77010000005", "a").body()...))
	d := conn.delivery()
	if !regexp.MustCompile(`^[0-9a-f]{13}$`).MatchString(answer) || !regexp.MustCompile(`^id:[0-9]{16} sub`).MatchString(d.words) {
		t.Errorf("%q, then %q", answer, d.words)
	}
	if string(d.more[tagReceiptedID]) != answer+"\x00" || string(d.more[tagState]) != "\x05" || string(d.more[tagNetworkError]) != "\x03\x00\x22" {
		t.Errorf("%x", d.more)
	}
}

// TestReceipt_comesUntilItIsTaken goes through all that a client may answer.
func TestReceipt_comesUntilItIsTaken(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Again: 50 * time.Millisecond})
	address, stop := start(t, c)
	conn := bound(t, address, bindTransceiver)
	conn.ask(submitSM, good("77010000001", "a").body()...)
	first := conn.delivery() // no answer
	second := conn.delivery()
	conn.send(deliverSM|answerBit, OK, first.sequence, 0) // too late, and not its answer any more
	conn.send(deliverSM|answerBit, TemporaryAppError, second.sequence, 0)
	third := conn.delivery()
	conn.send(genericNack, SystemError, third.sequence)
	fourth := conn.delivery()
	_ = conn.Close() // with the receipt open
	conn = bound(t, address, bindReceiver)
	fifth := conn.delivery()
	for _, d := range []delivery{second, third, fourth, fifth} {
		if d.words != first.words {
			t.Errorf("%q, then %q", first.words, d.words)
		}
	}
	stop() // the centre goes and comes: its books stay
	address, _ = start(t, c)
	conn = bound(t, address, bindTransceiver)
	for c.Counts().Thanked == 0 { // on a slow machine an answer may come too late
		conn.send(deliverSM|answerBit, OK, conn.delivery().sequence, 0)
		conn.ask(enquireLink) // what was sent before is counted now
	}
	conn.ask(submitSM, good("77010000001", "b").body()...)
	for c.Counts().Refused == 0 {
		conn.send(deliverSM|answerBit, PermanentAppError, conn.delivery().sequence, 0)
		conn.ask(enquireLink)
	}
	if n := c.Counts(); n.Again < 4 || n.Receipts[Delivered] != 2 || n.Waiting != 0 {
		t.Errorf("%+v", n)
	}
}

// TestReceipt_goesToWhoeverReceives: a transmitter never gets one, and a receiver of the same account gets its.
func TestReceipt_goesToWhoeverReceives(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: map[string]string{"ministry": "secret", "other": "word"}})
	address, _ := start(t, c)
	sender := bound(t, address, bindTransmitter)
	other := dial(t, address)
	if u := other.ask(bindReceiver, bindBody("other", "word")...); u.status != OK {
		t.Fatal(u)
	}
	number := id(sender.ask(submitSM, good("77010000001", "a").body()...))
	if n := c.Counts(); n.Waiting != 1 || n.Receipts[Delivered] != 0 {
		t.Errorf("%+v", n)
	}
	receiver := bound(t, address, bindReceiver)
	if d := receiver.delivery(); !strings.HasPrefix(d.words, "id:"+number+" ") {
		t.Errorf("%+v", d)
	}
	for _, conn := range []*client{sender, other} {
		if u := conn.ask(enquireLink); u.sequence != conn.next {
			t.Errorf("%+v", u)
		}
	}
}

// TestConduct_ordersAndDelays has the receipts of two parts come the wrong way round, and an answer after a while.
func TestConduct_ordersAndDelays(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Now: fixed, Conduct: func(s Submission) Conduct {
		switch s.Text {
		case "first":
			return Conduct{After: 300 * time.Millisecond, Reports: []Report{{State: Delivered, After: 50 * time.Millisecond}}}
		case "second":
			return Conduct{Reports: []Report{{State: Undeliverable, Error: "0A1"}, {State: Accepted}}}
		case "third":
			return Conduct{Reports: []Report{{State: Delivered, After: 2 * time.Hour}, {State: Deleted, After: time.Millisecond}}}
		default:
			return Conduct{After: time.Millisecond, Status: QueueFull, Reports: []Report{{State: Delivered}}} // a refusal has no report
		}
	}})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransceiver)
	conn.send(submitSM, OK, 1, good("77010000001", "first").body()...)
	conn.send(submitSM, OK, 2, good("77010000001", "second").body()...)
	m := good("77010000001", "third")
	m.validity = "000000010000000R"
	conn.send(submitSM, OK, 3, m.body()...)
	var order []string
	for range 6 {
		u, _ := conn.read()
		if u.command == submitSM|answerBit {
			order = append(order, "answer "+string(rune('0'+u.sequence)))
			continue
		}
		order = append(order, regexp.MustCompile(`stat:(\S+ err:\S+)`).FindString(string(u.body)))
	}
	for _, pair := range [][2]string{ // how far one message gets before another is the machine's matter
		{"answer 2", "stat:UNDELIV err:0A1"}, {"answer 3", "stat:DELETED err:000"}, {"answer 1", "stat:DELIVRD err:000"}, {"answer 2", "answer 1"}, {"answer 3", "answer 1"},
	} {
		if first, second := slices.Index(order, pair[0]), slices.Index(order, pair[1]); first < 0 || second < first {
			t.Errorf("%s before %s: %q", pair[0], pair[1], order)
		}
	}
	if u := conn.ask(submitSM, good("77010000001", "fourth").body()...); u.status != QueueFull || len(u.body) > 0 {
		t.Errorf("%+v", u)
	}
	s := c.Submissions("+77010000001")[2]
	plan := steps(s, Conduct{Reports: []Report{{State: Delivered, After: 2 * time.Hour}}})
	if len(plan) != 1 || plan[0].State != Expired || !plan[0].at.Equal(morning.Add(time.Hour)) {
		t.Errorf("what comes too late for its validity: %+v", plan)
	}
}

func TestConduct_noAnswerAndNoConnection(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Conduct: func(s Submission) Conduct {
		return Conduct{Silent: s.Text == "silent", Drop: s.Text == "drop", Reports: []Report{{State: Delivered}}}
	}})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransceiver)
	conn.send(submitSM, OK, 1, good("77010000001", "silent").body()...)
	if d := conn.delivery(); !strings.Contains(d.words, "stat:DELIVRD") {
		t.Errorf("%+v", d)
	}
	conn.send(submitSM, OK, 2, good("77010000001", "drop").body()...)
	for {
		u, ok := conn.read()
		if !ok {
			break
		}
		if u.command == submitSM|answerBit {
			t.Errorf("%+v", u)
		}
	}
	conn = bound(t, address, bindTransceiver)
	conn.delivery()
	conn.delivery()
	if n := c.Counts(); n.Taken != 2 || n.Unanswered != 2 || n.Waiting != 2 {
		t.Errorf("%+v", n)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Now: fixed, Conduct: func(s Submission) Conduct {
		switch s.Text {
		case "later":
			return Conduct{Reports: []Report{{State: Delivered, After: time.Hour}}}
		case "failed":
			return Conduct{Reports: []Report{{State: EnRoute}, {State: Undeliverable, Error: "034"}}}
		}
		return Deliver(s)
	}})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransmitter)
	for text, want := range map[string]string{
		"now": "260302041600000+\x00\x02\x00", "later": "\x00\x01\x00", "failed": "260302041600000+\x00\x05\x22",
	} {
		number := id(conn.ask(submitSM, good("77010000001", text).body()...))
		u := conn.ask(querySM, []byte(number+"\x00\x03\x001414\x00")...)
		if u.status != OK || string(u.body) != number+"\x00"+want {
			t.Errorf("%s: %x %q", text, u.status, u.body)
		}
		if u := conn.ask(querySM, []byte(number+"\x00\x03\x001415\x00")...); u.status != QueryFailed {
			t.Errorf("%s, from another source: %+v", text, u)
		}
	}
}

func TestByLastDigit(t *testing.T) {
	t.Parallel()
	conduct := ByLastDigit()
	say := func(number string, part int) string {
		c := conduct(Submission{To: Address{Number: number}, Number: part, Of: 2})
		words := strings.Repeat("silent ", map[bool]int{true: 1}[c.Silent]) + strings.Repeat("refused ", min(int(c.Status), 1))
		for _, r := range c.Reports {
			words += r.State.String() + r.Error + " "
		}
		return strings.TrimSpace(words)
	}
	for digit, want := range []string{"EXPIRED001", "DELIVRD", "refused", "refused", "silent", "UNDELIV034", "refused", "ENROUTE DELIVRD", "UNKNOWN", "DELIVRD"} {
		if got := say("7701000000"+string(rune('0'+digit)), 1); got != want {
			t.Errorf("%d: %s, want %s", digit, got, want)
		}
	}
	if got := say("77010000003", 1) + ", " + say("77010000013", 1) + ", " + say("77010000009", 2); got != "DELIVRD, refused, UNDELIV034" {
		t.Error(got)
	}
	if s := State(9).String() + State(255).String(); s != "" {
		t.Error(s)
	}
}
