package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func TestTerms_golden(t *testing.T) {
	t.Parallel()
	type term func(*pack.Pack, calendar.Date) (calendar.Date, Step)
	for _, c := range []struct {
		source     string
		f          term
		rule       string
		from, want string
	}{
		{"EL 10-4", TermEnd, pack.KeyTerm, "2024-08-20", "2024-09-19"},
		{"EL 10-4, last day New Year", TermEnd, pack.KeyTerm, "2026-12-02", "2027-01-05"},
		{"practice: five working days across Nauryz", VoluntaryEnd, pack.KeyVoluntary, "2025-03-20", "2025-04-01"},
		{"collection order after an arrest", CollectionDay, pack.KeyCollectionDelay, "2026-05-21", "2026-05-29"},
		{"EL 10(5)", AppealEnd, pack.KeyAppeal, "2026-12-10", "2026-12-25"},
	} {
		got, step := c.f(pack.Default(), day(t, c.from))
		if got != day(t, c.want) || step.Rule != c.rule || step.Outcome != StepComputed || find(Trace{step}, c.rule).Facts[2].Value != c.want {
			t.Errorf("%s: from %s ends %s, want %s; %v", c.source, c.from, got, c.want, step)
		}
		if d, step := c.f(pack.Default(), 0); !d.IsZero() || step.Outcome != StepHold {
			t.Errorf("%s: an unset day ends %s", c.source, d)
		}
		if d, step := c.f(pack.Default(), day(t, "2010-01-01")); !d.IsZero() || step.Outcome != StepHold {
			t.Errorf("%s: a day without a rule ends %s", c.source, d)
		}
	}
	_, step := TermEnd(pack.Default(), day(t, "2027-12-20"))
	if last := step.Facts[len(step.Facts)-1]; last != (Fact{"calendar", "estimated"}) {
		t.Errorf("a term past the known holidays is not marked: %v", step)
	}
}

func TestTermEnd_followsThePack(t *testing.T) {
	t.Parallel()
	p := edited(t, "term.yaml", "counting: next_day roll", "counting: same_day roll")
	if got, _ := TermEnd(p, day(t, "2024-08-20")); got != day(t, "2024-09-18") {
		t.Errorf("counted from the day itself: %s", got)
	}
	p = edited(t, "voluntary.yaml", "unit: working_day", "unit: calendar_day")
	if got, _ := VoluntaryEnd(p, day(t, "2026-11-16")); got != day(t, "2026-11-23") {
		t.Errorf("five calendar days from Mon 16 November end on Sat 21 and roll: %s", got)
	}
}

func TestFee_bandEdges(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	on := day(t, "2026-06-01") // MCI 4 325
	for _, c := range []struct{ source, sum, fee string }{
		{"25 % of the limit", "86500.00", "21625.00"},
		{"25 %, half a tiyn goes up", "0.02", "0.01"},
		{"25 %, less than half a tiyn goes down", "0.01", "0.00"},
		{"60 MCI, a tiyn below", "259499.99", "64875.00"},
		{"60 MCI exactly", "259500.00", "64875.00"},
		{"60 MCI and a tiyn: 20 % of the whole", "259500.01", "51900.00"},
		{"300 MCI exactly", "1297500.00", "259500.00"},
		{"300 MCI and a tiyn: 15 %", "1297500.01", "194625.00"},
		{"1 000 MCI exactly", "4325000.00", "648750.00"},
		{"1 000 MCI and a tiyn: 10 %", "4325000.01", "432500.00"},
		{"5 000 MCI exactly", "21625000.00", "2162500.00"},
		{"5 000 MCI and a tiyn: 8 %", "21625000.01", "1730000.00"},
		{"10 000 MCI exactly", "43250000.00", "3460000.00"},
		{"10 000 MCI and a tiyn: 5 %", "43250000.01", "2162500.00"},
		{"20 000 MCI exactly", "86500000.00", "4325000.00"},
		{"20 000 MCI and a tiyn: 3 %", "86500000.01", "2595000.00"},
		{"just at the cap", "1441666666.67", "43250000.00"},
		{"beyond the cap of 10 000 MCI", "9000000000.00", "43250000.00"},
		{"the largest sum there is", "10000000000000.00", "43250000.00"},
		{"nothing recovered", "0.00", "0.00"},
		{"a reversal", "-5.00", "0.00"},
	} {
		fee, step := Fee(p, sum(t, c.sum), on)
		if fee.String() != c.fee || step.Rule != pack.KeyFeeBands || step.Outcome != StepComputed {
			t.Errorf("EL 118, %s: fee on %s is %s, want %s; %v", c.source, c.sum, fee, c.fee, step)
		}
		if last := step.Facts[len(step.Facts)-1]; last != (Fact{"fee", c.fee}) {
			t.Errorf("EL 118, %s: the trace ends with %v", c.source, last)
		}
	}
	if fee, step := Fee(p, sum(t, "100"), day(t, "2010-01-01")); !fee.IsZero() || step.Outcome != StepHold {
		t.Errorf("a fee without a rule: %s", fee)
	}
}

// TestFee_savings repeats the ministry's own figures: what people saved is 25 % of the sums.
func TestFee_savings(t *testing.T) {
	t.Parallel()
	for year, limit := range map[int]string{2024: "73840", 2025: "78640", 2026: "86500"} {
		fee, _ := Fee(pack.Default(), sum(t, limit), calendar.MakeDate(year, 12, 1))
		if !fee.MulInt(4).Equal(sum(t, limit)) {
			t.Errorf("%d: fee on %s is %s, want a quarter", year, limit, fee)
		}
	}
}

func TestFee_properties(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	rapid.Check(t, func(t *rapid.T) {
		on := calendar.MakeDate(2015, 1, 1).AddDays(rapid.IntRange(0, 5000).Draw(t, "day"))
		a := money.FromTiyn(rapid.Int64Range(1, money.Limit).Draw(t, "sum"))
		fee, _ := Fee(p, a, on)
		mci, _ := p.MCI(on, pack.General)
		if fee.Sign() < 0 || a.Less(fee) || mci.MulInt(10000).Less(fee) {
			t.Fatalf("fee on %s is %s", a, fee)
		}
	})
}

func at5(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return at
}

func TestSendWindow_golden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, wanted, from, until string }{
		{"by day, at once", "2026-11-23T12:00:00+05:00", "2026-11-23T12:00:00+05:00", "2026-11-23T21:00:00+05:00"},
		{"09:00 is open", "2026-11-23T09:00:00+05:00", "2026-11-23T09:00:00+05:00", "2026-11-23T21:00:00+05:00"},
		{"a second before 09:00", "2026-11-23T08:59:59+05:00", "2026-11-23T09:00:00+05:00", "2026-11-23T21:00:00+05:00"},
		{"a second before 21:00", "2026-11-23T20:59:59+05:00", "2026-11-23T20:59:59+05:00", "2026-11-23T21:00:00+05:00"},
		{"21:00 is closed", "2026-11-23T21:00:00+05:00", "2026-11-24T09:00:00+05:00", "2026-11-24T21:00:00+05:00"},
		{"midnight", "2026-11-24T00:00:00+05:00", "2026-11-24T09:00:00+05:00", "2026-11-24T21:00:00+05:00"},
		{"year's end", "2026-12-31T23:00:00+05:00", "2027-01-01T09:00:00+05:00", "2027-01-01T21:00:00+05:00"},
		{"the long night of the zone change", "2024-02-29T22:00:00+06:00", "2024-03-01T09:00:00+05:00", "2024-03-01T21:00:00+05:00"},
		{"its repeated hour", "2024-02-29T23:30:00+05:00", "2024-03-01T09:00:00+05:00", "2024-03-01T21:00:00+05:00"},
		{"given in another zone", "2026-11-23T16:00:00Z", "2026-11-24T09:00:00+05:00", "2026-11-24T21:00:00+05:00"},
	} {
		from, until := SendWindow(pack.Default(), at5(c.wanted))
		if !from.Equal(at5(c.from)) || !until.Equal(at5(c.until)) || !NextSendTime(pack.Default(), at5(c.wanted)).Equal(from) {
			t.Errorf("%s: wanted %s, may leave %s to %s", c.source, c.wanted, from, until)
		}
	}
	noon := edited(t, "quiet_hours.yaml", "21:00-09:00", "12:00-13:00")
	from, until := SendWindow(noon, at5("2026-11-23T12:30:00+05:00"))
	if !from.Equal(at5("2026-11-23T13:00:00+05:00")) || !until.Equal(at5("2026-11-24T12:00:00+05:00")) {
		t.Errorf("quiet at noon: %s to %s", from, until)
	}
}

func TestNewsWindow_golden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, wanted, lastDay, from, until string }{
		{"by day, and three days more", "2026-11-23T12:00:00+05:00", "", "2026-11-23T12:00:00+05:00", "2026-11-26T21:00:00+05:00"},
		{"by night, counted from the morning", "2026-11-23T21:00:00+05:00", "", "2026-11-24T09:00:00+05:00", "2026-11-27T21:00:00+05:00"},
		{"not beyond the day that it speaks of", "2026-11-23T12:00:00+05:00", "2026-11-24", "2026-11-23T12:00:00+05:00", "2026-11-24T21:00:00+05:00"},
		{"that day is farther away", "2026-11-23T12:00:00+05:00", "2026-12-24", "2026-11-23T12:00:00+05:00", "2026-11-26T21:00:00+05:00"},
		{"that day is over: its own day", "2026-11-23T12:00:00+05:00", "2026-11-20", "2026-11-23T12:00:00+05:00", "2026-11-23T21:00:00+05:00"},
		{"over the zone change", "2024-02-28T12:00:00+06:00", "", "2024-02-28T12:00:00+06:00", "2024-03-02T21:00:00+05:00"},
	} {
		var lastDay calendar.Date
		if c.lastDay != "" {
			lastDay = day(t, c.lastDay)
		}
		from, until := NewsWindow(pack.Default(), at5(c.wanted), lastDay)
		if !from.Equal(at5(c.from)) || !until.Equal(at5(c.until)) {
			t.Errorf("%s: wanted %s, may leave %s to %s", c.source, c.wanted, from, until)
		}
	}
	before := at5("2010-01-01T03:00:00+06:00") // no pack says anything
	if from, until := NewsWindow(pack.Default(), before, 0); !from.Equal(before) || until.Sub(from) != 24*time.Hour {
		t.Errorf("without a rule: %s to %s", from, until)
	}
}

// News may leave in every window in which it could have left without its days, and never ends in one.
func TestNewsWindow_properties(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	rapid.Check(t, func(t *rapid.T) {
		wanted := time.Unix(rapid.Int64Range(1420070400, 1900000000).Draw(t, "unix"), 0)
		lastDay := calendar.DateOf(wanted).AddDays(rapid.IntRange(-5, 9).Draw(t, "last"))
		from, until := NewsWindow(p, wanted, lastDay)
		first, end := SendWindow(p, wanted)
		switch {
		case !from.Equal(first), until.Before(end), until.Sub(from) > 4*24*time.Hour:
			t.Fatalf("from %s until %s", from, until)
		case NextSendTime(p, until).Equal(until), !NextSendTime(p, until.Add(-time.Nanosecond)).Equal(until.Add(-time.Nanosecond)):
			t.Fatalf("%s is not the end of a day's window", until)
		case calendar.DateOf(until) > max(lastDay, calendar.DateOf(end)):
			t.Fatalf("%s outlives %s", until, lastDay)
		}
	})
}

func TestSendWindow_properties(t *testing.T) {
	t.Parallel()
	p := pack.Default()
	rapid.Check(t, func(t *rapid.T) {
		wanted := time.Unix(rapid.Int64Range(1420070400, 1900000000).Draw(t, "unix"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
		from, until := SendWindow(p, wanted)
		local := from.In(calendar.Almaty)
		switch {
		case from.Before(wanted), from.Sub(wanted) > 13*time.Hour:
			t.Fatalf("wanted %s, from %s", wanted, from)
		case local.Hour() < 9, local.Hour() >= 21:
			t.Fatalf("a notice would leave at %s", local)
		case !from.Before(until), until.Sub(from) > 12*time.Hour, calendar.DateOf(from) != calendar.DateOf(until):
			t.Fatalf("from %s until %s", from, until)
		case !NextSendTime(p, from).Equal(from):
			t.Fatalf("%s is not stable", from)
		}
	})
	from, until := SendWindow(p, at5("2010-01-01T03:00:00+06:00"))
	if diff := cmp.Diff(24*time.Hour, until.Sub(from)); diff != "" {
		t.Errorf("without a rule: %s", diff)
	}
}
