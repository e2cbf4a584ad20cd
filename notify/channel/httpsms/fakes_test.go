package httpsms

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
)

var testKey = []byte("a key of thirty-two bytes or more")

// heard collects receipts, after it has failed some times.
type heard struct {
	mu    sync.Mutex
	fails int
	all   []notify.Receipt
}

func (h *heard) receive(_ context.Context, rs []notify.Receipt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails > 0 {
		h.fails--
		return errors.New("the database is away")
	}
	h.all = append(h.all, rs...)
	return nil
}

func (h *heard) ofRef(ref string) []notify.Receipt {
	return h.find(func(r notify.Receipt) bool { return r.Ref == ref })
}

func (h *heard) ofPart(id string) []notify.Receipt {
	return h.find(func(r notify.Receipt) bool { return r.Ref == "" && r.ProviderRef == id })
}

func (h *heard) find(wanted func(notify.Receipt) bool) []notify.Receipt {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.all), func(r notify.Receipt) bool { return !wanted(r) })
}

// newGateway makes a gateway of a test; what is left out is filled in.
func newGateway(t *testing.T, cfg Config) *Gateway {
	t.Helper()
	if cfg.Clock == nil {
		cfg.Clock = testkit.Clock(t)
	}
	if cfg.Receive == nil {
		cfg.Receive = (&heard{}).receive
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	g, err := New(cfg)
	must(t, err)
	return g
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon waits for something that other processes bring about.
func soon(t *testing.T, what string, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("not within twenty seconds: " + what)
}
