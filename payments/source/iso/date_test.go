package iso

import "testing"

func TestDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-03-02":                    "2026-03-02",
		"2026-03-02Z":                   "2026-03-02", // a date is taken as it stands, whatever its zone
		"2026-03-02+05:00":              "2026-03-02",
		"2026-03-02T23:59:59":           "2026-03-02",
		"2026-03-02T23:59:59.999":       "2026-03-02",
		"2026-03-02T18:59:59Z":          "2026-03-02",
		"2026-03-02T19:00:00Z":          "2026-03-03",
		"2026-03-02T00:00:00+05:00":     "2026-03-02",
		"2026-03-02T00:00:00+06:00":     "2026-03-01",
		"2023-06-01T18:00:00Z":          "2023-06-02", // Almaty was six hours ahead then
		"2026-03-02T20:00:00.5-05:00":   "2026-03-03",
		"":                              "",
		"2026-02-29":                    "",
		"02.03.2026":                    "",
		"2026-03-02T24:00:00":           "",
		"2026-03-02T23:59":              "",
		"2026-03-02 10:00:00":           "",
		"2026-03-02T10:00:00+15:00":     "",
		"2026-03-02T10:00:00*05:00":     "",
		"2026-03-02+5":                  "",
		"2026-03-02T10:00:00Z trailing": "",
	} {
		d, ok := Date([]byte(text))
		got := ""
		if ok {
			got = d.String()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestNewTree_refusesAPathTwice(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("two meanings of one path were taken")
		}
	}()
	NewTree(Path{"a/b", 1}, Path{"a/b", 2})
}
