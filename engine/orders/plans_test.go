package orders

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules/money"
)

func TestPlans_leaveOutWhatNobodyPlanned(t *testing.T) {
	t.Parallel()
	keys := testkit.Keys(t)
	tx := testkit.Tx(t)
	halyk := Leg{Bank: "halyk", Parts: []Part{{Account: "KZ86125KZT5004100100", Amount: money.FromTiyn(100)}}}
	for ordinal, legs := range map[int][]Leg{
		1: {halyk, {Bank: "kaspi", Parts: halyk.Parts, Detail: detailAdopted}},
		2: nobody("no_account"),
	} {
		text, err := encodeLegs(legs, keys)
		if err != nil {
			t.Fatal(err)
		}
		const sql = `INSERT INTO orders (case_id, purpose, ordinal, id, status, amount, requested_at, legs) VALUES (260000001, 'arrest', $1, gen_random_uuid(), 'rejected', 100, now(), $2::json)`
		if _, err := tx.Exec(t.Context(), sql, ordinal, text); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Plans(t.Context(), tx, keys, 260000001)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int][]Leg{1: {halyk}}, got); diff != "" {
		t.Error(diff)
	}
}
