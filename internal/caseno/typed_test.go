package caseno

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseTyped_spellings(t *testing.T) {
	t.Parallel()
	y, s, c := parts(sample) // 26-0123456-?
	letters := strings.NewReplacer("0", "О", "1", "l", "3", "З", "2", "Z", "5", "S", "6", "б")
	for _, text := range []string{
		y + s + c, y + "-" + s + "-" + c, "№ " + y + "–" + s + "–" + c, " " + y + "/" + s + "." + c + "\n", y + " " + s[:3] + " " + s[3:] + " " + c,
		letters.Replace(y + "-" + s + "-" + c), y + "-O" + s[1:] + "-" + c, y + "-о" + s[1:] + "-" + c, y + "-0I" + s[2:] + "-" + c, y + "-0І" + s[2:] + "-" + c,
		"(" + y + ")" + s + "_" + c, y + "\u00ad" + s + "\u200b" + c,
	} {
		if id, err := ParseTyped(text); err != nil || id != sample {
			t.Errorf("ParseTyped(%q) = %d, %v", text, id, err)
		}
	}
}

func TestParseTyped_refusals(t *testing.T) {
	t.Parallel()
	y, s, c := parts(sample)
	wrong := string('0' + (c[0]-'0'+1)%10)
	for text, want := range map[string]Code{
		"":                          CodeLength,
		"26":                        CodeLength,
		y + s + c + "1":             CodeLength,
		"900101300123":              CodeLength, // an IIN
		y + "-" + s + "-" + wrong:   CodeCheckDigit,
		"00-0000000-0":              CodeSerial,
		"дело " + y + s + c:         CodeFormat,
		"KZ" + y + s + c:            CodeFormat,
		"\xff" + y + s + c:          CodeFormat,
		"２６-" + s + "-" + c:         CodeFormat,
		"٢٦-" + s + "-" + c:         CodeFormat,
		"' OR '1'='1":               CodeFormat,
		strings.Repeat("1", 100000): CodeLength,
	} {
		if id, err := ParseTyped(text); code(err) != want || id != 0 {
			t.Errorf("ParseTyped(%.40q): %d, %v, want %s", text, id, err, want)
		}
	}
}

func TestParseTyped_readsAllThatParseReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := drawID(t)
		sep := rapid.SampledFrom([]string{"", "-", " ", " – ", "\u00a0"}).Draw(t, "sep")
		y, s, c := parts(id)
		typed := y + sep + s + sep + c
		strict, err := Parse(typed)
		if err != nil || strict != id {
			t.Fatalf("Parse(%q) = %d, %v", typed, strict, err)
		}
		if lax, err := ParseTyped(typed); err != nil || lax != id {
			t.Fatalf("ParseTyped(%q) = %d, %v", typed, lax, err)
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	f.Add("26-0123456-0")
	f.Add("№ 2б–О1234Sб–l")
	f.Add("𝟞٣９\xff")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseTyped(s)
		if err != nil {
			if code(err) == "" || id != 0 {
				t.Fatalf("ParseTyped(%q) = %d, untyped %v", s, id, err)
			}
			return
		}
		if back, err := Parse(Format(id)); err != nil || back != id {
			t.Fatalf("%q gives %d gives %d, %v", s, id, back, err)
		}
	})
}
