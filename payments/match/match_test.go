package match_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments/match"
)

func TestByReference(t *testing.T) {
	a, b := caseno.Format(260_000_001), caseno.Format(260_000_002)
	for _, c := range []struct {
		name, text, how string
		id              int64
	}{
		{"one number", "штраф, дело " + a, match.ByNumber, 260_000_001},
		{"the same twice", a + " / " + a, match.ByNumber, 260_000_001},
		{"none", "Иванов И. И., штраф", match.NoNumber, 0},
		{"empty", "", match.NoNumber, 0},
		{"mistyped", "26-0000001-0", match.NoNumber, 0},
		{"two", a + " " + b, match.Several, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, how, ok := match.ByReference(c.text)
			if id != c.id || how != c.how || ok != (c.id != 0) {
				t.Errorf("ByReference(%q) = %d, %s, %v", c.text, id, how, ok)
			}
		})
	}
}

// The words around a number never change the match, and a second number always ends it.
func TestByReference_onlyTheNumberCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.Int64Range(1, 9_999_999), 2, 2, rapid.ID).Draw(t, "serials")
		words := rapid.StringMatching(`[А-Яа-яA-Za-z,. ]{0,40}`).Draw(t, "words")
		one := words + " " + caseno.Format(260_000_000+ids[0])
		if id, _, ok := match.ByReference(one); !ok || id != 260_000_000+ids[0] {
			t.Fatalf("%q gave %d, %v", one, id, ok)
		}
		two := one + " " + words + " " + caseno.Format(260_000_000+ids[1])
		if id, how, ok := match.ByReference(two); ok || id != 0 || how != match.Several {
			t.Fatalf("%q gave %d, %s", two, id, how)
		}
	})
}

func ExampleByReference() {
	fmt.Println(match.ByReference("оплата штрафа по делу " + caseno.Format(260_000_001)))
	// Output: 260000001 case_number true
}
