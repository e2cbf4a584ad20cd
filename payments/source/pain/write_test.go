package pain

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments/source"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func order(v Version) *Order {
	return &Order{
		Version: v, ID: "RB-20260302-1", Created: time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC), On: calendar.MakeDate(2026, 3, 3),
		From: Party{Name: "Депозит «Робот-бейлиф»", ID: "971240001315", Body: true, IBAN: "KZ86125KZT5004100100", BIC: "KKMFKZ2A"},
		Transfers: []Transfer{
			{EndToEnd: "R-26-0000001-8", Amount: money.FromTiyn(123456), To: Party{Name: "Әбдіқадырова Гүлнұр", ID: "000101500001", IBAN: "KZ563190000012344567", BIC: "HSBKKZKX"}, KNP: "990", Purpose: "Артық төленген соманы қайтару, іс № 26-0000001-8"},
			{EndToEnd: "M-26-0000002-6", Amount: money.FromTiyn(1), To: Party{Name: "УГД <по> г. Алматы & Ко", ID: "971240001315", Body: true, IBAN: "KZ563190000012344567"}, KNP: "911", KBK: "204106", Purpose: strings.Repeat("Штраф по постановлению ", 15)},
		},
	}
}

func written(t interface{ Fatal(...any) }, o *Order) []byte {
	var b bytes.Buffer
	if faults, err := Write(&b, o); err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	return b.Bytes()
}

func TestWrite_golden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "order-03.xml", written(t, order(V03)))
	testkit.Golden(t, "order-09.xml", written(t, order(V09)))
}

// document is how another program reads an order: with encoding/xml, every name spelt out.
type document struct {
	Header control `xml:"CstmrCdtTrfInitn>GrpHdr"`
	Info   struct {
		control
		Date struct {
			Old string `xml:",chardata"`
			New string `xml:"Dt"`
		} `xml:"ReqdExctnDt"`
		Payer     string `xml:"DbtrAcct>Id>IBAN"`
		Transfers []struct {
			EndToEnd string   `xml:"PmtId>EndToEndId"`
			Amount   string   `xml:"Amt>InstdAmt"`
			Name     string   `xml:"Cdtr>Nm"`
			IIN      string   `xml:"Cdtr>Id>PrvtId>Othr>Id"`
			BIN      string   `xml:"Cdtr>Id>OrgId>Othr>Id"`
			IBAN     string   `xml:"CdtrAcct>Id>IBAN"`
			KNP      string   `xml:"Purp>Prtry"`
			KBK      string   `xml:"Tax>Rcrd>Ctgy"`
			Words    []string `xml:"RmtInf>Ustrd"`
		} `xml:"CdtTrfTxInf"`
	} `xml:"CstmrCdtTrfInitn>PmtInf"`
}

type control struct {
	Count int    `xml:"NbOfTxs"`
	Sum   string `xml:"CtrlSum"`
}

func TestWrite_isReadByAnother(t *testing.T) {
	t.Parallel()
	letters := rapid.StringMatching(`[А-ЯӘҒҚҢӨҰҮІҺа-яәғқңөұүіһA-Za-z0-9&<>"'№]{1,30}( [А-Яа-я0-9.,-]{1,20}){0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		o := order(rapid.SampledFrom([]Version{V03, V09}).Draw(t, "version"))
		o.Transfers = nil
		sum := int64(0)
		for i := range rapid.IntRange(1, 20).Draw(t, "count") {
			tiyn := rapid.Int64Range(1, 1e12).Draw(t, "tiyn")
			sum += tiyn
			x := Transfer{
				EndToEnd: "R" + strings.Repeat("x", i), Amount: money.FromTiyn(tiyn), KNP: "911", KBK: rapid.SampledFrom([]string{"", "204106"}).Draw(t, "kbk"),
				To: Party{Name: rapid.StringMatching(`[А-ЯӘҒҚҢӨҰҮІҺ&<'"][а-яәғқңөұүіһ]{1,40}`).Draw(t, "name"), IBAN: "KZ563190000012344567"}, Purpose: letters.Draw(t, "purpose"),
			}
			if rapid.Bool().Draw(t, "body") {
				x.To.ID, x.To.Body = "971240001315", true
			} else {
				x.To.ID = "000101500001"
			}
			o.Transfers = append(o.Transfers, x)
		}
		file := written(t, o)
		if !bytes.Equal(file, written(t, o)) {
			t.Fatal("the same order gave other bytes")
		}
		var d document
		if err := xml.Unmarshal(file, &d); err != nil {
			t.Fatal(err)
		}
		want := control{len(o.Transfers), money.FromTiyn(sum).String()}
		if d.Header != want || d.Info.control != want || d.Info.Payer != o.From.IBAN || d.Info.Date.Old+d.Info.Date.New != o.On.String() {
			t.Fatalf("%+v, want %+v", d.Info, want)
		}
		for i, x := range d.Info.Transfers {
			w := o.Transfers[i]
			if x.EndToEnd != w.EndToEnd || x.Amount != w.Amount.String() || x.Name != w.To.Name || x.IIN+x.BIN != w.To.ID || (x.BIN != "") != w.To.Body ||
				x.IBAN != w.To.IBAN || x.KNP != w.KNP || x.KBK != w.KBK || strings.Join(x.Words, " ") != w.Purpose {
				t.Fatalf("%+v, want %+v", x, w)
			}
			for _, part := range x.Words {
				if utf8.RuneCountInString(part) > maxText {
					t.Fatalf("a part of %d letters", utf8.RuneCountInString(part))
				}
			}
		}
	})
}

func TestWrite_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(o *Order)
		field string
		place int
	}{
		"a version":             {func(o *Order) { o.Version = "001.02" }, "", 0},
		"an identifier":         {func(o *Order) { o.ID = "№ 1" }, "MsgId", 0},
		"a long identifier":     {func(o *Order) { o.ID = strings.Repeat("1", 36) }, "MsgId", 0},
		"slashes":               {func(o *Order) { o.Transfers[0].EndToEnd = "/1" }, "EndToEndId", 1},
		"no time":               {func(o *Order) { o.Created = time.Time{} }, "CreDtTm", 0},
		"no day":                {func(o *Order) { o.On = 0 }, "ReqdExctnDt", 0},
		"no transfers":          {func(o *Order) { o.Transfers = nil }, "CdtTrfTxInf", 0},
		"a reference twice":     {func(o *Order) { o.Transfers[1].EndToEnd = o.Transfers[0].EndToEnd }, "EndToEndId", 2},
		"nothing to pay":        {func(o *Order) { o.Transfers[1].Amount = money.Zero }, "InstdAmt", 2},
		"a negative sum":        {func(o *Order) { o.Transfers[1].Amount = money.FromTiyn(-1) }, "InstdAmt", 2},
		"more than any account": {func(o *Order) { o.Transfers[0].Amount = money.FromTiyn(money.Limit) }, "CtrlSum", 0},
		"an account":            {func(o *Order) { o.Transfers[0].To.IBAN = "KZ563190000012344568" }, "CdtrAcct", 1},
		"an IIN":                {func(o *Order) { o.Transfers[0].To.ID = "000101500002" }, "Cdtr/Id", 1},
		"a BIC":                 {func(o *Order) { o.Transfers[0].To.BIC = "HSBK1ZKX" }, "CdtrAgt", 1},
		"no name":               {func(o *Order) { o.Transfers[0].To.Name = " " }, "Cdtr/Nm", 1},
		"a face":                {func(o *Order) { o.Transfers[0].To.Name = "Иван 🙂" }, "Cdtr/Nm", 1},
		"a control character":   {func(o *Order) { o.Transfers[0].Purpose = "a\x00b" }, "RmtInf/Ustrd", 1},
		"broken letters":        {func(o *Order) { o.Transfers[0].Purpose = "\xCF" }, "RmtInf/Ustrd", 1},
		"a long story":          {func(o *Order) { o.Transfers[0].Purpose = strings.Repeat("а", 421) }, "RmtInf/Ustrd", 1},
		"a KNP":                 {func(o *Order) { o.Transfers[0].KNP = "9" }, "Purp", 1},
		"a KBK":                 {func(o *Order) { o.Transfers[0].KBK = "20410" }, "Tax/Rcrd/Ctgy", 1},
		"nobody pays":           {func(o *Order) { o.From.ID = "" }, "Dbtr/Id", 0},
	} {
		o := order(V09)
		c.spoil(o)
		var b bytes.Buffer
		faults, err := Write(&b, o)
		if err != nil || b.Len() > 0 || len(faults) != 1 || faults[0].Field != c.field || faults[0].Place != c.place || faults[0].Message("kk") == "" {
			t.Errorf("%s: %v, %v", name, faults, err)
		}
	}
}

// Names come from statements, with the marks of typesetters and letters in two pieces.
func TestWrite_makesTextsPlain(t *testing.T) {
	t.Parallel()
	o := order(V03)
	o.Transfers[0].To.Name = "ТОО\u00A0“И\u0306од” — 1"
	if file := written(t, o); !bytes.Contains(file, []byte("<Nm>ТОО &quot;Йод&quot; - 1</Nm>")) {
		t.Errorf("%s", file)
	}
}

const report = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>A1</MsgId></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>RB-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>RB-1</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>R-1</OrgnlEndToEndId><TxSts>ACSC</TxSts><AcctSvcrRef>B9</AcctSvcrRef></TxInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>R-2</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>Шот жоқ</AddtlInf><AddtlInf>2</AddtlInf></StsRsnInf></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`

func TestReadStatus(t *testing.T) {
	t.Parallel()
	got, err := ReadStatus(strings.NewReader(report))
	if err != nil {
		t.Fatal(err)
	}
	want := &Report{
		Format: "pain.002.001.03", ID: "A1", Original: "RB-1", Group: Verdict{Status: Partial}, Payments: []Payment{{ID: "RB-1"}},
		Transfers: []TransferStatus{
			{Payment: "RB-1", EndToEnd: "R-1", Ref: "B9", Verdict: Verdict{Status: Settled}},
			{Payment: "RB-1", EndToEnd: "R-2", Verdict: Verdict{Rejected, "AC01", "Шот жоқ 2"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if v, ok := got.Of("R-2"); !ok || !v.Status.Failed() {
		t.Errorf("R-2 is %+v", v)
	}
	if v, ok := got.Of("R-3"); ok {
		t.Errorf("of R-3 nothing is known, and we heard %+v", v)
	}
	whole := strings.NewReplacer("PART", "RJCT").Replace(report[:strings.Index(report, "<OrgnlPmtInfAndSts>")]) + "</CstmrPmtStsRpt></Document>"
	got, err = ReadStatus(strings.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := got.Of("R-1"); !ok || v.Status != Rejected || v.Status.Done() {
		t.Errorf("a rejected file says %+v of R-1", v)
	}
}

func TestReadStatus_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, code string }{
		"another message":   {"pain.002", "pain.001", source.CodeFormat},
		"a version":         {"001.03\"", "001.99\"", source.CodeVersion},
		"a status":          {"ACSC", "FINE", source.CodeInvalid},
		"no status":         {"<TxSts>ACSC</TxSts>", "", source.CodeMissing},
		"no reference":      {"<OrgnlEndToEndId>R-1</OrgnlEndToEndId>", "", source.CodeMissing},
		"a transfer twice":  {"R-2", "R-1", source.CodeTwice},
		"no original":       {"<OrgnlMsgId>RB-1</OrgnlMsgId>", "", source.CodeMissing},
		"two statuses":      {"<TxSts>ACSC</TxSts>", "<TxSts>ACSC</TxSts><TxSts>RJCT</TxSts>", source.CodeTwice},
		"cut":               {"</CstmrPmtStsRpt></Document>", "", source.CodeTruncated},
		"a second document": {"</Document>", "</Document><Document/>", source.CodeTrailing},
	} {
		_, err := ReadStatus(strings.NewReader(strings.Replace(report, c.old, c.new, 1)))
		if f, ok := err.(*source.Fault); !ok || f.Code != c.code { //nolint:errorlint // it is not wrapped
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadStatus(f *testing.F) {
	f.Add([]byte(report))
	f.Add([]byte(strings.ReplaceAll(report, "001.03\"", "001.10\"")))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := ReadStatus(bytes.NewReader(file))
		if err != nil {
			return
		}
		for _, x := range r.Transfers {
			if v, ok := r.Of(x.EndToEnd); !ok || v != x.Verdict || !v.Status.known() || v.Status.Done() && v.Status.Failed() {
				t.Fatalf("%+v", x)
			}
		}
	})
}

func FuzzWrite(f *testing.F) {
	f.Add("Иванов", "Возврат", "R-1")
	f.Add("<&>'\"", "]]>", "a/b")
	f.Add("e\u0301\u0308", "\u202E", "//")
	f.Fuzz(func(t *testing.T, name, purpose, id string) {
		o := order(V03)
		o.Transfers = o.Transfers[:1]
		o.Transfers[0].To.Name, o.Transfers[0].Purpose, o.Transfers[0].EndToEnd = name, purpose, id
		var b bytes.Buffer
		if faults, err := Write(&b, o); err != nil || len(faults) > 0 {
			return
		}
		var d document
		if err := xml.Unmarshal(b.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		x := d.Info.Transfers[0]
		again := strings.Join(x.Words, " ")
		if x.EndToEnd != id || utf8.RuneCountInString(x.Name) > maxText || len(strings.ReplaceAll(again, " ", "")) == 0 {
			t.Fatalf("%+v", x)
		}
	})
}
