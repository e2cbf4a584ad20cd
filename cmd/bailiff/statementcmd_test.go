package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/testkit"
)

// camtDay writes a statement of one day with one line.
func camtDay(t *testing.T, name, day, opening, closing string, amount, words string) string {
	t.Helper()
	text := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>%[1]s</MsgId><CreDtTm>%[2]sT23:00:00+05:00</CreDtTm></GrpHdr>
<Stmt><Id>%[1]s</Id><FrToDt><FrDtTm>%[2]sT00:00:00+05:00</FrDtTm><ToDtTm>%[2]sT23:59:59+05:00</ToDtTm></FrToDt><Acct><Id><IBAN>KZ510700000000000001</IBAN></Id><Ccy>KZT</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">%[3]s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>%[2]s</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">%[4]s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>%[2]s</Dt></Dt></Bal>
<Ntry><Amt Ccy="KZT">%[5]s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%[2]s</Dt></BookgDt><ValDt><Dt>%[2]s</Dt></ValDt><AcctSvcrRef>R-%[1]s</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>%[6]s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>`, name, day, opening, closing, amount, words)
	path := filepath.Join(t.TempDir(), name+".xml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// statementAnswer runs the command with --json and gives its exit status and report.
func statementAnswer(t *testing.T, url string, files ...string) (int, statementReport) {
	t.Helper()
	var out, errs strings.Builder
	status := mainStatus(append([]string{"statement", "--json", "--db", url}, files...), &out, &errs)
	var r statementReport
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatalf("status %d: %v\n%s\n%s", status, err, out.String(), errs.String())
	}
	return status, r
}

func codes(r statementReport) string {
	var all []string
	for _, e := range r.Errors {
		all = append(all, fmt.Sprintf("%s/%v", e.Code, e.Refused))
		if e.Message == "" || e.Remedy == "" {
			all = append(all, "without words")
		}
	}
	return strings.Join(all, " ")
}

// What the accountant sees: a sound day, the same again, wrong totals, a missing day, a changed day, an unknown account, no statement.
func TestStatementCommand(t *testing.T) {
	url := testkit.URL(t, testkit.DB(t))
	t.Setenv("BAILIFF_HOME", t.TempDir())
	first := camtDay(t, "D1", "2026-09-01", "0.00", "5000.00", "5000.00", "без номера")
	if status, r := statementAnswer(t, url, first); status != exitFailed || codes(r) != "account_unknown/true" || r.Lines != 1 || r.Suspense != 0 {
		t.Fatalf("status %d, %+v", status, r)
	}
	var out strings.Builder
	for _, args := range [][]string{
		{"account", "put", "KZ510700000000000009", "--db", url}, // wrong check digits
		{"account", "put", "KZ510700000000000001", "--gateway", "Kaspi!", "--db", url},
		{"account", "put", "KZ510700000000000001", "--net", "--db", url}, // our own account pays out nothing
	} {
		if status := mainStatus(args, &out, &out); status != exitUsage {
			t.Errorf("%v: status %d\n%s", args, status, out.String())
		}
	}
	if status := mainStatus([]string{"account", "put", "KZ510700000000000001", "--as", "Айгүл", "--db", url}, &out, &out); status != exitDone {
		t.Fatalf("status %d\n%s", status, out.String())
	}
	steps := []struct {
		what   string
		files  []string
		status int
		codes  string
		lines  int
		held   int
		known  int
	}{
		{"a sound day", []string{first}, exitDone, "", 1, 1, 0},
		{"the same file", []string{first}, exitDone, "", 1, 0, 1},
		{"wrong totals", []string{camtDay(t, "D2", "2026-09-02", "5000.00", "6000.00", "500.00", "x")}, exitFailed, "balance_wrong/true", 1, 0, 0},
		{"does not join", []string{camtDay(t, "D2", "2026-09-02", "4000.00", "4500.00", "500.00", "x")}, exitFailed, "opening_differs/true", 1, 0, 0},
		{"a missing day", []string{camtDay(t, "D4", "2026-09-04", "6000.00", "6500.00", "500.00", "x")}, exitFailed, "day_missing/false opening_differs/false", 1, 1, 0},
		{"the same id, changed", []string{camtDay(t, "D4", "2026-09-04", "6000.00", "6600.00", "600.00", "x")}, exitFailed, "day_missing/false opening_differs/false statement_changed/true", 1, 0, 0},
		{"two at once", []string{first, camtDay(t, "D7", "2026-09-07", "6500.00", "6600.00", "100.00", "x")}, exitDone, "", 2, 1, 1},
	}
	for _, s := range steps {
		status, r := statementAnswer(t, url, s.files...)
		got := strings.Fields(codes(r))
		want := strings.Fields(s.codes)
		if status != s.status || !sameWords(got, want) || r.Lines != s.lines || r.Suspense != s.held || r.Duplicate != s.known {
			t.Errorf("%s: status %d, codes %q, %+v", s.what, status, codes(r), r)
		}
	}
	onec := "1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=UTF-8\r\nДатаНачала=07.09.2026\r\nДатаКонца=07.09.2026\r\nРасчСчет=KZ510700000000000001\r\n" +
		"СекцияРасчСчет\r\nДатаНачала=07.09.2026\r\nДатаКонца=07.09.2026\r\nРасчСчет=KZ510700000000000001\r\nНачальныйОстаток=6500.00\r\nВсегоПоступило=0.00\r\nВсегоСписано=0.00\r\nКонечныйОстаток=6500.00\r\nКонецРасчСчет\r\nКонецФайла\r\n"
	other := filepath.Join(t.TempDir(), "day.txt")
	if err := os.WriteFile(other, []byte(onec), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, r := statementAnswer(t, url, other); status != exitFailed || codes(r) != "other_format/true" {
		t.Errorf("the same day in another format: status %d, %+v", status, r)
	}
	noStatement := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(noStatement, []byte("%PDF-1.7"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, r := statementAnswer(t, url, noStatement, noStatement+"x"); status != exitFailed || codes(r) != "format_unknown/true file_unreadable/true" {
		t.Errorf("status %d, %+v", status, r)
	}
}

// sameWords compares without regard to order.
func sameWords(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	left := map[string]int{}
	for i := range a {
		left[a[i]]++
		left[b[i]]--
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}

// The folder: what is whole is taken and moved with its report, what is being written stays, what is unsound is told.
func TestStatementFolder(t *testing.T) {
	url := testkit.URL(t, testkit.DB(t))
	t.Setenv("BAILIFF_HOME", t.TempDir())
	var out strings.Builder
	if status := mainStatus([]string{"account", "put", "KZ510700000000000001", "--as", "Айгүл", "--db", url}, &out, &out); status != exitDone {
		t.Fatalf("status %d\n%s", status, out.String())
	}
	dir := t.TempDir()
	put := func(name, from string) {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("day1.xml", camtDay(t, "D1", "2026-09-01", "0.00", "5000.00", "5000.00", "без номера"))
	put("day2.xml", camtDay(t, "D2", "2026-09-02", "5000.00", "9000.00", "500.00", "x"))
	put("day3.xml.part", camtDay(t, "D3", "2026-09-03", "5000.00", "5500.00", "500.00", "x"))
	out.Reset()
	if status := mainStatus([]string{"statement", "--drop", dir, "--db", url, "--json"}, &out, &out); status != exitFailed {
		t.Fatalf("status %d\n%s", status, out.String())
	}
	put("day1.xml", camtDay(t, "D1", "2026-09-01", "0.00", "5000.00", "5000.00", "без номера"))
	out.Reset()
	if status := mainStatus([]string{"statement", "--drop", dir, "--db", url}, &out, &out); status != exitDone || !strings.Contains(out.String(), "taken before") {
		t.Fatalf("status %d\n%s", status, out.String())
	}
	for _, name := range []string{"done/day1.xml", "done/day1.xml.report.json", "done/2-day1.xml", "refused/day2.xml", "refused/day2.xml.report.json", "day3.xml.part"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	report, err := os.ReadFile(filepath.Join(dir, "refused/day2.xml.report.json"))
	if err != nil || !strings.Contains(string(report), "balance_wrong") {
		t.Errorf("%v\n%s", err, report)
	}
}
