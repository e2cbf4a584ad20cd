package caseno

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Every number with one wrong digit, or two neighbours swapped, leads back to the right one.
func TestNear_findsWhatWasMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id, err := Make(rapid.IntRange(0, 99).Draw(t, "year"), rapid.IntRange(1, 9_999_999).Draw(t, "serial"))
		if err != nil {
			t.Fatal(err)
		}
		right := Format(id)
		d := []byte(right)
		i := rapid.SampledFrom([]int{0, 1, 3, 4, 5, 6, 7, 8, 9, 11}).Draw(t, "place")
		if rapid.Bool().Draw(t, "swap") && i > 3 && i < 10 {
			d[i-1], d[i] = d[i], d[i-1]
		} else {
			d[i] = '0' + (d[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		wrong := string(d)
		if wrong == right {
			t.Skip("two neighbours were the same")
		}
		got := Near("оплата по делу " + wrong + " спасибо")
		if !slices.Contains(got, id) || len(got) > 19 {
			t.Fatalf("%s was meant as %s, found %v", wrong, right, got)
		}
		if slices.Contains(FindAll(wrong), id) {
			t.Fatalf("%s is taken for %s", wrong, right)
		}
	})
}

func TestNear_leavesOtherNumbersAlone(t *testing.T) {
	id, _ := Make(26, 123)
	for _, text := range []string{"", Format(id), "счёт KZ2507000000001234", "12345678901234", "тел. 8 701 555 12 34"} {
		if got := Near(text); len(got) != 0 {
			t.Errorf("%q: %v", text, got)
		}
	}
}
