package smsc

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	must(t, err)
	return b
}

// TestBind writes its units as octets of the standard's tables, so that the codec is not its own judge.
func TestBind(t *testing.T) {
	t.Parallel()
	address, _ := start(t, New(Config{Accounts: accounts}))
	const ministry, secret, rest = "6d696e697374727900", "73656372657400", "00 34 00 00 00"
	for name, c := range map[string]struct {
		command, body string
		want          Status
	}{
		"transceiver":          {"00000009", ministry + secret + rest, OK},
		"transmitter":          {"00000002", ministry + secret + rest, OK},
		"receiver":             {"00000001", ministry + secret + rest, OK},
		"wrong password":       {"00000009", ministry + "73656372657800" + rest, InvalidPassword},
		"no password":          {"00000009", ministry + "00" + rest, InvalidPassword},
		"unknown":              {"00000009", "6d696e00" + secret + rest, InvalidSystemID},
		"a long system id":     {"00000009", strings.Repeat("61", 16) + "00" + secret + rest, InvalidSystemID},
		"a long password":      {"00000009", ministry + strings.Repeat("61", 9) + "00" + rest, InvalidPassword},
		"a long range":         {"00000009", ministry + secret + "00 34 00 00" + strings.Repeat("61", 41) + "00", BindFailed},
		"cut off":              {"00000009", ministry + secret, InvalidCommandLength},
		"nothing":              {"00000009", "", InvalidCommandLength},
		"half a parameter":     {"00000009", ministry + secret + rest + "0210", InvalidParameter},
		"a parameter too long": {"00000009", ministry + secret + rest + "0210 0002 34", InvalidParameter},
	} {
		c.body = strings.ReplaceAll(c.body, " ", "")
		conn := dial(t, address)
		_, err := conn.Write(unhex(t, hex.EncodeToString([]byte{0, 0, 0, byte(16 + len(c.body)/2)})+c.command+"00000000"+"00000007"+c.body))
		must(t, err)
		u, ok := conn.read()
		if !ok || u.status != c.want || u.sequence != 7 || u.command != 0x80000000|uint32(unhex(t, c.command)[3]) {
			t.Errorf("%s: %+v", name, u)
		}
		if c.want == OK {
			if want := "sandbox\x00\x02\x10\x00\x01\x34"; string(u.body) != want {
				t.Errorf("%s: %q", name, u.body)
			}
			if again := conn.ask(bindTransceiver, bindBody("ministry", "secret")...); again.status != AlreadyBound {
				t.Errorf("%s, again: %+v", name, again)
			}
			continue
		}
		if u, ok := conn.read(); ok || len(u.body) > 0 {
			t.Errorf("%s: the connection goes on: %+v", name, u)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	address, _ := start(t, New(Config{Accounts: accounts}))
	transceiver, unknown := bindTransceiver, uint32(0)
	text := good("77010000001", "a").body()
	for name, c := range map[string]struct {
		bind, command uint32
		body          []byte
		answer        uint32
		want          Status
	}{
		"enquire_link":           {transceiver, enquireLink, nil, enquireLink | answerBit, OK},
		"enquire before a bind":  {unknown, enquireLink, nil, enquireLink | answerBit, OK},
		"submit before a bind":   {unknown, submitSM, text, submitSM | answerBit, InvalidBindState},
		"submit of a receiver":   {bindReceiver, submitSM, text, submitSM | answerBit, InvalidBindState},
		"query of a receiver":    {bindReceiver, querySM, []byte("1\x00\x03\x001414\x00"), querySM | answerBit, InvalidBindState},
		"query of what is not":   {transceiver, querySM, []byte("1\x00\x03\x001414\x00"), querySM | answerBit, QueryFailed},
		"query that is cut off":  {transceiver, querySM, []byte("1\x00\x03"), querySM | answerBit, InvalidCommandLength},
		"cancel_sm":              {transceiver, cancelSM, nil, cancelSM | answerBit, CancelFailed},
		"replace_sm":             {transceiver, replaceSM, nil, replaceSM | answerBit, ReplaceFailed},
		"data_sm":                {transceiver, 0x103, nil, genericNack, InvalidCommand},
		"submit_multi":           {transceiver, 0x21, nil, genericNack, InvalidCommand},
		"deliver_sm of a client": {transceiver, deliverSM, nil, genericNack, InvalidCommand},
		"what nobody knows":      {transceiver, 0x1234, []byte("abc"), genericNack, InvalidCommand},
		"unbind":                 {transceiver, unbind, nil, unbind | answerBit, OK},
	} {
		conn := dial(t, address)
		if c.bind != unknown {
			conn = bound(t, address, c.bind)
		}
		conn.send(0x80001234, OK, 70)  // answers to what was never asked are passed over
		conn.send(genericNack, OK, 71) // and so is this
		conn.send(deliverSM|answerBit, OK, 72)
		u := conn.ask(c.command, c.body...)
		if u.command != c.answer || u.status != c.want || len(u.body) != 0 {
			t.Errorf("%s: %+v", name, u)
		}
		if c.command == unbind {
			if _, ok := conn.read(); ok {
				t.Errorf("%s: the connection goes on", name)
			}
		} else if u = conn.ask(enquireLink); u.status != OK {
			t.Errorf("%s: the session is gone: %+v", name, u)
		}
	}
}

func TestLength_thatCannotBe(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts})
	address, _ := start(t, c)
	for _, length := range []string{"00000000", "0000000f", "00100000", "ffffffff"} {
		conn := bound(t, address, bindTransceiver)
		_, err := conn.Write(unhex(t, length+"00000004 00000000 00000001"))
		must(t, err)
		if u, ok := conn.read(); !ok || u.command != genericNack || u.status != InvalidCommandLength {
			t.Errorf("%s: %+v", length, u)
		}
		if _, ok := conn.read(); ok {
			t.Errorf("%s: the connection goes on, and nobody knows where the next unit begins", length)
		}
	}
	if n := c.Counts().Odd; n != 4 {
		t.Errorf("%d were odd", n)
	}
}

func TestSubmit_believesNobody(t *testing.T) {
	t.Parallel()
	c := New(Config{Accounts: accounts, Now: func() time.Time { return time.Date(2026, time.March, 2, 4, 16, 0, 0, time.UTC) }})
	address, _ := start(t, c)
	conn := bound(t, address, bindTransmitter)
	with := func(spoil func(m *sm)) sm {
		m := good("77010000001", "a")
		spoil(&m)
		return m
	}
	words := func(coding, class byte, w string) sm {
		return with(func(m *sm) { m.coding, m.class, m.words = coding, class, []byte(w) })
	}
	payload := func(w, p string) sm {
		return with(func(m *sm) { m.words, m.more = []byte(w), appendParameter(nil, tagPayload, []byte(p)...) })
	}
	for name, s := range map[string]struct {
		m    sm
		want Status
	}{
		"as it should be":           {good("77010000001", "a"), OK},
		"store and forward":         {words(0, 3, "a"), OK},
		"a word as its source":      {with(func(m *sm) { m.from, m.fromTON = "Adilet", 5 }), OK},
		"160 letters":               {words(0, 0, strings.Repeat("a", 160)), OK},
		"161 letters":               {words(0, 0, strings.Repeat("a", 161)), InvalidMessageLength},
		"153 letters and a header":  {words(0, esmUDH, "\x05\x00\x03\x01\x02\x01"+strings.Repeat("a", 153)), OK},
		"154 letters and a header":  {words(0, esmUDH, "\x05\x00\x03\x01\x02\x01"+strings.Repeat("a", 154)), InvalidMessageLength},
		"70 letters of UCS-2":       {words(8, 0, strings.Repeat("\x04\xd9", 70)), OK},
		"71 letters of UCS-2":       {words(8, 0, strings.Repeat("\x04\xd9", 71)), InvalidMessageLength},
		"67 letters and a header":   {words(8, esmUDH, "\x05\x00\x03\x02\x02\x01"+strings.Repeat("\x04\xd9", 67)), OK},
		"68 letters and a header":   {words(8, esmUDH, "\x05\x00\x03\x02\x02\x01"+strings.Repeat("\x04\xd9", 68)), InvalidMessageLength},
		"a payload":                 {payload("", strings.Repeat("a", 300)), OK},
		"a payload and a text":      {payload("a", "b"), InvalidMessageLength},
		"half a letter":             {words(8, 0, "\x04\xd9\x04"), SubmitFailed},
		"half a pair":               {words(8, 0, "\xd8\x3d"), SubmitFailed},
		"a pair":                    {words(8, 0, "\xd8\x3d\xde\x00"), OK},
		"two first halves":          {words(8, 0, "\xd8\x3d\xd8\x3d"), SubmitFailed},
		"no letter of the alphabet": {words(0, 0, "\x80"), SubmitFailed},
		"no letter of ASCII":        {words(1, 0, "\x80"), SubmitFailed},
		"Latin-1":                   {words(3, 0, "\xe4"), OK},
		"octets":                    {words(4, 0, "\x00\xff"), OK},
		"unknown letters":           {words(6, 0, "a"), SubmitFailed},
		"an escape at the end":      {words(0, 0, "a\x1b"), SubmitFailed},
		"an escape to nowhere":      {words(0, 0, "\x1ba"), SubmitFailed},
		"a header that is cut off":  {words(0, esmUDH, "\x05\x00\x03"), InvalidESMClass},
		"a header that is empty":    {words(0, esmUDH, ""), InvalidESMClass},
		"part 0":                    {words(0, esmUDH, "\x05\x00\x03\x01\x02\x00a"), InvalidESMClass},
		"part 3 of 2":               {words(0, esmUDH, "\x05\x00\x03\x01\x02\x03a"), InvalidESMClass},
		"an element too long":       {words(0, esmUDH, "\x05\x00\x04\x01\x02\x01a"), InvalidESMClass},
		"an element too short":      {words(0, esmUDH, "\x04\x00\x02\x01\x02a"), InvalidESMClass},
		"half of an element":        {words(0, esmUDH, "\x01\x00a"), InvalidESMClass},
		"another element":           {words(0, esmUDH, "\x03\x24\x01\x01a"), OK},
		"a datagram":                {words(0, 1, "a"), InvalidESMClass},
		"a receipt":                 {words(0, 4, "a"), InvalidESMClass},
		"half of the segments":      {with(func(m *sm) { m.more = appendParameter(nil, tagTotal, 2) }), InvalidParameter},
		"half of a parameter":       {with(func(m *sm) { m.more = []byte{2, 4} }), InvalidParameter},
		"no number":                 {with(func(m *sm) { m.to = "" }), InvalidDestination},
		"a plus":                    {with(func(m *sm) { m.to = "+77010000001" }), InvalidDestination},
		"a short number":            {with(func(m *sm) { m.to = "7701000" }), InvalidDestination},
		"16 digits":                 {with(func(m *sm) { m.to = "7701000000123456" }), InvalidDestination},
		"21 digits":                 {with(func(m *sm) { m.to = strings.Repeat("7", 21) }), InvalidDestination},
		"to a word":                 {with(func(m *sm) { m.toTON = 5 }), InvalidDestTON},
		"from nobody":               {with(func(m *sm) { m.from = "" }), InvalidSource},
		"from twelve letters":       {with(func(m *sm) { m.from, m.fromTON = "abcdefghijkl", 5 }), InvalidSource},
		"from letters as digits":    {with(func(m *sm) { m.from = "Adilet" }), InvalidSource},
		"from an odd type":          {with(func(m *sm) { m.fromTON = 7 }), InvalidSourceTON},
		"a long service type":       {with(func(m *sm) { m.service = "abcdef" }), InvalidServiceType},
		"tomorrow":                  {with(func(m *sm) { m.schedule = "000001000000000R" }), InvalidSchedule},
		"valid for an hour":         {with(func(m *sm) { m.validity = "000000010000000R" }), OK},
		"valid until tomorrow":      {with(func(m *sm) { m.validity = "260303000000000+" }), OK},
		"valid for no time":         {with(func(m *sm) { m.validity = "000000000000000R" }), InvalidExpiry},
		"valid until yesterday":     {with(func(m *sm) { m.validity = "260301000000000+" }), InvalidExpiry},
		"valid until soon":          {with(func(m *sm) { m.validity = "soon" }), InvalidExpiry},
		"valid for too many digits": {with(func(m *sm) { m.validity = "0000000100000000R" }), InvalidExpiry},
	} {
		u := conn.ask(submitSM, s.m.body()...)
		if u.command != submitSM|answerBit || u.status != s.want || (u.status == OK) != (len(u.body) > 1) {
			t.Errorf("%s: %+v", name, u)
		}
	}
	whole := good("77010000001", "abc").body()
	for n := range whole {
		if u := conn.ask(submitSM, whole[:n]...); u.status == OK || len(u.body) > 0 {
			t.Errorf("the first %d octets are taken: %+v", n, u)
		}
	}
	if m := c.Submissions("77010000001"); len(m) == 0 || c.Counts().Odd != 0 {
		t.Errorf("%d submissions, %+v", len(m), c.Counts())
	}
}

func TestReadMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.January, 31, 20, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"260302091600020+": "2026-03-02T04:16:00Z", // five hours ahead
		"260302091600050-": "",                     // more than twelve hours
		"260302091600042-": "2026-03-02T19:46:00Z",
		"260302091600900+": "2026-03-02T09:16:00.9Z",
		"260302091600000R": "2052-05-04T05:16:00Z",
		"000000130000000R": "2026-02-01T09:00:00Z",
		"000002000000000R": "2026-02-02T20:00:00Z",
		"000000130000100R": "", "260230000000000+": "", "261302000000000+": "", "260302240000000+": "", "260302006000000+": "",
		"260302000000000Z": "", "26030200000000+": "", "2603020000000000+": "", "26030200000000é": "", "": "",
	} {
		got, ok := readMoment(s, now)
		if w, err := time.Parse(time.RFC3339, want); ok != (want != "") || ok && err == nil && !got.Equal(w) {
			t.Errorf("%q: %s %t, want %q", s, got, ok, want)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		coding byte
		raw    string
		want   string
	}{
		{0, "\x00\x01\x02\x10\x1b\x65\x1b\x28\x1b\x29", "@£$Δ€{}"},
		{0, "Case 1_", "Case 1§"}, // 0x5F is not an underscore
		{8, "\x04\xd9\x04\x93\xd8\x3d\xde\x00", "әғ😀"},
		{3, "\xe4", "ä"},
		{1, "a_", "a_"},
		{2, "\x00\xff", "00ff"},
	} {
		if got, ok := decode(c.coding, []byte(c.raw)); !ok || got != c.want {
			t.Errorf("%d %q: %q %t", c.coding, c.raw, got, ok)
		}
	}
	for _, word := range []string{"@£$", "Case 260000017", "{"} {
		got, _ := decodeGSM(encodeGSM(nil, word))
		if want := strings.ReplaceAll(word, "{", "?"); got != want {
			t.Errorf("%q: %q", word, got)
		}
	}
	if !bytes.Equal(encodeGSM(nil, "ә_"), []byte{'?', 0x11}) {
		t.Error("letters outside the alphabet")
	}
}
