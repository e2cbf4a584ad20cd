package jobs_test

import (
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/notify"
)

// An arrest that was ordered and not sent is taken back by an objection; nothing is taken until the receipt proves that the debtor was
// told why it was declined, and then the arrest is asked for anew.
func TestRobot_anObjectionStopsWhatWasNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	do := func(actor string, cmd engine.Command) {
		t.Helper()
		if out, err := b.robot.Engine.Apply(t.Context(), []engine.For{{CaseID: b.ids[0], Actor: actor, Command: cmd}}); err != nil || out[0].Refusal != nil {
			t.Fatal(out, err)
		}
	}
	b.proveDelivery()
	b.clock.Set(b.load(b.ids[0]).VoluntaryEndsOn.End())
	if _, err := b.robot.Engine.Sweep(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	do(engine.ActorDebtor, engine.Object{Ground: engine.GroundSum})
	b.run()
	b.rest()
	if n := b.count(`SELECT count(*) FROM orders WHERE case_id = $1 AND status = 'withdrawn'`, b.ids[0]); n != 1 || len(b.bank.seen) != 1 {
		t.Fatalf("%d withdrawn, the bank saw %v", n, b.bank.seen)
	}
	b.sound()
	do("desk:a", engine.AnswerObjection{Seq: b.load(b.ids[0]).Objections[0].Seq, Reason: "sum_right"})
	b.clock.Advance(10 * time.Hour) // in the morning messages leave
	b.rest()
	answer := b.load(b.ids[0]).Objections[0].Answer
	if n := b.count(`SELECT count(*) FROM notices WHERE case_id = $1 AND ordinal = $2 AND kind = 'objection_declined' AND attempts > 0`, b.ids[0], answer); n != 2 {
		t.Fatalf("%d notices of the answer have left", n)
	}
	if n := b.count(`SELECT count(*) FROM orders WHERE case_id = $1`, b.ids[0]); n != 1 {
		t.Fatalf("%d orders before the debtor was told", n)
	}
	now, _ := b.clock.Now(t.Context())
	for range 2 { // a receipt comes twice
		if err := b.robot.Receipts(t.Context(), []notify.Receipt{{Ref: notify.Ref(b.ids[0], answer, notify.SMS), Status: notify.StatusDelivered, At: now}}); err != nil {
			t.Fatal(err)
		}
	}
	b.rest()
	if c := b.load(b.ids[0]); c.Objected() || b.count(`SELECT count(*) FROM orders WHERE case_id = $1 AND purpose = 'arrest' AND status = 'active'`, b.ids[0]) != 1 {
		t.Errorf("it does not go on: %+v", c)
	}
	b.sound()
}
