package i18n

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestCatalogs_haveTheSameKeysAndVariables(t *testing.T) {
	t.Parallel()
	kk := For(KK)
	for _, l := range Langs[1:] {
		p := For(l)
		if diff := cmp.Diff(kk.Keys(), p.Keys()); diff != "" {
			t.Errorf("keys of kk and %s differ:\n%s", l, diff)
		}
		for key, e := range p.texts {
			if diff := cmp.Diff(kk.texts[key].vars, e.vars); diff != "" {
				t.Errorf("%s: variables of kk and %s differ:\n%s", key, l, diff)
			}
		}
	}
}

// deskKeys are what no debtor meets, among the keys that begin as his do.
var deskKeys = []string{"layout.desk", "error.no_case.", "error.no_batch.", "error.no_work.", "error.no_right.", "error.whole_country.", "error.second_word.", "error.no_link."}

// debtorKeys are what debtors meet.
var debtorKeys = []string{
	"gate.", "entry.", "case.", "kind.", "sum.", "refuse.", "refused.", "contact.", "event.", "answer.", "layout.", "help.", "error.", "channel.", "pay.", "payment.", "receipt.",
	"verify.", "plan.", "home.", "real.", "helper.", "object.", "documents.", "language.", "notice.", "region.", "mine.", "link.", "refund.", "time.", "complain.", "advice.",
}

var (
	familyForm = regexp.MustCompile(`"((?:[a-z_]+\.)+)"`)
	labelForm  = regexp.MustCompile(`label "([a-z_.]+)"`)
)

// What a page, a use case or a paper's link of the debtor says is among debtorKeys, be it a key or a family of keys: a new room cannot forget the
// languages that only debtors have.
func TestCatalogs_ofDebtorsKnowEveryRoom(t *testing.T) {
	t.Parallel()
	kk := For(KK)
	for _, root := range []string{"../web/portal", "../web/ui/template", "../app/portal"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
				return err
			}
			raw, err := os.ReadFile(path)
			text := string(raw)
			var said []string
			for _, m := range keyForm.FindAllStringSubmatch(text, -1) {
				if kk.Has(m[1]) {
					said = append(said, m[1])
				}
			}
			for _, m := range slices.Concat(familyForm.FindAllStringSubmatch(text, -1), labelForm.FindAllStringSubmatch(text, -1)) {
				family := strings.TrimSuffix(m[1], ".") + "."
				said = append(said, slices.DeleteFunc(kk.Keys(), func(key string) bool { return !strings.HasPrefix(key, family) })...)
			}
			for _, key := range said {
				if !begins(key, debtorKeys) {
					t.Errorf("%s says %s, which is not among what debtors meet", path, key)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func begins(key string, with []string) bool {
	return slices.ContainsFunc(with, func(p string) bool { return strings.HasPrefix(key, p) })
}

// Kyrgyz and Uzbek have all that a debtor meets, and nothing else.
func TestCatalogs_ofDebtorsAreWhole(t *testing.T) {
	t.Parallel()
	kk := For(KK)
	want := slices.DeleteFunc(kk.Keys(), func(key string) bool { return !begins(key, debtorKeys) || begins(key, deskKeys) })
	for _, l := range DebtorLangs[len(Langs):] {
		p := For(l)
		if diff := cmp.Diff(want, p.Keys()); diff != "" {
			t.Errorf("keys of kk and %s differ:\n%s", l, diff)
		}
		for key, e := range p.texts {
			if diff := cmp.Diff(kk.texts[key].vars, e.vars); diff != "" {
				t.Errorf("%s: variables of kk and %s differ:\n%s", key, l, diff)
			}
			if counts, wants := len(e.forms) > 1, len(kk.texts[key].forms) > 1; counts != wants {
				t.Errorf("%s: in kk it has plurals: %v, in %s: %v", key, wants, l, counts)
			}
		}
	}
}

func TestCatalogs_haveEveryPluralForm(t *testing.T) {
	t.Parallel()
	for _, l := range DebtorLangs {
		want := slices.Sorted(slices.Values(Plurals(l)))
		for key, e := range For(l).texts {
			if len(e.forms) == 1 {
				continue
			}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(e.forms))); diff != "" {
				t.Errorf("%s in %s:\n%s", key, l, diff)
			}
			if !slices.Contains(e.vars, "n") {
				t.Errorf("%s in %s has plurals and no n", key, l)
			}
		}
	}
}

// TestCatalogs_speakTheirLanguage finds a text that was left in another alphabet, and Kazakh without its own letters.
func TestCatalogs_speakTheirLanguage(t *testing.T) {
	t.Parallel()
	foreign := regexp.MustCompile(`\b(SMS|[Pp]ush|Telegram|QR|IBAN|PDF|JPEG|PNG|IV|cookie|SHA|eGov)\b`)
	for _, l := range DebtorLangs {
		for key, e := range For(l).texts {
			for _, form := range e.forms {
				for _, part := range form {
					for _, r := range foreign.ReplaceAllString(part.text, "") {
						latin, cyrillic := unicode.Is(unicode.Latin, r), unicode.Is(unicode.Cyrillic, r)
						latinText := l == EN || l == UZ
						if latinText && cyrillic || !latinText && latin || l == RU && strings.ContainsRune("әғқңөұүһіӘҒҚҢӨҰҮҺІ", r) || l == KY && strings.ContainsRune("әғқұһіӘҒҚҰҺІ", r) {
							t.Errorf("%s in %s: %q does not belong into %q", key, l, r, part.text)
						}
					}
				}
			}
		}
	}
}

var keyForm = regexp.MustCompile(`"([a-z][a-z_]*(?:\.[a-z_0-9]+)+)"`)

// families are keys whose last part is a value of the database or of a constant; each is made in one place.
var families = []string{
	"object.ground.", "object.lead.", "object.ask.", "object.papers.", "object.fault.", "object.kind.", "object.reason.", "object.status.", "object.then.",
	"object.heading.", "object.objectfiles.", "object.objectcheck.", "objection.",
	"whynot.step.", "whynot.when.", "whynot.met_word.", "whynot.says.", "whynot.if.", "whynot.order.", "whynot.cond.", "whynot.unit.", "whynot.looks.did.", "notes.fault.", "keys.what.", "today.due.", "today.due_how.", "today.duty.", "work.kind.", "work.how.", "work.whose.", "work.act.", "work.outcome.", "work.reversal.", "work.verdict.", "work.problem.", "rules.is.", "rules.problem.", "today.period.", "today.kpi.", "today.kept.", "robot.state.", "robot.name.", "robot.did.", "robot.problem.", "banks.kind.", "banks.state.", "banks.outcome.", "banks.means.",
	"stop.measure.", "stop.act.", "stop.problem.", "stop.breaker.", "stop.scope.", "trial.kind.", "trial.problem.",
	"region.", "state.", "actor.", "paper.body.", "documents.", "channel.", "chunk.", "language.", "undelivered.", "kind.", "notice.", "order.", "purpose.", "sending.",
	"person.", "role.", "right.", "signin.", "first.", "way.", "money.", "batch.", "text.", "hold.", "orders.", "event.", "answer.", "error.", "entry.", "evidence.event.", "evidence.state.", "case.what.", "contact.hint.", "case.was", "case.title.", "case.fact.", "case.end.", "case.nothing.arrest", "pay.wrong.", "payment.title.", "payment.reason.", "cases.", "desk.demo.", "mine.over.", "mine.again.", "mine.denied.", "mine.away.", "mine.unknown.", "mine.out.", "refund.now.", "refund.state.", "refund.reason.", "time.fault.", "acts.", "approvals.", "identities.answer.", "identities.status.", "identities.problem.", "identities.refused.",
	"accounts.",
	"time.fault.",
	"audit.kind.", "audit.room.", "audit.act.", "audit.subject.", "audit.fact.", "audit.fault.", "audit.field.", "audit.problem.", "audit.col.", "audit.chain_state.", "statistics.col.", "statistics.month.",
}

func TestCatalogs_haveNoUnusedAndNoMissingKey(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, root := range []string{"../web", "../app", "../paper"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range keyForm.FindAllStringSubmatch(string(text), -1) {
				used[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := For(KK)
	for _, key := range p.Keys() {
		inFamily := slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(key, f) })
		if !used[key] && !inFamily {
			t.Errorf("%s is in the catalogs and nobody says it", key)
		}
	}
	for key := range used {
		page, _, _ := strings.Cut(key, ".")
		if !p.Has(key) && !slices.Contains(families, key+".") && slices.Contains([]string{"layout", "help", "gate", "case", "sum", "refuse", "refused", "pay", "payment", "receipt", "verify", "plan", "mine", "contact", "home", "real", "helper", "desk", "evidence", "paper", "documents", "today", "robot"}, page) && !strings.HasSuffix(key, ".css") && !strings.HasSuffix(key, ".html") {
			t.Errorf("%s is said and not in the catalogs", key)
		}
	}
}

func TestSay_neverFallsBack(t *testing.T) {
	t.Parallel()
	p := For(RU)
	for name, call := range map[string]func() (string, error){
		"no such key":           func() (string, error) { return p.T("gate.nothing") },
		"a variable is missing": func() (string, error) { return p.T("case.number") },
		"a variable too many":   func() (string, error) { return p.T("gate.title", "x", "y") },
		"an odd pair":           func() (string, error) { return p.T("case.number", "number") },
		"a plural without n":    func() (string, error) { return p.T("today.lifts.late", "n", "3") },
		"a date that is not set": func() (string, error) {
			return p.T("event.suspended_until", "until", calendar.Date(0))
		},
		"a value of no known type": func() (string, error) { return p.T("case.number", "number", 1.5) },
	} {
		if s, err := call(); err == nil {
			t.Errorf("%s: said %q", name, s)
		}
	}
}

func TestPluralOf(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]Plural{0: Many, 1: One, 2: Few, 4: Few, 5: Many, 11: Many, 12: Many, 14: Many, 21: One, 22: Few, 111: Many, 112: Many, 121: One, -1: One} {
		if got := PluralOf(RU, n); got != want {
			t.Errorf("ru %d: %s, want %s", n, got, want)
		}
	}
	for _, l := range []Lang{KK, EN} {
		for n, want := range map[int]Plural{0: Other, 1: One, 2: Other, 21: Other} {
			if got := PluralOf(l, n); got != want {
				t.Errorf("%s %d: %s, want %s", l, n, got, want)
			}
		}
	}
}

// plain shows spaces that do not break as _ and such hyphens as -, so that a table is readable.
func plain(s string) string { return strings.NewReplacer(nbsp, "_", "\u2011", "-").Replace(s) }

func TestFormats_areAsPeopleWrite(t *testing.T) {
	t.Parallel()
	d := calendar.MakeDate(2026, time.December, 21)
	at := time.Date(2026, 12, 21, 9, 7, 0, 0, time.UTC)
	sum := money.FromTiyn(2015500)
	for l, want := range map[Lang][]string{
		KK: {"21_желтоқсан, 23:59 дейін", "2026_ж. 21_желтоқсан", "21_желтоқсан, 14:07", "20_155,00_₸", "20_155_₸", "1_234_567", "21_желтоқсан, 14:07 дейін"},
		RU: {"до 21_декабря, 23:59", "21_декабря_2026_г.", "21_декабря, 14:07", "20_155,00_₸", "20_155_₸", "1_234_567", "до 21_декабря, 14:07"},
		EN: {"until 21_December, 23:59", "21_December_2026", "21_December, 14:07", "20,155.00_KZT", "20,155_KZT", "1,234,567", "until 21_December, 14:07"},
		KY: {"21-декабрь, 23:59 чейин", "2026-ж. 21-декабрь", "21-декабрь, 14:07", "20_155,00_₸", "20_155_₸", "1_234_567", "21-декабрь, 14:07 чейин"},
		UZ: {"21-dekabr, 23:59 gacha", "2026-y. 21-dekabr", "21-dekabr, 14:07", "20_155,00_₸", "20_155_₸", "1_234_567", "21-dekabr, 14:07 gacha"},
	} {
		p := For(l)
		var got []string
		for _, s := range []string{p.Until(d), p.Date(d), p.Instant(at), p.Money(sum), p.Round(sum), p.Number(1234567), p.UntilInstant(at)} {
			got = append(got, plain(s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", l, diff)
		}
	}
	if got := plain(For(RU).Round(money.FromTiyn(2015550))); got != "20_155,50_₸" {
		t.Errorf("a button hides tiyn: %s", got)
	}
	if got := plain(For(KK).Money(money.FromTiyn(-5))); got != "−0,05_₸" {
		t.Errorf("a negative sum is %s", got)
	}
}

func TestDates_bendAsTheLanguageDoes(t *testing.T) {
	t.Parallel()
	for l, forms := range map[Lang]map[string]string{
		KK: {"of": "2025_жылғы 12_қарашадағы", "at": "12_қарашада", "to": "12_қарашаға", "day": "12_қараша"},
		RU: {"of": "12_ноября_2025_г.", "at": "12_ноября", "to": "12_ноября", "day": "12_ноября"},
		KY: {"of": "2025-жылдын 12-ноябрындагы", "at": "12-ноябрда", "to": "12-ноябрга", "day": "12-ноябрь"},
		UZ: {"of": "2025-yil 12-noyabrdagi", "at": "12-noyabrda", "to": "12-noyabrga", "day": "12-noyabr"},
	} {
		for style, want := range forms {
			got, err := For(l).write(calendar.MakeDate(2025, time.November, 12), style)
			if err != nil || plain(got) != want {
				t.Errorf("%s, %s: %s, %v; want %s", l, style, plain(got), err, want)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Lang{
		"kk-KZ,ru;q=0.8": KK, "ru-RU,ru;q=0.9,en;q=0.8": RU, "de, en;q=0.4": EN, "ru;q=0, en;q=0.1": EN, "": "", "fr": "", "ru;q=x": "",
	} {
		if got, _ := Match(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if got, _ := MatchIn("uz-UZ,ru;q=0.5", DebtorLangs); got != UZ {
		t.Errorf("an Uzbek browser gets %q", got)
	}
	if OfDebtor("uz") != UZ || OfDebtor("kk") != KK || OfDebtor("de") != RU || OfLaw(KY) != RU || OfLaw(KK) != KK {
		t.Error("the language of a debtor is not mapped as documented")
	}
}

func TestParse_refusesBrokenTexts(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "{", "a {b", "{}", "{x:loud}"} {
		if _, err := parse(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}
