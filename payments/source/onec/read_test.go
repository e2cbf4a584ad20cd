package onec_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/onec"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// kazakh has the keys and the order of keys that banks of Kazakhstan use, without the mark of the end and with a purpose over
// two lines.
const kazakh = `1CClientBankExchange
Кодировка=windows-1251
ВерсияФормата=2.00
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=KZ86125KZT5004100100
СЕКЦИЯРАСЧСЧЕТ
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=KZ86125KZT5004100100
НачальныйОстаток=1000
ВсегоПоступило=50.5
ВсегоСписано=20.00
КонечныйОстаток=1030.50
КОНЕЦРАСЧСЧЕТ
СЕКЦИЯДОКУМЕНТ=Выписка
НомерДокумента=NT-1
ДатаДокумента=01.03.2026
ДатаОперации=02.03.2026
СуммаПриход=50.5
СуммаРасход=0.00
ПлательщикНаименование=Иванов Иван
ПлательщикБИН_ИИН=940101300005
ПлательщикИИК=KZ563190000012344567
ПлательщикБанкБИК=HSBKKZKX
ПлательщикКБЕ=19
ПолучательИИК=KZ86125KZT5004100100
НазначениеПлатежа=Оплата штрафа по делу
26-0000001-8, сумма = 50.5
КодНазначенияПлатежа=911
КБК=204106
ДатаВалютирования=28.02.2026
Валюта=KZT
КонецДокумента
СекцияДокумент=ПлатежноеПоручение
НомерДокумента=2
ДатаОперации=02.03.2026
СуммаРасход=20.00
ПлательщикИИК=KZ86125KZT5004100100
ПолучательНаименование=УГД
ПолучательБИН_ИИН=971240001315
ПолучательИИК=KZ563190000012344567
НазначениеПлатежа=Перечисление
КонецДокумента
`

// first is the first edition of the format, with its keys.
const first = `1CClientBankExchange
ВерсияФормата=1.02
Кодировка=DOS
Отправитель=Банк
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=KZ86125KZT5004100100
СекцияРасчСчет
ДатаНачала=02.03.2026
ДатаКонца=02.03.2026
РасчСчет=KZ86125KZT5004100100
НачальныйОстаток=-10,00
ВсегоПоступило=50,50
ВсегоСписано=0
КонечныйОстаток=40,50
КонецРасчСчет
СекцияДокумент=Платежное поручение
Номер=7
Дата=01.03.2026
Сумма=50,50
ПлательщикСчет=KZ563190000012344567
Плательщик=ИИН 940101300005 Иванов
Плательщик1=Иванов
ПлательщикИНН=940101300005
ПлательщикБИК=HSBKKZKX
ПолучательСчет=KZ86125KZT5004100100
ДатаПоступило=02.03.2026
НазначениеПлатежа1=Оплата
НазначениеПлатежа2=по делу 1
КонецДокумента
КонецФайла
`

var compare = cmp.Comparer(func(a, b money.Amount) bool { return a.Equal(b) })

func read(file string) ([]*source.Statement, error) {
	return source.Collect(onec.Read, strings.NewReader(file))
}

func encoded(t *testing.T, page *charmap.Charmap, s string) string {
	t.Helper()
	out, err := page.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRead_kazakhKeys(t *testing.T) {
	t.Parallel()
	day := calendar.MakeDate(2026, 3, 2)
	want := []*source.Statement{{
		Format: "1c", Account: "KZ86125KZT5004100100", Currency: "KZT", From: day, To: day, Balanced: true,
		Opening: money.FromTiyn(100000), Closing: money.FromTiyn(103050),
		Lines: []source.Line{
			{
				Place: 16, EndToEnd: "NT-1", Credit: true, Amount: money.FromTiyn(5050), Currency: "KZT", Booked: day, Value: day.AddDays(-2),
				Purpose: "Оплата штрафа по делу 26-0000001-8, сумма = 50.5", KNP: "911", KBK: "204106",
				Payer: source.Party{Name: "Иванов Иван", IIN: "940101300005", IBAN: "KZ563190000012344567", BIC: "HSBKKZKX"},
			},
			{
				Place: 35, EndToEnd: "2", Amount: money.FromTiyn(2000), Currency: "KZT", Booked: day, Value: day, Purpose: "Перечисление",
				Payer: source.Party{Name: "УГД", IIN: "971240001315", IBAN: "KZ563190000012344567"},
			},
		},
	}}
	for name, file := range map[string]string{
		"UTF-8":        kazakh,
		"UTF-8 marked": "\xEF\xBB\xBF" + kazakh + "КонецФайла\r\n",
		"CP1251":       encoded(t, charmap.Windows1251, kazakh),
		"CR LF":        encoded(t, charmap.Windows1251, strings.ReplaceAll(kazakh, "\n", "\r\n")),
	} {
		got, err := read(file)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got, compare); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if faults := source.Check(want[0]); len(faults) > 0 {
		t.Error(faults[0])
	}
}

func TestRead_firstEdition(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"DOS":     encoded(t, charmap.CodePage866, first),
		"Windows": encoded(t, charmap.Windows1251, strings.Replace(first, "=DOS", "=Windows", 1)),
	} {
		got, err := read(file)
		if err != nil || len(got) != 1 || len(got[0].Lines) != 1 {
			t.Fatal(name, got, err)
		}
		l := got[0].Lines[0]
		if l.Payer.Name != "Иванов" || l.Payer.IIN != "940101300005" || l.Purpose != "Оплата по делу 1" || !l.Credit || l.Amount.String() != "50.50" || got[0].Opening.String() != "-10.00" {
			t.Errorf("%s: %+v", name, l)
		}
		if faults := source.Check(got[0]); len(faults) > 0 {
			t.Error(faults[0])
		}
	}
}

// One account with a section for each day.
func TestRead_sectionsOfDays(t *testing.T) {
	t.Parallel()
	day := "СекцияРасчСчет\nДатаНачала=03.03.2026\nДатаКонца=03.03.2026\nРасчСчет=KZ86125KZT5004100100\nНачальныйОстаток=1030.50\nВсегоПоступило=0\nВсегоСписано=20.00\nКонечныйОстаток=1010.50\nКонецРасчСчет\n"
	file := strings.Replace(kazakh, "СЕКЦИЯДОКУМЕНТ", day+"СЕКЦИЯДОКУМЕНТ", 1)
	file = strings.Replace(file, "НомерДокумента=2\nДатаОперации=02", "НомерДокумента=2\nДатаОперации=03", 1)
	file = strings.NewReplacer("ВсегоСписано=20.00\nКонечныйОстаток=1030.50", "ВсегоСписано=0\nКонечныйОстаток=1050.50", "НачальныйОстаток=1030.50", "НачальныйОстаток=1050.50", "1010.50", "1030.50").Replace(file)
	got, err := read(file)
	if err != nil || len(got) != 2 || len(got[0].Lines) != 1 || len(got[1].Lines) != 1 {
		t.Fatal(got, err)
	}
	if faults := append(append(source.Check(got[0]), source.Check(got[1])...), source.Follows(got[0], got[1], nil)...); len(faults) > 0 {
		t.Error(faults[0])
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, new, code, field string
		place                 int
	}{
		"another first line":           {"1CClientBankExchange", "1C", source.CodeFormat, "", 1},
		"a wrong total":                {"ВсегоПоступило=50.5", "ВсегоПоступило=50.51", source.CodeTotals, "ВсегоПоступило", 7},
		"a document less":              {"ВсегоСписано=20.00", "ВсегоСписано=40.00", source.CodeTotals, "ВсегоСписано", 7},
		"a cut without sums":           {"ВсегоСписано=20.00\n", "", source.CodeTruncated, "КонецФайла", 43},
		"a cut in a document":          {"НазначениеПлатежа=Перечисление\nКонецДокумента\n", "", source.CodeTruncated, "", 42},
		"a document in another":        {"КонецДокумента\nСекция", "Секция", source.CodeTruncated, "", 34},
		"data behind the end":          {"НазначениеПлатежа=Перечисление\nКонецДокумента\n", "КонецДокумента\nКонецФайла\nx=1\n", source.CodeTrailing, "", 45},
		"an end within a document":     {"НазначениеПлатежа=Перечисление", "КонецФайла", source.CodeStructure, "КонецФайла", 43},
		"text in a section":            {"НачальныйОстаток=1000", "1000", source.CodeStructure, "", 11},
		"no account":                   {"РасчСчет=KZ86125KZT5004100100\nНач", "Нач", source.CodeMissing, "РасчСчет", 7},
		"a value twice":                {"НомерДокумента=2", "НомерДокумента=2\nНомер=3", source.CodeTwice, "Номер", 37},
		"three decimals":               {"СуммаПриход=50.5", "СуммаПриход=50.500", source.CodeAmount, "СуммаПриход", 16},
		"spaces in a sum":              {"СуммаПриход=50.5", "СуммаПриход=5 0.5", source.CodeAmount, "СуммаПриход", 16},
		"a negative sum":               {"СуммаПриход=50.5", "СуммаПриход=-50.5", source.CodeNegative, "СуммаПриход", 16},
		"both ways":                    {"СуммаРасход=0.00", "СуммаРасход=1.00", source.CodeInvalid, "СуммаПриход", 16},
		"the other direction":          {"СуммаПриход=50.5", "СуммаДоход=0\nСумма=50.5\nСуммаРасход=50.5", source.CodeTwice, "СуммаРасход", 23},
		"accounts that disagree":       {"СуммаРасход=20.00", "СуммаПриход=20.00", source.CodeInvalid, "СуммаПриход", 35},
		"no sum":                       {"СуммаРасход=20.00\n", "", source.CodeMissing, "Сумма", 35},
		"a sum of strangers":           {"СуммаРасход=20.00\nПлательщикИИК=KZ86125KZT5004100100", "Сумма=20.00", source.CodeInvalid, "ПолучательСчет", 35},
		"a day that is none":           {"ДатаОперации=02.03.2026\nСуммаРасход", "ДатаОперации=30.02.2026\nСуммаРасход", source.CodeDate, "ДатаОперации", 35},
		"no day":                       {"ДатаОперации=02.03.2026\nСуммаРасход", "СуммаРасход", source.CodeMissing, "Дата", 35},
		"a section twice":              {"СЕКЦИЯДОКУМЕНТ=", "СекцияРасчСчет\nРасчСчет=KZ86125KZT5004100100\nКонецРасчСчет\nСЕКЦИЯДОКУМЕНТ=", source.CodeDayTwice, "СекцияРасчСчет", 16},
		"a document before an account": {"СЕКЦИЯРАСЧСЧЕТ\n", "СекцияДокумент=x\nДата=01.01.2026\nСуммаПриход=1\nКонецДокумента\nСЕКЦИЯРАСЧСЧЕТ\n", source.CodeStructure, "СекцияДокумент", 7},
	} {
		_, err := read(strings.Replace(kazakh, c.old, c.new, 1))
		f, ok := err.(*source.Fault) //nolint:errorlint // it is not wrapped
		if !ok || f.Code != c.code || f.Field != c.field || f.Place != c.place {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(kazakh))
	f.Add([]byte(first))
	dos, _ := charmap.CodePage866.NewEncoder().String(first)
	f.Add([]byte(dos))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := source.Collect(onec.Read, bytes.NewReader(file))
		if err != nil {
			return
		}
		for _, s := range all {
			source.Check(s)
			for _, l := range s.Lines {
				if l.Amount.Sign() < 0 || !l.Booked.Valid() || l.Place == 0 || l.Payer.IIN != "" && !source.IsIIN(l.Payer.IIN) {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}
