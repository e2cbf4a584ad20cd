package camt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/camt"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// doc wraps what a statement has behind its balances.
func doc(format, entries string) string {
	message, statement := "BkToCstmrStmt", "Stmt"
	if strings.HasPrefix(format, "camt.054") {
		message, statement = "BkToCstmrDbtCdtNtfctn", "Ntfctn"
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:%s"><%s><GrpHdr><MsgId>M</MsgId></GrpHdr><%s><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb>
<FrToDt><FrDtTm>2026-03-02T00:00:00</FrDtTm><ToDtTm>2026-03-02T23:59:59</ToDtTm></FrToDt>
<Acct><Id><IBAN>KZ86125KZT5004100100</IBAN></Id><Ccy>KZT</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>
%s</%s></%s></Document>`, format, message, statement, entries, statement, message)
}

const (
	head = `<Ntry><Amt Ccy="KZT">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt><ValDt><Dt>2026-03-01</Dt></ValDt><AcctSvcrRef>E1</AcctSvcrRef>`
	good = head + `</Ntry>`
)

func read(file string) ([]*source.Statement, error) {
	return source.Collect(camt.Read, strings.NewReader(file))
}

func lines(t *testing.T, file string) []source.Line {
	t.Helper()
	all, err := read(file)
	if err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	return all[0].Lines
}

var compare = cmp.Comparer(func(a, b money.Amount) bool { return a.Equal(b) })

// A batch in the manner of 001.02, with sums inside AmtDtls and one part that goes back, and of later versions.
func TestRead_batchBecomesItsParts(t *testing.T) {
	t.Parallel()
	part := func(sum, ref, name, sign string) string {
		return `<TxDtls><Refs>` + ref + `<EndToEndId>NOTPROVIDED</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="KZT">` + sum + `</Amt></TxAmt></AmtDtls>` + sign +
			`<RltdPties><Dbtr><Nm>` + name + `</Nm></Dbtr></RltdPties><RmtInf><Ustrd>a</Ustrd><Ustrd>b</Ustrd><Strd><CdtrRefInf><Ref>RF1</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>`
	}
	got := lines(t, doc("camt.053.001.02", head+`<NtryDtls>`+part("30.00", "", "A", "")+part("25", "<AcctSvcrRef>T2</AcctSvcrRef>", "B", "")+part("5.00", "<AcctSvcrRef>E1</AcctSvcrRef>", "C", "<CdtDbtInd>DBIT</CdtDbtInd>")+`</NtryDtls></Ntry>`))
	day := calendar.MakeDate(2026, 3, 2)
	line := func(ref string, tiyn int64, credit bool, payer source.Party) source.Line {
		return source.Line{Place: 1, Ref: ref, Credit: credit, Amount: money.FromTiyn(tiyn), Currency: "KZT", Booked: day, Value: day - 1, Purpose: "a b RF1", Payer: payer}
	}
	want := []source.Line{line("E1/1", 3000, true, source.Party{Name: "A"}), line("T2", 2500, true, source.Party{Name: "B"}), line("E1/3", 500, false, source.Party{})}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRead_entries(t *testing.T) {
	t.Parallel()
	detail := func(inside string) string {
		return head + `<NtryDtls><TxDtls>` + inside + `</TxDtls></NtryDtls></Ntry>`
	}
	for name, c := range map[string]struct {
		format, entry string
		show          func(l source.Line) string
		want          string
	}{
		"an instant is a day in Almaty": {
			"camt.053.001.08", strings.Replace(good, "<Dt>2026-03-02</Dt>", "<DtTm>2026-03-01T20:30:00Z</DtTm>", 1),
			func(l source.Line) string { return l.Booked.String() }, "2026-03-02",
		},
		"local time keeps its day": {
			"camt.053.001.08", strings.Replace(good, "<Dt>2026-03-02</Dt>", "<DtTm>2026-03-02T23:30:00.123</DtTm>", 1),
			func(l source.Line) string { return l.Booked.String() }, "2026-03-02",
		},
		"a status of later versions": {
			"camt.053.001.08", strings.Replace(good, "<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>", 1),
			func(l source.Line) string { return l.Ref }, "E1",
		},
		"the words of the bank, when there are no others": {
			"camt.053.001.04", head + `<AddtlNtryInf>Оплата &amp; др.</AddtlNtryInf></Ntry>`,
			func(l source.Line) string { return l.Purpose }, "Оплата & др.",
		},
		"a reversal keeps the roles": {
			"camt.053.001.08", strings.NewReplacer("CRDT", "DBIT", "<Sts>", "<RvslInd>true</RvslInd><Sts>").Replace(detail(`<RltdPties><Dbtr><Pty><Nm>Payer</Nm></Pty></Dbtr><Cdtr><Pty><Nm>We</Nm></Pty></Cdtr></RltdPties>`)),
			func(l source.Line) string { return fmt.Sprintf("%v %v %s", l.Credit, l.Reversal, l.Payer.Name) }, "false true Payer",
		},
		"a reversal with the roles turned is known by our account": {
			"camt.053.001.08", strings.NewReplacer("CRDT", "DBIT", "<Sts>", "<RvslInd>true</RvslInd><Sts>").Replace(detail(`<RltdPties><Dbtr><Pty><Nm>We</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>KZ86125KZT5004100100</IBAN></Id></DbtrAcct><Cdtr><Pty><Nm>Payer</Nm></Pty></Cdtr></RltdPties>`)),
			func(l source.Line) string { return l.Payer.Name }, "Payer",
		},
		"the IIN among other numbers": {
			"camt.053.001.02", detail(`<RltdPties><Dbtr><Nm>A</Nm><Id><PrvtId><Othr><Id>N 05</Id></Othr><Othr><Id>940101300005</Id></Othr></PrvtId></Id></Dbtr></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BIC>HSBKKZKX</BIC></FinInstnId></DbtrAgt></RltdAgts>`),
			func(l source.Line) string { return l.Payer.IIN + " " + l.Payer.BIC }, "940101300005 HSBKKZKX",
		},
		"KNP and KBK": {
			"camt.054.001.08", detail(`<Purp><Prtry>911</Prtry></Purp><Tax><Rcrd><Ctgy>204106</Ctgy></Rcrd></Tax>`),
			func(l source.Line) string { return l.KNP + " " + l.KBK }, "911 204106",
		},
		"the reference of the transaction before that of the entry": {
			"camt.053.001.08", detail(`<Refs><AcctSvcrRef>T1</AcctSvcrRef><EndToEndId>R-1</EndToEndId></Refs>`),
			func(l source.Line) string { return l.Ref + " " + l.EndToEnd }, "T1 R-1",
		},
		"a detail in the payer's currency": {
			"camt.053.001.08", detail(`<Amt Ccy="USD">0.10</Amt>`),
			func(l source.Line) string { return l.Amount.String() + l.Currency }, "50.00KZT",
		},
	} {
		got := lines(t, doc(c.format, c.entry))
		if len(got) != 1 || c.show(got[0]) != c.want {
			t.Errorf("%s: %+v, want %s", name, got, c.want)
		}
	}
}

func TestRead_countsWhatIsNotBooked(t *testing.T) {
	t.Parallel()
	summary := `<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><Sum>100.00</Sum></TtlNtries><TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>50</Sum></TtlCdtNtries></TxsSummry>`
	all, err := read(doc("camt.053.001.02", summary+good+strings.Replace(good, "BOOK", "PDNG", 1)))
	if err != nil || len(all[0].Lines) != 1 || all[0].Skipped != 1 {
		t.Fatal(all, err)
	}
	if faults := source.Check(all[0]); len(faults) > 0 {
		t.Error(faults[0])
	}
}

func TestRead_findsThePeriod(t *testing.T) {
	t.Parallel()
	file := doc("camt.053.001.02", good)
	file = file[:strings.Index(file, "<FrToDt>")] + file[strings.Index(file, "<Acct>"):]
	for name, c := range map[string]struct{ old, new, want string }{
		"of the balances":               {"", "", "2026-03-02 2026-03-02"},
		"of the evening before":         {`OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02`, `PRCD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-02-28`, "2026-03-01 2026-03-02"},
		"of the lines without balances": {"<Bal>", "<X>", "2026-03-02 2026-03-02"},
	} {
		text := strings.ReplaceAll(file, c.old, c.new)
		if c.new == "<X>" {
			text = strings.ReplaceAll(text, "</Bal>", "</X>")
		}
		all, err := read(text)
		if err != nil || all[0].From.String()+" "+all[0].To.String() != c.want {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func TestRead_refuses(t *testing.T) {
	t.Parallel()
	two := head + `<NtryDtls><TxDtls><Amt Ccy="KZT">30.00</Amt></TxDtls><TxDtls><Amt Ccy="KZT">20.00</Amt></TxDtls></NtryDtls></Ntry>`
	for name, c := range map[string]struct {
		entries, old, new string
		code, field       string
		place             int
	}{
		"a batch that does not add up":   {two, "20.00</Amt></Tx", "20.01</Amt></Tx", source.CodeBatch, "TxDtls", 1},
		"a part without a sum":           {two, `<Amt Ccy="KZT">30.00</Amt>`, "", source.CodeMissing, "TxDtls/Amt", 1},
		"a part in another currency":     {two, `<Amt Ccy="KZT">30.00`, `<Amt Ccy="USD">30.00`, source.CodeCurrency, "TxDtls/Amt", 1},
		"the only part with another sum": {head + `<NtryDtls><TxDtls><Amt Ccy="KZT">49.99</Amt></TxDtls></NtryDtls></Ntry>`, "", "", source.CodeBatch, "TxDtls", 1},
		"a negative sum":                 {good, ">50.00<", ">-50.00<", source.CodeNegative, "Amt", 1},
		"three decimals":                 {good, ">50.00<", ">50.000<", source.CodeAmount, "Amt", 1},
		"an exponent":                    {good, ">50.00<", ">5e1<", source.CodeAmount, "Amt", 1},
		"a comma":                        {good, ">50.00<", ">50,00<", source.CodeAmount, "Amt", 1},
		"no currency":                    {good, `<Amt Ccy="KZT">50`, `<Amt>50`, source.CodeMissing, "Amt/@Ccy", 1},
		"another currency":               {good, `<Amt Ccy="KZT">50`, `<Amt Ccy="USD">50`, source.CodeCurrency, "Ccy", 1},
		"no sum":                         {good, `<Amt Ccy="KZT">50.00</Amt>`, "", source.CodeMissing, "Amt", 1},
		"no direction":                   {strings.Replace(good, "<CdtDbtInd>CRDT</CdtDbtInd>", "", 1), "", "", source.CodeMissing, "CdtDbtInd", 1},
		"another direction":              {strings.Replace(good, "CRDT", "credit", 1), "", "", source.CodeInvalid, "CdtDbtInd", 1},
		"another reversal":               {strings.Replace(good, "<Sts>", "<RvslInd>yes</RvslInd><Sts>", 1), "", "", source.CodeInvalid, "RvslInd", 1},
		"no status":                      {good, "<Sts>BOOK</Sts>", "", source.CodeMissing, "Sts", 1},
		"another status":                 {good, "BOOK", "DONE", source.CodeInvalid, "Sts", 1},
		"two statuses in one":            {good, "BOOK</Sts>", "BOOK<Cd>PDNG</Cd></Sts>", source.CodeStructure, "Sts", 1},
		"no date":                        {`<Ntry><Amt Ccy="KZT">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>`, "", "", source.CodeMissing, "BookgDt", 1},
		"a day that is none":             {good, "<BookgDt><Dt>2026-03-02", "<BookgDt><Dt>2026-02-29", source.CodeDate, "BookgDt", 1},
		"a sum twice":                    {good, "<CdtDbtInd>CRDT</CdtDbtInd><Sts>", `<Amt Ccy="KZT">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>`, source.CodeTwice, "Amt", 1},
		"a date twice":                   {good, "<BookgDt><Dt>2026-03-02</Dt>", "<BookgDt><Dt>2026-03-02</Dt><DtTm>2026-03-01T00:00:00</DtTm>", source.CodeTwice, "DtTm", 1},
		"a head behind the details":      {two, "</NtryDtls>", "</NtryDtls><RvslInd>true</RvslInd>", source.CodeStructure, "NtryDtls", 1},
		"text between elements":          {good, "<Sts>", "x<Sts>", source.CodeStructure, "Ntry", 1},
		"an element in a value":          {good, ">50.00<", ">50.<b/>00<", source.CodeStructure, "Amt", 1},
		"an entry of another namespace":  {good, "<Ntry>", `<Ntry xmlns="urn:x">`, source.CodeXML, "", 0},
		"a prefix of the same namespace": {good, "<Ntry>", `<n:Ntry xmlns:n="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"></n:Ntry><Ntry>`, source.CodeXML, "", 0},
		"an entity":                      {good, "<Document", `<!DOCTYPE a [<!ENTITY e "5">]><Document`, source.CodeXML, "", 0},
		"an instruction":                 {good, "<Sts>", `<?x y?><Sts>`, source.CodeXML, "", 1},
		"a count that is wrong":          {`<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>` + good, "", "", source.CodeTotals, "TtlNtries/NbOfNtries", 0},
		"a total that is wrong":          {`<TxsSummry><TtlCdtNtries><Sum>50.01</Sum></TtlCdtNtries></TxsSummry>` + good, "", "", source.CodeTotals, "TtlCdtNtries/Sum", 0},
		"a total of debits":              {`<TxsSummry><TtlDbtNtries><Sum>50.00</Sum></TtlDbtNtries></TxsSummry>` + good, "", "", source.CodeTotals, "TtlDbtNtries/Sum", 0},
		"a balance twice":                {good, "CLBD", "OPBD", source.CodeTwice, "Bal", 0},
		"a second root":                  {good, "</Document>", "</Document><Document/>", source.CodeTrailing, "", 1},
		"text behind":                    {good, "</Document>", "</Document> 1", source.CodeTrailing, "", 1},
		"the second entry":               {good + good, "", "", "", "", 0}, // doubled references are found by the check
		"cut":                            {good, "</Stmt></BkToCstmrStmt></Document>", "", source.CodeTruncated, "", 1},
		"an endless value":               {good, "E1<", strings.Repeat("E", 70<<10) + "<", source.CodeLong, "AcctSvcrRef", 1},
	} {
		_, err := read(strings.Replace(doc("camt.053.001.02", c.entries), c.old, c.new, 1))
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		f, ok := err.(*source.Fault) //nolint:errorlint // it is not wrapped
		if !ok || f.Code != c.code || f.Field != c.field || c.code != source.CodeTrailing && f.Place != c.place {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, format := range []string{"camt.053.001.02", "camt.053.001.08", "camt.054.001.04"} {
		f.Add([]byte(doc(format, good)))
		f.Add([]byte(doc(format, head+`<NtryDtls><TxDtls><Amt Ccy="KZT">30.00</Amt></TxDtls><TxDtls><Amt Ccy="KZT">20.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls></NtryDtls></Ntry>`)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		all, err := read(string(file))
		if err != nil {
			if f, ok := err.(*source.Fault); !ok || f.Message("en") == f.Code { //nolint:errorlint // it is not wrapped
				t.Fatal(err)
			}
			return
		}
		for _, s := range all {
			if source.Check(s); len(s.Lines) > 0 && s.Currency == "" {
				t.Fatalf("%+v", s)
			}
		}
	})
}
