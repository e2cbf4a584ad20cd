package httpsms

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

const kannelConf = `
group = core
admin-port = %[1]d
admin-interface = "127.0.0.1"
admin-password = admin
admin-allow-ip = "127.0.0.1"
smsbox-port = %[2]d
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
black-list-receiver-regex = "^\\+%[6]s$"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = %[4]d
transceiver-mode = true
smsc-username = ministry
smsc-password = secret
system-type = ""
enquire-link-interval = 30
reconnect-delay = 1
allowed-prefix = "+7;7"

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[3]d
sendsms-interface = "127.0.0.1"
http-request-retry = 5
http-queue-delay = 1
mo-recode = false

group = sendsms-user
username = bailiff
password = "%[5]s"
`

const password = "a-long:secret/of%ours"

// box is a Kannel of a test: a bearerbox, an smsbox, and a centre behind them.
type box struct {
	*centre

	address string // of sendsms, without user
	log     string // what both boxes have written
	bearer  *exec.Cmd
}

// newBox starts Kannel, from the Debian package of that name.
func newBox(t *testing.T) *box {
	t.Helper()
	for _, program := range []string{"bearerbox", "smsbox"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not on the PATH", program)
			}
			t.Skipf("needs Kannel: %s is not on the PATH (Debian: apt-get install kannel)", program)
		}
	}
	dir := t.TempDir()
	b := &box{centre: newCentre(t), log: filepath.Join(dir, "log")}
	t.Cleanup(func() {
		if raw, err := os.ReadFile(b.log); t.Failed() && err == nil {
			t.Logf("%s", raw)
		}
	})
	ports := freePorts(t, 3)
	conf := filepath.Join(dir, "kannel.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, kannelConf, ports[0], ports[1], ports[2], b.port, password, strings.TrimPrefix(denied, "+")), 0o600))
	log, err := os.Create(b.log)
	must(t, err)
	t.Cleanup(func() { _ = log.Close() })
	b.bearer = run(t, dir, log, "bearerbox", "-v", "0", conf)
	soon(t, "bearerbox listens", func() bool { return listens(t, ports[1]) })
	run(t, dir, log, "smsbox", "-v", "0", conf)
	soon(t, "smsbox listens and is connected", func() bool { // it ends itself when it is asked to send before
		said, err := os.ReadFile(b.log)
		return err == nil && strings.Contains(string(said), "Connected to bearerbox") && listens(t, ports[2])
	})
	b.address = "127.0.0.1:" + strconv.Itoa(ports[2]) + "/cgi-bin/sendsms"
	return b
}

func run(t *testing.T, dir string, log *os.File, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		must(t, err)
		defer func() { _ = ln.Close() }()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func listens(t *testing.T, port int) bool {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// through makes a gateway that sends over the box, and serves its reports.
func (b *box) through(t *testing.T, h *heard, userinfo string) *Gateway {
	t.Helper()
	var g *Gateway
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.Handler().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	account, err := Parse("kannel+http://" + userinfo + "@" + b.address + "?rate=100&window=8")
	must(t, err)
	g = newGateway(t, Config{Account: account, ReceiptURL: server.URL + "/sms", Key: testKey, Receive: h.receive, Clock: clock.System()})
	return g
}

// TestKannel_fullRound sends over a real Kannel to a centre, and takes the reports that Kannel brings back.
func TestKannel_fullRound(t *testing.T) {
	t.Parallel()
	b, h := newBox(t), &heard{}
	g := b.through(t, h, "bailiff:a-long%3Asecret%2Fof%25ours")
	soon(t, "Kannel takes our password", func() bool { return g.Ready(t.Context()) == nil })
	long := strings.Repeat(kazakh+" ", 4)
	longLatin := strings.Repeat(latin+" ", 5)
	end := time.Now().Add(90*time.Minute + 30*time.Second)
	message := func(ref, to, words string) notify.Message {
		return notify.Message{Ref: ref, Channel: notify.SMS, To: to, Text: words, ExpiresAt: end}
	}
	answers, err := g.Send(t.Context(), []notify.Message{
		message("1-1-sms", good, kazakh), message("2-1-sms", "+77010000011", long), message("3-1-sms", "+77010000021", latin),
		message("4-1-sms", "+77010000031", longLatin), message("5-1-sms", nobody, kazakh), message("6-1-sms", away, kazakh), message("7-1-sms", late, kazakh),
		message("8-1-sms", buffer, kazakh), message("9-1-sms", forgot, kazakh), message("10-1-sms", halves, kazakh+" "+kazakh), message("11-1-sms", noRoute, kazakh),
		message("12-1-sms", denied, kazakh), message("13-1-sms", "8-701", kazakh),
		{Ref: "14-1-sms", To: "+77010000041", Text: kazakh, ExpiresAt: time.Now().Add(50 * time.Second)},
		{Ref: "15-1-sms", To: "+77010000051", Text: kazakh},
	})
	must(t, err)
	got := map[string]notify.Sent{}
	for _, a := range answers {
		got[a.Ref] = a
	}
	for ref, want := range map[string]notify.Sent{
		"1-1-sms": {Status: notify.Accepted}, "2-1-sms": {Status: notify.Accepted}, "3-1-sms": {Status: notify.Accepted}, "4-1-sms": {Status: notify.Accepted},
		"5-1-sms": {Status: notify.Accepted}, "6-1-sms": {Status: notify.Accepted}, "7-1-sms": {Status: notify.Accepted}, "8-1-sms": {Status: notify.Accepted},
		"9-1-sms": {Status: notify.Accepted}, "10-1-sms": {Status: notify.Accepted}, "15-1-sms": {Status: notify.Accepted},
		"11-1-sms": {Status: notify.NotFound, Detail: "not_routable"},
		"12-1-sms": {Status: notify.NotFound, Detail: "not_routable"}, // bearerbox's list; the report says which list it is
		"13-1-sms": {Status: notify.Rejected, Detail: "number_invalid"},
		"14-1-sms": {Status: notify.NotFound, Detail: "expired"},
	} {
		if a := got[ref]; a.Status != want.Status || a.Detail != want.Detail {
			t.Errorf("%s: %+v", ref, a)
		}
	}

	// the reports arrive and mean what the centre said
	for ref, want := range map[string]notify.Receipt{
		"1-1-sms": {Status: notify.StatusDelivered, Detail: "DELIVRD"}, "3-1-sms": {Status: notify.StatusDelivered, Detail: "DELIVRD"},
		"5-1-sms": {Status: notify.StatusFailed, Detail: "smpp_0x0b permanent"}, "6-1-sms": {Status: notify.StatusFailed, Detail: "UNDELIV 034 permanent"},
		"7-1-sms": {Status: notify.StatusFailed, Detail: "EXPIRED 001 temporary"}, "8-1-sms": {Status: notify.StatusDelivered, Detail: "DELIVRD"},
		"12-1-sms": {Status: notify.StatusFailed, Detail: "number_denied"}, "15-1-sms": {Status: notify.StatusDelivered, Detail: "DELIVRD"},
	} {
		soon(t, "a receipt of "+ref, func() bool { return len(h.ofRef(ref)) > 0 })
		r := h.ofRef(ref)[0]
		if r.Status != want.Status || r.Detail != want.Detail || time.Since(r.At).Abs() > time.Minute {
			t.Errorf("%s: %+v", ref, r)
		}
		if byCentre := strings.HasPrefix(r.ProviderRef, "c"); byCentre != (ref != "5-1-sms" && ref != "12-1-sms") {
			t.Errorf("%s: the number of the centre is %q", ref, r.ProviderRef)
		}
	}
	for ref, parts := range map[string]int{"2-1-sms": text.Parts(long), "4-1-sms": text.Parts(longLatin), "10-1-sms": 2} {
		ids := got[ref].Parts
		if len(ids) != parts {
			t.Errorf("%s: %d parts, want %d", ref, len(ids), parts)
		}
		for i, id := range ids {
			soon(t, "a receipt of "+id, func() bool { return len(h.ofPart(id)) > 0 })
			want := notify.StatusDelivered
			if ref == "10-1-sms" && i == 1 {
				want = notify.StatusFailed
			}
			if r := h.ofPart(id)[0]; r.Status != want || r.Ref != "" {
				t.Errorf("%s: %+v", id, r)
			}
		}
	}
	// the texts arrive as they were written, in parts where they are long
	if one := b.got(good); len(one) != 1 || one[0].Text != kazakh || one[0].Coding != 8 || one[0].From != "1414" || one[0].TON != 1 || one[0].Header != "" {
		t.Errorf("%+v", one)
	}
	for to, want := range map[string]string{"+77010000011": long, "+77010000021": latin, "+77010000031": longLatin} {
		words, parts := "", b.got(to)
		for _, p := range parts {
			words += p.Text
		}
		if _, gsm := text.Length(want); words != want || len(parts) != text.Parts(want) || (parts[0].Coding == 0) != gsm {
			t.Errorf("%d parts, want %d: %q: %+v", len(parts), text.Parts(want), words, parts)
		}
		if shown := b.sandbox.Shown(to); len(shown) != 1 || shown[0] != want {
			t.Errorf("the phone shows %q", shown)
		}
	}
	for _, to := range []string{nobody, away, late, forgot, halves} {
		if shown := b.sandbox.Shown(to); len(shown) != 0 {
			t.Errorf("the phone of %s shows %q", to, shown)
		}
	}
	// the validity is Kannel's absolute time, in UTC, and not after the end
	valid, err := time.Parse("060102150405", strings.TrimSuffix(b.got(good)[0].Validity, "000+"))
	if err != nil || valid.After(end) || end.Sub(valid) > 2*time.Minute {
		t.Errorf("valid until %v (%q), want shortly before %v", valid, b.got(good)[0].Validity, end.UTC())
	}
	if v := b.got("+77010000051"); len(v) != 1 || v[0].Validity != "" {
		t.Errorf("a message without an end is valid until %+v", v)
	}

	// the fault of settings, and what the centre has forgotten, are no failures
	for _, ref := range []string{"9-1-sms", "11-1-sms"} {
		if rs := h.ofRef(ref); len(rs) != 0 {
			t.Errorf("%s: %+v", ref, rs)
		}
	}
}

// TestKannel_bringsAReportAgain has Kannel find our database away: it has to come again.
func TestKannel_bringsAReportAgain(t *testing.T) {
	t.Parallel()
	b, h := newBox(t), &heard{fails: 2}
	g := b.through(t, h, "bailiff:a-long%3Asecret%2Fof%25ours")
	soon(t, "Kannel takes our password", func() bool { return g.Ready(t.Context()) == nil })
	answers, err := g.Send(t.Context(), []notify.Message{{Ref: "1-1-sms", To: good, Text: kazakh}})
	must(t, err)
	if answers[0].Status != notify.Accepted {
		t.Errorf("%+v", answers)
	}
	soon(t, "the report again", func() bool { return len(h.ofRef("1-1-sms")) > 0 })
}

// TestKannel_isAwayOrRefusesUs goes through what must not cost anybody his notice.
func TestKannel_isAwayOrRefusesUs(t *testing.T) {
	t.Parallel()
	b, h := newBox(t), &heard{}
	send := func(g *Gateway, ref string) notify.Sent {
		t.Helper()
		answers, err := g.Send(t.Context(), []notify.Message{{Ref: ref, To: good, Text: kazakh}})
		must(t, err)
		return answers[0]
	}
	wrong := b.through(t, h, "bailiff:wrong")
	if s := send(wrong, "1-1-sms"); s.Status != notify.NotFound || s.Detail != "authorization_failed" {
		t.Errorf("%+v", s)
	}
	if s := send(wrong, "2-1-sms"); s.Status != notify.NotFound || s.Detail != "paused" {
		t.Errorf("after the refusal: %+v", s)
	}
	wrong = b.through(t, h, "bailiff:wrong")
	if err := wrong.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "authorization_failed") || strings.Contains(err.Error(), "wrong") {
		t.Error(err)
	}

	// a bearerbox that is stopped does not answer: the smsbox has the message, and nobody knows what becomes of it
	g := b.through(t, h, "bailiff:a-long%3Asecret%2Fof%25ours")
	must(t, b.bearer.Process.Signal(syscall.SIGSTOP))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	answers, err := g.Send(ctx, []notify.Message{{Ref: "3-1-sms", To: good, Text: kazakh}})
	must(t, err)
	if s := answers[0]; s.Status != notify.Unknown || s.Detail != "no_answer" {
		t.Errorf("%+v", s)
	}
	must(t, b.bearer.Process.Signal(syscall.SIGCONT))
	soon(t, "its receipt all the same", func() bool { return len(h.ofRef("3-1-sms")) > 0 })

	b.address = "127.0.0.1:" + strconv.Itoa(freePorts(t, 1)[0]) + "/cgi-bin/sendsms" // a closed port
	closed := b.through(t, h, "bailiff:x")
	if s := send(closed, "4-1-sms"); s.Status != notify.NotFound || s.Detail != "not_sent" {
		t.Errorf("%+v", s)
	}
	if got := b.got(good); len(got) != 1 {
		t.Errorf("the centre has got %+v", got)
	}
}
