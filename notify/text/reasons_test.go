package text

import (
	"maps"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Every language knows every reason, and the one by which budgets are measured takes the most room in each.
func TestReasons_areKnownAndTheLongestIs(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(slices.Values(Reasons))
	for _, lang := range Languages {
		l := BuiltIn().languages[lang]
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(l.reasons))); d != "" {
			t.Errorf("%s: %s", lang, d)
		}
		for code, words := range l.reasons {
			if utf8.RuneCountInString(words) > utf8.RuneCountInString(l.reasons[longestReason]) {
				t.Errorf("%s: %s is longer than %s", lang, code, longestReason)
			}
			f := Longest(ObjectionDeclined)
			f.Reason = code
			if got, err := Render(ObjectionDeclined, lang, Version, f); err != nil || Parts(got.SMS) > Budget(ObjectionDeclined) {
				t.Errorf("%s, %s: %q, %v", lang, code, got.SMS, err)
			}
		}
	}
}
