package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"robotbailiff/internal/sandbox"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

var opening = calendar.MakeDate(2026, 3, 2)

func court(tb testing.TB, seed uint64, n int) *sandbox.Court {
	tb.Helper()
	c, err := sandbox.NewCourt(seed, n, sandbox.DefaultFeed(opening))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// TestFeed_rulesAgree judges every row by the rules and compares with what the feed meant it to be.
func TestFeed_rulesAgree(t *testing.T) {
	t.Parallel()
	for _, day := range []calendar.Date{opening, calendar.MakeDate(2026, 1, 12), calendar.MakeDate(2026, 5, 12), calendar.MakeDate(2025, 3, 27)} {
		c, err := sandbox.NewCourt(7, 20_000, sandbox.DefaultFeed(day))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		keys := map[string]sandbox.Row{}
		for i := range c.Len() {
			r := c.Row(i)
			seen[r.Wanted]++
			key := r.Source + "/" + r.DocumentNumber
			old, known := keys[key]
			switch r.Wanted {
			case sandbox.Duplicate:
				r.Wanted = old.Wanted
				if !known || r != old {
					t.Fatalf("row %d is no duplicate: %+v, %+v", i, r, old)
				}
				continue
			case sandbox.CodeConflict:
				if !known || r.Amount == old.Amount {
					t.Fatalf("row %d is no conflict", i)
				}
				continue
			}
			if known {
				t.Fatalf("row %d has the key of another row", i)
			}
			keys[key] = r
			if got := judge(r, day); got != r.Wanted {
				t.Fatalf("row %d on %s: rules say %q, the feed meant %q: %+v", i, day, got, r.Wanted, r)
			}
		}
		truth := c.Truth()
		if truth.Good != seen[sandbox.Good] || truth.Duplicate != seen[sandbox.Duplicate] || truth.Rows != 20_000 {
			t.Errorf("truth %+v, rows %v", truth, seen)
		}
		for code, n := range truth.Bad {
			if seen[code] != n || n == 0 {
				t.Errorf("%s: truth %d, rows %d", code, n, seen[code])
			}
		}
		if len(truth.Bad) != 13 || truth.Cancelled < 120 || truth.Cancelled > 280 {
			t.Errorf("truth %+v", truth)
		}
	}
}

// judge is what the intake would say of one row: the form, then the rules.
func judge(r sandbox.Row, day calendar.Date) string {
	for _, f := range []string{r.Source, r.DocumentNumber, r.InForceDate, r.Kind, r.DebtorIIN, r.DebtorName, r.Region, r.Amount, r.UnpaidConfirmedOn} {
		if f == "" {
			return rules.CodeFieldMissing
		}
	}
	if r.Region[0] > '9' {
		return rules.CodeFieldInvalid
	}
	amount, err := money.Parse(r.Amount)
	if err != nil {
		return rules.CodeAmountInvalid
	}
	w := rules.WritFacts{Kind: r.Kind, DebtorIIN: r.DebtorIIN, Amount: amount, Currency: r.Currency}
	for _, f := range []struct {
		text string
		into *calendar.Date
	}{{r.DebtorBirthDate, &w.DebtorBirthDate}, {r.InForceDate, &w.InForce}, {r.DocumentDate, &w.DocumentDate}, {r.UnpaidConfirmedOn, &w.UnpaidConfirmedOn}} {
		if f.text == "" {
			continue
		}
		if *f.into, err = calendar.ParseDate(f.text); err != nil {
			return rules.CodeFieldInvalid
		}
	}
	return rules.Eligibility(pack.Default(), w, day).Code
}

func TestFeed_isAPureFunctionOfItsSeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 300).Draw(t, "n")
		feed := func(wrap func(io.Reader) io.Reader) [32]byte {
			r, err := sandbox.Feed(seed, n, sandbox.DefaultFeed(opening))
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(wrap(r))
			if err != nil {
				t.Fatal(err)
			}
			return sha256.Sum256(all)
		}
		if feed(func(r io.Reader) io.Reader { return r }) != feed(func(r io.Reader) io.Reader { return iotest.HalfReader(r) }) {
			t.Fatal("two readings differ")
		}
	})
}

func TestFeed_prefixDoesNotDependOnLength(t *testing.T) {
	t.Parallel()
	var short, long bytes.Buffer
	if err := court(t, 3, 500).WriteCSV(&short); err != nil {
		t.Fatal(err)
	}
	if err := court(t, 3, 2000).WriteCSV(&long); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(long.Bytes(), short.Bytes()) {
		t.Error("a longer feed does not begin with the shorter one")
	}
}

func TestFeed_looksLikeTheRealThing(t *testing.T) {
	t.Parallel()
	c := court(t, 11, 60_000)
	truth := c.Truth()
	if mean := truth.Sum.Tiyn() / int64(truth.Good); mean < 19_000_00 || mean > 21_500_00 {
		t.Errorf("the mean sum is %d tiyn, about 20 155 tenge wanted", mean)
	}
	iins, phones := map[string]string{}, map[string]string{}
	endings, languages, regions := map[string]int{}, map[string]int{}, map[string]int{}
	r := csv.NewReader(bufio.NewReader(c.Reader()))
	for line := 0; ; line++ {
		rec, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if line == 0 {
			continue
		}
		row := c.Row(line - 1)
		if row.Wanted != sandbox.Good {
			continue
		}
		iin, name, phone, amount := rec[7], rec[8], rec[10], rec[13]
		if old, known := iins[iin]; known && old != name {
			t.Fatalf("one IIN, two names: %s, %s", old, name)
		}
		if old, known := phones[phone]; phone != "" && known && old != iin {
			t.Fatal("one phone, two persons")
		}
		iins[iin], phones[phone] = name, iin
		endings[amount[len(amount)-2:]]++
		languages[rec[11]]++
		regions[rec[12]]++
	}
	if n := len(iins); n > truth.Good*95/100 || n < truth.Good*80/100 {
		t.Errorf("%d persons in %d rows", n, truth.Good)
	}
	if endings["00"] < truth.Good*85/100 || endings["13"] == 0 || endings["14"] == 0 || endings["15"] == 0 {
		t.Errorf("tiyn: %v", endings)
	}
	if languages["kk"]+languages["ru"] < truth.Good*95/100 || languages["uz"] == 0 || len(regions) != 20 {
		t.Errorf("languages %v, regions %v", languages, regions)
	}
}

func TestWriteXML_hasTheRowsOfTheCSV(t *testing.T) {
	t.Parallel()
	c := court(t, 9, 2000)
	var table, document bytes.Buffer
	if err := errors.Join(c.WriteCSV(&table), c.WriteXML(&document)); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var batch struct {
		XMLName xml.Name `xml:"urn:robotbailiff:writs:1 writs"`
		Writs   []struct {
			Fields []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"writ"`
	}
	if err := xml.Unmarshal(document.Bytes(), &batch); err != nil || len(batch.Writs) != len(rows)-1 {
		t.Fatalf("%d writs, %d rows, %v", len(batch.Writs), len(rows)-1, err)
	}
	for i, w := range batch.Writs {
		got := map[string]string{}
		for _, f := range w.Fields {
			got[f.XMLName.Local] = f.Text
		}
		for j, name := range rows[0] {
			if got[name] != rows[i+1][j] {
				t.Fatalf("writ %d: %s is %q, %q in the table", i, name, got[name], rows[i+1][j])
			}
		}
	}
}

func TestCancellations_coverTheTruth(t *testing.T) {
	t.Parallel()
	c, n := court(t, 5, 5000), 0
	for day := range 40 {
		n += len(c.Cancellations(opening.AddDays(day)))
	}
	if n != c.Truth().Cancelled || n == 0 {
		t.Errorf("%d cancellations, %d wanted", n, c.Truth().Cancelled)
	}
}

func BenchmarkFeed(b *testing.B) {
	const rows = 100_000
	for b.Loop() {
		if err := court(b, 1, rows).WriteCSV(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
