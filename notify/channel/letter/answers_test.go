package letter

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"robotbailiff/notify"
)

const answerHeader = "id,tracking_number,status,time\n"

func TestParse_good(t *testing.T) {
	t.Parallel()
	want := []notify.Receipt{
		{Ref: first, ProviderRef: "KZ123", Status: notify.StatusDelivered, At: noon.Add(-time.Hour)},
		{Ref: second, Status: notify.StatusFailed, Detail: "returned", At: noon.Add(-time.Minute)},
	}
	for name, file := range map[string]string{
		"as written":   answerHeader + first + ",KZ123,accepted,2026-11-20T10:00:00+05:00\n" + first + ",KZ123,delivered,2026-11-23T11:00:00+05:00\n" + second + ",,returned,2026-11-23 11:59\n",
		"otherwise":    "\ufeffStatus; time ;id;tracking_number;office\r\nDELIVERED;2026-11-23 11:00:00;" + first + ";KZ123;7\r\nreturned;2026-11-23T06:59:00Z;" + second + ";;7\r\n",
		"in quotation": answerHeader + `"` + first + `","KZ123","delivered","2026-11-23T06:00:00Z"` + "\n\n" + second + ",,returned,2026-11-23T11:59",
	} {
		got, problems := Parse([]byte(file), noon)
		if len(problems) > 0 || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%s: %+v, %+v", name, got, problems)
		}
	}
}

func TestParse_namesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	file := answerHeader +
		"260000001-3-sms,KZ1,delivered,2026-11-23T06:00:00Z\n" + // another channel knows nothing of the post
		first + ",KZ1,delivered\n" +
		first + ",KZ1,vanished,2026-11-23T06:00:00Z\n" +
		first + ",KZ1,delivered,yesterday\n" +
		first + ",KZ1,delivered,2026-11-24T06:00:00Z\n" +
		first + "," + strings.Repeat("9", 41) + ",delivered,2026-11-23T06:00:00Z\n" +
		first + ",K\"Z,delivered,2026-11-23T06:00:00Z\n" +
		first + ",KZ1,delivered,2026-11-23T06:00:00Z\n"
	got, problems := Parse([]byte(file), noon)
	if len(got) != 1 || got[0].ProviderRef != "KZ1" {
		t.Errorf("what is good was not taken: %+v", got)
	}
	want := []string{CodeID, CodeLine, CodeStatus, CodeTime, CodeFuture, CodeTracking, CodeLine}
	for i, p := range problems {
		if i >= len(want) || p.Line != i+2 || p.Code != want[i] || p.Remedy == "" {
			t.Errorf("%+v", p)
		}
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d", len(problems), len(want))
	}
	if _, p := Parse([]byte("id;status;time\n"), noon); len(p) != 1 || p[0].Line != 1 || p[0].Field != "tracking_number" || p[0].Code != CodeColumns {
		t.Errorf("a column that is not there: %+v", p)
	}
	for _, code := range Codes {
		if remedies[code] == "" {
			t.Errorf("%s has no remedy", code)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(answerHeader + first + ",KZ123,delivered,2026-11-23T11:00:00+05:00\n"))
	f.Add([]byte("status;time;id;tracking_number\nlost;2026-11-23 11:00;" + first + ";\"a\nb\"\n"))
	f.Add([]byte("\ufeff" + answerHeader + "\"\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		receipts, problems := Parse(file, noon)
		for _, r := range receipts {
			_, _, channel, err := notify.ParseRef(r.Ref)
			if err != nil || channel != notify.Letter || r.At.After(noon.Add(skew)) || !utf8.ValidString(r.ProviderRef) ||
				r.Status != notify.StatusDelivered && r.Status != notify.StatusFailed {
				t.Fatalf("%+v", r)
			}
		}
		for _, p := range problems {
			if p.Code == "" || p.Remedy == "" || p.Line < 1 {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func TestTake(t *testing.T) {
	t.Parallel()
	p := at(t, t.TempDir())
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(p.dir, inDir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := answerHeader + first + ",KZ1,delivered,2026-11-23T06:00:00Z\n"
	put("monday.csv", good)
	put("tuesday.csv.part", good)
	put(".hidden.csv", good)
	put("bad.csv", good+first+",KZ1,gone,2026-11-23T06:00:00Z\n")

	// What cannot be kept now is read again.
	p.fail = errors.New("the database is away")
	if _, err := p.Take(t.Context()); err == nil || len(p.files(t, doneDir))+len(p.files(t, failedDir)) > 0 || len(p.files(t, inDir)) != 4 {
		t.Fatalf("%v; done %v", err, p.files(t, doneDir))
	}
	p.fail = nil
	n, err := p.Take(t.Context())
	if want := (Taken{Files: 2, Failed: 1, Receipts: 2, Problems: 1}); err != nil || n != want {
		t.Fatalf("%+v, %v", n, err)
	}
	wants(t, "done", strings.Join(p.files(t, doneDir), " "), "20261123T070000Z-monday.csv")
	wants(t, "failed", strings.Join(p.files(t, failedDir), " "), "20261123T070000Z-bad.csv 20261123T070000Z-bad.errors.csv")
	wants(t, "left", strings.Join(p.files(t, inDir), " "), ".hidden.csv tuesday.csv.part")
	wants(t, "errors", string(content1(t, filepath.Join(p.dir, failedDir, "20261123T070000Z-bad.errors.csv"))),
		"line,field,code,remedy\n3,status,status_unknown,\"write accepted, delivered, returned, refused or lost\"\n")
	if len(p.told) != 2 || p.told[0] != p.told[1] || p.told[0].Status != notify.StatusDelivered {
		t.Errorf("%+v", p.told)
	}
	if n, err := p.Take(t.Context()); err != nil || n != (Taken{}) {
		t.Errorf("again: %+v, %v", n, err)
	}
	long := p.dir + "/" + inDir + "/long.csv"
	if err := os.WriteFile(long, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(long, mostAnswers+1); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Take(t.Context()); err != nil || n.Failed != 1 || n.Receipts != 0 {
		t.Errorf("a file that is too long: %+v, %v", n, err)
	}
}
