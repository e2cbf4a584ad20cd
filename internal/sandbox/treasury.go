package sandbox

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/sample"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// TreasuryAccount is our account at the simulated treasury.
const TreasuryAccount = "KZ510700000000000001"

// PayoutAccounts names the accounts from which the sources of money pay out to it.
var PayoutAccounts = map[string]string{SourceGateway: "KZ240700000000000002", SourceBank: "KZ940700000000000003"}

// Treasury is the bank that keeps our account: what the sources pay out to it, and what our payment orders send on. Its books are its own.
// It refuses some orders and sends some back a day later, as banks do.
type Treasury struct {
	// Sent is what arrived at each receiver and stayed there.
	Sent map[Receiver]money.Amount

	seed    uint64
	day     calendar.Date // of the statement that is open
	opening money.Amount
	lines   []source.Line
	paidIn  map[string]bool // payouts of sources that were credited
	done    map[string]bool // references of orders that were executed
	back    []source.Line   // what comes back on the next day
	number  int
}

// Receiver is where an order sends money.
type Receiver struct{ IBAN, KBK, KNP string }

// NewTreasury opens the account.
func NewTreasury(seed uint64) *Treasury {
	return &Treasury{Sent: map[Receiver]money.Amount{}, seed: seed, opening: money.Zero, paidIn: map[string]bool{}, done: map[string]bool{}}
}

// PayOut credits all that the sources took for us and nobody took back.
func (t *Treasury) PayOut(ctx context.Context, w *World, on calendar.Date) error {
	p, err := w.books.All(ctx)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(p.Payments.rows)) {
		pay := p.Payments.rows[key]
		if t.paidIn[key] || pay.Reversed > 0 {
			continue
		}
		t.paidIn[key] = true
		t.lines = append(t.lines, source.Line{
			Ref: fmt.Sprintf("T%08d", len(t.paidIn)), EndToEnd: pay.TxnID, Credit: true, Amount: money.FromTiyn(pay.Amount), Currency: source.Currency,
			Booked: on, Value: on, Purpose: pay.Reference, Payer: source.Party{Name: "Payout " + pay.Source, IBAN: PayoutAccounts[pay.Source]},
		})
	}
	return nil
}

// transferOrders is what this bank reads of a pain.001: not our own writer's words for it.
type transferOrders struct {
	ID  string `xml:"CstmrCdtTrfInitn>GrpHdr>MsgId"`
	Sum string `xml:"CstmrCdtTrfInitn>GrpHdr>CtrlSum"`
	Tx  []struct {
		Ref     string   `xml:"PmtId>EndToEndId"`
		Sum     string   `xml:"Amt>InstdAmt"`
		Name    string   `xml:"Cdtr>Nm"`
		IBAN    string   `xml:"CdtrAcct>Id>IBAN"`
		KNP     string   `xml:"Purp>Prtry"`
		KBK     string   `xml:"Tax>Rcrd>Ctgy"`
		Purpose []string `xml:"RmtInf>Ustrd"`
	} `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf"`
}

// Execute does a file of payment orders on a day, and answers with a pain.002. A file whose control sum is wrong, or an order done before, is
// refused.
func (t *Treasury) Execute(file []byte, on calendar.Date) ([]byte, error) {
	var o transferOrders
	if err := xml.Unmarshal(file, &o); err != nil {
		return nil, fmt.Errorf("sandbox: payment orders: %w", err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>A-%s</MsgId></GrpHdr>`+
		`<OrgnlGrpInfAndSts><OrgnlMsgId>%s</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>%s</OrgnlPmtInfId>`, o.ID, o.ID, o.ID)
	total := money.Zero
	for _, tx := range o.Tx {
		sum, err := money.Parse(tx.Sum)
		if err != nil {
			return nil, fmt.Errorf("sandbox: payment orders: %w", err)
		}
		total = total.Add(sum)
		fate := roll(t.seed, "treasury", tx.Ref)
		status := "<TxSts>ACSC</TxSts>"
		switch line := t.line(tx.Ref, sum, on, tx.Name, tx.IBAN, strings.Join(tx.Purpose, " ")); {
		case t.done[tx.Ref]:
			status = "<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AM05</Cd></Rsn></StsRsnInf>"
		case fate.in(200):
			status = "<TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AB06</Cd></Rsn></StsRsnInf>"
		case fate.in(200):
			t.lines = append(t.lines, line)
			line.Ref, line.Credit, line.Purpose = line.Ref+"R", true, "Возврат: "+line.Purpose
			t.back = append(t.back, line)
		default:
			t.lines = append(t.lines, line)
			to := Receiver{tx.IBAN, tx.KBK, tx.KNP}
			t.Sent[to] = t.Sent[to].Add(sum)
		}
		t.done[tx.Ref] = true
		fmt.Fprintf(&out, `<TxInfAndSts><OrgnlEndToEndId>%s</OrgnlEndToEndId>%s</TxInfAndSts>`, tx.Ref, status)
	}
	if total.String() != o.Sum {
		return nil, fmt.Errorf("sandbox: the orders come to %s, the control sum says %s", total, o.Sum)
	}
	out.WriteString("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>")
	return out.Bytes(), nil
}

func (t *Treasury) line(ref string, sum money.Amount, on calendar.Date, name, iban, purpose string) source.Line {
	return source.Line{
		Ref: "D-" + ref, EndToEnd: ref, Amount: sum, Currency: source.Currency, Booked: on, Value: on, Purpose: purpose, Payer: source.Party{Name: name, IBAN: iban},
	}
}

// Statement closes a day and gives its camt.053. What comes back of earlier days stands on it too.
func (t *Treasury) Statement(on calendar.Date) ([]byte, error) {
	back := t.back
	if t.day != 0 && on > t.day {
		for i := range back {
			back[i].Booked, back[i].Value = on, on
		}
		t.lines, t.back = append(back, t.lines...), nil
	}
	t.number++
	st := source.Statement{
		Format: "camt.053.001.08", ID: fmt.Sprintf("TS-%06d", t.number), Number: fmt.Sprint(t.number), Account: TreasuryAccount, Currency: source.Currency, From: on, To: on,
		Created: on.String() + "T20:00:00", Balanced: true, Opening: t.opening, Lines: t.lines,
	}
	st.Closing = t.opening.Add(st.Net())
	t.day, t.opening, t.lines = on, st.Closing, nil
	var out bytes.Buffer
	err := sample.Camt(&out, sample.Of(&st))
	return out.Bytes(), err
}

// Balance is what lies on our account by the bank's books.
func (t *Treasury) Balance() money.Amount { return t.opening }
