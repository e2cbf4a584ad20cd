package pack

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func day(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func mapFS(files map[string][]byte) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: text}
	}
	return m
}

func TestDefault_loads(t *testing.T) {
	t.Parallel()
	p := Default()
	if len(p.Hash()) != 64 || p.ShortHash() != p.Hash()[:12] {
		t.Errorf("hash %q, short %q", p.Hash(), p.ShortHash())
	}
	fromDisk, err := LoadDir("data")
	if err != nil || fromDisk.Hash() != p.Hash() {
		t.Errorf("the directory gives another pack: %v", err)
	}
}

func TestFiles_rebuildTheSamePack(t *testing.T) {
	t.Parallel()
	p := Default()
	again, err := Load(mapFS(p.Files()))
	if err != nil || again.Hash() != p.Hash() {
		t.Fatalf("hash %v, %v; want %s", again, err, p.Hash())
	}
	if diff := cmp.Diff(p.Values(), again.Values()); diff != "" {
		t.Error(diff)
	}
	p.Files()["mci.yaml"][0] = '!'
	if Default().Files()["mci.yaml"][0] == '!' {
		t.Error("Files hands out the pack's own memory")
	}
}

func TestHash_dependsOnContentOnly(t *testing.T) {
	t.Parallel()
	p := Default()
	windows := map[string][]byte{}
	for name, text := range p.Files() {
		windows[name] = []byte("\ufeff" + strings.ReplaceAll(string(text), "\n", "\r\n"))
	}
	windows[".editor"] = []byte("skipped")
	q, err := Load(mapFS(windows))
	if err != nil || q.Hash() != p.Hash() {
		t.Errorf("line endings change the hash: %v", err)
	}
	changed := p.Files()
	changed["fees.yaml"] = []byte(strings.Replace(string(changed["fees.yaml"]), "up_to: 60,", "up_to: 61,", 1))
	q, err = Load(mapFS(changed))
	if err != nil || q.Hash() == p.Hash() {
		t.Errorf("a changed band keeps the hash: %v", err)
	}
	renamed := p.Files()
	renamed["tariff.yaml"] = renamed["fees.yaml"]
	delete(renamed, "fees.yaml")
	q, err = Load(mapFS(renamed))
	if err != nil || q.Hash() == p.Hash() {
		t.Errorf("a renamed file keeps the hash: %v", err)
	}
}

func TestValues_areCompleteAndSorted(t *testing.T) {
	t.Parallel()
	var prev Value
	for _, v := range Default().Values() {
		if v.Key < prev.Key || v.Key == prev.Key && v.From <= prev.From {
			t.Errorf("%s %s stands after %s %s", v.Key, v.From, prev.Key, prev.From)
		}
		prev = v
		for what, s := range map[string]string{
			"value": v.Value, "unit": v.Unit, "citation": v.Citation, "basis": v.Basis,
			"note kk": v.Note.KK, "note ru": v.Note.RU, "note en": v.Note.EN, "file": v.File,
		} {
			if s == "" {
				t.Errorf("%s from %s has no %s", v.Key, v.From, what)
			}
		}
		if v.Line == 0 || v.From.IsZero() {
			t.Errorf("%s has no line or no first day", v.Key)
		}
		if v.Note.KK == v.Note.RU || !strings.ContainsAny(v.Note.KK, "әғқңөұүһіӘҒҚҢӨҰҮҺІ") {
			t.Errorf("%s: the Kazakh note does not look Kazakh: %s", v.Key, v.Note.KK)
		}
		if regexp.MustCompile(`[\p{Cyrillic}]`).MatchString(v.Note.EN) {
			t.Errorf("%s: the English note has Cyrillic letters", v.Key)
		}
	}
}

func TestMCI_byYear(t *testing.T) {
	t.Parallel()
	p := Default()
	for _, c := range []struct {
		on              string
		general, social int64
	}{
		{"2015-01-01", 1982, 1982},
		{"2016-06-30", 2121, 2121},
		{"2017-12-31", 2269, 2269},
		{"2018-01-01", 2405, 2405},
		{"2019-01-01", 2525, 2525},
		{"2020-03-31", 2651, 2651},
		{"2020-04-01", 2651, 2778},
		{"2020-12-31", 2651, 2778},
		{"2021-01-01", 2917, 2917},
		{"2022-03-31", 3063, 3063},
		{"2022-04-01", 3063, 3180},
		{"2023-01-01", 3450, 3450},
		{"2024-08-20", 3692, 3692},
		{"2025-01-01", 3932, 3932},
		{"2025-12-31", 3932, 3932},
		{"2026-01-01", 4325, 4325},
		{"2027-01-01", 4325, 4325},
	} {
		general, ok1 := p.MCI(day(t, c.on), General)
		social, ok2 := p.MCI(day(t, c.on), Social)
		if !ok1 || !ok2 || general.Tiyn() != c.general*100 || social.Tiyn() != c.social*100 {
			t.Errorf("budget law, %s: general %s, social %s; want %d, %d", c.on, general, social, c.general, c.social)
		}
	}
	if _, ok := p.MCI(day(t, "2014-12-31"), General); ok {
		t.Error("there is an MCI before the data begin")
	}
	if _, ok := p.MCI(day(t, "2026-01-01"), "other"); ok {
		t.Error("an unknown purpose has an MCI")
	}
	if p.CarriedForward(KeyMCI, day(t, "2026-12-31")) || !p.CarriedForward(KeyMCI, day(t, "2027-01-01")) || p.CarriedForward(KeyTerm, day(t, "2026-01-01")) {
		t.Error("CarriedForward is not exactly from the next year on")
	}
}

func TestGetters(t *testing.T) {
	t.Parallel()
	p, on := Default(), day(t, "2026-11-22")
	next := calendar.Counting{StartNextDay: true, RollForward: true}
	term := func(got Term, ok bool) any { return []any{got, ok} }
	rate := func(s string) money.Rate { r, _ := money.ParseRate(s); return r }
	limit, _ := p.Threshold(on)
	kind, _ := p.Kind("tax_order", on)
	bands, _ := p.FeeBands(on)
	quiet, _ := p.QuietHours(on)
	proof, _ := p.ChannelProof("sms", on)
	undo, most := p.RefusalUndo(on), p.ArrestAccounts(on)
	capMCI, _ := p.FeeCap(on)
	rounding, _ := p.FeeRounding(on)
	free, _ := p.SimplifiedFee(on)
	excluded, _ := p.SuspensionExcluded(on)
	for _, c := range []struct {
		source    string
		got, want any
	}{
		{"EL 10-1(1)", limit, Threshold{MCI: 20}},
		{"EL 10-4", term(p.Term(on)), []any{Term{30, UnitCalendarDay, next}, true}},
		{"practice, voluntary", term(p.Voluntary(on)), []any{Term{5, UnitWorkingDay, next}, true}},
		{"EL 11(1-1)", term(p.EarliestPresentation(on)), []any{Term{5, UnitWorkingDay, next}, true}},
		{"CAO 893", term(p.VoluntaryPayment("fine", on)), []any{Term{30, UnitCalendarDay, next}, true}},
		{"CAO 893 does not speak of taxes", term(p.VoluntaryPayment("tax", on)), []any{Term{}, false}},
		{"EL 11(1), fines", term(p.LatestPresentation("fine", on)), []any{Term{1, UnitYear, next}, true}},
		{"EL 11(1), taxes", term(p.LatestPresentation("tax", on)), []any{Term{3, UnitYear, next}, true}},
		{"CAO 890, fines", term(p.Limitation("fine", on)), []any{Term{1, UnitYear, calendar.Counting{StartNextDay: true}}, true}},
		{"CAO 890, taxes", term(p.Limitation("tax", on)), []any{Term{5, UnitYear, calendar.Counting{StartNextDay: true}}, true}},
		{"EL 10(5)", term(p.Appeal(on)), []any{Term{10, UnitWorkingDay, next}, true}},
		{"collection order", term(p.CollectionDelay(on)), []any{Term{5, UnitWorkingDay, next}, true}},
		{"EL 9(1)(13)", kind, Kind{Code: "tax_order", Class: "tax"}},
		{"EL 118", bands, []Band{{60, rate("25%")}, {300, rate("20%")}, {1000, rate("15%")}, {5000, rate("10%")}, {10000, rate("8%")}, {20000, rate("5%")}, {0, rate("3%")}}},
		{"EL 118, cap", capMCI, 10000},
		{"fee rounding", rounding, money.HalfUp},
		{"the procedure is free", free, rate("0")},
		{"quiet hours", quiet, Window{21 * 60, 9 * 60}},
		{"ladder", p.Ladder(on), []Rung{{[]string{"sms", "push"}, 48 * time.Hour}, {[]string{"sms"}, 72 * time.Hour}, {[]string{"letter"}, 14 * 24 * time.Hour}}},
		{"EL 27(4)", proof, ProofDeliveryReport},
		{"undo of a refusal", undo, 24 * time.Hour},
		{"one account", most, 1},
		{"EL 39(4)", excluded, true},
		{"EL 9(1)", p.Kinds(on), []string{"authority_ruling", "court_ruling", "fine_prescription", "tax_order"}},
		{"EL 62(3), 98", len(p.ProtectedCodes(on)), 17},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.source, diff)
		}
	}
	if v, ok := p.Protected("alimony", on); !ok || v.Citation != "EL 98" {
		t.Errorf("alimony: %v, %t", v, ok)
	}
	if _, ok := p.Protected("current", on); ok {
		t.Error("an ordinary account is protected")
	}
	if _, ok := p.Kind("writ_of_execution", on); ok {
		t.Error("a writ of execution qualifies, against EL 10-1(1)")
	}
	if v, ok := p.Lookup(KeyCalendar, on); !ok || v.From.Year() != 2026 || !p.Has(KeyCalendar) || p.Has("nothing") {
		t.Errorf("calendar: %v, %t", v, ok)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	night, noon := Window{21 * 60, 9 * 60}, Window{12 * 60, 13 * 60}
	for minute, want := range map[int]bool{0: true, 539: true, 540: false, 1259: false, 1260: true, 1439: true} {
		if night.Contains(minute) != want {
			t.Errorf("night contains %d: %t", minute, !want)
		}
	}
	for minute, want := range map[int]bool{719: false, 720: true, 779: true, 780: false} {
		if noon.Contains(minute) != want {
			t.Errorf("noon contains %d: %t", minute, !want)
		}
	}
}

// TestCalendar_transfersFollowTheLaw derives the days off that stand for holidays from the
// rule of the law on holidays, Art 5, and compares them with the listed ones.
func TestCalendar_transfersFollowTheLaw(t *testing.T) {
	t.Parallel()
	cal := Default().Calendar()
	var want, got []string
	taken := map[calendar.Date]bool{}
	for _, d := range cal.Days() {
		taken[d.Date] = true
	}
	listed := map[calendar.Date]calendar.Date{}
	for _, d := range cal.Days() {
		if d.Kind == calendar.NonWorking && !d.Of.IsZero() {
			listed[d.Date] = d.Of
			got = append(got, d.Date.String())
			delete(taken, d.Date)
		}
	}
	for _, d := range cal.Days() {
		if wd := d.Date.Weekday(); d.Kind == calendar.Holiday && (wd == time.Saturday || wd == time.Sunday) {
			off := d.Date
			for taken[off] || off.Weekday() == time.Saturday || off.Weekday() == time.Sunday {
				off++
			}
			taken[off] = true
			want = append(want, off.String())
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-derived +listed\n%s", diff)
	}
}

func TestData_isPlain(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(Default().Files())) {
		text, err := os.ReadFile(filepath.Join("data", filepath.FromSlash(name)))
		if err != nil || strings.ContainsAny(string(text), "\t\r\u00a0") || !strings.HasSuffix(string(text), "\n") {
			t.Errorf("%s: a tab, a hard space, a foreign line ending, or no last line ending (%v)", name, err)
		}
	}
}
