package portal_test

import (
	"errors"
	"testing"
	"time"

	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify/contact"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func setup(t *testing.T) (*uitest.World, *portal.Service) {
	t.Helper()
	w, err := uitest.NewWorld(t.Context(), testkit.DB(t), testkit.Keys(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := portal.New(portal.Config{
		Pool: w.Pool, Cases: w.Store, Packs: w.Packs, CaseByToken: w.CaseByToken, TokenHash: w.Keys.LinkHash, OpenIIN: w.OpenIIN, OpenPhone: w.OpenPhone, Contacts: contact.New(w.Keys),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

func open(t *testing.T, w *uitest.World) uitest.Person {
	t.Helper()
	p, err := w.Open(t.Context(), uitest.Writ{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNew_refusesAHalfConfiguration(t *testing.T) {
	t.Parallel()
	if _, err := portal.New(portal.Config{}); err == nil {
		t.Error("a portal without anything was made")
	}
}

func TestEnter_takesTheYearFromTheIINWhenTheWritHasNone(t *testing.T) {
	t.Parallel()
	w, s := setup(t)
	p := open(t, w)
	if _, err := w.Pool.Exec(t.Context(), `UPDATE debtors SET birth_date = NULL`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enter(t.Context(), p.Token, p.IIN[8:], "1986"); !errors.Is(err, portal.ErrGate) {
		t.Errorf("a wrong year: %v", err)
	}
	if _, err := s.Enter(t.Context(), p.Token, " "+p.IIN[8:]+" ", "1985 г."); err != nil {
		t.Errorf("the right year: %v", err)
	}
}

func TestEnter_opensAnEndedCaseFor45Days(t *testing.T) {
	t.Parallel()
	w, s := setup(t)
	p := open(t, w)
	if err := w.Pay(t.Context(), p.CaseID, 20155); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(44 * 24 * time.Hour)
	if _, err := s.Enter(t.Context(), p.Token, p.IIN[8:], p.Year); err != nil {
		t.Errorf("after 44 days: %v", err)
	}
	w.Clock.Advance(24 * time.Hour)
	if _, err := s.Enter(t.Context(), p.Token, p.IIN[8:], p.Year); !errors.Is(err, portal.ErrGate) {
		t.Errorf("after 45 days: %v", err)
	}
}

func TestSessions_areKeptAsHashesAndForgotten(t *testing.T) {
	t.Parallel()
	w, s := setup(t)
	p := open(t, w)
	visit, err := s.Enter(t.Context(), p.Token, p.IIN[8:], p.Year)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Enter(t.Context(), p.Token, "9999", "1985")
	var plain bool
	const sql = `SELECT EXISTS (SELECT FROM portal_sessions s WHERE position($1::bytea IN s.id_hash) > 0)`
	if err := w.Pool.QueryRow(t.Context(), sql, []byte(visit.ID)).Scan(&plain); err != nil || plain {
		t.Errorf("the cookie itself is stored: %v %v", plain, err)
	}
	if n, err := s.Purge(t.Context()); err != nil || n != 0 {
		t.Errorf("purged %d living rows: %v", n, err)
	}
	_, err = w.Pool.Exec(t.Context(), `WITH g AS (UPDATE portal_gate SET touched_at = now() - interval '3 days')
UPDATE portal_sessions SET expires_at = now() - interval '1 second'`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Purge(t.Context()); err != nil || n != 2 {
		t.Errorf("purged %d rows, want 2: %v", n, err)
	}
	if _, err := s.Case(t.Context(), visit.ID, i18n.RU); !errors.Is(err, portal.ErrNoSession) {
		t.Errorf("a purged session: %v", err)
	}
}

func TestPay_withoutAWayIsNotOffered(t *testing.T) {
	t.Parallel()
	w, s := setup(t)
	p := open(t, w)
	visit, err := s.Enter(t.Context(), p.Token, p.IIN[8:], p.Year)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Case(t.Context(), visit.ID, i18n.KK)
	if err != nil || v.CanPay {
		t.Errorf("payment is offered: %v %v", v.CanPay, err)
	}
	if _, err := s.Pay(t.Context(), visit.ID, "1", "till", i18n.KK); !errors.Is(err, portal.ErrNotPossible) {
		t.Errorf("paying: %v", err)
	}
}

// That a link was opened is a proof, and outlives the visit: a wrong answer is none, and nothing takes it back.
func TestEnter_keepsWhenALinkWasOpened(t *testing.T) {
	t.Parallel()
	w, s := setup(t)
	p := open(t, w)
	enter := func(year string) string {
		t.Helper()
		v, err := s.Enter(t.Context(), p.Token, p.IIN[8:], year)
		if (err == nil) != (year == p.Year) {
			t.Fatal(err)
		}
		return v.ID
	}
	kept := func() (all string) {
		t.Helper()
		const sql = `SELECT coalesce(string_agg(concat_ws(' ', case_id, visits, to_char(first_at AT TIME ZONE 'UTC', 'DD HH24:MI'), to_char(last_at AT TIME ZONE 'UTC', 'DD HH24:MI')), ','), '') FROM link_visits`
		if err := w.Pool.QueryRow(t.Context(), sql).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	enter("1900")
	if got := kept(); got != "" {
		t.Errorf("a wrong answer was kept: %s", got)
	}
	first := enter(p.Year)
	w.Clock.Advance(26 * time.Hour)
	enter("1900")
	second := enter(p.Year)
	for _, session := range []string{first, second} {
		if err := s.Leave(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := kept(), "260000001 2 02 04:00 03 06:00"; got != want {
		t.Errorf("kept %q, want %q", got, want)
	}
	for _, sql := range []string{`DELETE FROM link_visits`, `UPDATE link_visits SET first_at = first_at - interval '1 day', visits = visits + 1`, `UPDATE link_visits SET visits = 1`} {
		if _, err := w.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was possible", sql)
		}
	}
}
