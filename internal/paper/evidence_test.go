package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/calendar"
)

const kazakh = "Қазақстан, Әділет департаменті: әғқңөұүһі ӘҒҚҢӨҰҮҺІ, 20 155 ₸, ўҳ ЎҲ. Толығырақ: esep.example/p/…"

var begun = time.Date(2026, 3, 2, 4, 0, 0, 0, time.UTC)

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func after(d time.Duration) *time.Time {
	t := begun.Add(d)
	return &t
}

// usual is a case as most are: four notices, one of them in parts, and seven events.
func usual(l i18n.Lang) EvidencePack {
	day := func(n int) calendar.Date { return calendar.DateOf(begun).AddDays(n) }
	d := EvidencePack{
		Lang: l, Case: "26-0000001-5", MadeAt: begun.Add(240 * time.Hour), OpenedOn: day(0), NotifiedOn: day(0), VoluntaryEndsOn: day(7), TermEndsOn: day(30),
		Visits: []EvidenceVisit{{Ordinal: 1, FirstAt: begun.Add(3 * time.Hour), LastAt: begun.Add(50 * time.Hour), Visits: 3}}, Intact: true, JSON: []byte(`{"case":"26-0000001-5"}` + "\n"),
	}
	notice := func(ordinal int, channel, kind, language, status, text string) *EvidenceNotice {
		at := begun.Add(time.Duration(ordinal-1) * 24 * time.Hour)
		d.Notices = append(d.Notices, EvidenceNotice{
			Ordinal: ordinal, Channel: channel, Kind: kind, Rung: 1, Language: language, TextVersion: 2, Text: text, Bytes: len(text), SHA256: hash(text),
			SMSParts: 2, Status: status, Attempts: 1, WantedAt: at, NotBefore: at, ExpiresAt: at.Add(48 * time.Hour), Ref: fmt.Sprintf("260000001-%d-%s", ordinal, channel),
		})
		return &d.Notices[len(d.Notices)-1]
	}
	n := notice(1, "sms", "opening", "kk", "delivered", kazakh)
	n.SentAt, n.DeliveredAt, n.ProviderRef = after(time.Minute), after(2*time.Minute), "7d2f00c1"
	n = notice(1, "push", "opening", "kk", "failed", "Іс ашылды\n"+kazakh)
	n.Detail, n.SMSParts = "no_device", 0
	n = notice(3, "sms", "reminder", "ru", "sent", "Дело 26-0000001-5: оплатите 20 155 тг до 9 марта. esep.example")
	n.SentAt, n.ProviderRef, n.Detail = after(49*time.Hour), "7d2f00c2", "ENROUTE"
	n.Receipts = []EvidenceReceipt{
		{ProviderRef: "7d2f00c2", Attempt: 1, Part: 1, Of: 2, Status: "delivered", At: after(50 * time.Hour)},
		{ProviderRef: "7d2f00c3", Attempt: 1, Part: 2, Of: 2},
	}
	notice(5, "sms", "arrest", "uz", "created", "Ish 26-0000001-5: hisobingizdagi 20 155 tenge ushlab turilibdi. esep.example")
	for i, kind := range []string{"opened", "notified", "reminded", "arrest_ordered", "order_answered", "paid_in_part", "something_newer"} {
		d.Events = append(d.Events, EvidenceEvent{Seq: i + 1, Kind: kind, At: begun.Add(time.Duration(i) * 24 * time.Hour), Hash: hash(kind)})
	}
	return d
}

func make1(tb testing.TB, d EvidencePack) []byte {
	tb.Helper()
	pdf, err := Evidence(d)
	if err != nil {
		tb.Fatal(err)
	}
	return pdf
}

// tool runs a program on a PDF, and skips the test where there is none.
func tool(t *testing.T, pdf []byte, from, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not on the PATH", name)
		}
		t.Skipf("%s is not installed (package %s), so nobody has read the PDF with other eyes", name, from)
	}
	path := filepath.Join(t.TempDir(), "evidence.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "PDF" {
			args[i] = path
		}
	}
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

var gaps = regexp.MustCompile(`[ \x{a0}]+`)

// pages gives the text of every page, with single spaces.
func pages(t *testing.T, pdf []byte) []string {
	t.Helper()
	text := tool(t, pdf, "poppler-utils", "pdftotext", "-layout", "PDF", "-")
	all := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	for i, p := range all {
		var lines []string
		for line := range strings.SplitSeq(p, "\n") {
			if line = strings.TrimSpace(gaps.ReplaceAllString(line, " ")); line != "" {
				lines = append(lines, line)
			}
		}
		all[i] = strings.Join(lines, "\n")
	}
	return all
}

func TestEvidence_isTheSameBytesEveryTime(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs {
		first := make1(t, usual(l))
		for range 3 {
			if !bytes.Equal(first, make1(t, usual(l))) {
				t.Fatalf("%s: the same pack gave other bytes", l)
			}
		}
		later := usual(l)
		later.MadeAt = later.MadeAt.Add(time.Second)
		if bytes.Equal(first, make1(t, later)) {
			t.Errorf("%s: the instant is not on the paper", l)
		}
	}
}

func TestEvidence_reads(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			testkit.Golden(t, "evidence_"+string(l)+".txt", []byte(strings.Join(pages(t, make1(t, usual(l))), "\n\f\n")+"\n"))
		})
	}
}

// A court copies text out of a PDF: the letters that Russian has not must come out as they went in.
func TestEvidence_keepsKazakhAndUzbekLetters(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(strings.Join(pages(t, make1(t, usual(i18n.KK))), "\n"), "\n", " ")
	if !strings.Contains(text, kazakh) {
		t.Errorf("%q is not in\n%s", kazakh, text)
	}
}

func TestEvidence_isSoundAndSmall(t *testing.T) {
	t.Parallel()
	for _, l := range i18n.Langs {
		pdf := make1(t, usual(l))
		if len(pdf) > 60<<10 {
			t.Errorf("%s: %d bytes", l, len(pdf))
		}
		if out := tool(t, pdf, "qpdf", "qpdf", "--check", "PDF"); strings.Contains(out, "WARNING") {
			t.Errorf("%s: %s", l, out)
		}
	}
}

func TestEvidence_carriesItsFacts(t *testing.T) {
	t.Parallel()
	d := usual(i18n.RU)
	out := filepath.Join(t.TempDir(), "facts.json")
	pdf := make1(t, d)
	tool(t, pdf, "poppler-utils", "pdfdetach", "-save", "1", "-o", out, "PDF")
	facts, err := os.ReadFile(out)
	if err != nil || !bytes.Equal(facts, d.JSON) {
		t.Fatalf("%v %q", err, facts)
	}
	text := strings.Join(pages(t, pdf), "\n")
	for _, want := range []string{CheckCode(facts), hash(string(facts)), strings.ReplaceAll(CheckCode(facts), "-", "")} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not on the paper", want)
		}
	}
}

func TestEvidence_goesOnOverPages(t *testing.T) {
	t.Parallel()
	d := usual(i18n.RU)
	one := d.Notices[0]
	long := strings.Repeat("Хабарлама өте ұзын. ", 600) + strings.Repeat("ә", 400)
	d.Notices, d.Events = nil, nil
	for i := range 200 {
		n := one
		n.Ordinal, n.SHA256 = i+1, hash(fmt.Sprint(i))
		if i == 7 {
			n.Text = long
		}
		d.Notices = append(d.Notices, n)
		d.Events = append(d.Events, EvidenceEvent{Seq: i + 1, Kind: "opened", At: begun, Hash: hash(fmt.Sprint("event", i))})
	}
	all := pages(t, make1(t, d))
	if len(all) < 50 || len(all) > 100 {
		t.Errorf("%d pages", len(all))
	}
	heads, again := 0, 0
	for i, p := range all {
		foot := fmt.Sprintf("26-0000001-5 код проверки %s стр. %d из %d", CheckCode(d.JSON), i+1, len(all))
		if !strings.HasSuffix(p, foot) {
			t.Errorf("page %d ends with %q", i+1, p[max(0, len(p)-120):])
		}
		if strings.Contains(p, hash("event"+fmt.Sprint(heads))) || strings.Contains(p, "№ Время Событие Хеш SHA-256") {
			heads++
			if !strings.Contains(p, "№ Время Событие Хеш SHA-256") {
				t.Errorf("page %d goes on without the head of its table", i+1)
			}
		}
		if strings.HasPrefix(p, "8. Дело открыто · SMS · казахский (продолжение)") {
			again++
		}
	}
	text := strings.Join(all, "\n")
	for i := range 200 {
		if !strings.Contains(text, hash(fmt.Sprint(i))) || !strings.Contains(text, hash(fmt.Sprint("event", i))) {
			t.Errorf("hash %d is missing", i)
		}
	}
	if heads < 4 || again < 1 || strings.Count(text, "Хабарлама өте ұзын.") < 500 || strings.Count(text, "ә") < 400 {
		t.Errorf("%d heads, %d continued, %d sentences", heads, again, strings.Count(text, "Хабарлама өте ұзын."))
	}
}

func TestEvidence_saysThatItsChainIsBroken(t *testing.T) {
	t.Parallel()
	d := usual(i18n.RU)
	d.Intact, d.BrokenAt = false, 4
	text := strings.ReplaceAll(strings.Join(pages(t, make1(t, d)), "\n"), "\n", " ")
	if !strings.Contains(text, "событие 4 не такое") || strings.Contains(text, "и цела") {
		t.Error(text)
	}
}

func TestEvidence_refusesHalfAPack(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*EvidencePack){
		"no language": func(d *EvidencePack) { d.Lang = "de" },
		"no number":   func(d *EvidencePack) { d.Case = "" },
		"no instant":  func(d *EvidencePack) { d.MadeAt = time.Time{} },
		"no facts":    func(d *EvidencePack) { d.JSON = nil },
	} {
		d := usual(i18n.RU)
		spoil(&d)
		if _, err := Evidence(d); err == nil {
			t.Errorf("%s: made", name)
		}
	}
	d := usual(i18n.KK)
	d.Notices, d.Events, d.Visits = nil, nil, nil
	make1(t, d) // an empty case is a case
	d.Notices = []EvidenceNotice{{Text: "a\x00b😀\xff" + strings.Repeat("\u3042", 300), Status: "never heard of"}}
	make1(t, d) // and no text breaks the paper
}

func BenchmarkEvidence(b *testing.B) {
	d := usual(i18n.KK)
	for b.Loop() {
		make1(b, d)
	}
}
