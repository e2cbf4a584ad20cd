package pack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// lineOf returns the line on which the n-th occurrence of s stands, from 1.
func lineOf(text, s string, n int) int {
	at := -1
	for range n {
		next := strings.Index(text[at+1:], s)
		if next < 0 {
			return 0
		}
		at += 1 + next
	}
	return 1 + strings.Count(text[:at], "\n")
}

func TestLoad_reportsFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, old, new string
		want                 string // reason
		at                   string // text on whose line the fault must stand; empty: not checked
	}{
		{"unknown key of a row", "term.yaml", "    basis: act", "    basis: act\n    colour: red", `unknown key "colour" in value`, "colour: red"},
		{"key twice in a row", "term.yaml", "    basis: act", "    basis: act\n    unit: bool", `key "unit" twice`, "unit: bool"},
		{"unknown parameter", "term.yaml", "term.days", "term.weeks", `unknown key "term.weeks"`, "term.weeks"},
		{"wrong unit", "term.yaml", "unit: calendar_day", "unit: month", `unit "month" of term.days`, "unit: month"},
		{"no citation", "term.yaml", `    citation: "EL 10-4"` + "\n", "", "citation is missing", "key: term.days"},
		{"empty citation", "term.yaml", `citation: "EL 10-4"`, `citation: ""`, "citation must be a text", `citation: ""`},
		{"no note", "quiet_hours.yaml", "    note:", "    notes:", "note is missing", ""},
		{"no Kazakh note", "quiet_hours.yaml", "      kk:", "      kz:", "kk is missing", "kz:"},
		{"unknown basis", "term.yaml", "basis: act", "basis: rumour", `basis "rumour"`, "basis: rumour"},
		{"bad date", "term.yaml", "from: 2015-01-01", "from: 2015-02-30", "from must be a date", "from: 2015-02-30"},
		{"no from", "voluntary.yaml", "    from: 2015-01-01\n", "", "from is missing", "key: voluntary.days"},
		{"to before from", "mci.yaml", "to: 2015-12-31", "to: 2014-12-31", "to 2014-12-31 is before from", "to: 2014-12-31"},
		{"gap", "mci.yaml", "to: 2015-12-31", "to: 2015-12-30", "mci.general has a gap between 2015-12-30 and 2016-01-01", ""},
		{"overlap", "mci.yaml", "to: 2015-12-31", "to: 2016-01-01", "mci.general from 2016-01-01 overlaps", ""},
		{"open row followed by another", "mci.yaml", "    to: 2015-12-31\n", "", "overlaps the row from 2015-01-01", ""},
		{"duplicate row", "mci.yaml", "from: 2016-01-01", "from: 2015-01-01", "stands twice", ""},
		{"required key ends", "term.yaml", "from: 2015-01-01", "from: 2015-01-01\n    to: 2030-12-31", "term.days ends on 2030-12-31", "key: term.days"},
		{"required key begins late", "voluntary.yaml", "from: 2015-01-01", "from: 2024-08-20", "must be in force from 2015-01-01", "key: voluntary.days"},
		{"required key absent", "voluntary.yaml", "voluntary.days", "voluntary_payment.days", "no value for voluntary.days", ""},
		{"sum not positive", "mci.yaml", "value: 1982", "value: 0", "not a positive sum", "value: 0"},
		{"sum negative", "mci.yaml", "value: 1982", "value: -5", "not a positive sum", "value: -5"},
		{"count zero", "threshold.yaml", "value: 20\n", "value: 0\n", "not a whole number", "value: 0"},
		{"count with a sign", "threshold.yaml", "value: 20\n", "value: +20\n", "not a whole number", "value: +20"},
		{"count hexadecimal", "threshold.yaml", "value: 20\n", "value: 0x14\n", "not a whole number", "value: 0x14"},
		{"flag", "threshold.yaml", "value: false", "value: perhaps", "neither true nor false", "value: perhaps"},
		{"counting", "term.yaml", "counting: next_day roll", "counting: next_day", "counting \"next_day\" is not", ""},
		{"counting of a flag", "threshold.yaml", "    unit: bool", "    unit: bool\n    counting: next_day roll", "counting belongs to terms", "key: threshold.inclusive"},
		{"term without counting", "voluntary.yaml", "    counting: next_day roll\n", "", "every term needs it", "key: voluntary.days"},
		{"bands fall", "fees.yaml", "up_to: 300", "up_to: 50", "bands must rise: 50 does not follow 60", "up_to: 50"},
		{"bands repeat", "fees.yaml", "up_to: 300", "up_to: 60", "bands must rise", ""},
		{"last band closed", "fees.yaml", "{rate: 3 %}", "{up_to: 90000, rate: 3 %}", "the last band must be without up_to", "up_to: 90000"},
		{"band without end in the middle", "fees.yaml", "{up_to: 60, rate: 25 %}", "{rate: 25 %}", "only the last band", "{rate: 25 %}"},
		{"rate without sign", "fees.yaml", "rate: 25 %", "rate: 0.25", "must be a positive percentage", "rate: 0.25"},
		{"rate above the whole", "fees.yaml", "rate: 25 %", "rate: 250 %", "not a percentage from 0 to 100", "rate: 250 %"},
		{"unknown rounding", "fees.yaml", "value: half_up", "value: nearest", "not a rounding", "value: nearest"},
		{"quiet hours", "quiet_hours.yaml", "21:00-09:00", "21:00-25:00", "not a span of local time", "25:00"},
		{"empty quiet hours", "quiet_hours.yaml", "21:00-09:00", "09:00-09:00", "not a span of local time", "09:00-09:00"},
		{"unknown channel", "ladder.yaml", "[sms, push]", "[sms, pigeon]", "channel pigeon of the ladder has no channel.pigeon", ""},
		{"channel twice", "ladder.yaml", "[sms, push]", "[sms, sms]", "stands twice", "[sms, sms]"},
		{"rung without wait", "ladder.yaml", "{channels: [sms], wait: 72}", "{channels: [sms]}", "a rung needs channels and wait", "{channels: [sms]}"},
		{"unknown proof", "ladder.yaml", "value: receipt", "value: hope", `value "hope" is none of`, "value: hope"},
		{"class without limits", "writ_kinds.yaml", "value: tax\n", "value: toll\n", "class toll has no presentation.latest.toll", "key: kind.tax_order"},
		{"protected otherwise than never", "protected_accounts.yaml", "value: never", "value: sometimes", `value "sometimes" is none of never`, "value: sometimes"},
		{"list where a text belongs", "term.yaml", "value: 30", "value: [30]", "must be a single text", "value: [30]"},
		{"mapping where a list belongs", "fees.yaml", "values:\n", "values: 1\n", "", ""},
		{"anchor", "term.yaml", "value: 30", "value: &thirty 30", "anchors and aliases are not allowed", "&thirty"},
		{"two documents", "term.yaml", "values:", "a: b\n---\nvalues:", "more than one document", ""},
		{"other keys beside values", "term.yaml", "values:", "year: 2024\nvalues:", "no other keys", ""},
		{"day twice", "holidays/2026.yaml", "date: 2026-01-02", "date: 2026-01-01", "2026-01-01 is listed twice", ""},
		{"day of another year", "holidays/2026.yaml", "date: 2026-01-02", "date: 2025-01-02", "2025-01-02 is not in 2026", ""},
		{"unknown kind of day", "holidays/2026.yaml", "kind: holiday", "kind: feast", `unknown kind "feast"`, "date: 2026-01-01"},
		{"swap without partner", "holidays/2025.yaml", "kind: swap_work", "kind: holiday", "stands for itself", ""},
		{"swap that names nobody", "holidays/2025.yaml", "    of: 2025-01-05\n", "", "names its other half", "date: 2025-01-03"},
		{"swap on a plain weekday", "holidays/2025.yaml", "2025-01-05", "2025-01-06", "already a working day", ""},
		{"transfer of a weekday", "holidays/2025.yaml", "of: 2025-03-08", "of: 2025-03-21", "cannot stand for 2025-03-21", "date: 2025-03-10"},
		{"estimated neither true nor false", "holidays/2026.yaml", "estimated: true", "estimated: maybe", "estimated must be true or false", "estimated: maybe"},
		{"day without a name", "holidays/2026.yaml", `, en: "Victory Day"}`, "}", "en is missing", ""},
		{"no source of the year", "holidays/2026.yaml", "source: ", "sources: ", "source is missing", ""},
		{"years with a hole", "holidays/2026.yaml", "", "", "year 2027 does not follow year 2025", ""},
		{"not YAML", "term.yaml", "values:", "values: [", "did not find expected", ""},
		{"empty file", "term.yaml", "", "", "no value for term.days", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := Default().Files()
			text := string(files[c.file])
			if c.old == "" {
				delete(files, c.file)
			} else {
				if !strings.Contains(text, c.old) {
					t.Fatalf("%s has no %q", c.file, c.old)
				}
				n := 1
				if c.name == "swap on a plain weekday" {
					n = -1
				}
				text = strings.Replace(text, c.old, c.new, n)
				files[c.file] = []byte(text)
			}
			_, err := Load(mapFS(files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v; want %q", err, c.want)
			}
			if c.at == "" {
				return
			}
			prefix := fmt.Sprintf("%s:%d: ", c.file, lineOf(text, c.at, 1))
			for line := range strings.Lines(err.Error()) {
				if strings.Contains(line, c.want) && strings.Contains(line, prefix) {
					return
				}
			}
			t.Errorf("want %q at %s in:\n%v", c.want, prefix, err)
		})
	}
}

func TestLoad_reportsAllFaultsTogether(t *testing.T) {
	t.Parallel()
	files := Default().Files()
	files["fees.yaml"] = []byte(strings.Replace(string(files["fees.yaml"]), "value: half_up", "value: nearest", 1))
	files["term.yaml"] = []byte(strings.Replace(string(files["term.yaml"]), "basis: act", "basis: rumour", 1))
	files["notes.txt"] = []byte("left behind")
	files["latin.yaml"] = []byte("values: \xff")
	_, err := Load(mapFS(files))
	faults := unjoin(err)
	if len(faults) != 4 {
		t.Fatalf("want four faults together, got %v", err)
	}
	for _, e := range faults {
		if f, ok := errors.AsType[*Fault](e); !ok || f.File == "" || f.Reason == "" {
			t.Errorf("not a Fault with file and reason: %v", e)
		}
	}
	if _, err := Load(fstest.MapFS{}); err == nil {
		t.Error("no files, no error")
	}
	if _, err := LoadDir("no such directory"); err == nil {
		t.Error("no directory, no error")
	}
}

func FuzzLoad(f *testing.F) {
	files := Default().Files()
	for _, name := range []string{"fees.yaml", "ladder.yaml", "quiet_hours.yaml", "holidays/2025.yaml"} {
		f.Add(string(files[name]))
	}
	for _, s := range []string{"", "values:", "values: [{}]", "days: [1]\nyear: 2028", "- - -", "values: &a [*a]", "? {a: b}\n: c", "values:\n- {key: fee.bands, value: [[]]}", "---\n...\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Load(fstest.MapFS{"zz.yaml": {Data: []byte(text)}})
		if err == nil {
			t.Fatal("one file made a whole pack")
		}
		for _, e := range unjoin(err) {
			if f, ok := errors.AsType[*Fault](e); !ok || f.Reason == "" {
				t.Fatalf("not a fault with a reason: %v", e)
			}
		}
	})
}
