package jobs_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"robotbailiff/engine/intake"
)

func batchOf(from, n int) []byte {
	var b bytes.Buffer
	b.WriteString("source,document_number,in_force_date,kind,debtor_iin,debtor_name,region,amount,unpaid_confirmed_on\n")
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "ERAP,B-%d,2026-06-01,fine_prescription,%s,Ахметов Данияр,75,20155.00,2026-08-20\n", i, iin(i))
	}
	return b.Bytes()
}

func (b *bundle) batch(id int64) intake.Batch {
	b.t.Helper()
	found, err := b.robot.Inbox.Batch(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// What is received is taken in by the workers; what lost its job, by the pulse, from its state alone.
func TestRobot_takesBatchesIn(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	a := intake.Arrival{Source: "ERAP", FileName: "a.csv", Via: intake.ViaAPI, By: "test"}
	var ids []int64
	for i := range 3 {
		got, err := b.robot.Inbox.Receive(t.Context(), a, bytes.NewReader(batchOf(i*20, 20)))
		if err != nil || got.State != intake.StateReceived {
			t.Fatalf("%+v, %v", got, err)
		}
		ids = append(ids, got.ID)
	}
	b.exec(`DELETE FROM river_job WHERE kind = 'intake.batch' AND (args ->> 'batch')::bigint = $1`, ids[1])
	// as if a worker had died in the middle: the job is gone, the batch stands half way
	b.exec(`DELETE FROM river_job WHERE kind = 'intake.batch' AND (args ->> 'batch')::bigint = $1`, ids[2])
	b.exec(`UPDATE batches SET state = 'staging', expected = 20 WHERE id = $1`, ids[2])
	b.run()
	b.rest()
	for _, id := range ids {
		if got := b.batch(id); got.State != intake.StateDone || got.Accepted != 20 {
			t.Errorf("%+v", got)
		}
	}
	if found, err := intake.Check(t.Context(), b.pool); err != nil || len(found) > 0 {
		t.Error(found, err)
	}
}

// A batch that two people let in is taken in by the workers as well.
func TestRobot_takesReleasedBatchesIn(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	b.run()
	file := append(batchOf(0, 10), bytes.Repeat([]byte("ERAP,bad,,,,,,,\n"), 5)...)
	got, err := b.robot.Inbox.Receive(t.Context(), intake.Arrival{Source: "ERAP", Via: intake.ViaAPI}, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	b.rest()
	if w := b.batch(got.ID); w.State != intake.StateWaiting || w.Rejected != 5 {
		t.Fatalf("%+v", w)
	}
	for _, who := range []string{"one", "two"} {
		if _, err := b.robot.Inbox.Release(t.Context(), got.ID, who, "looked"); err != nil {
			t.Fatal(err)
		}
	}
	b.rest()
	if w := b.batch(got.ID); w.State != intake.StateDone || w.Accepted != 10 {
		t.Errorf("%+v", w)
	}
}

// A correction moves debt, arrest and money together, in the books of the case, of the ledger and of the bank.
func TestRobot_correctionsMoveMoneyAndArrests(t *testing.T) {
	t.Parallel()
	b := setup(t, 6)
	b.run()
	b.enforce()
	for i, sum := range []string{"10000.00", "15000.00", "20155.00"} {
		b.pay(fmt.Sprintf("e%d", i), b.ids[i], sum, b.load(b.ids[i]).OpenedOn.AddDays(3))
	}
	b.rest()
	row := func(i int, action, sum string) string {
		return fmt.Sprintf("ERAP,T-%d,2026-06-01,fine_prescription,%s,Ахметов Данияр,75,%s,2026-08-20,%s,amended,7/2026\n", i, iin(i), sum, action)
	}
	file := "source,document_number,in_force_date,kind,debtor_iin,debtor_name,region,amount,unpaid_confirmed_on,action,ground,act\n" +
		row(0, "correct", "12000.00") + // 2 000 left
		row(1, "correct", "12000.00") + // 3 000 too much
		row(2, "correct", "20000.00") + // paid before: 155 too much
		row(3, "correct", "100.00") +
		row(4, "cancel", "20155.00")
	got, err := b.robot.Inbox.Receive(t.Context(), intake.Arrival{Source: "ERAP", Via: intake.ViaAPI}, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	b.rest()
	if w := b.batch(got.ID); w.State != intake.StateDone || w.Accepted != 5 {
		t.Fatalf("%+v", w)
	}
	b.sound()
	want := []string{"enforcing 200000 1000000", "paid 0 1200000", "paid 0 2000000", "enforcing 10000 0", "cancelled 0 0", "enforcing 2015500 0"}
	for i, w := range want {
		var got string
		if err := b.pool.QueryRow(t.Context(), `SELECT format('%s %s %s', state, outstanding, paid) FROM cases WHERE id = $1`, b.ids[i]).Scan(&got); err != nil || got != w {
			t.Errorf("case %d: %s, want %s (%v)", i, got, w, err)
		}
	}
	if n := b.count(`SELECT sum(refund_due)::bigint FROM payments`); n != 300000+15500 {
		t.Errorf("%d tiyn are due back", n)
	}
	if n := b.count(`SELECT count(*) FROM orders o JOIN cases c ON c.id = o.case_id
		WHERE o.purpose = 'arrest' AND (o.status = 'active') <> (c.state = 'enforcing') AND o.held <= c.outstanding`); n != 0 {
		t.Errorf("%d arrests do not follow their case", n)
	}
}
