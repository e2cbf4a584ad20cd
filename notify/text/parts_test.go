package text

import (
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestParts_limits(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		want int
	}{
		{"nothing", "", 0},
		{"GSM, full", strings.Repeat("a", 160), 1},
		{"GSM, one too many", strings.Repeat("a", 161), 2},
		{"GSM, two full", strings.Repeat("a", 306), 2},
		{"GSM, third", strings.Repeat("a", 307), 3},
		{"GSM, the euro costs two", strings.Repeat("€", 80), 1},
		{"GSM, one euro too many", strings.Repeat("€", 81), 2},
		{"GSM, an escape is not cut", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		{"UCS-2, full", strings.Repeat("қ", 70), 1},
		{"UCS-2, one too many", strings.Repeat("қ", 71), 2},
		{"UCS-2, two full", strings.Repeat("қ", 134), 2},
		{"UCS-2, third", strings.Repeat("қ", 135), 3},
		{"UCS-2, one letter is enough", strings.Repeat("a", 70) + "қ", 2},
		{"UCS-2, a pair is not cut", strings.Repeat("қ", 66) + "😀" + strings.Repeat("қ", 66), 3},
		{"the Uzbek letter is not GSM", "toʻlang" + strings.Repeat("a", 64), 2},
		{"the apostrophe is GSM", "to'lang" + strings.Repeat("a", 64), 1},
		{"Russian look-alikes of GSM capitals are not GSM", "А" + strings.Repeat("a", 70), 2},
	} {
		if got := Parts(c.text); got != c.want {
			t.Errorf("%s: %d parts, want %d", c.name, got, c.want)
		}
	}
}

// The greedy cut against the obvious bounds: never fewer parts than the units need, and
// never more than if every part ended one unit early.
func TestParts_bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("aZ9 .€қ😀\n{"))).Draw(t, "text")
		units, gsm := Length(s)
		alone, part := 70, 67
		if gsm {
			alone, part = 160, 153
		} else if want := len(utf16.Encode([]rune(s))); units != want {
			t.Fatalf("%d units, want %d", units, want)
		}
		got := Parts(s)
		switch {
		case units == 0:
			if got != 0 {
				t.Fatalf("%d parts of nothing", got)
			}
		case units <= alone:
			if got != 1 {
				t.Fatalf("%d parts of %d units", got, units)
			}
		case got < (units+part-1)/part || got > (units+part-2)/(part-1):
			t.Fatalf("%d parts of %d units", got, units)
		}
	})
}

func TestSplit_losesNothingAndCountsAsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "€", "ә", "😀", "слово ", "word "}), 0, 400).Draw(rt, "text"), "")
		parts := Split(s)
		if strings.Join(parts, "") != s || len(parts) != Parts(s) {
			rt.Fatalf("%d parts, want %d", len(parts), Parts(s))
		}
		_, gsm := Length(s)
		for _, p := range parts {
			units := len(utf16.Encode([]rune(p)))
			most := ucs2Part
			if gsm {
				units, _ = Length(p)
				most = gsmPart
			}
			if len(parts) > 1 && (units > most || units < most-1 && p != parts[len(parts)-1]) {
				rt.Fatalf("a part of %d units", units)
			}
		}
	})
}
