package sms

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/sandbox/smsc"
)

// What the last digit of a number means to both centres.
const (
	good   = "+77010000001" // taken and delivered
	nobody = "+77010000002" // no such number
	busy   = "+77010000003" // once "too many", then as good
	lost   = "+77010000004" // taken, and the answer is lost
	away   = "+77010000005" // taken, and cannot be delivered
	ill    = "+77010000006" // the centre has a fault
	kazakh = "әғқңөұүһі ӘҒҚҢӨҰҮҺІ: 15 қыркүйекке дейін"
	latin  = "Case 260000017: pay by 15 September"
)

// submission is a part as a centre understood it.
type submission struct {
	ID, To, From, Text, Header, Validity string
	TON, Coding, Receipt                 int
	Port                                 int // of the first line only
}

// centre is an SMS centre of a test.
type centre struct {
	address string
	sandbox *smsc.Centre // ours; nil: it is npm's

	mu   sync.Mutex
	took []submission // of npm's
}

func (c *centre) add(s submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, s)
}

// got gives what was submitted for a number, in the order of its parts.
func (c *centre) got(to string) (out []submission) {
	if c.sandbox != nil {
		for _, s := range c.sandbox.Submissions(to) {
			out = append(out, submission{
				ID: s.ID, To: s.To.Number, From: s.From.Number, Text: s.Text, Header: s.Header, Validity: s.Validity,
				TON: int(s.To.TON), Coding: int(s.Coding), Receipt: int(s.Receipt),
			})
		}
		sortParts(out)
		return out
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.took {
		if "+"+s.To == to {
			out = append(out, s)
		}
	}
	sortParts(out)
	return out
}

func sortParts(parts []submission) {
	slices.SortStableFunc(parts, func(a, b submission) int { return int(lastByte(a.Header)) - int(lastByte(b.Header)) })
}

func lastByte(header string) byte {
	raw, err := hex.DecodeString(header)
	if err != nil || len(raw) == 0 {
		return 0
	}
	return raw[len(raw)-1]
}

// centres are the peers: the sandbox's, which is always there, and the npm package "smpp", which is not ours, where the pipeline has
// installed it.
func centres(t *testing.T, f func(t *testing.T, c *centre)) {
	t.Run("own", func(t *testing.T) { f(t, ownCentre(t)) })
	t.Run("npm", func(t *testing.T) { f(t, npmCentre(t)) })
}

func npmCentre(t *testing.T) *centre {
	t.Helper()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package smpp: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/centre.cjs")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &centre{}
	port := make(chan int, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var s submission
			if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
				t.Errorf("%v: %s", err, lines.Text())
			} else if s.Port != 0 {
				port <- s.Port
			} else {
				c.add(s)
			}
		}
		close(port)
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		reading.Wait()
		_ = cmd.Wait()
	})
	p, ok := <-port
	if !ok {
		t.Fatal("the centre did not start")
	}
	c.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	return c
}

// ownCentre is the sandbox's.
func ownCentre(t *testing.T) *centre {
	t.Helper()
	return centreWith(t, smsc.Config{IDPrefix: "o"})
}

func centreWith(t *testing.T, cfg smsc.Config) *centre {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	cfg.Accounts, cfg.Conduct = map[string]string{"ministry": "secret", "second": "secret"}, smsc.ByLastDigit()
	cfg.Now = func() time.Time { return time.Date(2026, time.March, 2, 4, 16, 0, 0, time.UTC) }
	sandbox := smsc.New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sandbox.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	return &centre{address: ln.Addr().String(), sandbox: sandbox}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon waits for something that other goroutines bring about.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("not within ten seconds: " + what)
}
