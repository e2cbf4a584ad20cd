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
	"robotbailiff/notify/contact"
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
		Contacts: contact.New(w.Keys), Bot: "bailiff_bot",
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
	p, err := s.Open(t.Context(), x)
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
			t.Errorf("the page does not say %q; it says:\n%.2000s", w, text)
		}
	}
}

// plain replaces spaces that do not break, as Text does.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func TestPages_needASession(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	for _, path := range []string{"/p/case", "/p/case/waiting", "/p/case/refuse", "/p/case/refused"} {
		got := s.Get(path)
		if got.Status != http.StatusForbidden || !got.Has(`main a[href="/p/"]`) {
			t.Errorf("%s: %d %s", path, got.Status, got.Text("main"))
		}
	}
	s.enter(t, p)
	page := s.Get("/p/case")
	_, err := s.Pool.Exec(t.Context(), `UPDATE portal_sessions SET expires_at = now() - interval '1 second'`)
	must(t, err)
	if got := s.Get("/p/case"); got.Status != http.StatusForbidden {
		t.Errorf("a session that is over shows the case: %d", got.Status)
	}
	if got := s.Submit(page, "/p/case/pay", nil); got.Status != http.StatusForbidden || len(s.till.begun) != 0 {
		t.Errorf("a session that is over pays: %d", got.Status)
	}
}

func TestSession_isProlongedAndLeft(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	_, err := s.Pool.Exec(t.Context(), `UPDATE portal_sessions SET expires_at = now() + interval '1 minute'`)
	must(t, err)
	page := s.Get("/p/case")
	s.Submit(page, "/p/case/extend", nil)
	var long bool
	must(t, s.Pool.QueryRow(t.Context(), `SELECT expires_at > now() + interval '29 minutes' FROM portal_sessions`).Scan(&long))
	if !long {
		t.Error("the session was not prolonged")
	}
	if got := s.Submit(page, "/p/case/leave", nil).Header.Get("Location"); got != "/p/closed" {
		t.Errorf("leaving leads to %s", got)
	}
	if got := s.Get("/p/case").Status; got != http.StatusForbidden {
		t.Errorf("after leaving the case opens: %d", got)
	}
}

func TestPay_isBegunOnceAndWaitsCalmly(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	page := s.Get("/p/case?lang=ru")
	for range 3 { // impatient clicks
		if got := s.Submit(page, "/p/case/pay", nil).Header.Get("Location"); got != "/p/case/waiting" {
			t.Fatalf("paying leads to %q", got)
		}
	}
	if len(s.till.begun) != 1 || s.till.begun[0] != page.Text(".kicker")[len("Дело № "):][:12]+" 20155.00" {
		t.Errorf("payments begun: %v", s.till.begun)
	}
	wait := s.Get("/p/case/waiting")
	s.wants(t, wait, "Платить второй раз не нужно", "20 155,00 ₸")
	if got := wait.Attr(`meta[http-equiv="refresh"]`, "content"); got != "5; url=/p/case/waiting?look=1" {
		t.Errorf("refresh: %q", got)
	}
	if got := s.Get("/p/case/waiting?look=60"); got.Has(`meta[http-equiv="refresh"]`) {
		t.Error("the page refreshes for ever")
	}
	if again := s.Get("/p/case"); again.Has(`form[action="/p/case/pay"]`) {
		t.Error("the case page invites to a second payment")
	}
	must(t, s.Pay(t.Context(), p.CaseID, 20155))
	if got := s.Get("/p/case/waiting").Header.Get("Location"); got != "/p/case" {
		t.Errorf("a payment that has come leads to %q", got)
	}
	s.wants(t, s.Get("/p/case"), "Долг оплачен, дело закрыто", "Получено 20 155,00 ₸")
}

func TestPay_thatWasNotBegunCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	s.till.err = http.ErrHandlerTimeout
	if got := s.Submit(s.Get("/p/case"), "/p/case/pay", nil); got.Status != http.StatusBadGateway || !got.Has(`a[href="/p/case"]`) {
		t.Errorf("a payment that did not begin gave %d", got.Status)
	}
	s.till.err = nil
	s.Submit(s.Get("/p/case"), "/p/case/pay", nil)
	s.Submit(s.Get("/p/case"), "/p/case/pay/again", nil) // the debtor closed the bank's page
	s.Submit(s.Get("/p/case"), "/p/case/pay", nil)
	if len(s.till.begun) != 2 {
		t.Errorf("payments begun: %v", s.till.begun)
	}
}

func TestRefusal_takesTwoStepsAndCanBeUndone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	must(t, s.Notify(t.Context(), p.CaseID))
	must(t, s.Arrest(t.Context(), p.CaseID))
	s.enter(t, p)
	price := s.Get("/p/case/refuse?lang=ru")
	s.wants(t, price, "20 155,00 ₸", "5 038,75 ₸", "25 193,75 ₸", "Арест 20 155,00 ₸ на счёте останется", "Шаг 1 из 2")
	if price.Has(`form[action="/p/case/refuse/confirm"]`) {
		t.Fatal("the price page already confirms")
	}
	confirm := s.Submit(price, "/p/case/refuse", nil)
	s.wants(t, confirm, "Шаг 2 из 2", "25 193,75 ₸")
	state := func() bool {
		var refused bool
		must(t, s.Pool.QueryRow(t.Context(), `SELECT refusal_at IS NOT NULL FROM cases WHERE id = $1`, p.CaseID).Scan(&refused))
		return refused
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", nil); got.Status != http.StatusUnprocessableEntity || state() {
		t.Errorf("without the tick: %d", got.Status)
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes", "total": "1.00"}); got.Status != http.StatusConflict || state() {
		t.Errorf("with another price: %d", got.Status)
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes"}); got.Header.Get("Location") != "/p/case/refused" || !state() {
		t.Fatalf("confirming gave %d: %s", got.Status, got.Text("main"))
	}
	var actor string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT actor FROM events WHERE case_id = $1 AND kind = 'refusal_requested'`, p.CaseID).Scan(&actor))
	if actor != "debtor" {
		t.Errorf("the refusal is recorded as by %q", actor)
	}
	done := s.Get("/p/case/refused")
	s.wants(t, done, "Ваш отказ принят", "до 13 марта, 09:03")
	if got := s.Get("/p/case/refuse").Header.Get("Location"); got != "/p/case/refused" {
		t.Errorf("a second refusal leads to %q", got)
	}
	s.Clock.Advance(23 * time.Hour)
	if got := s.Submit(done, "/p/case/undo", nil); got.Status != http.StatusSeeOther || state() {
		t.Errorf("undoing gave %d", got.Status)
	}
	s.wants(t, s.Get("/p/case?undone=1"), "Отказ отменён")
}

func TestRefusal_isFinalAfterADay(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	confirm := s.Submit(s.Get("/p/case/refuse"), "/p/case/refuse", nil)
	s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes"})
	done := s.Get("/p/case/refused")
	s.Clock.Advance(24 * time.Hour)
	if got := s.Submit(done, "/p/case/undo", nil).Status; got != http.StatusConflict {
		t.Errorf("undoing after a day gave %d", got)
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "Время отмены прошло")
}
