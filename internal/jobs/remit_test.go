package jobs_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

var budget = payments.Requisites{Name: "Департамент казначейства", BIN: "971240001315", IBAN: "KZ940700000000000003", KBK: "204000", KNP: "900"}

// claimant lets all writs say where the money goes.
func (b *bundle) claimant(r payments.Requisites) {
	b.exec(`UPDATE writs SET claimant_name = $1, claimant_bin = $2, iban = $3, kbk = $4, knp = $5`, r.Name, r.BIN, r.IBAN, r.KBK, r.KNP)
}

// paidCases makes a world in which each of n cases was paid 1000.00 by a statement, and the wait is over.
func paidCases(t *testing.T, n int) *bundle {
	t.Helper()
	b := setup(t, n)
	b.accounts()
	b.claimant(budget)
	for i := range n {
		b.statement(fmt.Sprint("in", i), credit(fmt.Sprint("L", i), 100000, caseno.Format(b.ids[i])))
	}
	b.clock.Advance(7 * 24 * time.Hour)
	return b
}

func (b *bundle) claimants() []queue.Claimant {
	b.t.Helper()
	list, err := b.robot.Claimants(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bundle) run1() queue.Run {
	b.t.Helper()
	run, err := b.robot.CollectRemittances(b.t.Context(), "", ourIBAN, first, "weekly")
	if err != nil {
		b.t.Fatal(err)
	}
	return run
}

// remitted collects and releases all that can be sent, and gives the file with its orders.
func (b *bundle) remitted() (file int64, orders []payments.PayOrder) {
	b.t.Helper()
	run := b.run1()
	if err := b.robot.ReleaseFile(b.t.Context(), run.File, second, ""); err != nil {
		b.t.Fatal(err)
	}
	return run.File, b.orders(run.File)
}

// cancel lets the issuer cancel the decision of a case.
func (b *bundle) cancel(id int64) {
	b.t.Helper()
	pl, err := b.robot.Engine.Apply(b.t.Context(), []engine.For{{CaseID: id, Actor: engine.ActorCourt, Command: engine.Cancel{Ground: "court", Act: "1"}}})
	if err != nil || pl[0].Refusal != nil {
		b.t.Fatal(pl, err)
	}
}

func (b *bundle) orders(file int64) []payments.PayOrder {
	b.t.Helper()
	list, err := b.robot.Payments.PayoutsOf(b.t.Context(), b.pool, file)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// said is a bank's answer to a file of remittances.
func said(file int64, o payments.PayOrder, status, reason string) string {
	return strings.Replace(answer(file, o, status, reason), "RB-REFUND-", "RB-REMIT-", 1)
}

func (b *bundle) owed() []queue.Owed {
	b.t.Helper()
	list, err := b.robot.OwedByClaimants(b.t.Context(), 0, 100)
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

const noSuchAccount = "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>"

// takenBack is the bank's line that takes a payment back.
func (b *bundle) takenBack(i int) jobsResult {
	l := credit(fmt.Sprint("L", i), 100000, caseno.Format(b.ids[i]))
	l.Credit, l.Reversal = false, true
	return b.statement(fmt.Sprint("back", i), l)
}

func TestRemit_whenTheWaitIsOver(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	b.accounts()
	b.claimant(budget)
	b.statement("in", credit("L0", 100000, caseno.Format(b.ids[0])))
	b.message("ev", paid("K-1", 50000, caseno.Format(b.ids[1])))
	b.settle()
	for day := range 8 { // Tuesday, 1 September: Wednesday, Thursday and Friday are full working days
		c := b.claimants()
		if len(c) != 1 || c[0].Wrong != "" || c[0].Gateway.Sum.String() != "500.00" || (c[0].Ready.Count == 1) != (day >= 4) || c[0].Ready.Count+c[0].Young.Count != 1 {
			t.Fatalf("after %d days: %+v", day, c)
		}
		if _, err := b.robot.CollectRemittances(t.Context(), strings.Repeat("0", 64), ourIBAN, first, "x"); code(err) != jobs.CodeNotDue {
			t.Errorf("another claimant's: %v", err)
		}
		if _, err := b.robot.CollectRemittances(t.Context(), "", ourIBAN, first, "x"); day < 4 && code(err) != jobs.CodeNotDue {
			t.Fatalf("after %d days: %v", day, err)
		} else if day >= 4 {
			break
		}
		b.clock.Advance(24 * time.Hour)
	}
	b.sound()
	// The gateway's money comes: it is due too, and only now.
	b.statement("out", paidOut("L1", "K-1", 50000, "выплата"))
	if c := b.claimants(); c[0].Ready.Sum.String() != "500.00" {
		t.Errorf("%+v", c[0])
	}
	if run := b.run1(); run.Sum.String() != "500.00" {
		t.Errorf("%+v", run)
	}
	b.sound()
}

func TestRemit_aFileOfTwoPeople(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 3)
	if bal := b.balances(); bal["due_to_claimants"] != "-3000.00" || bal["claims"] != "-57465.00" {
		t.Fatalf("%v", bal)
	}
	run := b.run1()
	if run.Count != 3 || run.Sum.String() != "3000.00" || run.Left != 0 {
		t.Fatalf("%+v", run)
	}
	if _, err := b.robot.CollectRemittances(t.Context(), "", ourIBAN, second, "again"); code(err) != jobs.CodeNotDue {
		t.Errorf("collected twice: %v", err)
	}
	if err := b.robot.ReleaseFile(t.Context(), run.File, first, ""); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	if err := b.robot.ReleaseFile(t.Context(), run.File, second, ""); err != nil {
		t.Fatal(err)
	}
	name, body, err := b.robot.PayoutFile(t.Context(), run.File, first, "to the bank")
	if err != nil || name != "RB-REMIT-000001.xml" {
		t.Fatal(name, err)
	}
	var doc struct {
		Sum string `xml:"CstmrCdtTrfInitn>GrpHdr>CtrlSum"`
		Tx  []struct {
			KBK     string   `xml:"Tax>Rcrd>Ctgy"`
			KNP     string   `xml:"Purp>Prtry"`
			IBAN    string   `xml:"CdtrAcct>Id>IBAN"`
			Purpose []string `xml:"RmtInf>Ustrd"`
		} `xml:"CstmrCdtTrfInitn>PmtInf>CdtTrfTxInf"`
	}
	if err := xml.Unmarshal(body, &doc); err != nil || doc.Sum != "3000.00" || len(doc.Tx) != 3 {
		t.Fatalf("%+v %v", doc, err)
	}
	for i, tx := range doc.Tx { // the issuer's number tells the claimant which writ was paid
		if words := strings.Join(tx.Purpose, " "); tx.KBK != budget.KBK || tx.KNP != budget.KNP || tx.IBAN != budget.IBAN || !strings.Contains(words, fmt.Sprintf("№ T-%d", i)) || !strings.Contains(words, caseno.Format(b.ids[i])) {
			t.Errorf("%+v", tx)
		}
	}
	if bytes.Contains(body, []byte("Ахметов")) || bytes.Contains(body, []byte(iin(0))) {
		t.Error("the claimant is told more than he needs")
	}
	orders := b.orders(run.File)
	b.told(said(run.File, orders[0], "ACSC", ""))
	if bal := b.balances(); bal["due_to_claimants"] != "-2000.00" || bal["sent_to_claimants"] != "-1000.00" {
		t.Errorf("%v", bal)
	}
	b.statement("out", leaves("D0", orders[0]), leaves("D1", orders[1]), leaves("D2", orders[2]))
	bal := b.balances()
	if bal["due_to_claimants"] != "" || bal["sent_to_claimants"] != "" || bal["treasury"] != "" || bal["unexplained"] != "" {
		t.Errorf("%v", bal)
	}
	if got, err := b.robot.TakeReport(t.Context(), strings.NewReader(answer(run.File, orders[0], "ACSC", ""))); code(err) != jobs.CodeReport {
		t.Errorf("an answer to a file of refunds: %+v, %v", got, err)
	}
	b.sound()
	hledger(t, b)
}

// Whatever comes first, the bank's word or the statement, and however often: it goes once.
func TestRemit_onceWhateverComesFirst(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"word line", "line word", "line line word word", "word back line", "back line word", "word line back", "no no", "drop"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := paidCases(t, 1)
			var file int64
			var o payments.PayOrder
			if order == "drop" {
				file = b.run1().File
			} else {
				var list []payments.PayOrder
				file, list = b.remitted()
				o = list[0]
			}
			for i, step := range strings.Fields(order) {
				switch step {
				case "word":
					b.told(said(file, o, "ACSC", ""))
				case "no":
					b.told(said(file, o, "RJCT", noSuchAccount))
				case "line":
					b.statement(fmt.Sprint("s", i), leaves("D1", o))
				case "back":
					b.statement(fmt.Sprint("s", i), comesBack("C1", o))
				case "drop":
					if err := b.robot.DropFile(t.Context(), file, first, "a mistake"); err != nil {
						t.Fatal(err)
					}
				}
				b.sound()
			}
			again := strings.Contains(order, "back") || strings.Contains(order, "no") || order == "drop"
			c := b.claimants()
			if again != (len(c) == 1 && c[0].Ready.Sum.String() == "1000.00") {
				t.Errorf("due %+v", c)
			}
			if again && order != "drop" && c[0].Refused != 1 {
				t.Errorf("nobody is told that it was refused: %+v", c[0])
			}
			if bal := b.balances(); again != (bal["due_to_claimants"] == "-1000.00" && bal["treasury"] == "1000.00") || bal["sent_to_claimants"] != "" {
				t.Errorf("%v", bal)
			}
			if again { // and the next run sends it
				if _, list := b.remitted(); len(list) != 1 {
					t.Errorf("%+v", list)
				}
			}
			b.sound()
		})
	}
}

// Requisites that are missing are completed by two people, for all writs that say the same, and leave the others alone.
func TestRemit_requisitesOfTwoPeople(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 4)
	b.exec(`UPDATE writs SET kbk = '20400' WHERE case_id = ANY($1)`, b.ids[:2])
	b.exec(`UPDATE writs SET claimant_bin = '', iban = '' WHERE case_id = $1`, b.ids[2])
	run := b.run1()
	if run.Count != 1 || run.Left != 3 {
		t.Fatalf("%+v", run)
	}
	wrong := map[string]queue.Claimant{}
	for _, c := range b.claimants() {
		wrong[c.Wrong] = c
	}
	if c := wrong["kbk"]; c.Ready.Count != 2 || c.Number != "" {
		t.Errorf("%+v", c)
	}
	if c := wrong["bin"]; c.Number != caseno.Format(b.ids[2]) {
		t.Errorf("a writ without a claimant is a scope of its own: %+v", c)
	}
	bad := budget
	bad.IBAN = "KZ950700000000000003"
	if _, err := b.robot.ProposeRequisites(t.Context(), wrong["kbk"].ID, bad, first, "x"); code(err) != jobs.CodeRequisites {
		t.Errorf("%v", err)
	}
	id, err := b.robot.ProposeRequisites(t.Context(), wrong["kbk"].ID, budget, first, "letter 12")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.robot.ProposeRequisites(t.Context(), wrong["kbk"].ID, budget, second, "me too"); code(err) != acts.CodeStale {
		t.Errorf("proposed twice: %v", err)
	}
	if err := b.robot.ApproveRequisites(t.Context(), id, first, ""); code(err) != acts.CodeSamePerson {
		t.Errorf("the same person: %v", err)
	}
	now, _ := b.clock.Now(t.Context())
	if _, err := b.pool.Exec(t.Context(), `INSERT INTO claimant_requisites_decisions VALUES ($1, 'approved', $2, '', $3)`, id, first, now); err == nil {
		t.Error("the database lets one person do it")
	}
	if _, err := b.robot.CollectRemittances(t.Context(), "", ourIBAN, first, "x"); code(err) != jobs.CodeNotDue {
		t.Errorf("a proposal sends: %v", err)
	}
	if err := b.robot.ApproveRequisites(t.Context(), id, second, ""); err != nil {
		t.Fatal(err)
	}
	if err := b.robot.ApproveRequisites(t.Context(), id, second, ""); code(err) != acts.CodeNotOpen {
		t.Errorf("approved twice: %v", err)
	}
	if run := b.run1(); run.Count != 2 || run.Left != 1 {
		t.Errorf("%+v", run)
	}
	b.sound()
}

// A payment that is taken back after its money has gone reopens nothing at the claimant: he owes it, a person asks, and two people book how it
// was made good. Until then nothing of the case is sent.
func TestRemit_takenBackAfterwards(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"on its way, refused", "on its way, done, given back", "done, given back", "done, kept", "collected, dropped"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			b := paidCases(t, 1)
			run := b.run1()
			o := b.orders(run.File)[0]
			out := func() { b.statement("out", leaves("D1", o)) }
			if !strings.HasPrefix(how, "collected") {
				if err := b.robot.ReleaseFile(t.Context(), run.File, second, ""); err != nil {
					t.Fatal(err)
				}
			}
			if strings.HasPrefix(how, "done") {
				out()
			}
			if got := b.takenBack(0); got[payments.WasReverse] != 1 {
				t.Fatalf("%v", got)
			}
			b.sound()
			if c := b.load(b.ids[0]); !c.Paid.IsZero() {
				t.Errorf("the case was paid %s", c.Paid)
			}
			if l := b.owed(); len(l) != 1 || l[0].Amount.String() != "1000.00" || l[0].Claimant != budget.Name {
				t.Fatalf("owed %+v", l)
			}
			switch how {
			case "collected, dropped":
				if err := b.robot.ReleaseFile(t.Context(), run.File, second, ""); code(err) != jobs.CodeFileStale {
					t.Errorf("released all the same: %v", err)
				}
				if err := b.robot.DropFile(t.Context(), run.File, second, "stale"); err != nil {
					t.Fatal(err)
				}
			case "on its way, refused":
				b.told(said(run.File, o, "RJCT", noSuchAccount))
			case "on its way, done, given back":
				out()
			}
			// The debtor pays anew: while the claimant owes for the case, nothing more goes to him.
			b.statement("anew", credit("N1", 100000, caseno.Format(b.ids[0])))
			b.clock.Advance(7 * 24 * time.Hour)
			if strings.Contains(how, "given back") || strings.Contains(how, "kept") {
				if c := b.claimants(); c[0].Claimed.Sum.String() != "1000.00" || c[0].Ready.Count != 0 {
					t.Errorf("%+v", c[0])
				}
				from := int64(b.count(`SELECT max(id) FROM payments`))
				if strings.Contains(how, "given back") {
					b.statement("claimant", credit("R1", 100000, "возврат ошибочно перечисленного"))
					from = b.suspense()[0].ID
				}
				act := acts.Act{Kind: acts.Recover, Parts: []acts.Part{{PaymentID: from, Known: o.PaymentID, Amount: money.FromTiyn(100000)}}}
				more := act
				more.Parts = []acts.Part{{PaymentID: from, Known: o.PaymentID, Amount: money.FromTiyn(100001)}}
				more.ProposedBy, more.Reason = first, "x"
				if _, err := b.robot.ProposeMoney(t.Context(), more); code(err) == "<nil>" {
					t.Error("more than is owed")
				}
				if err := b.approve(b.propose(act)); err != nil {
					t.Fatal(err)
				}
			}
			if l := b.owed(); len(l) != 0 {
				t.Errorf("owed %+v", l)
			}
			b.sound()
			wantDue := "-1000.00"
			if strings.Contains(how, "kept") {
				wantDue = ""
			}
			if bal := b.balances(); bal["owed_by_claimants"] != "" || bal["due_to_claimants"] != wantDue || bal["suspense"] != "" {
				t.Errorf("%v", bal)
			}
			hledger(t, b)
		})
	}
}

// A decision that is cancelled after its money has gone: the payer is due his money, and gets it when the claimant has given it back, never from
// the money of others.
func TestRemit_cancelledAfterwards(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	_, orders := b.remitted()
	b.statement("out", leaves("D0", orders[0]))
	b.cancel(b.ids[0])
	if bal := b.balances(); bal["refunds_due"] != "-1000.00" || bal["owed_by_claimants"] != "1000.00" {
		t.Errorf("%v", bal)
	}
	if d := b.due(); len(d) != 0 {
		t.Errorf("it would be paid back with the money of others: %+v", d)
	}
	b.statement("claimant", credit("R1", 100000, "возврат"))
	back := b.suspense()[0]
	if err := b.approve(b.propose(acts.Act{Kind: acts.Recover, Parts: []acts.Part{{PaymentID: back.ID, Known: orders[0].PaymentID, Amount: back.Amount}}})); err != nil {
		t.Fatal(err)
	}
	if d := b.due(); len(d) != 1 || d[0].Amount.String() != "1000.00" {
		t.Errorf("%+v", d)
	}
	b.sound()
	hledger(t, b)
}

// A case that was paid in full, and that two people say was about somebody else: what has gone to the claimant is owed by him, what has not
// gone is due to the payer at once, and the case stays ended.
func TestRemit_paidForNothing(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 2)
	_, orders := b.remitted()
	b.statement("out", leaves("D0", orders[0]))
	for i := range 2 {
		b.statement(fmt.Sprint("rest", i), credit(fmt.Sprint("R", i), 1915500, caseno.Format(b.ids[i])))
	}
	pl, err := b.robot.Engine.Apply(t.Context(), []engine.For{{CaseID: b.ids[0], Actor: "desk:a, desk:b", Command: engine.Cancel{Ground: engine.GroundOtherPerson, GiveBack: true}}})
	if err != nil || pl[0].Refusal != nil {
		t.Fatal(pl, err)
	}
	if bal := b.balances(); bal["refunds_due"] != "-20155.00" || bal["owed_by_claimants"] != "1000.00" {
		t.Errorf("%v", bal)
	}
	if d := b.due(); len(d) != 1 || d[0].Amount.String() != "19155.00" {
		t.Errorf("%+v", d)
	}
	var news int
	if err := b.pool.QueryRow(t.Context(), `SELECT count(*) FROM notices n JOIN cases c ON c.id = n.case_id WHERE c.id = $1 AND c.state = 'paid' AND c.paid = 0 AND n.kind = 'other_person'`, b.ids[0]).Scan(&news); err != nil || news != 1 {
		t.Errorf("%d notices, %v", news, err)
	}
	b.sound()
	hledger(t, b)
}

// What is suspended or held waits; what came after a hand-over is the claimant's all the same; a cancelled case has nothing for him.
func TestRemit_onlyWhatIsHis(t *testing.T) {
	t.Parallel()
	b := paidCases(t, 3)
	b.exec(`UPDATE cases SET hold = 'x' WHERE id = $1`, b.ids[0])
	b.cancel(b.ids[1])
	c := b.claimants()
	if len(c) != 1 || c[0].Withheld.Count != 1 || c[0].Ready.Count != 1 || c[0].Due().Sum.String() != "2000.00" {
		t.Fatalf("%+v", c)
	}
	run := b.run1()
	if o := b.orders(run.File); len(o) != 1 || o[0].CaseID != b.ids[2] {
		t.Errorf("%+v", o)
	}
	b.exec(`UPDATE cases SET hold = 'x' WHERE id = $1`, b.ids[2]) // stopped since it was collected
	if err := b.robot.ReleaseFile(t.Context(), run.File, second, ""); code(err) != jobs.CodeFileStale {
		t.Errorf("%v", err)
	}
	b.exec(`UPDATE cases SET hold = ''`)
	b.sound()
}

// A refund and a remittance of one payment go side by side, and twenty runs at once send it once.
func TestRemit_besideARefundAndOnce(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	b.claimant(budget)
	b.clock.Advance(7 * 24 * time.Hour)
	refund, r := b.sent()
	done := make(chan int64, 20)
	for i := range 20 {
		go func() {
			run, err := b.robot.CollectRemittances(t.Context(), "", ourIBAN, first, fmt.Sprint(i))
			if err == nil {
				done <- run.File
				return
			}
			if c := code(err); c != jobs.CodeNotDue && c != acts.CodeStale {
				t.Error(err)
			}
			done <- 0
		}()
	}
	var file int64
	n := 0
	for range 20 {
		if f := <-done; f != 0 {
			file, n = f, n+1
		}
	}
	if n != 1 {
		t.Fatalf("%d runs sent it", n)
	}
	if err := b.robot.ReleaseFile(t.Context(), file, second, ""); err != nil {
		t.Fatal(err)
	}
	o := b.orders(file)[0]
	b.statement("out", leaves("D1", o), leaves("D2", r))
	b.told(answer(refund, r, "ACSC", ""))
	if bal := b.balances(); bal["treasury"] != "" || bal["refunds_due"] != "" || bal["due_to_claimants"] != "" || o.Amount.String() != "20155.00" {
		t.Errorf("%v, %+v", bal, o)
	}
	b.sound()
}
