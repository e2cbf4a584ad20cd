package portal_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/rules/money"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// till is a payment system that only counts.
type till struct {
	mu    sync.Mutex
	begun []string
	err   error
}

func (t *till) StartPayment(_ context.Context, number string, amount money.Amount, _ time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.begun = append(t.begun, number+" "+amount.String())
	}
	return t.err
}

type stage struct {
	*uitest.World
	*uitest.Browser
	till *till
}

func setup(t *testing.T) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s := stage{World: w, till: &till{}}
	service, err := app.New(app.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, CaseByToken: w.CaseByToken, TokenHash: w.Keys.LinkHash, OpenIIN: w.OpenIIN, Checkout: s.till,
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := portal.Handler(portal.Config{App: service, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	s.Browser = uitest.Open(t, h)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s stage) open(t *testing.T, x uitest.Writ) uitest.Person {
	t.Helper()
	p, err := s.World.Open(t.Context(), x)
	must(t, err)
	return p
}

// enter passes the gate.
func (s stage) enter(t *testing.T, p uitest.Person) {
	t.Helper()
	path := "/p/" + p.Token
	got := s.Submit(s.Get(path), path, map[string]string{"iin": p.IIN[8:], "year": p.Year})
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/p/case" {
		t.Fatalf("the gate answered %d: %s", got.Status, got.Text("main"))
	}
}

func (s stage) wants(t *testing.T, p *uitest.Page, words ...string) {
	t.Helper()
	text := p.Text("main")
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the page does not say %q; it says:\n%s", w, text)
		}
	}
}

// plain replaces spaces that do not break, as Text does.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func TestGate_opensTheCaseAndKeepsTheAddressClean(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.Get("/p/case?lang=ru")
	if page.Status != http.StatusOK {
		t.Fatalf("status %d: %s", page.Status, page.Text())
	}
	s.wants(t, page, "Ахметов", "20 155,00 ₸", "до 1 апреля, 23:59", "Оплатить 20 155 ₸", "5 038,75 ₸", "25 193,75 ₸")
}
