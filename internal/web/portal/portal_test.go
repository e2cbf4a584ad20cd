package portal_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/objections"
	app "robotbailiff/internal/app/portal"
	"robotbailiff/internal/app/signing"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/portal"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/payments/source/gateway"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type stage struct {
	*uitest.World
	*uitest.Browser
	robot   *jobs.Robot
	tills   map[string]*till
	handler http.Handler
}

func setup(t *testing.T) stage {
	t.Helper()
	return setupWith(t, testkit.DB(t), func(*app.Config, *portal.Config) {})
}

// setupWith makes a stage on a pool, with a configuration that the test changes.
func setupWith(t *testing.T, pool *pgxpool.Pool, change func(*app.Config, *portal.Config)) stage {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), pool, testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s := stage{World: w, tills: map[string]*till{"alpha": newTill("alpha"), "beta": newTill("beta")}}
	s.robot, err = jobs.New(jobs.Config{
		Pool: w.Pool, Clock: w.Clock, Packs: w.Packs, Keys: w.Keys, Log: slog.New(slog.DiscardHandler), Host: "1414.gov.kz",
		Tills: map[string]gateway.Driver{"alpha": s.tills["alpha"], "beta": s.tills["beta"]},
	})
	must(t, err)
	bank, err := app.ParseRequisites([]byte(requisites))
	must(t, err)
	docs, err := w.Papers(signing.NewKept(w.Keys))
	must(t, err)
	var use app.Config
	use = app.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, TokenHash: w.Keys.LinkHash, OpenIIN: w.OpenIIN, OpenPhone: w.OpenPhone,
		CaseByToken: func(ctx context.Context, token string) (int64, bool, error) {
			id, _, err := s.robot.Notices.CaseByToken(ctx, use.Pool, token)
			if errors.Is(err, notify.ErrNoLink) {
				return 0, false, nil
			}
			return id, err == nil, err
		},
		Pay: app.Pay{
			Tills: []app.Till{{Source: "alpha", Title: "Альфа Pay"}, {Source: "beta", Title: "Beta Bank"}},
			Begin: s.robot.Begin, Book: s.robot.Payments, Base: "https://1414.gov.kz", Requisites: bank,
		},
		Receipts: w.Keys,
		Codes:    app.Codes{Store: s.robot.Codes, Send: s.robot.SendCode},
		Chosen:   func(context.Context, engine.Querier, int64) ([]orders.Chosen, error) { return nil, nil },
		Refunds:  app.Refunds{Of: s.robot.MoneyBack, Give: s.robot.GiveOwnRequisites},
		Contacts: contact.New(w.Keys), Bot: "bailiff_bot", Objections: objections.New(w.Pool, w.Keys), Papers: docs,
	}
	pages := portal.Config{Host: "1414.gov.kz", Patience: time.Millisecond, Key: uitest.Key(), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	change(&use, &pages)
	pages.App, err = app.New(use)
	must(t, err)
	s.handler, err = portal.Handler(pages)
	must(t, err)
	s.Browser = uitest.Open(t, s.handler)
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
	for _, path := range []string{"/p/case", "/p/case/pay", "/p/case/payment/6f1c6d0e-6a55-4a7e-9d1f-1f0f7d6b2a11", "/p/case/receipt/1", "/p/case/refuse", "/p/case/refused"} {
		got := s.Get(path)
		if got.Status != http.StatusForbidden || !got.Has(`main a[href="/p/"]`) {
			t.Errorf("%s: %d %s", path, got.Status, got.Text("main"))
		}
	}
	s.enter(t, p)
	page := s.Get("/p/case/pay")
	_, err := s.Pool.Exec(t.Context(), `UPDATE portal_sessions SET expires_at = now() - interval '1 second'`)
	must(t, err)
	if got := s.Get("/p/case"); got.Status != http.StatusForbidden {
		t.Errorf("a session that is over shows the case: %d", got.Status)
	}
	if got := s.Submit(page, "/p/case/pay", map[string]string{"till": "alpha"}); got.Status != http.StatusForbidden || len(s.tills["alpha"].begun) != 0 {
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
	confirm := s.onward(t, price)
	s.wants(t, confirm, "Шаг 2 из 2", "25 193,75 ₸", "+7 *** *** ** 01")
	code := s.codeOf(t, p.CaseID)
	state := func() bool {
		var refused bool
		must(t, s.Pool.QueryRow(t.Context(), `SELECT refusal_at IS NOT NULL FROM cases WHERE id = $1`, p.CaseID).Scan(&refused))
		return refused
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"code": code}); got.Status != http.StatusUnprocessableEntity || state() {
		t.Errorf("without the tick: %d", got.Status)
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes", "total": "1.00", "code": code}); got.Status != http.StatusConflict || state() {
		t.Errorf("with another price: %d", got.Status)
	}
	if got := s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes", "code": code}); got.Header.Get("Location") != "/p/case/refused" || !state() {
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
	confirm := s.onward(t, s.Get("/p/case/refuse"))
	s.Submit(confirm, "/p/case/refuse/confirm", map[string]string{"understood": "yes", "code": s.codeOf(t, p.CaseID)})
	done := s.Get("/p/case/refused")
	s.Clock.Advance(24 * time.Hour)
	if got := s.Submit(done, "/p/case/undo", nil).Status; got != http.StatusConflict {
		t.Errorf("undoing after a day gave %d", got)
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "Время отмены прошло")
}
