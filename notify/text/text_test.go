package text

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

var update = flag.Bool("update", false, "write the goldens anew")

const (
	token    = "7Kq2Xf9bTzW4nHc8MdRa3P" // 22 characters
	longHost = "portal.gov.kz"          // 13 characters, the longest promised
)

// sample holds the facts of a usual case.
func sample(k Kind) Facts {
	f := Facts{
		Case: "26-0012345-7", Initials: "А.Д.", Host: "1414.gov.kz", Token: token,
		Amount: money.FromTiyn(8_650_000), Outstanding: money.FromTiyn(8_650_000), Until: calendar.MakeDate(2026, 12, 21),
	}
	switch k {
	case PartPaid:
		f.Amount, f.Outstanding, f.Arrested = money.FromTiyn(2_000_000), money.FromTiyn(6_650_000), true
	case Paid, Cancelled, NotYours:
		f.Arrested = true
	case HandedOver:
		f.Bailiff = "Сәбит Ерлан Маратұлы"
	case Refusal:
		f.UndoUntil = time.Date(2026, 12, 22, 9, 30, 0, 0, time.UTC)
	case RefundDue:
		f.Amount = money.FromTiyn(2_015_550)
	case Opening, Reminder, Arrest:
	}
	return f
}

func render(t interface {
	Helper()
	Fatal(...any)
}, k Kind, lang string, f Facts,
) Text {
	t.Helper()
	text, err := Render(k, lang, Version, f)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRender_golden(t *testing.T) {
	for _, lang := range Languages {
		t.Run(lang, func(t *testing.T) {
			var b strings.Builder
			for _, k := range Kinds {
				for _, variant := range []struct {
					name  string
					facts Facts
				}{{"usual", sample(k)}, {"bare", Facts{Case: "26-0012345-7", Host: "1414.gov.kz"}}} {
					text := render(t, k, lang, variant.facts)
					units, gsm := Length(text.SMS)
					fmt.Fprintf(&b, "== %s, %s\n", k, variant.name)
					fmt.Fprintf(&b, "sms (%d units, gsm %t, parts %d): %s\n", units, gsm, Parts(text.SMS), text.SMS)
					fmt.Fprintf(&b, "push: %s\n      %s\n", text.PushTitle, text.PushBody)
				}
			}
			path := filepath.Join("testdata", fmt.Sprintf("v%d.%s.golden", Version, lang))
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), b.String()); d != "" {
				t.Errorf("wording of version %d changed; a change is a new version (-want +got):\n%s", Version, d)
			}
		})
	}
}

// longest returns the facts of a kind that take the most room and can still occur: sums
// just under 20 MCI with tiyn, the longest host, any date.
func longest(k Kind, d calendar.Date) Facts {
	f := sample(k)
	f.Host, f.Until = longHost, d
	f.Amount, f.Outstanding = money.FromTiyn(8_649_999), money.FromTiyn(8_649_999)
	f.UndoUntil = d.Start().Add(22*time.Hour + 59*time.Minute)
	return f
}

func TestSMS_keepsItsBudgetOnEveryDay(t *testing.T) {
	for _, lang := range Languages {
		for _, k := range Kinds {
			for d := calendar.MakeDate(2026, 1, 1); d.Year() == 2026; d = d.AddDays(1) {
				for _, arrested := range []bool{false, true} {
					for _, initials := range []string{"", "Ә.Д.", "Щ.Щ."} {
						f := longest(k, d)
						f.Arrested, f.Initials = arrested, initials
						sms := render(t, k, lang, f).SMS
						if got := Parts(sms); got > Budget(k) {
							units, _ := Length(sms)
							t.Fatalf("%s %s: %d parts (%d units), budget %d: %s", lang, k, got, units, Budget(k), sms)
						}
					}
				}
			}
		}
	}
}

// What must survive even in the longest case: an SMS that falls back to a bare form would
// keep its budget and say nothing.
func TestSMS_longestStillSaysWhatItMust(t *testing.T) {
	for _, lang := range Languages {
		for _, k := range Kinds {
			f := longest(k, calendar.MakeDate(2026, 12, 21))
			f.Arrested = false
			sms := render(t, k, lang, f).SMS
			sum, day, undo := "86499,99", "21.12", "22:59"
			if lang == "en" {
				sum, day = "86,499.99", "21 Dec"
			}
			must := []string{f.Case, longHost}
			switch k {
			case Opening:
				must = append(must, sum, day, longHost+"/p/"+token)
				if lang == "en" || lang == "uz" {
					must = append(must, "(A.D.)")
				} else {
					must = append(must, "(А.Д.)")
				}
			case PartPaid:
				must = append(must, sum, day)
			case Arrest, Paid, RefundDue:
				must = append(must, sum)
			case Refusal:
				must = append(must, day, undo)
			case Cancelled, NotYours, HandedOver:
			}
			for _, m := range must {
				if !strings.Contains(sms, m) {
					t.Errorf("%s %s: %q is not in %q", lang, k, m, sms)
				}
			}
		}
	}
}

func TestSMS_latinLanguagesStayGSM(t *testing.T) {
	for _, lang := range []string{"en", "uz"} {
		for _, k := range Kinds {
			for _, initials := range []string{"Ә.Ғ.", "Щ.Ю.", "J.D."} {
				f := sample(k)
				f.Initials = initials
				if sms := render(t, k, lang, f).SMS; !strings.ContainsFunc(sms, func(r rune) bool { return gsmCost(r) == 0 }) {
					continue
				}
				t.Errorf("%s %s leaves the GSM alphabet", lang, k)
			}
		}
	}
}

func TestPush_saysItAllAndStaysShort(t *testing.T) {
	for _, lang := range Languages {
		for _, k := range Kinds {
			text := render(t, k, lang, sample(k))
			if n := len([]rune(text.PushTitle)); n == 0 || n > 50 {
				t.Errorf("%s %s: title of %d characters: %s", lang, k, n, text.PushTitle)
			}
			if n := len([]rune(text.PushBody)); n > 330 {
				t.Errorf("%s %s: body of %d characters: %s", lang, k, n, text.PushBody)
			}
			way := "1414.gov.kz/p/" + token
			if k == NotYours {
				way = ": 1414.gov.kz" // the link opens nothing any more
			}
			if !strings.HasSuffix(text.PushBody, way) {
				t.Errorf("%s %s: the link does not end the body: %s", lang, k, text.PushBody)
			}
			if !strings.Contains(text.PushTitle, "26-0012345-7") {
				t.Errorf("%s %s: no case number in the title %s", lang, k, text.PushTitle)
			}
		}
	}
}

// One alphabet a language: a Latin letter that looks Cyrillic is the usual slip.
func TestWording_oneScriptAWord(t *testing.T) {
	word := regexp.MustCompile(`[\p{L}ʻʼ']+`)
	for _, lang := range Languages {
		for _, k := range Kinds {
			text := render(t, k, lang, Facts{
				Case: "26-0012345-7", Host: "1414.gov.kz", Initials: "Ә.Д.", Amount: money.FromTiyn(100), Outstanding: money.FromTiyn(100),
				Until: calendar.MakeDate(2026, 3, 1), UndoUntil: time.Unix(0, 0),
			})
			for _, w := range word.FindAllString(text.SMS+" "+text.PushTitle+" "+text.PushBody, -1) {
				latin := strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
				cyrillic := strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
				if latin && cyrillic {
					t.Errorf("%s %s: %q mixes scripts", lang, k, w)
				}
				if latinText := lang == "en" || lang == "uz"; cyrillic && latinText {
					t.Errorf("%s %s: %q is Cyrillic", lang, k, w)
				}
			}
			for _, ch := range text.SMS {
				if ch == '₸' {
					t.Errorf("%s %s: old phones have no sign of the tenge", lang, k)
				}
			}
		}
	}
}

// Letters that only one of the languages has must not slip into another.
func TestWording_lettersOfTheLanguage(t *testing.T) {
	foreign := map[string]string{"ru": "әғқңөұүһіӘҒҚҢӨҰҮҺІ", "kk": "ёЁ", "ky": "әғқұһіӘҒҚҰҺІёЁ"}
	for lang, letters := range foreign {
		for _, k := range Kinds {
			f := sample(k)
			f.Bailiff = ""
			text := render(t, k, lang, f)
			if i := strings.IndexAny(text.SMS+text.PushTitle+text.PushBody, letters); i >= 0 {
				t.Errorf("%s %s has a letter of another language: %+v", lang, k, text)
			}
		}
	}
}

func TestWording_completeAndWithABareForm(t *testing.T) {
	for version, e := range versions {
		for _, lang := range Languages {
			for _, k := range Kinds {
				if !Known(k, lang) {
					t.Errorf("%s has no %s", lang, k)
				}
				text, err := Render(k, lang, version, Facts{Case: "C", Host: "H"})
				if err != nil || text.SMS == "" || text.PushTitle == "" || !strings.HasSuffix(text.PushBody, "H") {
					t.Errorf("%s %s without facts: %+v, %v", lang, k, text, err)
				}
			}
			if n := len(e.languages[lang].kinds); n != len(Kinds) {
				t.Errorf("%s has %d kinds, want %d", lang, n, len(Kinds))
			}
		}
	}
}

func TestRender_unknown(t *testing.T) {
	for _, c := range []struct {
		kind    Kind
		lang    string
		version int
	}{{"greeting", "kk", 1}, {Opening, "de", 1}, {Opening, "kk", 2}, {Opening, "kk", 0}} {
		if _, err := Render(c.kind, c.lang, c.version, Facts{}); err == nil {
			t.Errorf("%v was rendered", c)
		}
	}
}

// Whatever the register of names holds, a notice carries at most initials.
func TestInitials_carryNothingElse(t *testing.T) {
	for in, want := range map[string]string{
		"А.Д.": "А.Д.", "Ә.": "Ә.", "А.Д.С.": "А.Д.С.", "": "", "evil.kz": "", "АД": "", "А.Д.С.К.": "", "а.д.": "", "1.2.": "", "А..": "", "А.\n.": "",
	} {
		if got := cleanInitials(in, false); got != want {
			t.Errorf("cleanInitials(%q) = %q, want %q", in, got, want)
		}
	}
	if got := cleanInitials("Щ.Ә.", true); got != "Shch.A." {
		t.Errorf("in Latin: %q", got)
	}
	for in, want := range map[string]string{
		"Ахметов Даурен Серикович": "А.Д.", "әлиев  ерлан": "Ә.Е.", "Smith": "S.", "": "", "1С компания": "", "Ли 5": "Л.",
	} {
		if got := Initials(in); got != want {
			t.Errorf("Initials(%q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := sample(Opening)
		f.Initials = rapid.String().Draw(t, "initials")
		text := render(t, Opening, "kk", f)
		if clean := cleanInitials(f.Initials, false); clean == "" && strings.Contains(text.SMS, "(") {
			t.Fatalf("%q reached the text: %s", f.Initials, text.SMS)
		}
	})
}

func TestSums(t *testing.T) {
	for _, c := range []struct {
		tiyn                    int64
		plain, spaced, inEnglsh string
	}{
		{100, "1", "1", "1"},
		{8_650_000, "86500", "86\u00a0500", "86,500"},
		{8_649_999, "86499,99", "86\u00a0499,99", "86,499.99"},
		{100_000_005, "1000000,05", "1\u00a0000\u00a0000,05", "1,000,000.05"},
	} {
		a := money.FromTiyn(c.tiyn)
		if plainSum(a) != c.plain || spacedSum(a) != c.spaced || englishSum(a) != c.inEnglsh {
			t.Errorf("%d: %q %q %q", c.tiyn, plainSum(a), spacedSum(a), englishSum(a))
		}
	}
}

func TestCut_refusesUnknownPlaceholders(t *testing.T) {
	for _, s := range []string{"{iin}", "{case", "{}", "a {name} b"} {
		if _, err := cut(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}
