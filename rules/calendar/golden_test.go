package calendar_test

import (
	"testing"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func day(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return d
}

func TestIsWorking_golden(t *testing.T) {
	t.Parallel()
	cal := pack.Default().Calendar()
	for _, c := range []struct {
		source, date string
		works        bool
	}{
		{"Law on holidays Art 3: New Year", "2024-01-01", false},
		{"Law on holidays Art 3: second day of New Year", "2024-01-02", false},
		{"plain Wednesday after New Year", "2024-01-03", true},
		{"Labour Code 84: 7 January on a Sunday has no transfer", "2024-01-08", true},
		{"Law on holidays Art 5: Nauryz of Sat 23 March moves to Monday", "2024-03-25", false},
		{"Labour Code 85(3): Sat 4 May 2024 works", "2024-05-04", true},
		{"Labour Code 85(3): Wed 8 May 2024 is off", "2024-05-08", false},
		{"Labour Code 84: Kurban Ait on Sun 16 June 2024 has no transfer", "2024-06-17", true},
		{"Law on holidays Art 5: Capital Day of Sat 6 July moves", "2024-07-08", false},
		{"Law on holidays: 30 August still a holiday in 2024", "2024-08-30", false},
		{"Law on holidays: Republic Day", "2024-10-25", false},
		{"Law on holidays: Independence Day", "2024-12-16", false},
		{"Law on holidays: 17 December is plain since 2022", "2024-12-17", true},
		{"Labour Code 85(3): Fri 3 January 2025 is off", "2025-01-03", false},
		{"Labour Code 85(3): Sun 5 January 2025 works", "2025-01-05", true},
		{"Labour Code 84: 7 January on a Tuesday", "2025-01-07", false},
		{"Law on holidays Art 5: 8 March 2025 was a Saturday", "2025-03-10", false},
		{"Law on holidays Art 5: second transferred day of Nauryz 2025", "2025-03-25", false},
		{"first working day after Nauryz 2025", "2025-03-26", true},
		{"Labour Code 84: Kurban Ait 2025", "2025-06-06", false},
		{"Law on holidays Art 5: 30 August 2025 was a Saturday", "2025-09-01", false},
		{"Law on holidays Art 5: 25 October 2025 was a Saturday", "2025-10-27", false},
		{"Law on holidays Art 5: Nauryz 2026, second transferred day", "2026-03-25", false},
		{"Law on holidays Art 5: 9 May 2026 was a Saturday", "2026-05-11", false},
		{"Labour Code 84: Kurban Ait 2026, estimated", "2026-05-27", false},
		{"new Constitution: 30 August 2026 is no holiday, nothing moves to Monday", "2026-08-31", true},
		{"Law on holidays: 1 December is plain", "2026-12-01", true},
		{"Law on holidays Art 5: 2 January 2027 is a Saturday", "2027-01-04", false},
		{"new Constitution: 15 March is a holiday from 2027", "2027-03-15", false},
		{"15 March 2026 was a plain Sunday, Monday works", "2026-03-16", true},
		{"Law on holidays Art 5: Nauryz of Sun 21 March 2027 moves past 22 and 23", "2027-03-24", false},
		{"Labour Code 84: Kurban Ait on Sun 16 May 2027 has no transfer", "2027-05-17", true},
		{"new Constitution: Mon 30 August 2027 works", "2027-08-30", true},
		{"outside the data: weekend only", "2028-01-03", true},
	} {
		if got := cal.IsWorking(day(t, c.date)); got != c.works {
			t.Errorf("%s: IsWorking(%s) = %t", c.source, c.date, got)
		}
	}
}

func TestTerm_golden(t *testing.T) {
	t.Parallel()
	cal := pack.Default().Calendar()
	next := calendar.Counting{StartNextDay: true, RollForward: true}
	same := calendar.Counting{RollForward: true}
	keep := calendar.Counting{StartNextDay: true}
	days := func(n int, k calendar.Counting) func(calendar.Date) calendar.Date {
		return func(d calendar.Date) calendar.Date { return cal.Term(d, n, k) }
	}
	working := func(n int, k calendar.Counting) func(calendar.Date) calendar.Date {
		return func(d calendar.Date) calendar.Date { return cal.WorkingTerm(d, n, k) }
	}
	years := func(n int, k calendar.Counting) func(calendar.Date) calendar.Date {
		return func(d calendar.Date) calendar.Date { return cal.YearTerm(d, n, k) }
	}
	for _, c := range []struct {
		source string
		f      func(calendar.Date) calendar.Date
		from   string
		want   string
	}{
		{"EL 10-4: first day of the procedure", days(30, next), "2024-08-20", "2024-09-19"},
		{"EL 10-4: the same, counted from the day itself", days(30, same), "2024-08-20", "2024-09-18"},
		{"EL 10-4: leap February, last day Sat 2 March rolls", days(30, next), "2024-02-01", "2024-03-04"},
		{"EL 10-4: the same without rolling", days(30, keep), "2024-02-01", "2024-03-02"},
		{"EL 10-4: ends on the long day before the zone change", days(30, next), "2024-01-30", "2024-02-29"},
		{"EL 10-4: ends on the first day at +05", days(30, next), "2024-01-31", "2024-03-01"},
		{"EL 10-4: plain February, last day Sat 1 March rolls", days(30, next), "2025-01-30", "2025-03-03"},
		{"EL 10-4: last day Nauryz 2024, rolls past its transfer", days(30, next), "2024-02-20", "2024-03-26"},
		{"EL 10-4: last day New Year 2025, rolls to the working Sunday", days(30, next), "2024-12-02", "2025-01-05"},
		{"EL 10-4: last day New Year 2026", days(30, next), "2025-12-02", "2026-01-05"},
		{"EL 10-4: last day New Year 2027, rolls past the transfer", days(30, next), "2026-12-02", "2027-01-05"},
		{"EL 10-4: last day is the working Sat 4 May 2024", days(30, next), "2024-04-04", "2024-05-04"},
		{"EL 10-4: last day is swapped off, next is Victory Day", days(30, next), "2024-04-08", "2024-05-10"},
		{"EL 10-4: last day Kurban Ait 2025, a Friday", days(30, next), "2025-05-07", "2025-06-09"},
		{"EL 10-4: last day Sunday, Monday is a transfer", days(30, next), "2025-08-01", "2025-09-02"},
		{"EL 10-4: last day Kurban Ait 2026", days(30, next), "2026-04-27", "2026-05-28"},
		{"EL 10-4: last day 30 August 2026, a Sunday and no holiday", days(30, next), "2026-07-31", "2026-08-31"},
		{"EL 10-4: last day Independence Day", days(30, next), "2026-11-16", "2026-12-17"},
		{"EL 10-4: plain Tuesday", days(30, next), "2026-11-22", "2026-12-22"},
		{"EL 10-4: last day the new Constitution Day", days(30, next), "2027-02-13", "2027-03-16"},

		{"EL 11(1-1): Nauryz 2025, fifth working day", working(5, next), "2025-03-20", "2025-04-01"},
		{"EL 11(1-1): Nauryz 2025, first day to present", working(6, next), "2025-03-20", "2025-04-02"},
		{"EL 11(1-1): May 2024 with the working Saturday", working(5, next), "2024-04-30", "2024-05-10"},
		{"EL 11(1-1): May 2024, first day to present", working(6, next), "2024-04-30", "2024-05-13"},
		{"voluntary: New Year 2025 with the working Sunday and 7 January", working(5, next), "2024-12-30", "2025-01-09"},
		{"voluntary: New Year 2026 with 7 January", working(5, next), "2025-12-30", "2026-01-09"},
		{"voluntary: across 29 February and the zone change", working(5, next), "2024-02-26", "2024-03-04"},
		{"voluntary: Nauryz 2024", working(5, next), "2024-03-20", "2024-04-01"},
		{"voluntary: Nauryz 2026", working(5, next), "2026-03-19", "2026-03-31"},
		{"voluntary: Kurban Ait 2026", working(5, next), "2026-05-21", "2026-05-29"},
		{"voluntary: delivered on a Saturday", working(5, next), "2026-06-06", "2026-06-12"},
		{"voluntary: the day itself counted", working(5, same), "2026-06-01", "2026-06-05"},
		{"voluntary: Nauryz 2027 with its transfer", working(5, next), "2027-03-19", "2027-03-31"},
		{"EL 10(5): ten working days across Independence Day", working(10, next), "2026-12-10", "2026-12-25"},
		{"a term of no days on a Sunday rolls", working(0, next), "2026-06-07", "2026-06-08"},

		{"EL 11(1): a year from 29 February", years(1, next), "2024-02-29", "2025-02-28"},
		{"EL 11(1): a year to Sat 1 March rolls", years(1, next), "2024-03-01", "2025-03-03"},
		{"CAO 890: limitation does not roll", years(1, keep), "2024-03-01", "2025-03-01"},
		{"EL 11(1): a year into a leap year", years(1, next), "2023-02-28", "2024-02-28"},
		{"EL 11(1): three years to Constitution Day, a Friday", years(3, next), "2021-08-30", "2024-09-02"},
		{"a year counted from the day itself", years(1, same), "2025-06-11", "2026-06-10"},
	} {
		if got := c.f(day(t, c.from)); got != day(t, c.want) {
			t.Errorf("%s: from %s ends %s, want %s", c.source, c.from, got, c.want)
		}
	}
}

func TestAddWorkingDays_back(t *testing.T) {
	t.Parallel()
	cal := pack.Default().Calendar()
	if got := cal.AddWorkingDays(day(t, "2025-03-26"), -1); got != day(t, "2025-03-20") {
		t.Errorf("the working day before Wed 26 March 2025 is %s", got)
	}
	if got := cal.AddWorkingDays(calendar.Last, 3); got != calendar.Last {
		t.Errorf("past the last date: %s", got)
	}
}

func TestDateOf_golden(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, instant, want string }{
		{"last second of 28 February at +06", "2024-02-28T17:59:59Z", "2024-02-28"},
		{"29 February begins at +06", "2024-02-28T18:00:00Z", "2024-02-29"},
		{"the clock goes back to 23:00: still 29 February", "2024-02-29T18:00:00Z", "2024-02-29"},
		{"25th hour of 29 February", "2024-02-29T18:59:59Z", "2024-02-29"},
		{"1 March begins at +05", "2024-02-29T19:00:00Z", "2024-03-01"},
		{"last second of a plain day", "2026-11-22T18:59:59Z", "2026-11-22"},
		{"first second of the next", "2026-11-22T19:00:00Z", "2026-11-23"},
		{"another zone, same instant", "2026-11-22T20:00:00+01:00", "2026-11-23"},
		{"year's end", "2026-12-31T19:00:00Z", "2027-01-01"},
	} {
		at, err := time.Parse(time.RFC3339, c.instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.DateOf(at); got != day(t, c.want) {
			t.Errorf("%s: DateOf(%s) = %s", c.source, c.instant, got)
		}
	}
	if got := day(t, "2024-02-29").End().Sub(day(t, "2024-02-29").Start()); got != 25*time.Hour {
		t.Errorf("29 February 2024 lasts %s, want 25 h", got)
	}
}
