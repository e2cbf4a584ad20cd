package desk_test

import (
	"net/http"
	"strings"
	"testing"

	"robotbailiff/internal/i18n"
)

// What a reversal leaves to a person waits among the work, says which transfer it is about, and ends with an outcome.
func TestWork_whatAReversalLeaves(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.queue(t)
	s.signIn(t)
	payment := s.payment(t, "L2")
	var known, lost string
	must(t, s.Pool.QueryRow(t.Context(), `INSERT INTO reversal_tasks (why, source, txn_id, payment_id, case_id, amount, at) SELECT 'ended', 'kaspi', 'K-77', $1::bigint, NULL, 250000, now() RETURNING id::text`, payment).Scan(&known))
	must(t, s.Pool.QueryRow(t.Context(), `INSERT INTO reversal_tasks (why, source, txn_id, amount, at) VALUES ('unmatched', 'kaspi', 'K-78', 100, now()) RETURNING id::text`).Scan(&lost))
	list := s.Get("/desk/work?kind=reversals&lang=en")
	if list.Status != http.StatusOK || len(list.All("tbody tr")) != 2 {
		t.Errorf("%d %s", list.Status, list.Text("main"))
	}
	at := thing("reversals", known+"/"+payment)
	page := s.Get(at + "&lang=en")
	if !page.Has(`a[href="/desk/money/payments/` + payment + `"]`) {
		t.Error("no way to the payment")
	}
	s.wants(t, page.Text("main"), "an end is final", "kaspi", "K-77", "2,500.00")
	for _, l := range i18n.Langs {
		if got := s.Get(thing("reversals", lost) + "&lang=" + string(l)); got.Status != http.StatusOK || strings.Contains(got.Text(), "<no value>") || !strings.Contains(got.Text("main"), "K-78") {
			t.Errorf("in %s: %d %s", l, got.Status, got.Text("main"))
		}
	}
	for _, key := range []string{"x", "0", "999999", known} { // a key is the whole key
		if got := s.Get(thing("reversals", key)); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", key, got.Status)
		}
	}
	if got := s.Submit(page, "/desk/work/thing", map[string]string{"act": "closed", "outcome": "repaid", "words": "paid at the counter"}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.Status, got.Text("main"))
	}
	if got := s.Get(at); got.Status != http.StatusNotFound {
		t.Errorf("it waits still: %d", got.Status)
	}
}
