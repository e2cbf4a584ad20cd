package portal_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/money"
)

func TestParseSum(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"20155": "20155.00", "20 155,00": "20155.00", "20\u00a0155,50 ₸": "20155.50", "500.5": "500.50", "0,01": "0.01", " 007 тг.": "7.00", "5000 KZT": "5000.00", "5000тенге": "5000.00",
		"": "missing", "  ₸": "missing", "abc": "form", "1,234.56": "form", "12.": "form", ",5": "form", "-5": "form", "+5": "form", "1e5": "form", "٥": "form", "1234567890123": "form", "20.155": "tiyn", "0": "nothing", "0,00": "nothing",
	} {
		got, err := portal.ParseSum(typed)
		text := got.String()
		if wrong, ok := errors.AsType[*portal.SumError](err); ok {
			text = wrong.Code
		}
		if text != want {
			t.Errorf("%q: %s, %v; want %s", typed, text, err, want)
		}
	}
}

// What a page writes into the field, the page reads again, in every language but English, whose thousands have commas.
func TestParseSum_readsWhatThePagesWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sum := money.FromTiyn(rapid.Int64Range(1, 1e12).Draw(t, "tiyn"))
		lang := rapid.SampledFrom(i18n.DebtorLangs).Draw(t, "lang")
		if got, err := portal.ParseSum(portal.FieldSum(sum, lang)); err != nil || !got.Equal(sum) {
			t.Fatalf("%s: %s, %v", sum, got, err)
		}
	})
}

func FuzzParseSum(f *testing.F) {
	for _, s := range []string{"20 155,00 ₸", "1.1.1", "т", "₸", "9999999999999,99", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sum, err := portal.ParseSum(s)
		if _, known := errors.AsType[*portal.SumError](err); (err == nil) == known || err == nil && !sum.IsPositive() {
			t.Errorf("%q: %s, %v", s, sum, err)
		}
	})
}
