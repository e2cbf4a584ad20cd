package jobs_test

import (
	"bytes"
	"fmt"
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
