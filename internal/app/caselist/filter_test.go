package caselist

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestGuess(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"26-0000012-8":      "number 26-0000012-8|document 26-0000012-8",
		"№ 26 0000012 8":    "number 26-0000012-8|document 26 0000012 8",
		"850101300075":      "iin 850101300075|document 850101300075",
		"850101 300075":     "iin 850101300075|document 850101 300075",
		"850101300074":      "document 850101300074", // a wrong check digit
		"+7 (701) 700-0001": "phone +77017000001|document +7 (701) 700-0001",
		"87017000001":       "phone +77017000001|document 87017000001",
		"20155":             "sum 20155.00|document 20155",
		"20 155,50 ₸":       "sum 20155.50|document 20 155,50 ₸",
		"20155.5 тг":        "sum 20155.50|document 20155.5 тг",
		"123456789":         "document 123456789",
		"123456789.00":      "sum 123456789.00|document 123456789.00",
		"0012":              "document 0012",
		"А-07/16":           "document А-07/16",
		"Ахметов":           "name АХМЕТОВ",
		"  әлімов   қай ":   "name АЛИМОВ КАИ",
		"я":                 "",
		"":                  "",
		"---":               "",
		"1\x00":             "",
		"a1\xff":            "",
		"0":                 "document 0",
	} {
		var got []string
		for _, m := range Guess(typed) {
			got = append(got, string(m.Kind)+" "+m.Value)
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("%q: %q, want %q", typed, g, want)
		}
	}
	if Guess(strings.Repeat("1", 300)) != nil {
		t.Error("a text without end means something")
	}
}

// What may be shown of a search tells nobody whom it is for.
func TestMeaning_showsLittleOfAPerson(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]Meaning{"…0075": {IIN, "850101300075"}, "…0001": {Phone, "+77017000001"}, "АХ…": {Name, "АХМЕТОВ"}, "20155.00": {Sum, "20155.00"}} {
		if got := m.shown(); got != want {
			t.Errorf("%s: %q", m.Kind, got)
		}
	}
}

func drawFilter(t *rapid.T) Filter {
	day := func(label string) calendar.Date {
		return calendar.Date(rapid.SampledFrom([]int{0, 0, int(calendar.MakeDate(2026, 3, 2))}).Draw(t, label) + 0)
	}
	return Filter{
		Search: rapid.SampledFrom([]string{"", "abcdefghijklmnopqrstuv"}).Draw(t, "s"), State: rapid.SampledFrom(append([]string{""}, States...)).Draw(t, "state"),
		Region: rapid.SampledFrom([]string{"", "75"}).Draw(t, "region"), Source: rapid.SampledFrom([]string{"", "erap", "ЕРАП & co"}).Draw(t, "source"),
		Flag: rapid.SampledFrom(append([]Flag{""}, Flags...)).Draw(t, "flag"), Sort: rapid.SampledFrom(append([]Sort{""}, Sorts...)).Draw(t, "sort"),
		OpenedFrom: day("of"), OpenedTo: day("ot"), VoluntaryFrom: day("vf"), VoluntaryTo: day("vt"), TermFrom: day("tf"), TermTo: day("tt"),
		LeftFrom: money.FromTiyn(rapid.Int64Range(0, 500).Draw(t, "lf")), LeftTo: money.FromTiyn(rapid.SampledFrom([]int64{0, 500, 12345}).Draw(t, "lt")),
		Columns: knownColumns(rapid.SampledFrom([]string{"", "s", "sfilt"}).Draw(t, "cols")), After: Cursor{rapid.Int64Range(0, 9).Draw(t, "k"), rapid.SampledFrom([]int64{0, 260000012}).Draw(t, "id")},
	}
}

// A filter is its address and nothing else.
func TestFilter_comesBackFromItsAddress(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := drawFilter(t)
		if !f.After.set() {
			f.After = Cursor{}
		}
		back, bad := ParseFilter(f.Query())
		if len(bad) > 0 {
			t.Fatalf("%v of %s", bad, f.Query().Encode())
		}
		if diff := cmp.Diff(f.Query(), back.Query()); diff != "" {
			t.Fatal(diff)
		}
		kept, err := url.ParseQuery(f.Lasting().Query().Encode())
		if err != nil || kept.Has("s") || kept.Has("after") || kept.Has("before") {
			t.Fatalf("what is kept has %v", kept)
		}
	})
}

func TestParseFilter_namesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"state=&region=&sort=":  "",
		"unknown=1":             "",
		"state=closed":          "state",
		"state=paid&state=open": "state",
		"region=7&source=" + strings.Repeat("x", 101): "region source",
		"s=850101300075":                               "s",
		"flag=x&sort=y&cols=sz":                        "flag sort cols",
		"cols=s&cols=f":                                "",
		"opened_from=2026-02-30":                       "opened_from",
		"opened_from=2026-03-02&opened_to=2026-03-01":  "opened_to",
		"left_from=-1&left_to=1e5":                     "left_from left_to",
		"left_from=10&left_to=9":                       "left_to",
		"after=1":                                      "after",
		"after=-1.5":                                   "after",
		"after=9223372036854775807.1":                  "after",
		"after=1.1&before=1.1":                         "before",
		"before=1.1%27":                                "before",
		"term_to=2026-03-01%20OR%201=1":                "term_to",
		"source=a%00b":                                 "source",
		"source=%ff":                                   "source",
		"voluntary_from=x&voluntary_to=y&term_from=zz": "voluntary_from voluntary_to term_from",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, bad := ParseFilter(q); strings.Join(bad, " ") != want {
			t.Errorf("%s: %v, want %q", query, bad, want)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("state=open&left_from=1,5&after=3.260000012&cols=sf")
	f.Add("s=abcdefghijklmnopqrstuv&opened_from=2026-03-02")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		got, bad := ParseFilter(q)
		again, worse := ParseFilter(got.Query())
		if len(worse) > len(bad) || got.Query().Encode() != again.Query().Encode() {
			t.Fatalf("%s became %s, then %s (%v, %v)", query, got.Query().Encode(), again.Query().Encode(), bad, worse)
		}
	})
}

func FuzzGuess(f *testing.F) {
	for _, s := range []string{"26-0000012-8", "850101300075", "+77017000001", "20 155,50 ₸", "Ахметов"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for _, m := range Guess(typed) {
			if m.Value == "" || strings.ContainsRune(m.Value, 0) || strings.ToValidUTF8(m.Value, "") != m.Value {
				t.Fatalf("%q may mean %q", typed, m.Value)
			}
			_ = m.shown()
		}
	})
}
