package orders_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
	"robotbailiff/rules/calendar"
)

// distant is a bank at the other end of the protocol: its books, and what our end noticed of it.
type distant struct {
	books *peertest.Memory

	mu     sync.Mutex
	fault  far.Fault // of the next orders
	doubts []string
	kept   int
}

func (d *distant) be(f far.Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

func signerOf(t *testing.T) *wire.Signer {
	t.Helper()
	private, _ := peertest.SigningKey(t)
	s, err := wire.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dial puts a bank behind TLS with certificates of both sides, and gives the peer that reaches it.
func dial(t *testing.T, as wire.Encoding) (*distant, orders.Peer) {
	t.Helper()
	d := &distant{books: peertest.NewMemory()}
	ours, theirs := signerOf(t), signerOf(t)
	ourCA, theirCA := peertest.NewAuthority(t, "ministry"), peertest.NewAuthority(t, "bank")
	server := theirCA.Serve(t, ourCA, time.Hour, far.New(far.Config{
		Name: "halyk", Peer: d.books, Signer: theirs, Ministry: ours.Verifier(), Clock: clock.System(),
		Fault: func(k wire.Kind) far.Fault {
			d.mu.Lock()
			defer d.mu.Unlock()
			if k != wire.Submit {
				return far.None
			}
			return d.fault
		},
	}))
	cert, key := ourCA.Issue(t, "ministry", time.Hour)
	settings, err := bankapi.Files{Cert: cert, Key: key, Roots: theirCA.PEM}.TLS()
	if err != nil {
		t.Fatal(err)
	}
	c, err := bankapi.New(bankapi.Config{
		Name: "halyk", URL: server.URL, Encoding: as, TLS: settings, Signer: ours, Verifier: theirs.Verifier(), Clock: clock.System(), Rate: 10_000,
		Keep: func(context.Context, wire.Evidence) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.kept++
			return nil
		},
		Report: func(_ context.Context, f wire.Finding) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.doubts = append(d.doubts, f.Code)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

// Over TLS, signed by both sides: an arrest, a reduction, a collection and a lift, whether the bank answers at once, only when it is
// asked, or does what it is told and breaks the connection.
func TestSender_overTheBankProtocol(t *testing.T) {
	t.Parallel()
	for _, as := range []wire.Encoding{wire.JSON, wire.XML} {
		for name, fault := range map[string]far.Fault{"answered": far.None, "taken first": far.Taken, "cut when done": far.ResetAfter} {
			t.Run(string(as)+", "+name, func(t *testing.T) {
				t.Parallel()
				s := setup(t)
				d, peer := dial(t, as)
				s.sender.Banks = map[string]orders.Peer{"halyk": peer}
				who, ids := s.debtor(t, 2)
				d.books.Open(who, "KZ75125KZT5004100199", orders.KindCurrent, 300_000_00)
				is := func(id int64, p engine.Purpose, status engine.OrderStatus, held int64) {
					t.Helper()
					if o := s.order(t, id, p); fault != far.None && o.Status != engine.Unknown {
						t.Errorf("%s before the bank was asked: %+v", p, o)
					}
					s.clock.Advance(5 * time.Minute)
					s.work(t)
					if o := s.order(t, id, p); o.Status != status || o.Held.Tiyn() != held {
						t.Fatalf("%s: %+v, want %s, %d held", p, o, status, held)
					}
				}
				d.be(fault)
				s.enforce(t, ids[0])
				is(ids[0], engine.Arrest, engine.Active, 50_000_00)
				s.clock.Advance(5 * time.Minute) // the second case waits for the first
				s.work(t)
				second := s.order(t, ids[1], engine.Arrest)
				if held, _ := d.books.Held(); held != 100_000_00 || second.Status != engine.Active {
					t.Fatalf("%d held, %+v", held, second)
				}
				s.apply(t, ids[0], engine.Pay{PaymentID: 1, Amount: tenge(15_000), ValueDate: calendar.DateOf(morning)})
				s.work(t)
				is(ids[0], engine.Reduce, engine.Done, 0)
				if held, _ := d.books.Held(); held != 85_000_00 || !s.order(t, ids[0], engine.Arrest).Held.Equal(tenge(35_000)) {
					t.Errorf("%d held after the reduction", held)
				}
				s.apply(t, ids[1], engine.Cancel{Ground: "court", Act: "1"})
				s.work(t)
				is(ids[1], engine.Lift, engine.Done, 0)
				if c := s.load(t, ids[1]); c.ReleasedAt.IsZero() {
					t.Errorf("not released: %+v", c)
				}
				s.clock.Set(s.load(t, ids[0]).CollectOn.Start())
				s.work(t)
				is(ids[0], engine.Collect, engine.Done, 35_000_00)
				if held, taken := d.books.Held(); held != 0 || taken != 35_000_00 {
					t.Errorf("%d held, %d taken", held, taken)
				}
				if len(d.books.Changed()) > 0 || len(d.doubts) > 0 || d.kept == 0 {
					t.Errorf("changed: %v, doubted: %v, kept: %d", d.books.Changed(), d.doubts, d.kept)
				}
				s.sound(t)
			})
		}
	}
}
