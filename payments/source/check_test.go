package source_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const account = "KZ86125KZT5004100100"

var monday = calendar.MakeDate(2026, 3, 2)

// sound is a statement of one day without faults.
func sound() *source.Statement {
	return &source.Statement{
		Format: "mt940", ID: "A", Number: "7", Account: account, Currency: "KZT", From: monday, To: monday, Balanced: true,
		Opening: money.FromTiyn(100), Closing: money.FromTiyn(140),
		Lines: []source.Line{
			{Place: 5, Ref: "B1", Credit: true, Amount: money.FromTiyn(50), Currency: "KZT", Booked: monday, Value: monday},
			{Place: 9, Ref: "B2", Amount: money.FromTiyn(10), Currency: "KZT", Booked: monday, Value: monday.AddDays(-5)},
		},
	}
}

func told(faults []*source.Fault) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(f.Where("en") + " " + f.Code + ";")
	}
	return b.String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(s *source.Statement)
		want  string
	}{
		"sound":                   {func(*source.Statement) {}, ""},
		"a wrong total":           {func(s *source.Statement) { s.Closing = money.FromTiyn(141) }, " balance_wrong;"},
		"a line with another sum": {func(s *source.Statement) { s.Lines[0].Amount = money.FromTiyn(51) }, " balance_wrong;"},
		"no balances":             {func(s *source.Statement) { s.Balanced = false }, " balance_missing;"},
		"no balances in a notice": {func(s *source.Statement) { s.Balanced, s.Format = false, "camt.054.001.02" }, ""},
		"a line twice": {func(s *source.Statement) {
			s.Lines = append(s.Lines, s.Lines[1])
			s.Lines[2].Place = 12
			s.Closing = money.FromTiyn(130)
		}, "line 12 line_twice;"},
		"two that look alike, no references": {func(s *source.Statement) {
			s.Lines[1].Ref = ""
			s.Lines = append(s.Lines, s.Lines[1])
			s.Closing = money.FromTiyn(130)
		}, ""},
		"a movement and its reversal": {func(s *source.Statement) {
			l := s.Lines[0]
			l.Credit, l.Reversal = false, true
			s.Lines = append(s.Lines, l)
			s.Closing = money.FromTiyn(90)
		}, ""},
		"a line of the day before":     {func(s *source.Statement) { s.Lines[1].Booked = monday.AddDays(-1) }, "line 9 date_outside_period;"},
		"a line of the day after":      {func(s *source.Statement) { s.Lines[0].Booked = monday.AddDays(1) }, "line 5 date_outside_period;"},
		"dollars":                      {func(s *source.Statement) { s.Currency = "USD" }, " currency_wrong;"},
		"a line in dollars":            {func(s *source.Statement) { s.Lines[0].Currency = "USD" }, "line 5 currency_wrong;"},
		"an account that does not fit": {func(s *source.Statement) { s.Account = "KZ86125KZT5004100101" }, " account_invalid;"},
		"no period":                    {func(s *source.Statement) { s.From = 0 }, " period_invalid;"},
		"a period that runs backwards": {func(s *source.Statement) { s.To = monday.AddDays(-1) }, " period_invalid;"},
		"sums beyond any account": {func(s *source.Statement) {
			s.Lines[0].Amount = money.FromTiyn(money.Limit)
			l := s.Lines[0]
			l.Ref = "B3"
			s.Lines = append(s.Lines, l)
		}, " balance_wrong;"},
	} {
		s := sound()
		c.spoil(s)
		if got := told(source.Check(s)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// One statement after another of the same account, with a Monday to Friday week where the bank says nothing of numbers.
func TestFollows(t *testing.T) {
	t.Parallel()
	working := func(d calendar.Date) bool { return d.Weekday() != 0 && d.Weekday() != 6 }
	for name, c := range map[string]struct {
		change func(before, next *source.Statement)
		want   string
	}{
		"the next day":          {func(_, _ *source.Statement) {}, ""},
		"a weekend between":     {func(before, _ *source.Statement) { before.From, before.To = monday.AddDays(-3), monday.AddDays(-3) }, ""},
		"a working day between": {func(before, _ *source.Statement) { before.From, before.To = monday.AddDays(-4), monday.AddDays(-4) }, " day_missing;"},
		"a working day between, numbers join": {func(before, next *source.Statement) {
			before.From, before.To = monday.AddDays(-4), monday.AddDays(-4)
			before.Number, next.Number = "6", "7"
		}, ""},
		"the same day again": {func(before, _ *source.Statement) { before.From, before.To = monday, monday }, " day_twice;"},
		"a day in both":      {func(before, _ *source.Statement) { before.From, before.To = monday.AddDays(-7), monday }, " day_twice;"},
		"an older one":       {func(before, _ *source.Statement) { before.From, before.To = monday.AddDays(1), monday.AddDays(1) }, " day_twice;"},
		"the same statement": {func(before, next *source.Statement) {
			before.ID, before.Number, next.Number, before.From, before.To = "A", "7", "7", monday, monday
		}, " statement_twice; day_twice;"},
		"a number missing":     {func(before, next *source.Statement) { before.Number, next.Number = "5", "7" }, " number_gap;"},
		"numbers running back": {func(before, next *source.Statement) { before.Number, next.Number = "8", "7" }, " number_gap;"},
		"the first of a year": {func(before, next *source.Statement) {
			before.Number, next.Number = "250", "1"
			before.From, before.To, next.From, next.To = day(2025, 12, 31), day(2025, 12, 31), day(2026, 1, 5), day(2026, 1, 5)
		}, ""},
		"the next sheet": {func(before, next *source.Statement) {
			before.Number, next.Number, before.From, before.To = "7/1", "7/2", monday, monday
		}, ""},
		"a sheet missing": {func(before, next *source.Statement) {
			before.Number, next.Number, before.From, before.To = "7/1", "7/3", monday, monday
		}, " number_gap; day_twice;"},
		"balances that differ":   {func(before, _ *source.Statement) { before.Closing = money.FromTiyn(99) }, " opening_differs;"},
		"balances nobody tells":  {func(before, _ *source.Statement) { before.Closing, before.Balanced = money.FromTiyn(99), false }, ""},
		"another account":        {func(before, _ *source.Statement) { before.Account = "KZ563190000012344567" }, " account_differs;"},
		"another currency":       {func(before, _ *source.Statement) { before.Currency = "USD" }, " account_differs;"},
		"a number that is words": {func(before, next *source.Statement) { before.Number, next.Number = "x", "7" }, ""},
	} {
		before, next := sound(), sound()
		before.ID, before.From, before.To, before.Closing, before.Number, next.Number = "0", monday.AddDays(-1), monday.AddDays(-1), next.Opening, "", ""
		c.change(before, next)
		if got := told(source.Follows(before, next, working)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	before, next := sound(), sound()
	before.ID, before.Number, before.From, before.To, before.Closing = "0", "", monday.AddDays(-3), monday.AddDays(-3), next.Opening
	if got := told(source.Follows(before, next, nil)); got != " day_missing;" {
		t.Errorf("without a calendar every day counts, and a weekend gave %q", got)
	}
}

func day(y int, m time.Month, d int) calendar.Date { return calendar.MakeDate(y, m, d) }

// A key tells movements apart by all that a bank tells of them.
func TestKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SampledFrom([]string{"", "a", "b", "a\x00b"})
		draw := func() source.Line {
			return source.Line{
				Place: rapid.Int().Draw(t, "place"), EndToEnd: texts.Draw(t, "end to end"), Purpose: texts.Draw(t, "purpose"), Credit: rapid.Bool().Draw(t, "credit"),
				Reversal: rapid.Bool().Draw(t, "reversal"), Amount: money.FromTiyn(rapid.Int64Range(0, 2).Draw(t, "tiyn")), Payer: source.Party{Name: texts.Draw(t, "name"), IIN: texts.Draw(t, "iin")},
			}
		}
		a, b := draw(), draw()
		alike := a.EndToEnd == b.EndToEnd && a.Purpose == b.Purpose && a.Credit == b.Credit && a.Reversal == b.Reversal && a.Amount.Equal(b.Amount) && a.Payer == b.Payer
		if (a.Key() == b.Key()) != alike {
			t.Fatalf("%q and %q of\n%+v\n%+v", a.Key(), b.Key(), a, b)
		}
	})
}

// Every code has its words in every language, in the letters of that language.
func TestFault_words(t *testing.T) {
	t.Parallel()
	for _, code := range source.Codes() {
		f := source.Fault{Code: code, Format: "camt.053.001.08", Statement: 2, Place: 3, Field: "Amt", Detail: "1 and 2"}
		seen := map[string]bool{}
		for _, lang := range []string{"kk", "ru", "en"} {
			m, r := f.Message(lang), f.Remedy(lang)
			if m == "" || m == code || r == "" || seen[m] || !strings.HasSuffix(m, ".") || !strings.HasSuffix(r, ".") {
				t.Errorf("%s in %s: %q %q", code, lang, m, r)
			}
			seen[m] = true
			if cyrillic := strings.ContainsFunc(m+r, func(c rune) bool { return c >= 'А' && c <= 'я' }); cyrillic == (lang == "en") {
				t.Errorf("%s in %s is in another language: %q %q", code, lang, m, r)
			}
		}
	}
	f := source.Fault{Code: source.CodeAmount, Format: "mt940", Statement: 2, Place: 3, Field: ":61:", Detail: "x"}
	if got, want := f.Error(), "statement 2, line 3: amount_invalid (:61:): The sum cannot be read: it must be a number with at most two decimals. [x] Give the file back to the bank unchanged and ask what it means."; got != want {
		t.Errorf("%s", got)
	}
}
