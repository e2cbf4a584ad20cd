package contact_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	morning = testkit.Morning
	person  = contact.Who{DebtorID: 7, CaseID: 260000001}
	other   = contact.Who{DebtorID: 8, CaseID: 260000002}
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// acts tells what was recorded, in order.
func acts(t *testing.T, tx pgx.Tx) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), `SELECT concat_ws(' ', debtor_id, case_id, actor, act, data::text, to_char(at AT TIME ZONE 'UTC', 'HH24:MI')) FROM contact_acts ORDER BY id`)
	must(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	return all
}

func TestPrefer_keepsTheWishAndWhoChangedIt(t *testing.T) {
	t.Parallel()
	tx, s := testkit.Tx(t), contact.New(testkit.Keys(t))
	for i, p := range []contact.Preference{{"kk", notify.Push}, {"kk", notify.Push}, {"en", notify.SMS}} {
		must(t, s.Prefer(t.Context(), tx, person, p, morning.Add(time.Duration(i)*time.Hour)))
	}
	got, err := s.Preference(t.Context(), tx, person.DebtorID)
	if err != nil || got != (contact.Preference{Language: "en", Channel: notify.SMS}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := s.Preference(t.Context(), tx, other.DebtorID); err != nil || got != (contact.Preference{}) {
		t.Errorf("somebody else: %+v, %v", got, err)
	}
	want := []string{
		`7 260000001 debtor preferred {"language" : "kk", "channel" : "push"} 04:00`,
		`7 260000001 debtor preferred {"language" : "en", "channel" : "sms"} 06:00`,
	}
	if diff := cmp.Diff(want, acts(t, tx)); diff != "" {
		t.Error(diff)
	}
	for _, p := range []contact.Preference{{}, {"de", notify.SMS}, {"ru", "pigeon"}, {"ru", ""}} {
		if err := s.Prefer(t.Context(), tx, person, p, morning); !errors.Is(err, contact.ErrUnknown) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if _, err := tx.Exec(t.Context(), `DELETE FROM contact_acts`); err == nil || !strings.Contains(err.Error(), "immutable") {
		t.Errorf("an act was deleted: %v", err)
	}
}
