package statement

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/sample"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const ours = "KZ86125KZT5004100100" // the example of the standard for Kazakhstan

var (
	sums = rapid.Custom(func(t *rapid.T) money.Amount {
		return money.FromTiyn(rapid.Int64Range(1, 9_999_999_99).Draw(t, "tiyn"))
	})
	names  = rapid.SampledFrom([]string{"", "Иванов Иван", "Петрова А.", `ТОО "Ромашка & Ко" <Алматы>`, "OSPANOV"})
	kazakh = rapid.SampledFrom([]string{"Әбдіқадырова Гүлнұр", "Өтеген Қ.Ү.", "Һ ғ ң"})
	words  = rapid.StringMatching(`[А-Яа-яA-Z0-9№.]{1,12}( [А-Яа-яA-Z0-9№.]{1,12}){0,8}`)
)

// statements draws a sound statement that a format can hold in full.
func statements(format string) *rapid.Generator[*source.Statement] {
	mt, onec, notice := format == "mt940", format == "1c", strings.HasPrefix(format, "camt.054")
	return rapid.Custom(func(t *rapid.T) *source.Statement {
		from := calendar.MakeDate(2026, 1, 1).AddDays(rapid.IntRange(0, 400).Draw(t, "from"))
		s := &source.Statement{
			Format: format, ID: "M1", Number: "7", Account: ours, Currency: "KZT", From: from,
			To: from.AddDays(rapid.IntRange(0, 40).Draw(t, "days")), Created: "2026-02-01T08:00:00", Balanced: !notice,
		}
		if mt { // the format tells the period by the balances, and both could be one day
			s.To, s.Created = from, ""
		}
		if onec {
			s.ID, s.Number, s.Created = "", "", ""
		}
		n := rapid.IntRange(0, 6).Draw(t, "lines")
		for i := range n {
			l := source.Line{
				Credit: rapid.Bool().Draw(t, "credit"), Amount: sums.Draw(t, "sum"), Currency: "KZT",
				Booked: s.From.AddDays(rapid.IntRange(0, s.To.Sub(s.From)).Draw(t, "booked")), Purpose: words.Draw(t, "purpose"),
			}
			l.Value = l.Booked.AddDays(rapid.IntRange(-40, 40).Draw(t, "value"))
			l.EndToEnd = rapid.SampledFrom([]string{"", fmt.Sprintf("E%d", i)}).Draw(t, "end to end")
			l.Payer = source.Party{Name: names.Draw(t, "name"), IBAN: rapid.SampledFrom([]string{"", "KZ563190000012344567"}).Draw(t, "iban"), BIC: rapid.SampledFrom([]string{"", "HSBKKZKX"}).Draw(t, "bic")}
			if !mt {
				l.Payer.IIN = rapid.SampledFrom([]string{"", "940101300005"}).Draw(t, "iin")
				l.KNP = rapid.SampledFrom([]string{"", "911"}).Draw(t, "knp")
				l.KBK = rapid.SampledFrom([]string{"", "204106"}).Draw(t, "kbk")
			}
			if !onec {
				l.Reversal, l.Ref = rapid.Bool().Draw(t, "reversal"), fmt.Sprintf("B%d", i)
			}
			s.Lines = append(s.Lines, l)
		}
		if s.Balanced {
			s.Opening = money.FromTiyn(rapid.Int64Range(-1e9, 1e9).Draw(t, "opening"))
			s.Closing = s.Opening.Add(s.Net())
		}
		return s
	})
}

func write(t interface{ Fatal(...any) }, all ...*source.Statement) []byte {
	var parts []sample.Part
	for _, s := range all {
		parts = append(parts, sample.Of(s))
	}
	var b bytes.Buffer
	write := sample.Camt
	switch all[0].Format {
	case "mt940":
		write = sample.MT940
	case "1c":
		write = sample.OneC
	}
	if err := write(&b, parts...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var formats = []string{
	"camt.053.001.02", "camt.053.001.04", "camt.053.001.06", "camt.053.001.08", "camt.053.001.10", "camt.053.001.13",
	"camt.054.001.02", "camt.054.001.04", "camt.054.001.06", "camt.054.001.08", "camt.054.001.10", "mt940", "1c",
}

var compare = cmp.Options{
	cmp.Comparer(func(a, b money.Amount) bool { return a.Equal(b) }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Place" }, cmp.Ignore()),
}

// What a bank writes is what we read, in every format, line end and character set.
func TestRead_givesWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				want := statements(format).Draw(t, "statement")
				utf8 := rapid.Bool().Draw(t, "UTF-8")
				if utf8 && len(want.Lines) > 0 {
					want.Lines[0].Payer.Name = kazakh.Draw(t, "name")
				}
				file := write(t, want)
				xml := strings.HasPrefix(format, "camt")
				if !utf8 {
					var err error
					if file, err = charmap.Windows1251.NewEncoder().Bytes(file); err != nil {
						t.Fatal(err)
					}
					file = bytes.Replace(file, []byte(`encoding="UTF-8"`), []byte(`encoding="windows-1251"`), 1)
				}
				switch rapid.IntRange(0, 2).Draw(t, "line ends") {
				case 1:
					file = bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n"))
				case 2:
					file = bytes.ReplaceAll(bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r"))
				}
				if utf8 && rapid.Bool().Draw(t, "BOM") {
					file = append([]byte("\xEF\xBB\xBF"), file...)
				}
				if xml && rapid.Bool().Draw(t, "prefix") {
					file = prefixed(file)
				}
				got, err := ReadAll(bytes.NewReader(file))
				if err != nil {
					t.Fatalf("%v\n%s", err, file)
				}
				if diff := cmp.Diff([]*source.Statement{want}, got, compare); diff != "" {
					t.Fatalf("(-want +got):\n%s\n%s", diff, file)
				}
				if faults := source.Check(got[0]); len(faults) > 0 {
					t.Fatalf("a sound statement has %v", faults[0])
				}
			})
		})
	}
}

// prefixed gives every element a prefix.
func prefixed(file []byte) []byte {
	s := string(file)
	s = strings.ReplaceAll(s, "</", "\x00")
	s = strings.ReplaceAll(s, "<", "<n:")
	s = strings.ReplaceAll(s, "\x00", "</n:")
	s = strings.ReplaceAll(s, "<n:?xml", "<?xml")
	return []byte(strings.Replace(s, "xmlns=", "xmlns:n=", 1))
}

// A file that was cut anywhere is refused, and not taken for a shorter one.
func TestRead_refusesAFileThatWasCut(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				want := statements(format).Draw(t, "statement")
				file := write(t, want)
				whole := bytes.TrimRight(file, "\r\n")
				if format == "mt940" { // bare messages need no mark of the end
					whole = bytes.TrimRight(whole, "-\r\n0123456789")
				}
				if format == "1c" { // sums of control prove the end as well as its mark
					whole = whole[:bytes.LastIndex(whole, []byte("КонецДокумента"))+1]
					if len(want.Lines) == 0 {
						t.Skip("nothing that could be missing")
					}
				}
				n := rapid.IntRange(0, len(whole)-1).Draw(t, "length")
				got, err := ReadAll(bytes.NewReader(file[:n]))
				if err == nil && (format != "mt940" || len(source.Check(got[0])) == 0) {
					t.Fatalf("read %d of %d bytes:\n%s", n, len(file), file[:n])
				}
			})
		})
	}
}

// Several statements in one file come back in order.
func TestRead_givesAllStatements(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"camt.053.001.08", "mt940", "1c"} {
		rapid.Check(t, func(t *rapid.T) {
			a, b := statements(format).Draw(t, "first"), statements(format).Draw(t, "second")
			b.Account = "KZ563190000012344567"
			for i := range b.Lines {
				b.Lines[i].Payer.IBAN = ""
			}
			for i := range a.Lines {
				a.Lines[i].Payer.IBAN = ""
			}
			got, err := ReadAll(bytes.NewReader(write(t, a, b)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]*source.Statement{a, b}, got, compare); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRead_namesWhatIsNoStatement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, code, seen string }{
		"nothing":               {"", source.CodeFormat, "an empty file"},
		"a workbook":            {"PK\x03\x04....", source.CodeFormat, "XLSX"},
		"a PDF":                 {"%PDF-1.7", source.CodeFormat, "PDF"},
		"JSON":                  {`{"a":1}`, source.CodeFormat, "JSON"},
		"CSV":                   {"date;amount\n1;2\n", source.CodeFormat, "CSV"},
		"UTF-16":                {"\xFF\xFE1\x00", source.CodeFormat, "UTF-16"},
		"a letter":              {"Dear bank", source.CodeFormat, "text"},
		"XML of others":         {`<html><body/></html>`, source.CodeFormat, "root html"},
		"another message":       {`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"/>`, source.CodeFormat, "pain.001.001.03"},
		"a report of the day":   {`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.02"/>`, source.CodeKind, "camt.052"},
		"a version to come":     {`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.99"/>`, source.CodeVersion, "001.99"},
		"an MT942":              {"{1:F01AAAABBCCAXXX0000000000}{2:O9421200}{4:\n:20:1\n", source.CodeKind, "MT942"},
		"an MT942 without more": {":20:1\n:25:KZ86125KZT5004100100\n:28C:1\n:34F:KZTD0,\n", source.CodeKind, "MT942"},
		"no statement inside":   {`<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"/>`, source.CodeMissing, ""},
	} {
		_, err := ReadAll(strings.NewReader(c.file))
		f, ok := err.(*source.Fault) //nolint:errorlint // it is not wrapped
		if !ok || f.Code != c.code || !strings.Contains(f.Detail, c.seen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, format := range formats {
		f.Add(write(f, statements(format).Example(3)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := ReadAll(bytes.NewReader(file))
		if err != nil {
			if _, ok := err.(*source.Fault); !ok { //nolint:errorlint // it is not wrapped
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		for _, s := range all {
			source.Check(s) // may find what it likes, and does not panic
			for i := range s.Lines {
				if l := &s.Lines[i]; l.Amount.Sign() < 0 || !l.Booked.Valid() || !l.Value.Valid() || l.Currency == "" || l.Place == 0 {
					t.Fatalf("a line that cannot be: %+v", l)
				}
			}
		}
	})
}
