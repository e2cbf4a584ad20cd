package caseno

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckDigit_publishedExample(t *testing.T) {
	if got := check([]byte("572")); got != 4 {
		t.Fatalf("check digit of 572 is %d, the dissertation says 4", got)
	}
	if check([]byte("5724")) != 0 {
		t.Fatal("5724 is not accepted")
	}
}

// The table is a weakly totally anti-symmetric quasigroup with a zero diagonal: from these properties it follows that
// all single errors and all swaps of neighbours are seen, so they are proven and not sampled.
func TestTable_isWeaklyTotallyAntiSymmetric(t *testing.T) {
	for x := range 10 {
		var row, column [10]bool
		for y := range 10 {
			row[damm[x][y]], column[damm[y][x]] = true, true
			for c := range 10 {
				if x != y && damm[damm[c][x]][y] == damm[damm[c][y]][x] {
					t.Errorf("(%d*%d)*%d = (%d*%d)*%d", c, x, y, c, y, x)
				}
			}
		}
		if damm[x][x] != 0 {
			t.Errorf("diagonal %d is %d", x, damm[x][x])
		}
		for d := range 10 {
			if !row[d] || !column[d] {
				t.Errorf("row or column %d lacks %d", x, d)
			}
		}
	}
}

func TestFormat_andBack(t *testing.T) {
	for _, c := range []struct {
		year, serial int
		want         string
	}{{26, 1, "26-0000001-"}, {0, 1, "00-0000001-"}, {99, 9_999_999, "99-9999999-"}, {26, 9_999_999, "26-9999999-"}} {
		id, err := Make(c.year, c.serial)
		if err != nil {
			t.Fatal(err)
		}
		s := Format(id)
		if !strings.HasPrefix(s, c.want) || len(s) != 12 {
			t.Errorf("Format(%d) = %s", id, s)
		}
		if back, err := Parse(s); err != nil || back != id {
			t.Errorf("Parse(%s) = %d, %v", s, back, err)
		}
		if y, n, ok := Split(id); !ok || y != c.year || n != c.serial {
			t.Errorf("Split(%d) = %d, %d, %v", id, y, n, ok)
		}
	}
}

func TestFormat_ofNoCase(t *testing.T) {
	for _, id := range []int64{-1, 0, 260_000_000, MaxID + 1} {
		if _, err := Parse(Format(id)); err == nil || Valid(id) {
			t.Errorf("%d has the number %s", id, Format(id))
		}
		if _, _, ok := Split(id); ok {
			t.Errorf("Split(%d) is ok", id)
		}
	}
	for _, c := range [][2]int{{-1, 1}, {100, 1}, {26, 0}, {26, 10_000_000}} {
		if _, err := Make(c[0], c[1]); code(err) != CodeRange {
			t.Errorf("Make(%d, %d): %v", c[0], c[1], err)
		}
	}
}

const sample int64 = 260_123_456 // 26-0123456-?

// parts gives the groups of a number.
func parts(id int64) (y, s, c string) {
	p := strings.Split(Format(id), "-")
	return p[0], p[1], p[2]
}

func TestParse_spellings(t *testing.T) {
	y, s, c := parts(sample)
	for _, text := range []string{
		y + s + c, y + "-" + s + "-" + c, " " + y + "-" + s + "-" + c + " ", y + "–" + s + "–" + c, y + "—" + s + "—" + c,
		y + "−" + s + "−" + c, y + "‑" + s + "‑" + c, y + " - " + s + " - " + c, y + " " + s + " " + c,
		y + "\u00a0" + s + "\u202f" + c, y + s + "-" + c, y + "-" + s + c, "\ufeff" + y + "-" + s + "-" + c + "\n",
		y + "\u00ad" + s + "-" + c, y + "－" + s + "－" + c,
	} {
		if id, err := Parse(text); err != nil || id != sample {
			t.Errorf("Parse(%q) = %d, %v", text, id, err)
		}
	}
}

func TestParse_refusals(t *testing.T) {
	y, s, c := parts(sample)
	wrong := string('0' + (c[0]-'0'+1)%10)
	for text, want := range map[string]Code{
		"":                                CodeLength,
		"26":                              CodeLength,
		y + s + c + "1":                   CodeLength,
		y + "-" + s + "-" + wrong:         CodeCheckDigit,
		"00-0000000-0":                    CodeSerial,
		"-" + y + s + c:                   CodeFormat,
		y + s + c + "-":                   CodeFormat,
		y + "/" + s + "/" + c:             CodeFormat,
		y + "----" + s + "-" + c:          CodeFormat,
		"2-60123456-" + c:                 CodeFormat,
		"２６-0123456-" + c:                 CodeFormat,
		"٢٦-0123456-" + c:                 CodeFormat,
		"KZ" + y + s + c:                  CodeFormat,
		"26-O123456-" + c:                 CodeFormat,
		y + "-" + s[:3] + " " + s[3:] + c: CodeFormat,
		"\xff" + y + s + c:                CodeFormat,
	} {
		if _, err := Parse(text); code(err) != want {
			t.Errorf("Parse(%q): %v, want %s", text, err, want)
		}
	}
}

func code(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

// People type their identification number into the wrong field; it must not travel in an error.
func TestParse_errorsRepeatNothing(t *testing.T) {
	_, err := Parse("900101300123")
	if err == nil || strings.ContainsAny(err.Error(), "0123456789") {
		t.Fatalf("error %v", err)
	}
}

func TestFindAll_spellings(t *testing.T) {
	y, s, c := parts(sample)
	n := y + "-" + s + "-" + c
	for _, text := range []string{
		n, "№" + n, "дело № " + n, "Штраф бойынша төлем, іс " + n + ".", "оплата по делу " + n + ", спасибо",
		"case:" + n, "(" + n + ")", "дело" + n + "от 22.11.2026", y + " " + s + " " + c, "оплата 5000 " + n,
		"оплата 5000 " + y + " " + s + " " + c, y + "–" + s + "–" + c, "№ " + y + s + c, "дело " + y + s + "-" + c,
		y + "-" + s + c + " штраф", n + " " + n, n + "/" + y + s + c, "ИИН 900101300123 " + n, n + "\n900101300123",
		"KZ86125KZT5004100100 " + n, y + " - " + s + " - " + c + " 12.12.2026", "2026-11-22 " + n,
	} {
		if got := FindAll(text); !slices.Equal(got, []int64{sample}) {
			t.Errorf("FindAll(%q) = %v", text, got)
		}
	}
}

func TestFindAll_nothing(t *testing.T) {
	y, s, c := parts(sample)
	wrong := string('0' + (c[0]-'0'+1)%10)
	for _, text := range []string{
		"", "штраф", y + "-" + s + "-" + wrong, "1" + y + s + c, y + s + c + "1", y + s + c + "٢", "KZ" + y + s + c, "1-" + y + "-" + s + "-" + c,
		y + "-" + s + "-" + c + "-7", y + "/" + s + "/" + c, y + " " + s + c, "00-0000000-0", "２６-" + s + "-" + c, y + "----" + s + "-" + c,
	} {
		if got := FindAll(text); len(got) != 0 {
			t.Errorf("FindAll(%q) = %v", text, got)
		}
	}
}

func TestFindAll_several(t *testing.T) {
	other := sample + 1
	text := fmt.Sprintf("%s и %s, %s", Format(other), Format(sample), Format(other))
	if got := FindAll(text); !slices.Equal(got, []int64{other, sample}) {
		t.Errorf("FindAll(%q) = %v", text, got)
	}
}

func drawID(t *rapid.T) int64 {
	id, err := Make(rapid.IntRange(0, 99).Draw(t, "year"), rapid.IntRange(1, serials-1).Draw(t, "serial"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestErrors_ofOneDigitAndSwapsAreCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := []byte(strings.ReplaceAll(Format(drawID(t)), "-", ""))
		i := rapid.IntRange(0, allDigits-1).Draw(t, "at")
		bad := slices.Clone(good)
		bad[i] = byte(rapid.IntRange('0', '9').Draw(t, "digit"))
		if _, err := Parse(string(bad)); (err == nil) != (bad[i] == good[i]) {
			t.Fatalf("%s for %s: %v", bad, good, err)
		}
		bad = slices.Clone(good)
		j := rapid.IntRange(0, allDigits-2).Draw(t, "swap")
		bad[j], bad[j+1] = bad[j+1], bad[j]
		if _, err := Parse(string(bad)); (err == nil) != (bad[j] == bad[j+1]) {
			t.Fatalf("%s for %s: %v", bad, good, err)
		}
	})
}

func TestFindAll_findsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "оплата ", "штраф 5000, ", "ИИН 900101300123 ", "от 22.11.2026 ", "№"})
		tail := rapid.SampledFrom([]string{"", " ", ".", ", 5000 тг", " 900101300123", " KZ86125KZT5004100100"})
		sep := rapid.SampledFrom([]string{"-", "–", " ", " - ", "\u00a0"})
		id := drawID(t)
		y, s, c := parts(id)
		text := word.Draw(t, "word") + y + sep.Draw(t, "sep") + s + sep.Draw(t, "sep") + c + tail.Draw(t, "tail")
		if got := FindAll(text); !slices.Equal(got, []int64{id}) {
			t.Fatalf("FindAll(%q) = %v, want %d", text, got, id)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("26-0123456-0")
	f.Add(Format(sample))
	f.Add(" 26 – 0123456 — 1\u00a0")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := Parse(s)
		if err != nil {
			if code(err) == "" || id != 0 {
				t.Fatalf("Parse(%q) = %d, untyped %v", s, id, err)
			}
			return
		}
		if back, err := Parse(Format(id)); err != nil || back != id || !Valid(id) {
			t.Fatalf("%q gives %d gives %d, %v", s, id, back, err)
		}
	})
}

func FuzzFindAll(f *testing.F) {
	f.Add("оплата по делу " + Format(sample) + " и ещё 5000")
	f.Add("\xff26 0123456 1-\u00ad٢")
	f.Fuzz(func(t *testing.T, s string) {
		found := FindAll(s)
		for i, id := range found {
			if !Valid(id) || slices.Contains(found[:i], id) {
				t.Fatalf("FindAll(%q) = %v", s, found)
			}
		}
	})
}

func ExampleFormat() {
	id, _ := Parse("26 – 0123456 – 1")
	fmt.Println(id, FindAll("оплата штрафа по делу № "+Format(260_123_456)))
	// Output: 0 [260123456]
}
