package notes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/internal/app/notes"
	"robotbailiff/rules"
)

func TestTidy(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{" a\r\nb\x00c \n": "a\nb c", "дело 26-0000001-4, документ 261600000019": "дело 26-0000001-4, документ 261600000019"} {
		if got, err := notes.Tidy(typed); err != nil || got != want {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
	if _, err := notes.Tidy(strings.Repeat("ө", notes.MostLetters)); err != nil {
		t.Errorf("the longest note: %v", err)
	}
	for typed, want := range map[string]error{"": notes.ErrEmpty, " \n\t": notes.ErrEmpty, strings.Repeat("ө", notes.MostLetters+1): notes.ErrLong} {
		if _, err := notes.Tidy(typed); !errors.Is(err, want) {
			t.Errorf("%.10q: %v", typed, err)
		}
	}
}

// Whatever stands around it and however its digits are divided, the number of a person is not kept.
func TestTidy_keepsNoIIN(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := fmt.Sprintf("8501013%04d", rapid.IntRange(0, 9999).Draw(t, "serial"))
		check, ok := rules.IINCheckDigit(first)
		if !ok {
			t.Skip()
		}
		iin := first + string(check)
		if rapid.Bool().Draw(t, "divided") {
			sep := rapid.SampledFrom([]string{" ", "-", ".", "\u00a0"}).Draw(t, "by")
			iin = iin[:6] + sep + iin[6:9] + sep + iin[9:]
		}
		text := rapid.SampledFrom([]string{"", "ИИН ", "№", "a\n"}).Draw(t, "before") + iin + rapid.SampledFrom([]string{"", ", звонили", "!", "\n26"}).Draw(t, "after")
		if got, err := notes.Tidy(text); !errors.Is(err, notes.ErrIIN) {
			t.Fatalf("%q is kept as %q, %v", text, got, err)
		}
	})
}
