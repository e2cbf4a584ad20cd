package statement

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// known is a statement with every direction, a purpose that needs several parts, and the letters of Kazakh.
func known(format string) *source.Statement {
	day := calendar.MakeDate(2026, 1, 2)
	payer := source.Party{Name: "Әбдіқадырова Гүлнұр", IBAN: "KZ563190000012344567", BIC: "HSBKKZKX"}
	s := &source.Statement{
		Format: format, ID: "M1", Number: "7", Account: ours, Currency: "KZT", From: day, To: day, Created: "2026-01-02T20:00:00", Balanced: true, Opening: money.FromTiyn(10000),
		Lines: []source.Line{
			{Ref: "B0", EndToEnd: "R-26-0000001-8", Credit: true, Amount: money.FromTiyn(123456), Booked: day, Value: day.AddDays(-2), Purpose: "Штраф по постановлению № 12, дело 26-0000001-8", Payer: payer},
			{Ref: "B1", EndToEnd: "E1", Amount: money.FromTiyn(1), Booked: day, Value: day, Purpose: "Перечисление", Payer: payer},
			{Ref: "B2", EndToEnd: "E2", Reversal: true, Amount: money.FromTiyn(50), Booked: day, Value: day, Purpose: "Возврат", Payer: payer},
			{Ref: "B3", EndToEnd: "E3", Credit: true, Reversal: true, Amount: money.FromTiyn(7000), Booked: day, Value: day.AddDays(1), Purpose: "Отмена", Payer: payer},
		},
	}
	for i := range s.Lines {
		s.Lines[i].Currency = "KZT"
	}
	s.Closing = s.Opening.Add(s.Net())
	return s
}

// told is a line as far as both sides tell it.
func told(l *source.Line, name, purpose string) string {
	sum := l.Amount
	if !l.Credit {
		sum = sum.Neg()
	}
	return strings.Join([]string{sum.String(), l.Booked.String(), l.Value.String(), l.Ref, l.EndToEnd, name, purpose}, "|")
}

var fieldOfAq = regexp.MustCompile(`(?m)^\s*(?:char|int)\s+(\w+)="([^"]*)"`)

// AqBanking, which reads the statements of hundreds of banks, finds in our MT940 and camt.053 what we find.
func TestPeer_AqBanking(t *testing.T) {
	program, err := exec.LookPath("aqbanking-cli")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("aqbanking-cli is not installed, and CI skips nothing")
		}
		t.Skip("needs AqBanking (Debian: apt-get install aqbanking-tools)")
	}
	for _, c := range []struct{ format, importer, profile string }{
		{"mt940", "swift", "SWIFT-MT940"}, {"camt.053.001.04", "xml", "camt_053_001_04"},
	} {
		s := known(c.format)
		dir := t.TempDir()
		file, out := filepath.Join(dir, "statement"), filepath.Join(dir, "context")
		if err := os.WriteFile(file, write(t, s), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "-n", "-D", dir, "import", "--importer="+c.importer, "--profile="+c.profile, "-f", file, "-c", out)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		if told, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c.format, err, told)
		}
		context, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, block := range strings.Split(string(context), " transaction {")[1:] {
			got = append(got, ofAq(t, block, c.format == "mt940"))
		}
		for i := range s.Lines {
			l := &s.Lines[i]
			if c.format != "mt940" {
				want = append(want, told(&source.Line{Credit: l.Credit, Amount: l.Amount, Booked: l.Booked, Value: l.Value, EndToEnd: l.EndToEnd}, "", ""))
				continue
			}
			want = append(want, told(l, l.Payer.Name, l.Purpose))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-ours +AqBanking):\n%s", c.format, diff)
		}
	}
}

// ofAq reads one transaction of AqBanking's own file. Its importer of MT940 takes UTF-8 for Latin-1; that of camt.053 leaves
// words, names and references aside.
func ofAq(t *testing.T, block string, mt bool) string {
	f := map[string]string{}
	for _, m := range fieldOfAq.FindAllStringSubmatch(block, -1) {
		if _, had := f[m[1]]; had {
			continue
		}
		v, err := url.PathUnescape(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if mt {
			b := []byte{}
			for _, r := range v {
				b = append(b, byte(r))
			}
			v = string(b)
		}
		f[m[1]] = v
	}
	date := func(s string) string { return s[:4] + "-" + s[4:6] + "-" + s[6:] }
	ref, name, purpose := f["bankReference"], f["remoteName"], f["purpose"]
	if !mt {
		ref, name, purpose = "", "", ""
	}
	return strings.Join([]string{rational(t, strings.TrimSuffix(f["value"], ":KZT")), date(f["date"]), date(f["valutaDate"]), ref, f["endToEndReference"], name, purpose}, "|")
}

// rational reads -1/100.
func rational(t *testing.T, s string) string {
	var n, d int64 = 0, 1
	if _, err := fmt.Sscanf(s+"/1", "%d/%d", &n, &d); err != nil || 100%d != 0 {
		t.Fatal(s, err)
	}
	return money.FromTiyn(n * 100 / d).String()
}

const parseStatement = `
const { readFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
import(pathToFileURL(process.env.BAILIFF_TEST_NODE_MODULES + '/iso20022.js/dist/index.mjs')).then(({ CashManagementEndOfDayReport }) => {
  const [s] = CashManagementEndOfDayReport.fromXML(readFileSync(0, 'utf8')).statements;
  const sign = (x) => (x.creditDebitIndicator === 'credit' ? 1 : -1) * Math.round(x.amount);
  console.log(JSON.stringify({
    account: s.account.iban, number: String(s.electronicSequenceNumber),
    balances: s.balances.map((b) => b.type + sign(b)),
    lines: s.entries.map((e) => { const [x] = e.transactions; const p = x.debtor ?? x.creditor; return [sign(e), e.bookingDate.toISOString().slice(0, 10), e.accountServicerReferenceId, p.name, p.account.iban, p.agent?.bic, x.remittanceInformation].join('|'); }),
  }));
});`

// The npm package iso20022.js finds in our camt.053 what we find. It never sees a reversal: it compares the word true with a value
// that it turned into a boolean before.
func TestPeer_iso20022js(t *testing.T) {
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package iso20022.js: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	type view struct {
		Account, Number string
		Balances, Lines []string
	}
	s := known("camt.053.001.02") // of the servicer it reads what versions up to 001.03 call BIC
	cmd := exec.Command("node", "-e", parseStatement)
	cmd.Env = append(os.Environ(), "BAILIFF_TEST_NODE_MODULES="+modules)
	cmd.Stdin = strings.NewReader(string(write(t, s)))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got view
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := view{Account: s.Account, Number: s.Number, Balances: []string{fmt.Sprint("OPBD", s.Opening.Tiyn()), fmt.Sprint("CLBD", s.Closing.Tiyn())}}
	for i := range s.Lines {
		l := &s.Lines[i]
		tiyn := l.Amount.Tiyn()
		if !l.Credit {
			tiyn = -tiyn
		}
		want.Lines = append(want.Lines, strings.Join([]string{fmt.Sprint(tiyn), l.Booked.String(), l.Ref, l.Payer.Name, l.Payer.IBAN, l.Payer.BIC, l.Purpose}, "|"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-ours +iso20022.js):\n%s", diff)
	}
}
