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
