package rules

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckIIN(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"000101500001": nil, // first pass
		"000101500206": nil, // second pass: naive code refuses it
		"000101500002": ErrIINCheck,
		"000101500220": ErrIINCheck, // no digit is valid
		"971240001315": ErrIINOfBody,
		"940140000385": ErrIINOfBody,
		"971240001316": ErrIINCheck,
		"000000000000": ErrIINForm, // a placeholder whose check digit happens to agree
		"":             ErrIINForm, "00010150000": ErrIINForm, "0001015000010": ErrIINForm,
		"00010150000x": ErrIINForm, " 00101500001": ErrIINForm, "٠٠٠١٠١٥٠٠٠٠١": ErrIINForm, "101500001": ErrIINForm,
	} {
		if got := CheckIIN(in); !errors.Is(got, want) {
			t.Errorf("CheckIIN(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestCheckBIN(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"971240001315": nil, "940140000385": nil, "971240001316": ErrBINCheck, "000101500001": ErrBINType, "97124000131": ErrBINForm, "": ErrBINForm,
	} {
		if got := CheckBIN(in); !errors.Is(got, want) {
			t.Errorf("CheckBIN(%q) = %v, want %v", in, got, want)
		}
	}
	if !IsBIN("971240001316") || IsBIN("000101500001") || IsBIN("9712400013") {
		t.Error("IsBIN")
	}
}

func TestIINCheckDigit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first  string
		digit  byte
		issued bool
	}{
		{"00010150000", '1', true}, {"00010150020", '6', true}, {"00010150022", 0, false}, {"97124000131", '5', true}, {"9712400013", 0, false}, {"9712400013x", 0, false},
	} {
		if got, ok := IINCheckDigit(c.first); got != c.digit || ok != c.issued {
			t.Errorf("IINCheckDigit(%s) = %c, %t", c.first, got, ok)
		}
	}
}

// TestIINCheckDigit_catchesSlips: one wrong digit is always found on the first pass.
func TestIINCheckDigit_catchesSlips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(rapid.StringMatching(`[0-9]{11}`).Draw(t, "first"))
		c, ok := IINCheckDigit(string(s))
		if !ok {
			for d := byte('0'); d <= '9'; d++ {
				if CheckIIN(string(append(s, d))) == nil {
					t.Fatalf("%s%c passes, though it is never issued", s, d)
				}
			}
			return
		}
		full := append(s, c)
		if err := CheckIIN(string(full)); IsBIN(string(full)) != errors.Is(err, ErrIINOfBody) && string(full) != "000000000000" {
			t.Fatalf("%s: %v", full, err)
		}
		wrong := append([]byte(nil), full...)
		wrong[11] = '0' + (wrong[11]-'0'+rapid.ByteRange(1, 9).Draw(t, "slip"))%10
		if CheckIIN(string(wrong)) == nil || CheckBIN(string(wrong)) == nil {
			t.Fatalf("%s passes beside %s", wrong, full)
		}
	})
}

func TestIINBirthDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		born string
		sex  Sex
	}{
		"000101500001": {"2000-01-01", Male}, "850615400000": {"1985-06-15", Female}, "991231100000": {"1899-12-31", Male},
		"991231200000": {"1899-12-31", Female}, "991231300000": {"1999-12-31", Male}, "240229600000": {"2024-02-29", Female},
		"230229600000": {"", ""}, "851315400000": {"", ""}, "850632400000": {"", ""}, "850015400000": {"", ""},
		"850615000000": {"", ""}, "850615700000": {"", ""}, "85061540000": {"", ""},
	} {
		born, sex, ok := IINBirthDate(in)
		if born.String() != want.born || sex != want.sex || ok != (want.born != "") {
			t.Errorf("IINBirthDate(%s) = %s, %s, %t", in, born, sex, ok)
		}
	}
}

func TestCheckIBAN(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"KZ86125KZT5004100100": nil, "KZ86125KZT5004100101": ErrIBANCheck, "KZ68125KZT5004100100": ErrIBANCheck,
		"kz86125KZT5004100100": ErrIBANForm, "KZ86125kzt5004100100": ErrIBANForm, "KZ86 125K ZT50 0410 0100": ErrIBANForm,
		"DE86125KZT5004100100": ErrIBANForm, "KZ8612AKZT5004100100": ErrIBANForm, "KZ86125KZT500410010": ErrIBANForm, "": ErrIBANForm,
	} {
		if got := CheckIBAN(in); !errors.Is(got, want) {
			t.Errorf("CheckIBAN(%q) = %v, want %v", in, got, want)
		}
	}
}

func FuzzCheckIIN(f *testing.F) {
	for _, s := range []string{"000101500001", "971240001315", "000000000000", "٠", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iin, bin := CheckIIN(s), CheckBIN(s)
		if iin == nil && bin == nil {
			t.Fatalf("%q is both an IIN and a BIN", s)
		}
		if (iin == nil || bin == nil) && len(s) != 12 {
			t.Fatalf("%q passes", s)
		}
		if born, _, ok := IINBirthDate(s); ok && born.String()[2:4]+born.String()[5:7]+born.String()[8:] != s[:6] {
			t.Fatalf("%q is born on %s", s, born)
		}
	})
}

func FuzzCheckIBAN(f *testing.F) {
	for _, s := range []string{"KZ86125KZT5004100100", "KZ", "", "ҚЗ86125KZT500410010"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckIBAN(s) != nil {
			return
		}
		for i := range len(s) { // one wrong digit never passes
			if s[i] < '0' || s[i] > '9' {
				continue
			}
			b := []byte(s)
			b[i] = '0' + (b[i]-'0'+1)%10
			if CheckIBAN(string(b)) == nil {
				t.Fatalf("%s passes beside %s", b, s)
			}
		}
	})
}
