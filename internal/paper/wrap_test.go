package paper

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func runes(s string) float64 { return float64(utf8.RuneCountInString(s)) }

func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                 {""},
		"бір екі үш":       {"бір екі", "үш"},
		"бір\n\nекі":       {"бір", "", "екі"},
		"0123456789abcdef": {"01234567", "89abcdef"},
		"a 0123456789":     {"a", "01234567", "89"},
	} {
		if diff := cmp.Diff(want, wrap(text, 8, runes)); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestWrap_losesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zәғқ \n]{0,60}`).Draw(t, "text")
		width := float64(rapid.IntRange(0, 12).Draw(t, "width"))
		lines := wrap(text, width, runes)
		for _, l := range lines {
			if runes(l) > width && runes(l) > 1 {
				t.Fatalf("%q is wider than %g", l, width)
			}
		}
		bare := strings.NewReplacer(" ", "", "\n", "").Replace
		if got, want := bare(strings.Join(lines, "")), bare(text); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
