package rules

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func day(t testing.TB, s string) calendar.Date {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func sum(t testing.TB, s string) money.Amount {
	t.Helper()
	a, err := money.ParseSigned(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return a
}

// goodIIN is a synthetic man born on 1 January 2000, adultIIN one of 1980; minorIIN a girl born on 10 May 2015;
// foreignIIN has no readable date.
const goodIIN = "000101500001"

var adultIIN, minorIIN, foreignIIN = issued("8001013000"), issued("1505106000"), issued("8506150000")

// issued completes ten digits to a number that could have been issued.
func issued(first10 string) string {
	for d := '0'; ; d++ {
		if c, ok := IINCheckDigit(first10 + string(d)); ok {
			return first10 + string(d) + string(c)
		}
	}
}

// good is a writ that qualifies on 25 February 2026.
func good(t testing.TB) (WritFacts, calendar.Date) {
	return WritFacts{
		Kind: "court_ruling", DebtorIIN: goodIIN, Amount: sum(t, "20155.00"), Currency: "KZT",
		InForce: day(t, "2026-01-05"), DocumentDate: day(t, "2025-12-20"), UnpaidConfirmedOn: day(t, "2026-02-15"),
	}, day(t, "2026-02-25")
}

// ordinary returns a qualifying writ for any opening day: entry into force 60 days before.
func ordinary(t testing.TB, on calendar.Date, amount money.Amount) WritFacts {
	w, _ := good(t)
	w.DebtorIIN = adultIIN
	w.Amount, w.InForce, w.DocumentDate, w.UnpaidConfirmedOn = amount, on.AddDays(-60), 0, on.AddDays(-5)
	return w
}

// edited returns the default pack with one text replaced.
func edited(t testing.TB, file, old, now string) *pack.Pack {
	t.Helper()
	fsys := fstest.MapFS{}
	files := pack.Default().Files()
	if !bytes.Contains(files[file], []byte(old)) {
		t.Fatalf("%s has no %q", file, old)
	}
	files[file] = bytes.Replace(files[file], []byte(old), []byte(now), 1)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: text}
	}
	p, err := pack.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEligibility_thresholdOfEveryYear(t *testing.T) {
	t.Parallel()
	strict := pack.Default()
	inclusive := edited(t, "threshold.yaml", "value: false", "value: true")
	for year, limit := range map[int]string{
		2015: "39640.00", 2016: "42420.00", 2017: "45380.00", 2018: "48100.00", 2019: "50500.00", 2020: "53020.00",
		2021: "58340.00", 2022: "61260.00", 2023: "69000.00", 2024: "73840.00", 2025: "78640.00", 2026: "86500.00",
	} {
		for _, on := range []calendar.Date{calendar.MakeDate(year, 1, 1), calendar.MakeDate(year, 6, 1), calendar.MakeDate(year, 12, 31)} {
			for off, qualifies := range map[int64][2]bool{-1: {true, true}, 0: {false, true}, 1: {false, false}} {
				amount := sum(t, limit).Add(money.FromTiyn(off))
				for i, p := range []*pack.Pack{strict, inclusive} {
					v := Eligibility(p, ordinary(t, on, amount), on)
					name := fmt.Sprintf("EL 10-1(1), 20 MCI of %s: %s, inclusive %t", on, amount, i == 1)
					want, code, outcome := OutcomeOpen, "", StepPass
					if !qualifies[i] {
						want, code, outcome = OutcomeReject, CodeAboveThreshold, StepFail
					}
					if v.Outcome != want || v.Code != code {
						t.Fatalf("%s: %s %s", name, v.Outcome, v.Code)
					}
					step := find(v.Trace, pack.KeyThresholdLimit)
					wantStep := Step{Rule: pack.KeyThresholdLimit, Outcome: outcome, Facts: []Fact{
						{"amount", amount.String()}, {"limit", limit}, {"limit_mci", "20"}, {"inclusive", yesNo(i == 1)},
					}}
					if diff := cmp.Diff(wantStep, step); diff != "" {
						t.Fatalf("%s: trace -want +got\n%s", name, diff)
					}
				}
			}
		}
	}
}

func find(tr Trace, rule string) Step {
	for _, s := range tr {
		if s.Rule == rule {
			return s
		}
	}
	return Step{}
}

func TestEligibility_everyCode(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	for _, c := range []struct {
		source string
		change func(*WritFacts)
		on     string
		want   string // outcome code field
		rule   string // of the deciding step
	}{
		{"qualifies", func(*WritFacts) {}, "", "open  ", pack.KeyCheckAdult},
		{"currency unsaid means tenge", func(w *WritFacts) { w.Currency = "" }, "", "open  ", pack.KeyCheckAdult},
		{"CAO 896: no confirmation", func(w *WritFacts) { w.UnpaidConfirmedOn = 0 }, "", "reject field_missing unpaid_confirmed_on", pack.KeyCheckRequired},
		{"EL 38: no kind", func(w *WritFacts) { w.Kind = "" }, "", "reject field_missing kind", pack.KeyCheckRequired},
		{"EL 38: no IIN", func(w *WritFacts) { w.DebtorIIN = "" }, "", "reject field_missing debtor_iin", pack.KeyCheckRequired},
		{"EL 38: no entry into force", func(w *WritFacts) { w.InForce = 0 }, "", "reject field_missing in_force_date", pack.KeyCheckRequired},
		{"EL 10-1(1): a writ of execution", func(w *WritFacts) { w.Kind = "writ_of_execution" }, "", "reject kind_not_simplified kind", pack.KeyCheckKind},
		{"IIN check digit", func(w *WritFacts) { w.DebtorIIN = "000101500002" }, "", "reject iin_invalid debtor_iin", pack.KeyCheckIIN},
		{"IIN that lost its zeros", func(w *WritFacts) { w.DebtorIIN = "101500001" }, "", "reject iin_invalid debtor_iin", pack.KeyCheckIIN},
		{"IIN of the second pass", func(w *WritFacts) { w.DebtorIIN = "000101500206" }, "", "open  ", pack.KeyCheckAdult},
		{"EL 10-1(1): a legal person", func(w *WritFacts) { w.DebtorIIN = "971240001315" }, "", "reject not_natural_person debtor_iin", pack.KeyCheckPerson},
		{"currency", func(w *WritFacts) { w.Currency = "USD" }, "", "reject field_invalid currency", pack.KeyCheckCurrency},
		{"no sum", func(w *WritFacts) { w.Amount = money.Zero }, "", "reject amount_invalid amount", pack.KeyCheckAmount},
		{"negative sum", func(w *WritFacts) { w.Amount = money.FromTiyn(-1) }, "", "reject amount_invalid amount", pack.KeyCheckAmount},
		{"EL 10-1(1): above 20 MCI", func(w *WritFacts) { w.Amount = money.FromTiyn(8650001) }, "", "reject above_threshold amount", pack.KeyThresholdLimit},
		{"the largest sum there is", func(w *WritFacts) { w.Amount = money.FromTiyn(money.Limit) }, "", "reject above_threshold amount", pack.KeyThresholdLimit},
		{"dated after its entry into force", func(w *WritFacts) { w.DocumentDate = day(t, "2026-01-06") }, "", "reject field_invalid document_date", pack.KeyCheckInForce},
		{"deferred before its entry into force", func(w *WritFacts) { w.DeferredUntil = day(t, "2026-01-04") }, "", "reject field_invalid deferred_until", pack.KeyCheckInForce},
		{"CAO 883: not yet in force", func(w *WritFacts) { w.InForce = day(t, "2026-02-26") }, "", "reject not_in_force in_force_date", pack.KeyCheckInForce},
		{"EL 11(1-1): five working days not over", func(*WritFacts) {}, "2026-01-13", "reject too_early in_force_date", pack.KeyEarliest},
		{"CAO 893: last of the 30 days", func(*WritFacts) {}, "2026-02-04", "reject too_early in_force_date", "voluntary_payment.fine"},
		{"CAO 893: the day after, confirmed that day", func(w *WritFacts) { w.UnpaidConfirmedOn = day(t, "2026-02-05") }, "2026-02-05", "open  ", pack.KeyCheckAdult},
		{"CAO 888, 893: 30 days run from the end of a deferral", func(w *WritFacts) { w.DeferredUntil = day(t, "2026-02-02") }, "", "reject too_early in_force_date", "voluntary_payment.fine"},
		{"CAO 896: confirmed on the last of the 30 days", func(w *WritFacts) { w.UnpaidConfirmedOn = day(t, "2026-02-04") }, "", "reject too_early unpaid_confirmed_on", pack.KeyCheckUnpaid},
		{"CAO 896: confirmed in the future", func(w *WritFacts) { w.UnpaidConfirmedOn = day(t, "2026-02-26") }, "", "reject field_invalid unpaid_confirmed_on", pack.KeyCheckUnpaid},
		{"CAO 896: confirmed before entry into force", func(w *WritFacts) { w.UnpaidConfirmedOn = day(t, "2026-01-04") }, "", "reject field_invalid unpaid_confirmed_on", pack.KeyCheckUnpaid},
		{"EL 11(1): last day of the year", func(*WritFacts) {}, "2027-01-05", "open  ", pack.KeyCheckAdult},
		{"EL 11(1): a day past the year", func(*WritFacts) {}, "2027-01-06", "reject too_late in_force_date", "presentation.latest.fine"},
		{"CAO 890: rolled presentation, expired fine", func(w *WritFacts) { w.InForce = day(t, "2025-01-31"); w.DocumentDate = 0 }, "2026-02-02", "reject too_late in_force_date", "limitation.fine"},
		{"EL 11(1): a tax order after two years", func(w *WritFacts) { w.Kind = "tax_order"; w.InForce = day(t, "2024-02-01"); w.DocumentDate = 0 }, "", "open  ", pack.KeyCheckAdult},
		{"EL 11(1): a tax order after three years", func(w *WritFacts) { w.Kind = "tax_order"; w.InForce = day(t, "2023-01-31"); w.DocumentDate = 0 }, "", "reject too_late in_force_date", "presentation.latest.tax"},
		{"CAO 896: confirmed a year ago", func(w *WritFacts) {
			w.Kind, w.InForce, w.DocumentDate, w.UnpaidConfirmedOn = "tax_order", day(t, "2024-02-01"), 0, day(t, "2025-02-25")
		}, "", "open  ", pack.KeyCheckAdult},
		{"CAO 896: confirmed more than a year ago", func(w *WritFacts) {
			w.Kind, w.InForce, w.DocumentDate, w.UnpaidConfirmedOn = "tax_order", day(t, "2024-02-01"), 0, day(t, "2025-02-24")
		}, "", "reject unpaid_stale unpaid_confirmed_on", pack.KeyCheckUnpaidAge},
		{"EL 11(1) comes before the age of the confirmation", func(w *WritFacts) {
			w.InForce, w.DocumentDate, w.UnpaidConfirmedOn = day(t, "2024-02-01"), 0, day(t, "2024-06-01")
		}, "", "reject too_late in_force_date", "presentation.latest.fine"},
		{"CAO 893 does not bind a tax order", func(w *WritFacts) { w.Kind = "tax_order"; w.UnpaidConfirmedOn = w.InForce }, "2026-01-14", "open  ", pack.KeyCheckAdult},
		{"birth date agrees", func(w *WritFacts) { w.DebtorBirthDate = day(t, "2000-01-01") }, "", "open  ", pack.KeyCheckAdult},
		{"birth date differs", func(w *WritFacts) { w.DebtorBirthDate = day(t, "2000-01-02") }, "", "hold identity_conflict debtor_birth_date", pack.KeyCheckBirth},
		{"birth date differs, two people looked", func(w *WritFacts) { w.DebtorBirthDate = day(t, "2000-01-02"); w.IdentityConfirmed = true }, "", "open  ", pack.KeyCheckAdult},
		{"two people looked, under age by the stated date", func(w *WritFacts) { w.DebtorBirthDate = day(t, "2015-01-02"); w.IdentityConfirmed = true }, "", "hold minor debtor_iin", pack.KeyCheckAdult},
		{"two people looked, under age by the IIN", func(w *WritFacts) {
			w.DebtorIIN, w.DebtorBirthDate, w.IdentityConfirmed = minorIIN, day(t, "1990-01-02"), true
		}, "", "hold minor debtor_iin", pack.KeyCheckAdult},
		{"two people looked, birth date in the future", func(w *WritFacts) {
			w.DebtorIIN, w.DebtorBirthDate, w.IdentityConfirmed = foreignIIN, day(t, "2026-02-26"), true
		}, "", "hold identity_conflict debtor_birth_date", pack.KeyCheckBirth},
		{"birth date a century off", func(w *WritFacts) { w.DebtorBirthDate = day(t, "1900-01-01") }, "", "hold identity_conflict debtor_birth_date", pack.KeyCheckBirth},
		{"birth date in the future", func(w *WritFacts) { w.DebtorIIN = foreignIIN; w.DebtorBirthDate = day(t, "2026-02-26") }, "", "hold identity_conflict debtor_birth_date", pack.KeyCheckBirth},
		{"a foreigner's number, no date", func(w *WritFacts) { w.DebtorIIN = foreignIIN }, "", "open  ", pack.KeyCheckAdult},
		{"a foreigner's number, any date", func(w *WritFacts) { w.DebtorIIN = foreignIIN; w.DebtorBirthDate = day(t, "1999-09-09") }, "", "open  ", pack.KeyCheckAdult},
		{"a foreign minor", func(w *WritFacts) { w.DebtorIIN = foreignIIN; w.DebtorBirthDate = day(t, "2010-09-09") }, "", "hold minor debtor_iin", pack.KeyCheckAdult},
		{"CAO 887(2): a minor", func(w *WritFacts) { w.DebtorIIN = minorIIN }, "", "hold minor debtor_iin", pack.KeyCheckAdult},
		{"a rejection wins over a hold", func(w *WritFacts) { w.DebtorIIN = minorIIN; w.Amount = money.FromTiyn(8650000) }, "", "reject above_threshold amount", pack.KeyThresholdLimit},
		{"before the data begin nothing is decided", func(w *WritFacts) {
			w.InForce = day(t, "2013-01-01")
			w.UnpaidConfirmedOn = day(t, "2013-06-01")
			w.DocumentDate = 0
		}, "2013-07-01", "hold rule_missing ", pack.KeyProcedureStart},
	} {
		w, on := good(t)
		c.change(&w)
		if c.on != "" {
			on = day(t, c.on)
			if w.UnpaidConfirmedOn > on && !strings.Contains(c.source, "future") {
				w.UnpaidConfirmedOn = on
			}
		}
		v := Eligibility(p, w, on)
		if got := v.Outcome + " " + v.Code + " " + v.Field; got != c.want {
			t.Errorf("%s: %s, want %s\n%s", c.source, got, c.want, v.Trace.AppendJSON(nil))
			continue
		}
		if last := v.Trace[len(v.Trace)-1].Rule; last != c.rule {
			t.Errorf("%s: decided by %s, want %s", c.source, last, c.rule)
		}
	}
}

// A pack that decided before there was a limit of age still loads, and decides as it did.
func TestEligibility_underAnEarlierPack(t *testing.T) {
	t.Parallel()
	files := pack.Default().Files()
	head, _, found := strings.Cut(string(files["writ_checks.yaml"]), "  - key: check.unpaid_age")
	if !found {
		t.Fatal("the limit is elsewhere")
	}
	files["writ_checks.yaml"] = []byte(head)
	delete(files, "intake.yaml")
	old, err := pack.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	w, on := good(t)
	v := Eligibility(old, w, on)
	if v.Outcome != OutcomeOpen || len(v.Trace) != len(Eligibility(pack.Default(), w, on).Trace)-1 {
		t.Errorf("%s, %d steps", v.Outcome, len(v.Trace))
	}
	if _, ok := old.Gate(on); ok {
		t.Error("a gate out of nothing")
	}
}

func TestEligibility_minorComesOfAge(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	birthday := day(t, "2033-05-10") // eighteen years after minorIIN was born
	for off, want := range map[int]string{-1: OutcomeHold, 0: OutcomeOpen} {
		on := birthday.AddDays(off)
		w := ordinary(t, on, sum(t, "100"))
		w.DebtorIIN = minorIIN
		if v := Eligibility(p, w, on); v.Outcome != want {
			t.Errorf("CAO 887(2), on %s: %s", on, v.Outcome)
		}
	}
}

func TestEligibility_earliestDay(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	for inForce, first := range map[string]string{"2025-03-20": "2025-04-02", "2024-04-30": "2024-05-13"} {
		for off, code := range map[int]string{-1: CodeTooEarly, 0: ""} {
			on := day(t, first).AddDays(off)
			w := WritFacts{Kind: "tax_order", DebtorIIN: goodIIN, Amount: sum(t, "100"), InForce: day(t, inForce), UnpaidConfirmedOn: on}
			if v := Eligibility(p, w, on); v.Code != code {
				t.Errorf("EL 11(1-1), in force %s, presented %s: %q", inForce, on, v.Code)
			}
		}
	}
}

func TestEligibility_carriedForwardIsShown(t *testing.T) {
	t.Parallel()
	on := day(t, "2027-06-01")
	v := Eligibility(pack.Default(), ordinary(t, on, sum(t, "100")), on)
	if s := find(v.Trace, pack.KeyMCI); v.Outcome != OutcomeOpen || s.Outcome != StepWarn {
		t.Errorf("the MCI of 2026 is used in 2027 without a word: %v", s)
	}
	on = day(t, "2024-08-19")
	v = Eligibility(pack.Default(), ordinary(t, on, sum(t, "100")), on)
	if s := find(v.Trace, pack.KeyProcedureStart); v.Outcome != OutcomeOpen || s.Outcome != StepWarn {
		t.Errorf("a day before the procedure existed passes without a word: %v", s)
	}
}

func anyWrit(t *rapid.T) (WritFacts, calendar.Date) {
	on := calendar.MakeDate(2026, time.January, 1).AddDays(rapid.IntRange(-4500, 900).Draw(t, "on"))
	near := func(label string) calendar.Date {
		if rapid.IntRange(0, 9).Draw(t, label+"?") == 0 {
			return calendar.Date(rapid.Int32().Draw(t, label))
		}
		return on.AddDays(rapid.IntRange(-400, 3).Draw(t, label))
	}
	text := func(label string, usual ...string) string {
		if rapid.IntRange(0, 9).Draw(t, label+"?") == 0 {
			return rapid.String().Draw(t, label)
		}
		return rapid.SampledFrom(usual).Draw(t, label)
	}
	return WritFacts{
		Kind:            text("kind", "court_ruling", "authority_ruling", "fine_prescription", "tax_order"),
		DebtorIIN:       text("iin", goodIIN, minorIIN, foreignIIN, "971240001315", "000101500206"),
		DebtorBirthDate: rapid.SampledFrom([]calendar.Date{0, 0, calendar.MakeDate(2000, 1, 1), near("born")}).Draw(t, "birth"),
		Amount:          money.FromTiyn(rapid.OneOf(rapid.Int64Range(0, 9_000_000), rapid.Int64Range(-money.Limit, money.Limit)).Draw(t, "amount")),
		Currency:        text("currency", "KZT", ""),
		InForce:         near("in force"), DocumentDate: rapid.SampledFrom([]calendar.Date{0, near("document")}).Draw(t, "dated"),
		DeferredUntil:     rapid.SampledFrom([]calendar.Date{0, 0, near("deferred")}).Draw(t, "deferral"),
		UnpaidConfirmedOn: near("unpaid"),
	}, on
}

func TestEligibility_properties(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	rapid.Check(t, func(t *rapid.T) {
		w, on := anyWrit(t)
		v := Eligibility(p, w, on)
		again := Eligibility(p, w, on)
		if diff := cmp.Diff(v, again); diff != "" {
			t.Fatalf("two verdicts on one writ:\n%s", diff)
		}
		if (v.Outcome == OutcomeOpen) != (v.Code == "") || len(v.Trace) == 0 {
			t.Fatalf("verdict %s %s with %d steps", v.Outcome, v.Code, len(v.Trace))
		}
		for i, s := range v.Trace {
			r, ok := p.Lookup(s.Rule, on)
			if v.Code != CodeRuleMissing && (!ok || r.Citation == "" || r.Note.KK == "") {
				t.Fatalf("step %d: rule %s has no text on %s", i, s.Rule, on)
			}
			decides := s.Outcome == StepFail || s.Outcome == StepHold
			if decides != (i == len(v.Trace)-1 && v.Outcome != OutcomeOpen) {
				t.Fatalf("step %d of %d ends %s in verdict %s", i, len(v.Trace), s.Outcome, v.Outcome)
			}
			for _, f := range s.Facts {
				if f.Value == w.DebtorIIN && len(w.DebtorIIN) == 12 {
					t.Fatalf("the trace carries the IIN: %v", f)
				}
			}
		}
		if v.Outcome == OutcomeOpen {
			for _, x := range v.Trace.Explain(p, on, rapid.SampledFrom([]string{"kk", "ru", "en", "ky"}).Draw(t, "lang")) {
				if x.Text == "" || x.Citation == "" || x.Outcome == x.Result {
					t.Fatalf("not explained: %+v", x)
				}
			}
			dearer := w
			dearer.Amount = money.FromTiyn(8650000)
			if Eligibility(p, dearer, on).Outcome == OutcomeOpen && on.Year() <= 2026 {
				t.Fatal("a dearer writ qualifies past every limit")
			}
		}
	})
}

func TestEligibility_reachesEveryOutcomeAtRandom(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	seen := map[string]bool{}
	gen := rapid.Custom(func(t *rapid.T) Verdict {
		w, on := anyWrit(t)
		return Eligibility(p, w, on)
	})
	for seed := range 3000 {
		seen[gen.Example(seed).Code] = true
	}
	for _, code := range []string{
		"", CodeAboveThreshold, CodeAmountInvalid, CodeIINInvalid, CodeNotNaturalPerson, CodeKindNotSimplified, CodeTooEarly,
		CodeTooLate, CodeNotInForce, CodeFieldInvalid, CodeIdentityConflict, CodeMinor,
	} {
		if !seen[code] {
			t.Errorf("random writs never end with %q, so the property says little about it", code)
		}
	}
}

func BenchmarkEligibility(b *testing.B) {
	p := pack.Default()
	w, on := good(b)
	b.ReportAllocs()
	for b.Loop() {
		if Eligibility(p, w, on).Outcome != OutcomeOpen {
			b.Fatal("not open")
		}
	}
}

func BenchmarkTraceAppendJSON(b *testing.B) {
	w, on := good(b)
	v := Eligibility(pack.Default(), w, on)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = v.Trace.AppendJSON(buf[:0])
	}
}
