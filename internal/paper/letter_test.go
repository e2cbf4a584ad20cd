package paper

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
)

func letterOf(lang string) LetterPaper {
	text := map[string]string{
		"kk": "Әділет департаменті күшіне енген шешім бойынша қарызды өндіріп алу туралы іс ашты.\n\nТөленетін сома: 20 155 тг.\n\nТолығырақ: 1414.gov.kz/p/7Kq2Xf9bTzW4nHc8MdRa3P",
		"uz": "Adliya departamenti kuchga kirgan qaror boʻyicha qarzni undirish ishini ochdi.\n\nToʻlanadigan summa: 20 155 tenge.",
	}[lang]
	return LetterPaper{
		Lang: lang, Case: "26-0000001-5", Ref: "260000001-3-letter", On: calendar.MakeDate(2026, 12, 1), Sender: "Әділет департаменті, 010000, Астана, Мәңгілік Ел 8",
		Addressee: "Нұрмұхаммедова Қарлығаш Жақсылыққызы", Address: "010000, г. Астана, район Есиль, ул. Мәңгілік Ел, д. 8, кв. 101",
		Heading: "№26-0000001-5 іс бойынша хабарлама", Text: text,
	}
}

func TestLetter_golden(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"kk", "uz"} {
		pdf, n, err := Letter(letterOf(lang))
		again, _, err2 := Letter(letterOf(lang))
		if err != nil || err2 != nil || n != 1 || !bytes.Equal(pdf, again) {
			t.Fatalf("%d pages, %v, %v", n, err, err2)
		}
		testkit.Golden(t, "letter_"+lang+".txt", []byte(strings.Join(pages(t, pdf), "\n\f\n")+"\n"))
	}
}

// What the window of the envelope shows is the address, and nothing else.
func TestLetter_window(t *testing.T) {
	t.Parallel()
	pdf, _, err := Letter(letterOf("kk"))
	if err != nil {
		t.Fatal(err)
	}
	const dots = "72" // a point is a dot then; 20, 45, 85 and 45 mm
	seen := tool(t, pdf, "poppler-utils", "pdftotext", "-r", dots, "-x", "57", "-y", "128", "-W", "241", "-H", "127", "-layout", "PDF", "-")
	seen = strings.Join(strings.Fields(seen), " ")
	want := letterOf("kk")
	if seen != want.Sender+" "+want.Addressee+" "+want.Address {
		t.Errorf("the window shows %q", seen)
	}
}

func TestLetter_longOnesTakePagesAndNeverLoseWords(t *testing.T) {
	t.Parallel()
	d := letterOf("kk")
	d.Text = strings.Repeat(d.Text+"\n\n", 20) + "СОҢЫ"
	pdf, n, err := Letter(d)
	if err != nil || n < 2 {
		t.Fatalf("%d pages, %v", n, err)
	}
	all := pages(t, pdf)
	if len(all) != n || !strings.Contains(all[n-1], "СОҢЫ") || strings.Count(strings.Join(all, "\n"), "20 155") != 20 {
		t.Errorf("%d pages: %s", len(all), all[len(all)-1])
	}
}

func TestLetter_refuses(t *testing.T) {
	t.Parallel()
	long := letterOf("kk")
	long.Address = strings.Repeat("ул. Абая ", 80)
	if _, _, err := Letter(long); !errors.Is(err, ErrWindow) {
		t.Errorf("an address that does not fit: %v", err)
	}
	for name, spoil := range map[string]func(*LetterPaper){
		"case": func(d *LetterPaper) { d.Case = "" }, "day": func(d *LetterPaper) { d.On = 0 }, "name": func(d *LetterPaper) { d.Addressee = "" },
		"address": func(d *LetterPaper) { d.Address = "" }, "words": func(d *LetterPaper) { d.Text = "" },
	} {
		d := letterOf("kk")
		spoil(&d)
		if _, _, err := Letter(d); err == nil {
			t.Errorf("a letter without %s", name)
		}
	}
}

func BenchmarkLetter(b *testing.B) {
	for b.Loop() {
		if _, _, err := Letter(letterOf("kk")); err != nil {
			b.Fatal(err)
		}
	}
}
