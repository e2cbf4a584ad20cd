package smsc

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what a centre is made of. Its zero value is a centre to which nobody may bind.
type Config struct {
	Accounts map[string]string // password by system_id

	Rate   float64 // submissions a second that a session may make; 0: as many as it likes. What is beyond it is throttled
	Burst  int     // how many of them may come at once; 0: those of a second
	Window int     // receipts that a session is brought before it has answered the first of them; 0: 100

	HexIDs     bool   // answers have the number of a message in hex and receipts in decimal, as some centres do
	IDPrefix   string // what numbers of messages begin with; without effect where HexIDs is set
	Parameters bool   // receipts have the optional parameters too, and not the text alone

	Conduct func(Submission) Conduct // decides what happens; called by many goroutines; nil: Deliver
	Ref     func(Message) string     // names a whole message for Refs; nil: nothing is counted there

	CountOnly bool // no submission is kept, for long runs: Counts and Refs know all, the rest of the books and query_sm nothing

	Again   time.Duration    // a receipt without an answer, or with a bad one, comes again after this; 0: 5 s
	Enquire time.Duration    // a session that is silent for this long is asked whether it is there, and ended if it is not; 0: 30 s
	Now     func() time.Time // for what receipts say, and for validity; nil: the computer's own clock
}

// Centre is an SMS centre. It is safe for concurrent use.
type Centre struct {
	cfg      Config
	accounts map[string]*account
	book     *book
	lastID   atomic.Uint64

	mu       sync.Mutex
	sessions map[*session]bool
}

const (
	defaultWindow  = 100
	defaultAgain   = 5 * time.Second
	defaultEnquire = 30 * time.Second
)

// New makes a centre.
func New(cfg Config) *Centre {
	if cfg.Window <= 0 {
		cfg.Window = defaultWindow
	}
	if cfg.Burst <= 0 {
		cfg.Burst = max(1, int(cfg.Rate))
	}
	if cfg.Again <= 0 {
		cfg.Again = defaultAgain
	}
	if cfg.Enquire <= 0 {
		cfg.Enquire = defaultEnquire
	}
	if cfg.Conduct == nil {
		cfg.Conduct = Deliver
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Centre{cfg: cfg, accounts: map[string]*account{}, book: newBook(cfg.CountOnly, cfg.Ref), sessions: map[*session]bool{}}
	for name, password := range cfg.Accounts {
		c.accounts[name] = &account{name: name, password: password, sessions: map[*session]bool{}}
	}
	c.lastID.Store(uint64(time.Now().Unix()) << 20) // a centre that is started again gives no number a second time
	return c
}

// Serve takes connections until the context ends, and returns when all of them have ended. It may be called again, also with
// another listener while the first is there: the books stay, and so do receipts that nobody has taken.
func (c *Centre) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel() // before the wait
	for {
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("sandbox: the SMS centre at %s: %w", ln.Addr(), err)
		}
		s := newSession(c, conn)
		c.mu.Lock()
		c.sessions[s] = true
		c.mu.Unlock()
		all.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			s.run()
			c.mu.Lock()
			delete(c.sessions, s)
			c.mu.Unlock()
		})
	}
}

func (c *Centre) each(f func(s *session)) {
	c.mu.Lock()
	all := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		all = append(all, s)
	}
	c.mu.Unlock()
	for _, s := range all {
		f(s)
	}
}

// Hangup ends all connections without a word, as a failing line does.
func (c *Centre) Hangup() { c.each(func(s *session) { _ = s.conn.Close() }) }

// Unbind ends all sessions politely.
func (c *Centre) Unbind() { c.each((*session).farewell) }

// Counts gives the counts of everything so far.
func (c *Centre) Counts() Counts { return c.book.copyCounts() }

// Refs says how many whole messages there are of each name that Config.Ref has given.
func (c *Centre) Refs() map[string]int { return c.book.copyRefs() }

// Submissions gives what was submitted for a number, in order, what was refused included. A number may have its plus; an empty
// one stands for all.
func (c *Centre) Submissions(to string) []Submission {
	return c.book.submissions(strings.TrimPrefix(to, "+"))
}

// Messages gives what was taken for a number, put together from its parts.
func (c *Centre) Messages(to string) []Message {
	return c.book.take(strings.TrimPrefix(to, "+"), c.cfg.Now())
}

// Shown gives the texts that the phone of a number shows: of messages that have been delivered whole, all of them.
func (c *Centre) Shown(to string) (out []string) {
	for _, m := range c.Messages(to) {
		if m.Whole() && !slices.ContainsFunc(m.States, func(s State) bool { return s != Delivered }) {
			out = append(out, m.Text)
		}
	}
	return out
}

// newID gives the number of a message, as its answer has it and as its receipts do.
func (c *Centre) newID() (answer, receipts string) {
	n := c.lastID.Add(1)
	if c.cfg.HexIDs {
		return strconv.FormatUint(n, 16), strconv.FormatUint(n, 10)
	}
	id := c.cfg.IDPrefix + strconv.FormatUint(n, 10)
	return id, id
}
