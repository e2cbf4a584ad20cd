package portal_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/app/links"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/internal/web/ui/uitest"
	"robotbailiff/notify"
)

const linkPath = "/p/case/link"

// gateOf tries the answers of a person at a link.
func (s stage) gateOf(p uitest.Person, token string) *uitest.Page {
	path := "/p/" + token
	return s.Submit(s.Get(path), path, map[string]string{"iin": p.IIN[8:], "year": p.Year})
}

// The debtor makes the link invalid: it opens nothing more, all visits and helpers are out, and the case says so.
func TestLink_isRenewedByTheDebtor(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	s.enter(t, p)
	path, code := s.invite(t)
	helper := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	helper.helps(path, code)
	waiting, waitingCode := s.invite(t)
	thief := stage{World: s.World, Browser: s.Another(), robot: s.robot}
	thief.enter(t, p)
	s.wants(t, s.Get("/p/case/contact?lang=ru"), "видел посторонний")
	page := s.Get(linkPath)
	s.wants(t, page, "+7 *** *** ** 01", "Помощники потеряют доступ", "Долг, сроки и арест не изменятся")
	for _, l := range i18n.DebtorLangs {
		shown := s.Get(linkPath + "?lang=" + string(l))
		checkPage(t, shown, string(l))
		testkit.Golden(t, "link."+string(l)+".txt", []byte(shown.Outline("main")))
	}
	for range 2 { // a second click does no harm
		if got := s.Submit(page, linkPath, nil); got.Status != http.StatusSeeOther && got.Status != http.StatusForbidden {
			t.Fatalf("%d %s", got.Status, got.Text("main"))
		}
	}
	for name, b := range map[string]*uitest.Browser{"the debtor's own": s.Browser, "the helper's": helper.Browser, "the stranger's": thief.Browser} {
		if got := b.Get("/p/case"); got.Status != http.StatusForbidden {
			t.Errorf("%s visit is still open: %d", name, got.Status)
		}
	}
	for _, l := range i18n.DebtorLangs {
		shown := s.Get("/p/renewed?lang=" + string(l))
		checkPage(t, shown, string(l))
		testkit.Golden(t, "renewed."+string(l)+".txt", []byte(shown.Outline("main")))
	}
	if got := thief.gateOf(p, p.Token); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("the old link opens the case: %d", got.Status)
	}
	if got := thief.helps(waiting, waitingCode); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a helper comes in by an invitation of before: %d", got.Status)
	}
	fresh := s.newLink(t, p)
	if got := s.gateOf(p, fresh); got.Header.Get("Location") != "/p/case" {
		t.Fatalf("the new link: %d", got.Status)
	}
	s.wants(t, s.Get("/p/case?lang=ru"), "Прежняя личная ссылка на дело отключена", "Доступ помощника закончился")
	events(t, s, p.CaseID, 1)
}

// newLink keeps the newest link of a case, as a notice does, and gives its token.
func (s stage) newLink(t *testing.T, p uitest.Person) string {
	t.Helper()
	var seq int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT max(seq) FROM events WHERE case_id = $1 AND kind = 'link_renewed'`, p.CaseID).Scan(&seq))
	token := s.Keys.LinkToken(p.CaseID, seq)
	_, err := s.Pool.Exec(t.Context(), `INSERT INTO links (token_hash, case_id, ordinal) VALUES ($1, $2, $3)`, s.Keys.LinkHash(token), p.CaseID, seq)
	must(t, err)
	return token
}

func events(t *testing.T, s stage, id int64, want int) {
	t.Helper()
	var n int
	must(t, s.Pool.QueryRow(t.Context(), `SELECT count(*) FROM events WHERE case_id = $1 AND kind = 'link_renewed'`, id).Scan(&n))
	if n != want {
		t.Errorf("%d events instead of %d", n, want)
	}
}

// Three a day, and none to a telephone that SMS do not reach.
func TestLink_isRenewedWithinBounds(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p := s.open(t, uitest.Writ{})
	token := p.Token
	for range 3 {
		if got := s.gateOf(p, token); got.Status != http.StatusSeeOther {
			t.Fatalf("the gate: %d", got.Status)
		}
		s.Submit(s.Get(linkPath+"?lang=ru"), linkPath, nil)
		token = s.newLink(t, p)
	}
	s.gateOf(p, token)
	got := s.Submit(s.Get(linkPath), linkPath, nil)
	s.wants(t, got, "За сутки отправлено три новые ссылки")
	if got.Status != http.StatusConflict {
		t.Errorf("%d", got.Status)
	}
	events(t, s, p.CaseID, 3)
	s.Clock.Advance(24 * time.Hour)
	if got := s.Submit(s.Get(linkPath), linkPath, nil); got.Header.Get("Location") != "/p/renewed" {
		t.Errorf("a day later: %d", got.Status)
	}
	token = s.newLink(t, p)
	s.gateOf(p, token)
	page := s.Get(linkPath)
	do(engine.ActorStranger, engine.SetHold{Reason: engine.HoldWrongPerson})(t, s, p.CaseID)
	s.wants(t, s.Get(linkPath), "новую ссылку прислать некуда")
	if got := s.post(page, linkPath, map[string]string{"seen": page.Attr(`input[name="seen"]`, "value")}); got.Status != http.StatusConflict {
		t.Errorf("to a stranger's telephone: %d", got.Status)
	}
	events(t, s, p.CaseID, 4)
}

// The new link goes out as a notice of its own, with a token of its own; links of later notices live, and a case that ended long ago has none.
func TestLink_goesOutByANotice(t *testing.T) {
	t.Parallel()
	s := setup(t)
	p, over := s.open(t, uitest.Writ{}), s.open(t, uitest.Writ{})
	store := links.New(s.Pool, s.robot.Engine)
	must(t, store.Renew(t.Context(), p.CaseID, "desk:demo", "SMS переслано", 0))
	var ordinal int
	var status string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT ordinal, status FROM notices WHERE case_id = $1 AND kind = 'new_link' AND channel = 'sms'`, p.CaseID).Scan(&ordinal, &status))
	said, err := s.robot.Notices.OfCase(t.Context(), s.Pool, p.CaseID)
	must(t, err)
	fresh := s.Keys.LinkToken(p.CaseID, ordinal)
	if status != string(notify.StatusCreated) || len(said) != 1 || !strings.Contains(said[0].Text, "1414.gov.kz/p/"+fresh) {
		t.Errorf("%s: %+v", status, said)
	}
	if got := s.gateOf(p, fresh); got.Status != http.StatusSeeOther {
		t.Errorf("the new link: %d", got.Status)
	}
	var actor, reason string
	must(t, s.Pool.QueryRow(t.Context(), `SELECT actor, data->>'reason' FROM events WHERE case_id = $1 AND kind = 'link_renewed'`, p.CaseID).Scan(&actor, &reason))
	if actor != "desk:demo" || reason != "SMS переслано" {
		t.Errorf("%s because of %s", actor, reason)
	}
	for _, sql := range []string{`DELETE FROM link_renewals`, `UPDATE link_renewals SET below = below + 1`} {
		if _, err := s.Pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is possible", sql)
		}
	}
	must(t, s.Pay(t.Context(), over.CaseID, 20155))
	s.Clock.Advance(50 * 24 * time.Hour)
	if err := store.Renew(t.Context(), over.CaseID, "desk:demo", "late", 0); err == nil {
		t.Error("a case that ended long ago gets a new link")
	}
	if err := store.Renew(t.Context(), 260_999_999, "desk:demo", "x", 0); err == nil {
		t.Error("a case that is not there gets a new link")
	}
	if v, err := store.State(t.Context(), p.CaseID); err != nil || v.Below != ordinal || v.Visits != 1 || !v.Reachable {
		t.Errorf("%+v %v", v, err)
	}
}

// A visit that begins while the link is made invalid either is ended with the others or never begins.
func TestLink_leavesNoVisitOpen(t *testing.T) {
	t.Parallel()
	s := setup(t)
	store := links.New(s.Pool, s.Store)
	for range 20 {
		p := s.open(t, uitest.Writ{})
		done := make(chan error)
		go func() { done <- store.Renew(t.Context(), p.CaseID, "desk:demo", "race", 0) }()
		visit := stage{World: s.World, Browser: s.Another(), robot: s.robot}
		visit.gateOf(p, p.Token)
		must(t, <-done)
		if got := visit.Get("/p/case"); got.Status == http.StatusOK {
			t.Fatal("a visit by a dead link stays open: " + strconv.FormatInt(p.CaseID, 10))
		}
	}
}
