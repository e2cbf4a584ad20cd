package calendar

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func anyDate(t *rapid.T, label string) Date {
	return Date(rapid.Int32Range(int32(First), int32(Last)).Draw(t, label))
}

func TestDate_agreesWithTimePackage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := anyDate(t, "d")
		u := d.UTC()
		y, m, day := d.YMD()
		if y != u.Year() || m != u.Month() || day != u.Day() || d.Weekday() != u.Weekday() || d.Year() != y {
			t.Fatalf("%s: %d-%d-%d %s, time says %s", d, y, m, day, d.Weekday(), u)
		}
		if d.String() != u.Format(time.DateOnly) || FromUTC(u) != d || FromUTC(u.Add(24*time.Hour-1)) != d || MakeDate(y, m, day) != d {
			t.Fatalf("%s does not come back", d)
		}
		back, err := ParseDate(d.String())
		if err != nil || back != d {
			t.Fatalf("%s parsed as %s, %v", d, back, err)
		}
		n := rapid.IntRange(-500000, 500000).Draw(t, "n")
		if got, want := d.AddDays(n), u.AddDate(0, 0, n); want.Year() >= 1 && want.Year() <= 9999 && (got.UTC() != want || got.Sub(d) != n) {
			t.Fatalf("%s + %d days = %s, time says %s", d, n, got, want)
		}
	})
}

func TestDate_textAndJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(0, int32(Last)).Draw(t, "d"))
		j, err := json.Marshal(d)
		var back Date
		if err != nil || json.Unmarshal(j, &back) != nil || back != d || string(j) != `"`+d.String()+`"` {
			t.Fatalf("%d as %s came back as %d", d, j, back)
		}
	})
}

func TestDate_unset(t *testing.T) {
	t.Parallel()
	var d Date
	if !d.IsZero() || d.String() != "" || d.AddDays(5) != 0 || d.AddYears(5) != 0 || !d.Start().IsZero() || !d.UTC().IsZero() || DateOf(time.Time{}) != 0 || d.Year() != 0 {
		t.Error("the unset date does not stay unset")
	}
	for _, bad := range []Date{-1, Last + 1, -1 << 31, 1<<31 - 1} {
		if bad.Valid() || bad.String() != "" || bad.Year() != 0 || bad.AddYears(1) != 0 || !bad.Start().IsZero() || !bad.End().IsZero() || !bad.UTC().IsZero() {
			t.Errorf("a date out of range, %d, shows itself as %q", int32(bad), bad)
		}
	}
	if First.AddDays(-1) != First || Last.AddDays(1<<40) != Last || First.AddYears(-1) != First || Last.AddYears(1) != Last {
		t.Error("arithmetic leaves the range")
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "2026", "2026-1-1", "26-01-01", "2026-13-01", "2026-00-10", "2026-04-31", "2025-02-29", "1900-02-29", "0000-01-01",
		"2026-01-00", "2026/01/01", "2026-01-01 ", " 2026-01-01", "2026-01-01T00:00:00Z", "٢٠٢٦-01-01", "+026-01-01", "-026-01-01", "01-01-2026", "20260101",
	} {
		if d, err := ParseDate(in); err == nil {
			t.Errorf("ParseDate(%q) = %s, want an error", in, d)
		}
	}
	for _, in := range []string{"0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"} {
		if d, err := ParseDate(in); err != nil || d.String() != in {
			t.Errorf("ParseDate(%q) = %s, %v", in, d, err)
		}
	}
}

func TestAddYears(t *testing.T) {
	t.Parallel()
	if got := MakeDate(2024, 2, 29).AddYears(4); got != MakeDate(2028, 2, 29) {
		t.Errorf("29 February + 4 years = %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := MakeDate(rapid.IntRange(1800, 2200).Draw(t, "y"), time.Month(rapid.IntRange(1, 12).Draw(t, "m")), rapid.IntRange(1, 31).Draw(t, "d"))
		n := rapid.IntRange(-50, 50).Draw(t, "n")
		got := d.AddYears(n)
		_, m, _ := d.YMD()
		if _, gm, _ := got.YMD(); got.Year() != d.Year()+n || gm != m || n > 0 && got <= d {
			t.Fatalf("%s + %d years = %s", d, n, got)
		}
	})
}

func TestLegalDay_coversTimeWithoutGaps(t *testing.T) {
	t.Parallel()
	check := func(fail func(string, ...any), d Date) {
		start, end := d.Start(), d.End()
		if DateOf(start) != d || DateOf(start.Add(-1)) != d-1 || DateOf(end.Add(-1)) != d || DateOf(end) != d+1 {
			fail("%s: %s to %s", d, start, end)
		}
		want := 24 * time.Hour
		if d == MakeDate(2024, 2, 29) {
			want = 25 * time.Hour // the clocks went back
		}
		if end.Sub(start) != want {
			fail("%s lasts %s", d, end.Sub(start))
		}
	}
	for d := MakeDate(2024, 2, 1); d < MakeDate(2024, 4, 1); d++ {
		check(t.Fatalf, d)
	}
	from, to := MakeDate(2006, 1, 1), MakeDate(2100, 1, 1) // summer time ended in 2005
	rapid.Check(t, func(t *rapid.T) {
		check(t.Fatalf, Date(rapid.Int32Range(int32(from), int32(to)).Draw(t, "d")))
	})
}

func TestCheckZone(t *testing.T) {
	t.Parallel()
	if err := CheckZone(); err != nil {
		t.Error(err)
	}
	for _, old := range []*time.Location{time.FixedZone("old table", 6*3600), time.FixedZone("always new", 5*3600)} {
		if err := checkZone(old); err == nil || !strings.Contains(err.Error(), "2024a") {
			t.Errorf("%s passed the check: %v", old, err)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2024-02-29", "2023-02-29", "0000-00-00", "9999-12-31", "2026-1-01", "٠٠٠٠-00-00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		want, wantErr := time.Parse(time.DateOnly, s)
		if ok := wantErr == nil && want.Year() >= 1; ok != (err == nil) {
			t.Fatalf("ParseDate(%q): %v, time says %v", s, err, wantErr)
		}
		if err == nil && (d.String() != s || FromUTC(want) != d) {
			t.Fatalf("%q became %s", s, d)
		}
	})
}
