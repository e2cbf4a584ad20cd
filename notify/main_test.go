package notify

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// noon is a Monday, 12:00 in Almaty.
var noon = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)

// fataler is what the helpers need of a test, rapid's too.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

const firstCase int64 = 26_0000000

func newStore(tb fataler) *Store {
	tb.Helper()
	master := make([]byte, seal.MasterSize)
	for i := range master {
		master[i] = byte(i*7 + 3)
	}
	keys, err := seal.New(master)
	if err != nil {
		tb.Fatal(err)
	}
	p := pack.Default()
	s, err := NewStore(Config{
		Links: keys, Host: "1414.gov.kz",
		Window: func(t time.Time) (time.Time, time.Time) { return rules.SendWindow(p, t) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func opening(caseID int64, ordinal int, at time.Time) Intent {
	return Intent{
		CaseID: caseID, Ordinal: ordinal, Kind: KindOpening, Rung: 1, Channels: []Channel{SMS, Push}, Language: "kk",
		Params: Params{
			Amount: money.FromTiyn(2_015_500), Outstanding: money.FromTiyn(2_015_500), Initials: "А.Д.",
			Until: calendar.MakeDate(2026, 12, 21),
		},
		At: at, ExpiresAt: at.Add(72 * time.Hour),
	}
}

func on(in Intent, channels ...Channel) Intent {
	in.Channels = channels
	return in
}

func inTx(tb fataler, db *pgxpool.Pool, fn func(tx pgx.Tx) error) {
	tb.Helper()
	if err := pg.InTx(context.Background(), db, fn); err != nil {
		tb.Fatal(err)
	}
}

func create(tb fataler, s *Store, db *pgxpool.Pool, intents ...Intent) {
	tb.Helper()
	inTx(tb, db, func(tx pgx.Tx) error { return s.Create(context.Background(), tx, intents) })
}

func receiveAll(tb fataler, s *Store, db *pgxpool.Pool, now time.Time, receipts ...Receipt) (delivered []Delivered, strays []Receipt) {
	tb.Helper()
	inTx(tb, db, func(tx pgx.Tx) (err error) {
		delivered, strays, err = s.Receive(context.Background(), tx, receipts, now)
		return err
	})
	return delivered, strays
}

func ofCase(tb fataler, s *Store, db *pgxpool.Pool, caseID int64) []Notice {
	tb.Helper()
	notices, err := s.OfCase(context.Background(), db, caseID)
	if err != nil {
		tb.Fatal(err)
	}
	return notices
}

func statusOf(tb fataler, s *Store, db *pgxpool.Pool, ref string) (Status, int) {
	tb.Helper()
	caseID, ordinal, channel, err := ParseRef(ref)
	if err != nil {
		tb.Fatal(err)
	}
	for _, n := range ofCase(tb, s, db, caseID) {
		if n.Ordinal == ordinal && n.Channel == channel {
			return n.Status, n.Attempts
		}
	}
	tb.Fatalf("no notice %s", ref)
	return "", 0
}

func checkGreen(tb fataler, s *Store, q Querier) {
	tb.Helper()
	found, err := s.Check(context.Background(), q)
	if err != nil {
		tb.Fatal(err)
	}
	if len(found) > 0 {
		tb.Fatalf("violations: %+v", found)
	}
}

// fate is what a fake gateway does with one message.
type fate int

const (
	taken      fate        = iota // accepted and answered
	takenMute                     // accepted, the answer is lost
	lost                          // never arrived, the answer is lost
	limbo                         // the answer is lost, the message arrives when released
	refused                       // refused for good
	neverLeft                     // the adapter knows that it never left
	fateCount                     // how many there are
	afterwards = time.Hour        // more than any patience
)

var errLine = errors.New("line is down")

// fakeGateway keeps its own books: what the debtor would have got on the phone.
type fakeGateway struct {
	mu       sync.Mutex
	fate     func(ref string) fate
	blind    bool // Query cannot tell
	got      map[string][]Message
	floating map[string]Message // in limbo
	refusals map[string]bool
	queries  int
	check    func(Message) // called for each physical send
}

func newFake() *fakeGateway {
	return &fakeGateway{
		fate: func(string) fate { return taken }, got: map[string][]Message{}, floating: map[string]Message{}, refusals: map[string]bool{},
		check: func(Message) {},
	}
}

func (g *fakeGateway) Send(_ context.Context, messages []Message) ([]Sent, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var answers []Sent
	var err error
	for _, m := range messages {
		f := g.fate(m.Ref)
		switch f {
		case taken, takenMute:
			g.arrive(m)
		case limbo:
			g.floating[m.Ref] = m
		case refused:
			g.refusals[m.Ref] = true
		case lost, neverLeft:
		}
		switch f {
		case taken:
			answers = append(answers, Sent{Ref: m.Ref, Status: Accepted, ProviderRef: "p" + m.Ref, Parts: []string{"p" + m.Ref}})
		case refused:
			answers = append(answers, Sent{Ref: m.Ref, Status: Rejected, Detail: "bad number +77011234567"})
		case neverLeft:
			answers = append(answers, Sent{Ref: m.Ref, Status: NotFound, Detail: "breaker_open"})
		case takenMute, lost, limbo:
			err = errLine
		}
	}
	return answers, err
}

func (g *fakeGateway) arrive(m Message) {
	g.check(m)
	g.got[m.Ref] = append(g.got[m.Ref], m)
}

// release lets a message that hung on the line arrive after all.
func (g *fakeGateway) release(ref string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m, ok := g.floating[ref]; ok {
		delete(g.floating, ref)
		g.got[ref] = append(g.got[ref], m)
	}
}

func (g *fakeGateway) Query(_ context.Context, refs []string) ([]Sent, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queries++
	var answers []Sent
	for _, ref := range refs {
		a := Sent{Ref: ref, Status: NotFound}
		switch {
		case g.blind:
			a.Status = Unknown
		case len(g.got[ref]) > 0:
			a.Status, a.ProviderRef, a.Parts = Accepted, "p"+ref, []string{"p" + ref}
		case g.refusals[ref]:
			a.Status = Rejected
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func (g *fakeGateway) refs() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var refs []string
	for ref := range g.got {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	return refs
}

// shakyDB refuses to begin its n-th transaction from now: a crash before it.
type shakyDB struct {
	*pgxpool.Pool

	crashAt int // 1 is the next one; 0 is never
}

var errCrash = errors.New("process was killed")

func (s *shakyDB) BeginTx(ctx context.Context, opts pgx.TxOptions) (pgx.Tx, error) {
	if s.crashAt > 0 {
		if s.crashAt--; s.crashAt == 0 {
			return nil, errCrash
		}
	}
	return s.Pool.BeginTx(ctx, opts)
}

type world struct {
	*Sender

	db       *shakyDB
	clock    *clock.Manual
	sms      *fakeGateway
	push     *fakeGateway
	contacts map[int64]Contact
}

func newWorld(tb fataler, pool *pgxpool.Pool) *world {
	tb.Helper()
	w := &world{db: &shakyDB{Pool: pool}, clock: clock.NewManual(noon), sms: newFake(), push: newFake(), contacts: map[int64]Contact{}}
	w.Sender = &Sender{Store: newStore(tb), DB: w.db, Clock: w.clock, Gateways: map[Channel]Gateway{SMS: w.sms, Push: w.push}}
	for i := range int64(50) {
		w.contacts[firstCase+i+1] = Contact{Phone: "+77010000000", PushToken: "token"}
	}
	return w
}

func (w *world) run(caseIDs ...int64) error { return w.Run(context.Background(), caseIDs, w.contacts) }

func (w *world) now() time.Time {
	now, _ := w.clock.Now(context.Background())
	return now
}
