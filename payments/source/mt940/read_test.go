package mt940_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/mt940"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	head = ":20:STARTUMS\n:25:KZ86125KZT5004100100KZT\n:28C:00007/001\n:60F:C260301KZT100,\n"
	move = ":61:2603020302CT50,00NTRFR-1//B1\n:86:Оплата по делу 26-0000001-8\n"
	foot = ":62F:C260302KZT150,\n"
	good = head + move + foot + "-\n"
)

func read(file string) ([]*source.Statement, error) {
	return source.Collect(mt940.Read, strings.NewReader(file))
}

func statement(t *testing.T, file string) *source.Statement {
	t.Helper()
	all, err := read(file)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	return all[0]
}

func TestRead(t *testing.T) {
	t.Parallel()
	day := calendar.MakeDate(2026, 3, 2)
	want := &source.Statement{
		Format: "mt940", ID: "STARTUMS", Number: "7/1", Account: "KZ86125KZT5004100100", Currency: "KZT", From: day, To: day,
		Balanced: true, Opening: money.FromTiyn(10000), Closing: money.FromTiyn(15000),
		Lines: []source.Line{{Place: 5, Ref: "B1", EndToEnd: "R-1", Credit: true, Amount: money.FromTiyn(5000), Currency: "KZT", Booked: day, Value: day, Purpose: "Оплата по делу 26-0000001-8"}},
	}
	compare := cmp.Comparer(func(a, b money.Amount) bool { return a.Equal(b) })
	for name, file := range map[string]string{
		"bare":             good,
		"without its end":  head + move + foot,
		"in its envelope":  "{1:F01KKMFKZ2AXXXX0000000000}{2:O9401200260302KKMFKZ2AXXXX00000000002603021200N}{4:\n" + head + move + foot + "-}\n",
		"with a trailer":   "{1:F01KKMFKZ2AXXXX0000000000}{2:O9401200}{3:{108:1}}{4:\n" + head + move + foot + "-}{5:{CHK:1}}\n",
		"on the same line": "\n{4:" + head + move + foot + "-}",
		"words of all":     head + move + foot + ":64:C260302KZT150,\n:65:C260303KZT150,\n:65:C260304KZT150,\n:86:Хабарлама\n-\n",
	} {
		if diff := cmp.Diff(want, shifted(statement(t, file), want), compare); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if faults := source.Check(want); len(faults) > 0 {
		t.Error(faults[0])
	}
}

// shifted takes the lines of an envelope off the places.
func shifted(got, want *source.Statement) *source.Statement {
	for i := range got.Lines {
		got.Lines[i].Place = want.Lines[i].Place
	}
	return got
}

func TestRead_movements(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		field string
		show  func(l source.Line) string
		want  string
	}{
		"a debit":                       {":61:260302D1,5NTRFNONREF", func(l source.Line) string { return boolean(l.Credit) + l.Amount.String() + l.EndToEnd }, "-1.50"},
		"a reversed credit":             {":61:260302RC1,NTRFNONREF", func(l source.Line) string { return boolean(l.Credit) + boolean(l.Reversal) }, "-+"},
		"a reversed debit":              {":61:260302RDT1,NTRFNONREF", func(l source.Line) string { return boolean(l.Credit) + boolean(l.Reversal) }, "++"},
		"booked on the value date":      {":61:260302C1,NTRFNONREF", func(l source.Line) string { return l.Booked.String() }, "2026-03-02"},
		"booked in the year before":     {":61:2601021231C1,NTRFNONREF", func(l source.Line) string { return l.Booked.String() }, "2025-12-31"},
		"booked in the year after":      {":61:2512310102C1,NTRFNONREF", func(l source.Line) string { return l.Booked.String() }, "2026-01-02"},
		"booked on a day of leap years": {":61:2403010229C1,NTRFNONREF", func(l source.Line) string { return l.Booked.String() }, "2024-02-29"},
		"the second line":               {":61:260302C1,NMSCR-1//B1\nOPLATA", func(l source.Line) string { return l.Purpose }, "OPLATA"},
		"words before the second line":  {":61:260302C1,NMSCR-1//B1\nOPLATA\n:86:Сөз", func(l source.Line) string { return l.Purpose }, "Сөз"},
		"words over lines":              {":61:260302C1,NMSCR-1\n:86:Оплата\nпо делу\n:12:34", func(l source.Line) string { return l.Purpose }, "Оплата по делу :12:34"},
		"a line cut at 65 letters":      {":61:260302C1,NMSCR-1\n:86:" + strings.Repeat("я", 63) + "26\n-0000001-8", func(l source.Line) string { return l.Purpose }, strings.Repeat("я", 63) + "26-0000001-8"},
		"numbered parts": {
			":61:260302C1,NTRFNONREF//B1\n:86:166?00GUTSCHRIFT?20EREF+R-26-0000001-8?21SVWZ+Почему? Штраф № 12 202\n?226 год?30HSBKKZKX?31KZ563190000012344567?32Иванов?33Иван?34000",
			func(l source.Line) string {
				return strings.Join([]string{l.EndToEnd, l.Purpose, l.Payer.Name, l.Payer.IBAN, l.Payer.BIC}, "|")
			},
			"R-26-0000001-8|Почему? Штраф № 12 2026 год|Иванов Иван|KZ563190000012344567|HSBKKZKX",
		},
		"codes between slashes": {
			":61:260302C1,NTRFNONREF\n:86:/NAME/ТОО А/Б/IDN/940101300005/IBAN/KZ563190000012344567/BIC/HSBKKZKX/KNP/911/BCLASS/204106/EREF/R-1/ASSIGN/Штраф 1/2\nдело",
			func(l source.Line) string {
				return strings.Join([]string{l.EndToEnd, l.Purpose, l.Payer.Name, l.Payer.IIN, l.Payer.IBAN, l.KNP, l.KBK}, "|")
			},
			"R-1|Штраф 1/2 дело|ТОО А/Б|940101300005|KZ563190000012344567|911|204106",
		},
		"a slash without a code": {":61:260302C1,NTRFNONREF\n:86:/1/2026 штраф", func(l source.Line) string { return l.Purpose }, "/1/2026 штраф"},
	} {
		s := statement(t, head+c.field+"\n"+foot+"-\n")
		if len(s.Lines) != 1 || c.show(s.Lines[0]) != c.want {
			t.Errorf("%s: %+v, want %s", name, s.Lines, c.want)
		}
	}
}

func boolean(b bool) string {
	if b {
		return "+"
	}
	return "-"
}

func TestRead_severalSheets(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer("00007/001", "00007/002", "C260301KZT100", "C260302KZT150", "STARTUMS", "2", "62F:C260302KZT150", "62F:C260302KZT200", "B1", "B2").Replace(good)
	second = strings.Replace(second, ":60F:", ":60M:", 1)
	all, err := read(strings.Replace(good, ":62F:", ":62M:", 1) + second)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if faults := source.Follows(all[0], all[1], nil); len(faults) > 0 {
		t.Error(faults[0])
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new, code, field string
		place                 int
	}{
		"a point":                       {"50,00N", "50.00N", source.CodeAmount, ":61:", 5},
		"no comma":                      {"50,00N", "50N", source.CodeAmount, ":61:", 5},
		"three decimals":                {"50,00N", "50,001N", source.CodeAmount, ":61:", 5},
		"a negative sum":                {"50,00N", "-50,00N", source.CodeNegative, ":61:", 5},
		"no mark":                       {"0302CT", "0302X", source.CodeInvalid, ":61:", 5},
		"no type":                       {"50,00NTRFR-1//B1", "50,00", source.CodeMissing, ":61:", 5},
		"another type":                  {"NTRF", "XTRF", source.CodeInvalid, ":61:", 5},
		"a day that is none":            {":61:260302", ":61:260229", source.CodeDate, ":61:", 5},
		"an entry day that is none":     {":61:2603020302", ":61:2603021302", source.CodeDate, ":61:", 5},
		"an opening balance of nothing": {"C260301KZT100,", "", source.CodeInvalid, ":60F:", 4},
		"balances in two currencies":    {"62F:C260302KZT", "62F:C260302USD", source.CodeCurrency, ":62F:", 7},
		"a balance day that is none":    {"62F:C260302", "62F:C261302", source.CodeDate, ":62F:", 7},
		"no closing balance":            {foot, "", source.CodeTruncated, ":62F:", 7},
		"no opening balance":            {":60F:C260301KZT100,\n", "", source.CodeStructure, ":61:", 4},
		"an account twice":              {":28C:", ":25:KZ1\n:28C:", source.CodeTwice, ":25:", 3},
		"a closing balance twice":       {foot, foot + foot, source.CodeTwice, ":62F:", 8},
		"a movement behind the end":     {foot, foot + move, source.CodeStructure, ":61:", 8},
		"words of nobody":               {move, ":86:x\n", source.CodeStructure, ":86:", 5},
		"a field of other messages":     {":28C:", ":32A:1\n:28C:", source.CodeStructure, ":32A:", 3},
		"an interim report":             {":28C:", ":34F:KZTD0,\n:28C:", source.CodeKind, ":34F:", 3},
		"another kind":                  {":20:START", "{2:O9421200}{4:\n:20:START", source.CodeKind, "{2:}", 1},
		"nothing before the first":      {":20:STARTUMS\n", "", source.CodeStructure, ":25:", 1},
		"text behind":                   {"-\n", "-\nmore\n", source.CodeTrailing, "", 9},
		"an envelope that is open":      {":20:START", "{4:\n:20:START", source.CodeStructure, "", 9},
		"control characters":            {"Оплата", "\x00", source.CodeCharset, "", 6},
		"letters of two sets":           {":86:Оплата", ":86:Оплата\n\xEF\xEE", source.CodeCharset, "", 7},
		"an endless line":               {"Оплата", strings.Repeat("a", 70<<10), source.CodeLong, "", 6},
		"endless words":                 {"Оплата", strings.Repeat("aaa\n", 20<<10), source.CodeLong, ":86:", 6},
	} {
		_, err := read(strings.Replace(good, c.old, c.new, 1))
		f, ok := err.(*source.Fault) //nolint:errorlint // it is not wrapped
		if !ok || f.Code != c.code || f.Field != c.field || f.Place != c.place {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("{1:F01X}{2:O940}{4:\r\n" + strings.ReplaceAll(good, "-\n", "-}")))
	f.Add([]byte(head + ":61:2601021231RCT1,5NTRFNONREF//B\n:86:166?20EREF+1?21SVWZ+a?32b\n" + foot))
	f.Add([]byte(head + ":61:260102D1,5NTRFNONREF//B\nx\n:86:/NAME/a/IDN/940101300005/ASSIGN/b\n" + foot))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := source.Collect(mt940.Read, bytes.NewReader(file))
		if err != nil {
			return
		}
		for _, s := range all {
			source.Check(s)
			for _, l := range s.Lines {
				if l.Amount.Sign() < 0 || !l.Booked.Valid() || l.Place == 0 || l.Ref == "NONREF" {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}
