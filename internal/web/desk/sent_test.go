package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"robotbailiff/internal/i18n"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// What a person sent to a claimant by hand is explained by its cases; what cannot be named is told, with what was typed.
func TestMoney_whatWentToAClaimantNamesItsCase(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.remitting(t)
	s.statement(t, "2", 0, source.Line{Ref: "H1", Amount: money.FromTiyn(700_000), Purpose: "перечисление"})
	second := s.two(t)
	page := s.Get("/desk/money?lang=en")
	for lines, want := range map[string]string{
		"":                               "name the case",
		"26-1":                           "no such case",
		s.number(0):                      "More went than is due",
		s.number(0) + " 5000":            "are not what left",
		s.number(0) + " x":               "numbers and sums",
		s.number(0) + "\n" + s.number(1): "numbers and sums",
	} {
		got := s.Submit(page, "/desk/money/acts", map[string]string{"meaning": "remittance", "lines": lines, "reason": "by hand"})
		if alert := got.Text(`[role="alert"]`); got.Status != http.StatusUnprocessableEntity || !strings.Contains(alert, want) {
			t.Errorf("%q: %d %s", lines, got.Status, alert)
		}
		if typed := got.Text(`textarea[name="lines"]`); strings.Join(strings.Fields(typed), " ") != strings.Join(strings.Fields(lines), " ") {
			t.Errorf("what was typed is lost: %q", typed)
		}
	}
	got := s.Submit(page, "/desk/money/acts", map[string]string{"meaning": "remittance", "lines": s.number(0) + " 5 000,00\n" + s.number(1), "reason": "by hand"})
	act := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(act, "/desk/money/acts/") {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	for _, l := range i18n.Langs {
		if got := second.Get(act + "?lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") || !strings.Contains(got.Text("main"), s.number(1)) {
			t.Errorf("in %s: %d", l, got.Status)
		}
	}
	s.wants(t, second.Get(act+"?lang=en").Text("main"), "money to a claimant", s.number(0), "5,000.00", s.number(1), "2,000.00")
	submit(t, second, act+"?lang=en", act+"/approve", nil)
	s.wants(t, s.Get("/desk/money?lang=en").Text("main"), "All departures are explained", "Due to claimants 8,000.00")
	s.sound(t)
}

// What came back from a claimant is made due again by two people, from the page of the line that brought it.
func TestMoney_whatCameBackFromAClaimantIsDueAgain(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.remitting(t)
	s.statement(t, "2", 0, source.Line{Ref: "H1", Amount: money.FromTiyn(700_000), Purpose: "перечисление"})
	second := s.two(t)
	got := s.Submit(s.Get("/desk/money?lang=en"), "/desk/money/acts", map[string]string{"meaning": "remittance", "lines": s.number(0) + " 5 000,00\n" + s.number(1), "reason": "by hand"})
	act := got.Header.Get("Location")
	submit(t, second, act+"?lang=en", act+"/approve", nil)
	s.statement(t, "3", 0, source.Line{Ref: "B1", Credit: true, Amount: money.FromTiyn(700_000), Purpose: "возврат"})
	at := "/desk/money/payments/" + s.payment(t, "B1")
	page := s.Get(at + "?lang=en")
	s.wants(t, page.Text("#due-again"), "7,000.00", s.number(0), s.number(1), "the same sum")
	txn := page.Attr(`input[name="txn"]`, "value")
	wrong := s.Submit(page, "/desk/money/acts", map[string]string{"kind": "due_again", "txn": txn, "amount": "5", "reason": "part"})
	if alert := wrong.Text(`[role="alert"]`); wrong.Status != http.StatusUnprocessableEntity || !strings.Contains(alert, "Name the case") || !wrong.Has(`input[name="txn"][checked]`) {
		t.Errorf("%d %s", wrong.Status, alert)
	}
	done := s.Submit(page, "/desk/money/acts", map[string]string{"kind": "due_again", "txn": txn, "reason": "account closed"})
	if act = done.Header.Get("Location"); done.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", done.Status, done.Text("main"))
	}
	for _, l := range i18n.Langs {
		if got := second.Get(act + "?lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") {
			t.Errorf("in %s: %d", l, got.Status)
		}
	}
	submit(t, second, act+"?lang=en", act+"/approve", nil)
	s.wants(t, s.Get("/desk/money?lang=en").Text("main"), "Due to claimants 15,000.00")
	s.sound(t)
}
