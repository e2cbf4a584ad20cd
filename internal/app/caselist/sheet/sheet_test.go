package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"robotbailiff/rules/money"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                   "",
		"Ахметов Д.С.":       "Ахметов Д.С.",
		"26-0000012-3":       "26-0000012-3",
		"=1+1":               "'=1+1",
		" =1":                "' =1",
		"\u00a0+7701":        "'\u00a0+7701",
		"\u200b@SUM(A1)":     "'\u200b@SUM(A1)",
		"-2":                 "'-2",
		"＝cmd":               "'＝cmd",
		"\tx":                "'\tx",
		"\rx":                "'\rx",
		"a\n=1\nb":           "a\n'=1\nb",
		"a\u2028 -1":         "a\u2028' -1",
		"a\r\n=HYPERLINK(1)": "a\r\n'=HYPERLINK(1)",
		"a\r=1":              "a\r=1", // the cell begins with a, and a carriage return alone ends no line of a quoted cell
		"\x00=":              "'\x00=",
	} {
		if got := Harmless(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// No line of any cell begins like a formula, however it is disguised, and nothing of what was said is lost.
func TestHarmless_noLineIsAFormula(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("=+-@＝＋－＠\u2212\t\r\n\u00a0 \u200b\u2028'a1;\"")), rapid.Rune())).Draw(t, "cell")
		out := Harmless(in)
		for line := range strings.SplitSeq(out, "\n") {
			begin := strings.TrimLeftFunc(line, func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u200b' || r == '\u3000' })
			if begin != "" && strings.ContainsRune("=+-@＝＋－＠\t\r", []rune(begin)[0]) {
				t.Fatalf("%q became %q", in, out)
			}
		}
		without := func(s string) string {
			return strings.Map(func(r rune) rune {
				if r == '\'' {
					return -1
				}
				return r
			}, s)
		}
		if without(out) != without(strings.ToValidUTF8(in, "")) && without(out) != without(in) {
			t.Fatalf("%q became %q", in, out)
		}
		if Harmless(out) != out {
			t.Fatalf("%q is not harmless yet", out)
		}
	})
}

func table(rows ...[]Cell) Table {
	i := 0
	return Table{Title: "Cases", About: "desk:demo", Head: []string{"№", "Аты-жөні", "Құжат", "Сома"}, Rows: func() ([]Cell, error) {
		if i == len(rows) {
			return nil, nil
		}
		i++
		return rows[i-1], nil
	}}
}

func texts(s ...string) []Cell {
	var out []Cell
	for _, x := range s[:len(s)-1] {
		out = append(out, Cell{Text: x})
	}
	sum, _ := money.Parse(s[len(s)-1])
	return append(out, Cell{Sum: sum, IsSum: true})
}

var sample = [][]Cell{
	texts("26-0000012-3", "Ә.Ғ.Қ.Ң.Ө.Ұ.Ү.Һ.І.", "0026160000017", "20155.5"),
	texts("26-0000013-1", "=HYPERLINK(\"http://x\";\"y\")", "123456789012345678", "0.07"),
	texts("26-0000014-9", "О;\"К\"", "A-07/1", "100000000000.01"),
}

func TestCSV(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	n, err := CSV(&out, table(sample...))
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	raw := out.String()
	if !strings.HasPrefix(raw, "\ufeff№;Аты-жөні;Құжат;Сома\r\n") {
		t.Errorf("begins %q", raw[:40])
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(raw, "\ufeff")))
	r.Comma = ';'
	got, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"№", "Аты-жөні", "Құжат", "Сома"},
		{"26-0000012-3", "Ә.Ғ.Қ.Ң.Ө.Ұ.Ү.Һ.І.", "№ 0026160000017", "20155,50"},
		{"26-0000013-1", "'=HYPERLINK(\"http://x\";\"y\")", "№ 123456789012345678", "0,07"},
		{"26-0000014-9", "О;\"К\"", "A-07/1", "100000000000,01"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestXLSX(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	n, err := XLSX(&out, table(sample...))
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	got, err := f.GetRows("Cases", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"№", "Аты-жөні", "Құжат", "Сома"},
		{"26-0000012-3", "Ә.Ғ.Қ.Ң.Ө.Ұ.Ү.Һ.І.", "0026160000017", "20155.5"},
		{"26-0000013-1", "'=HYPERLINK(\"http://x\";\"y\")", "123456789012345678", "0.07"},
		{"26-0000014-9", "О;\"К\"", "A-07/1", "100000000000.01"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for cell, want := range map[string]excelize.CellType{"C2": excelize.CellTypeInlineString, "D2": excelize.CellTypeUnset, "B3": excelize.CellTypeInlineString} {
		if kind, err := f.GetCellType("Cases", cell); err != nil || kind != want {
			t.Errorf("%s is of type %v, want %v (%v)", cell, kind, want, err)
		}
		if formula, err := f.GetCellFormula("Cases", cell); err != nil || formula != "" {
			t.Errorf("%s has the formula %q (%v)", cell, formula, err)
		}
	}
	if p, err := f.GetDocProps(); err != nil || p.Description != "desk:demo" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestCSV_hasAnEnd(t *testing.T) {
	t.Parallel()
	endless := Table{Head: []string{"a"}, Rows: func() ([]Cell, error) { return []Cell{{Text: "x"}}, nil }}
	if n, err := CSV(discard{}, endless); !errors.Is(err, ErrTooLong) || n != MaxRows {
		t.Error(n, err)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestBlank_isNoControl(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0x110000; r++ {
		if blank(r) && unicode.IsControl(r) {
			t.Errorf("%U", r)
		}
	}
}
