package jobs_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/pain"
	"robotbailiff/rules/money"
)

const payerIBAN = "KZ940700000000000003"

// overpaid makes a world where the first case was paid 844.50 too much from an account that the bank names.
func overpaid(t *testing.T) *bundle {
	t.Helper()
	b := setup(t, 2)
	b.accounts()
	l := credit("L1", 2100000, caseno.Format(b.ids[0]))
	l.Payer = source.Party{Name: "Ахметов Данияр", IIN: iin(0), IBAN: payerIBAN}
	b.statement("s", l)
	return b
}

func (b *bundle) due() []payments.Due {
	b.t.Helper()
	list, err := b.robot.Payments.DueList(b.t.Context(), b.pool, 0, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// sent collects and releases all that is due, and gives the file and its one order.
func (b *bundle) sent() (file int64, o payments.PayOrder) {
	b.t.Helper()
	var ids []int64
	for _, d := range b.due() {
		ids = append(ids, d.PaymentID)
	}
	file, err := b.robot.CollectRefunds(b.t.Context(), ids, ourIBAN, first, "weekly")
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.robot.ReleaseFile(b.t.Context(), file, second, ""); err != nil {
		b.t.Fatal(err)
	}
	list, err := b.robot.Payments.PayoutsOf(b.t.Context(), b.pool, file)
	if err != nil || len(list) != len(ids) {
		b.t.Fatal(list, err)
	}
	return file, list[0]
}

func leaves(ref string, o payments.PayOrder) source.Line {
	return source.Line{
		Ref: ref, EndToEnd: o.EndToEnd, Amount: o.Amount, Currency: "KZT", Booked: moneyDay, Value: moneyDay, Purpose: "Возврат",
		Payer: source.Party{Name: "Ахметов Данияр", IBAN: payerIBAN},
	}
}

func comesBack(ref string, o payments.PayOrder) source.Line {
	l := credit(ref, o.Amount.Tiyn(), "Возврат: счёт закрыт")
	l.EndToEnd = o.EndToEnd
	return l
}

// answer is a pain.002 of one order.
func answer(file int64, o payments.PayOrder, status, reason string) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<GrpHdr><MsgId>A-%d</MsgId><CreDtTm>2026-09-01T10:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RB-REFUND-%06d</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId></OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>%s</OrgnlEndToEndId><TxSts>%s</TxSts>%s</TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>`,
		file, file, o.EndToEnd, status, reason)
}

func (b *bundle) told(text string) queue.Told {
	b.t.Helper()
	got, err := b.robot.TakeReport(b.t.Context(), strings.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	return got
}

func TestRefund_twoPeopleAndTheSameBytes(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	d := b.due()
	if len(d) != 1 || d[0].Amount.String() != "845.00" || d[0].Payer == nil || !d[0].OnAccount {
		t.Fatalf("due %+v", d)
	}
	file, err := b.robot.CollectRefunds(t.Context(), []int64{d[0].PaymentID}, ourIBAN, first, "weekly")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.robot.CollectRefunds(t.Context(), []int64{d[0].PaymentID}, ourIBAN, second, "again"); code(err) != jobs.CodeNotDue {
		t.Errorf("collected twice: %v", err)
	}
	if len(b.due()) != 0 {
		t.Error("it is still in the queue")
	}
	if _, _, err := b.robot.PayoutFile(t.Context(), file, first, "to look"); err == nil {
		t.Error("a file that nobody released")
	}
	if err := b.robot.ReleaseFile(t.Context(), file, first, ""); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	now, _ := b.clock.Now(t.Context())
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO payout_file_acts (file_id, act, actor, reason, at, sha256, sealed) VALUES ($1, 'released', $2, '', $3, decode(repeat('00', 32), 'hex'), '')`, file, first, now); err == nil {
		t.Error("the database lets one person do it")
	}
	if err := b.robot.ReleaseFile(t.Context(), file, second, ""); err != nil {
		t.Fatal(err)
	}
	if err := b.robot.ReleaseFile(t.Context(), file, second, ""); code(err) != acts.CodeNotOpen {
		t.Errorf("released twice: %v", err)
	}
	if _, _, err := b.robot.PayoutFile(t.Context(), file, first, " "); code(err) != acts.CodeNoReason {
		t.Errorf("taken in silence: %v", err)
	}
	name, one, err := b.robot.PayoutFile(t.Context(), file, first, "to the bank")
	if err != nil || name != "RB-REFUND-000001.xml" {
		t.Fatal(name, err)
	}
	b.clock.Advance(48 * time.Hour)
	_, two, err := b.robot.PayoutFile(t.Context(), file, second, "once more")
	if err != nil || !bytes.Equal(one, two) {
		t.Error("other bytes", err)
	}
	f, err := b.robot.Payments.File(t.Context(), b.pool, file, now)
	if sum := sha256.Sum256(one); err != nil || !bytes.Equal(f.SHA256, sum[:]) || f.Count != 1 || f.Sum.String() != "845.00" {
		t.Errorf("%+v %v", f, err)
	}
	for _, want := range []string{"Ахметов Данияр", payerIBAN, ourIBAN, "845.00", "по делу " + caseno.Format(b.ids[0])} {
		if !strings.Contains(string(one), want) {
			t.Errorf("the file lacks %s", want)
		}
	}
	if n := b.count(`SELECT count(*) FROM desk_openings WHERE what = 'payout_file' AND of_id = $1`, file); n != 2 {
		t.Errorf("%d openings are written down", n)
	}
	b.sound()
}

// Whatever comes first, the bank's word or the statement, and however often: the same books.
func TestRefund_isClosedOnce(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"word, line", "line, word", "line, line again, word, word", "word, word, line, line again"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := overpaid(t)
			file, o := b.sent()
			for i, step := range strings.Split(order, ", ") {
				if step == "word" {
					b.told(answer(file, o, "ACSC", ""))
				} else {
					b.statement(fmt.Sprint("out", i), leaves("D1", o))
				}
				b.sound()
			}
			if bal := b.balances(); bal["refunds_due"] != "" || bal["outgoing"] != "" || bal["treasury"] != "20155.00" || bal["unexplained"] != "" {
				t.Errorf("%v", bal)
			}
			if n := b.count(`SELECT count(*) FROM payouts WHERE state = 'paid'`); n != 1 {
				t.Errorf("%d orders are paid", n)
			}
			// another line with the same reference is no order of ours
			if got := b.statement("strange", leaves("D2", o)); got[payments.Unexplained] != 1 {
				t.Errorf("%v", got)
			}
			b.sound()
		})
	}
}

func TestRefund_rejectedIsDueAgain(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	file, o := b.sent()
	if got := b.told(answer(file, o, "PDNG", "")); got.Waiting != 1 {
		t.Errorf("%+v", got)
	}
	no := answer(file, o, "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>")
	if got := b.told(no); got.Rejected != 1 {
		t.Errorf("%+v", got)
	}
	if got := b.told(no); got.Known != 1 {
		t.Errorf("again: %+v", got)
	}
	d := b.due()
	if len(d) != 1 || d[0].Last != "rejected" || d[0].Code != "AC04" {
		t.Fatalf("%+v", d)
	}
	if err := b.robot.GiveRequisites(t.Context(), d[0].PaymentID, payments.Payer{Name: "Ахметов Данияр", IBAN: "KZ000000000000000000"}, first, "he called"); code(err) != jobs.CodeRequisites {
		t.Errorf("a bad account: %v", err)
	}
	if err := b.robot.GiveRequisites(t.Context(), d[0].PaymentID, payments.Payer{Name: "Ахметов Данияр", IBAN: gatewayIBAN}, first, "he called"); err != nil {
		t.Fatal(err)
	}
	file2, o2 := b.sent()
	_, body, err := b.robot.PayoutFile(t.Context(), file2, first, "to the bank")
	if err != nil || !strings.Contains(string(body), gatewayIBAN) || strings.Contains(string(body), payerIBAN) {
		t.Error("not to the new account", err)
	}
	// The bank did the rejected one after all: nobody knows why that money left.
	if got := b.statement("out", leaves("D1", o), leaves("D2", o2)); got[payments.Unexplained] != 1 || got[payments.PaidOut] != 1 {
		t.Errorf("%v", got)
	}
	b.sound()
	if _, err := b.robot.TakeReport(t.Context(), strings.NewReader(answer(99, o, "ACSC", ""))); code(err) != jobs.CodeReport {
		t.Errorf("an answer to another's file: %v", err)
	}
	if _, err := b.robot.TakeReport(t.Context(), strings.NewReader("<html>")); code(err) != jobs.CodeReport {
		t.Errorf("no answer at all: %v", err)
	}
}

// A refund that comes back is due again, whichever day is read first.
func TestRefund_comesBack(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"out back", "back out", "word back out", "out word back back"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := overpaid(t)
			file, o := b.sent()
			for i, step := range strings.Fields(order) {
				switch step {
				case "out":
					b.statement(fmt.Sprint("s", i), leaves("D1", o))
				case "back":
					b.statement(fmt.Sprint("s", i), comesBack("C1", o))
				default:
					b.told(answer(file, o, "ACSC", ""))
				}
				b.sound()
			}
			d := b.due()
			if bal := b.balances(); bal["refunds_due"] != "-845.00" || bal["outgoing"] != "" || bal["treasury"] != "21000.00" || len(d) != 1 || d[0].Last != "returned" {
				t.Errorf("%v, due %+v", bal, d)
			}
			if n := b.count(`SELECT count(*) FROM payments`); n != 1 {
				t.Errorf("%d payments", n)
			}
		})
	}
}

// A reference that somebody made up is not ours, and one of ours under another sum pays nothing.
func TestRefund_aStrangersReference(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	_, o := b.sent()
	forged := o
	forged.EndToEnd = o.EndToEnd[:len(o.EndToEnd)-2] + "zz"
	other := o
	other.Amount = o.Amount.Add(money.FromTiyn(1))
	if got := b.statement("s2", comesBack("C1", forged), leaves("D1", forged), comesBack("C2", other), leaves("D2", other)); got[payments.Held] != 2 || got[payments.Unexplained] != 2 {
		t.Errorf("%v", got)
	}
	if n := b.count(`SELECT count(*) FROM payouts WHERE state = 'sent'`); n != 1 {
		t.Errorf("%d orders are sent", n)
	}
	b.sound()
}

func TestRefund_droppedAndLapsed(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	id := b.due()[0].PaymentID
	file, err := b.robot.CollectRefunds(t.Context(), []int64{id}, ourIBAN, first, "weekly")
	if err != nil {
		t.Fatal(err)
	}
	// What is on its way cannot be taken back from under it.
	back := credit("L1", 2100000, caseno.Format(b.ids[0]))
	back.Credit, back.Reversal = false, true
	if got := b.statement("s2", back); got[payments.Unexplained] != 1 {
		t.Errorf("%v", got)
	}
	b.clock.Advance(24 * time.Hour)
	if err := b.robot.ReleaseFile(t.Context(), file, second, ""); code(err) != acts.CodeNotOpen {
		t.Errorf("after a day: %v", err)
	}
	if err := b.robot.DropFile(t.Context(), file, first, "too late"); err != nil {
		t.Fatal(err)
	}
	if d := b.due(); len(d) != 1 || d[0].PaymentID != id {
		t.Errorf("%+v", d)
	}
	b.sound()
}

var house = jobs.House{Name: "Департамент юстиции", BIN: "971240001315", BIC: "KKMFKZ2A", KNP: "190", Version: pain.V03}
