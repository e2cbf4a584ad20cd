package httpsms

import (
	"context"
	"encoding/hex"
	"net"
	"slices"
	"testing"

	"robotbailiff/internal/sandbox/smsc"
)

// What the last digit of a number means to the centre behind Kannel.
const (
	good    = "+77010000001" // taken and delivered
	nobody  = "+77010000002" // no such number
	away    = "+77010000005" // taken, and cannot be delivered
	late    = "+77010000000" // taken, and its time was over
	buffer  = "+77010000007" // taken, kept for a while, delivered
	forgot  = "+77010000008" // taken, and the centre knows nothing more of it
	halves  = "+77010000009" // of two parts only the first is delivered
	kazakh  = "әғқңөұүһі ӘҒҚҢӨҰҮҺІ: 15 қыркүйекке дейін"
	latin   = "Case 260000017: pay {20155} by 15 September"
	noRoute = "+49301234567" // Kannel has no centre for it
	denied  = "+77017777777" // stands on Kannel's black list
)

// submission is a part as the centre understood it.
type submission struct {
	To, From, Text, Header, Validity string
	TON, Coding                      int
}

// centre is the SMS centre that Kannel binds to.
type centre struct {
	port    int
	sandbox *smsc.Centre
}

// got gives what was submitted for a number, in the order of its parts.
func (c *centre) got(to string) (out []submission) {
	for _, s := range c.sandbox.Submissions(to) {
		out = append(out, submission{
			To: s.To.Number, From: s.From.Number, Text: s.Text, Header: s.Header, Validity: s.Validity, TON: int(s.To.TON), Coding: int(s.Coding),
		})
	}
	slices.SortStableFunc(out, func(a, b submission) int { return int(lastByte(a.Header)) - int(lastByte(b.Header)) })
	return out
}

func lastByte(header string) byte {
	raw, err := hex.DecodeString(header)
	if err != nil || len(raw) == 0 {
		return 0
	}
	return raw[len(raw)-1]
}

// newCentre starts the sandbox's centre, with which Kannel, whose SMPP nobody here wrote, has to get along.
func newCentre(t *testing.T) *centre {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	c := &centre{
		port:    ln.Addr().(*net.TCPAddr).Port,
		sandbox: smsc.New(smsc.Config{Accounts: map[string]string{"ministry": "secret"}, IDPrefix: "c", Conduct: smsc.ByLastDigit()}),
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.sandbox.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	return c
}
