package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func (w *world) lastObjection() Objection { return w.c.Objections[len(w.c.Objections)-1] }

// decline answers the last objection and tells the debtor, by way of which nothing stands any more.
func (w *world) declineAndTell() {
	w.do(AnswerObjection{Seq: w.lastObjection().Seq, Reason: "no_proof"})
	w.do(Told{Answer: w.lastObjection().Answer, Channel: "sms", At: w.now})
}

// Every state × ground: an objection is taken while the case goes on, and nowhere else.
func TestObject_everyStateAndGround(t *testing.T) {
	t.Parallel()
	for _, s := range States {
		for _, g := range append(slices.Clone(ObjectionGrounds), "mood") {
			w := inState(s)
			d := w.do(Object{Ground: g})
			want := ""
			switch {
			case s.Final():
				want = CodeEnded
			case g == "mood":
				want = CodeInvalid
			}
			if want != "" {
				if d.Refusal == nil || d.Refusal.Code != want {
					t.Errorf("%s, %s: %+v, want %s", s, g, d.Refusal, want)
				}
				continue
			}
			o := w.lastObjection()
			if d.Refusal != nil || o.Seq != w.c.Seq || o.MadeOn != calendar.DateOf(w.now) || !w.c.Objected() || w.c.Standing(g) == nil {
				t.Fatalf("%s, %s: %+v %+v", s, g, d.Refusal, o)
			}
			if (w.c.Hold == HoldWrongPerson) != (g == GroundNotMe) {
				t.Errorf("%s: hold %q", g, w.c.Hold)
			}
			told := slices.ContainsFunc(d.Effects, func(e Effect) bool {
				n, ok := e.(NoticeWanted)
				return ok && n.Kind == "objection" && n.Until == o.DueOn
			})
			if told == (g == GroundNotMe) {
				t.Errorf("%s: told %v", g, told)
			}
			if again := w.do(Object{Ground: g}); again.Refusal == nil || again.Refusal.Code != CodeAlready {
				t.Errorf("%s twice: %+v", g, again.Refusal)
			}
			if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
				t.Errorf("the events do not make the case: %s", diff)
			}
		}
	}
}

// What is due by the day waits while an objection stands, also after it was declined and until the debtor was told; then it comes, and
// the days in between do not count.
func TestObject_stopsWhatIsDue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begin func() *world
		due   func(*Case) time.Time
		came  func(*world) bool
	}{
		"arrest":    {func() *world { return inState(Notified) }, func(c *Case) time.Time { return c.VoluntaryEndsOn.End() }, func(w *world) bool { return w.c.State == Enforcing }},
		"collect":   {arrested, func(c *Case) time.Time { return c.CollectOn.Start() }, func(w *world) bool { return w.c.last(Collect) != nil }},
		"hand-over": {arrested, func(c *Case) time.Time { return c.TermEndsOn.End() }, func(w *world) bool { return w.c.State == HandedOver }},
		"rung":      {func() *world { return inState(Opened) }, func(c *Case) time.Time { return c.NextRungAt }, func(w *world) bool { return w.c.Rung == 2 }},
		"refusal": {func() *world { w := inState(Notified); w.do(RequestRefusal{}); return w }, func(c *Case) time.Time {
			return c.RefusalAt.AddDate(0, 0, 2)
		}, func(w *world) bool { return w.c.State == HandedOver }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.begin()
			if name == "hand-over" {
				w.do(OrderAnswered{Purpose: Collect, Ordinal: 1, Answer: NoFunds})
				w.c.CollectOn = noDate
			}
			before := w.c.TermEndsOn
			w.do(Object{Ground: GroundPaid})
			w.now = c.due(&w.c)
			if w.do(Tick{}); c.came(w) {
				t.Fatal("it came while the objection was open")
			}
			w.do(AnswerObjection{Seq: w.lastObjection().Seq, Reason: "no_payment"})
			w.now = w.now.AddDate(0, 0, 2)
			if w.do(Tick{}); c.came(w) || !w.c.Objected() {
				t.Fatal("it came before the debtor was told")
			}
			w.do(Told{Answer: w.lastObjection().Answer, Channel: "sms", At: w.now})
			if w.c.Objected() || !before.Before(w.c.TermEndsOn) && w.lastObjection().MadeOn != calendar.DateOf(w.now) {
				t.Fatalf("term %s, was %s: %+v", w.c.TermEndsOn, before, w.c.Objections)
			}
			w.now = w.now.AddDate(0, 0, 45)
			for range 4 {
				w.do(Tick{})
			}
			if !c.came(w) && w.c.State != HandedOver {
				t.Errorf("it never came: %s", w.c.State)
			}
		})
	}
}

// What an answer brings about, by ground and state.
func TestAnswer_consequences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		begin    func() *world
		ground   Ground
		accepted bool
		hold     string
		lifts    bool
		stands   bool
	}{
		{"paid, accepted: a person matches the money", func() *world { return inState(Notified) }, GroundPaid, true, HoldObjection, false, false},
		{"sum, accepted: a person waits for the issuer", arrested, GroundSum, true, HoldObjection, false, false},
		{"not me, accepted: the hold stays", arrested, GroundNotMe, true, HoldWrongPerson, false, false},
		{"notice, accepted in time", func() *world { return inState(Notified) }, GroundNotice, true, "", false, false},
		{"notice, accepted after the arrest", arrested, GroundNotice, true, "", true, false},
		{"paid, declined", arrested, GroundPaid, false, "", false, true},
		{"not me, declined: its own hold ends", arrested, GroundNotMe, false, "", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := c.begin()
			w.do(Object{Ground: c.ground})
			w.now = w.now.AddDate(0, 0, 3)
			d := w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: c.accepted, Reason: "in_answer"})
			if d.Refusal != nil || w.c.Hold != c.hold || hasOrder(d, Lift) != c.lifts || w.c.Objected() != c.stands {
				t.Fatalf("%+v, hold %q, standing %v, %+v", d.Refusal, w.c.Hold, w.c.Objected(), d.Effects)
			}
			for i := range d.Effects {
				n, ok := d.Effects[i].(NoticeWanted)
				if ok && n.Kind == "objection_declined" && (n.Ordinal != w.lastObjection().Answer || n.Reason != "in_answer" || len(n.Channels) != 2) {
					t.Errorf("told %+v", n)
				}
			}
			if again := w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: !c.accepted, Reason: "in_answer"}); again.Refusal == nil || again.Refusal.Code != CodeAlready {
				t.Errorf("answered twice: %+v", again.Refusal)
			}
			if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
				t.Errorf("the events do not make the case: %s", diff)
			}
		})
	}
}

// An objection against the notice that is accepted in time begins the time to pay anew; accepted later, no arrest has a ground any more,
// and one that the bank confirms afterwards is lifted at once.
func TestAnswer_againstTheNotice(t *testing.T) {
	t.Parallel()
	w := inState(Notified) // on 1 September; the time to pay ends on the 8th
	w.do(Object{Ground: GroundNotice})
	w.now = at("2026-09-04", 12)
	w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: true, Reason: "not_notified"})
	if w.c.VoluntaryEndsOn != day("2026-09-11") {
		t.Errorf("to pay until %s", w.c.VoluntaryEndsOn)
	}
	w.now = w.c.VoluntaryEndsOn.End().Add(-time.Second)
	if d := w.do(Tick{}); hasOrder(d, Arrest) {
		t.Error("arrested within the new time")
	}
	w.now = w.c.VoluntaryEndsOn.End()
	if d := w.do(Tick{}); !hasOrder(d, Arrest) {
		t.Error("no arrest after it")
	}

	w = inState(Enforcing) // asked for, and not confirmed
	w.do(Object{Ground: GroundNotice})
	w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: true, Reason: "not_notified"})
	if d := w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")}); !hasOrder(d, Lift) {
		t.Errorf("the late arrest stays: %+v", d.Effects)
	}
	if !slices.Contains(Blocks(w.c, Arrest, w.p, Env{Now: w.now}), BlockNotice) {
		t.Error("another arrest is possible")
	}
}

// Once more on the same ground, and not for ever.
func TestObject_asOftenAsThePackSays(t *testing.T) {
	t.Parallel()
	w := inState(Notified)
	for range w.p.ObjectionsPerGround(calendar.DateOf(w.now)) {
		if d := w.do(Object{Ground: GroundPaid}); d.Refusal != nil {
			t.Fatalf("%+v", d.Refusal)
		}
		w.declineAndTell()
	}
	if d := w.do(Object{Ground: GroundPaid}); d.Refusal == nil || d.Refusal.Code != CodeTooMany {
		t.Errorf("%+v", d.Refusal)
	}
	if d := w.do(Object{Ground: GroundSum}); d.Refusal != nil {
		t.Errorf("another ground: %+v", d.Refusal)
	}
}

// A stranger's word about the telephone outlives the answer to the debtor's own objection.
func TestDecline_leavesAnotherHold(t *testing.T) {
	t.Parallel()
	w := inState(Notified)
	w.do(SetHold{Reason: HoldWrongPerson})
	w.do(Object{Ground: GroundNotMe})
	w.declineAndTell()
	if w.c.Hold != HoldWrongPerson {
		t.Errorf("hold %q", w.c.Hold)
	}
}

// Money, lifts and refunds go on, whatever was objected.
func TestObject_stopsNoMoney(t *testing.T) {
	t.Parallel()
	for _, g := range ObjectionGrounds {
		w := arrested()
		w.do(Object{Ground: g})
		if d := w.do(Pay{PaymentID: 1, Amount: tenge("5155.00"), ValueDate: calendar.DateOf(w.now)}); !hasOrder(d, Reduce) {
			t.Errorf("%s: %+v", g, d.Effects)
		}
		if d := w.do(Pay{PaymentID: 2, Amount: tenge("15001.00"), ValueDate: calendar.DateOf(w.now)}); w.c.State != Paid || !hasOrder(d, Lift) {
			t.Errorf("%s: %s %+v", g, w.c.State, d.Effects)
		}
		if d := w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: true, Reason: "payment_found"}); d.Refusal != nil || w.c.State != Paid {
			t.Errorf("%s: an objection of an ended case is answered all the same: %+v", g, d.Refusal)
		}
	}
}

// Objections in any order with stops, holds, suspensions and answers: nothing coercive happens while one stands, no day is left out of
// the term twice, and each day on which one stood is left out.
func TestObject_theTermLosesNoDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := inState(Notified)
		stood := 0
		for range rapid.IntRange(1, 30).Draw(t, "days") {
			today := calendar.DateOf(w.now)
			switch rapid.IntRange(0, 6).Draw(t, "act") {
			case 0, 1:
				w.do(Object{Ground: rapid.SampledFrom(ObjectionGrounds).Draw(t, "ground")})
			case 2:
				for _, o := range w.c.Objections {
					if o.Status == ObjectionOpen {
						w.do(AnswerObjection{Seq: o.Seq, Reason: "no_proof"})
						break
					}
				}
			case 3:
				for _, o := range w.c.Objections {
					if o.Status == ObjectionDeclined {
						w.do(Told{Answer: o.Answer, Channel: "sms", At: w.now})
						break
					}
				}
			case 4:
				w.throw(!w.off)
			case 5:
				w.do(Pay{PaymentID: 1, Amount: money.FromTiyn(100), ValueDate: today})
			}
			if w.c.Objected() || w.off {
				stood++
			}
			d := w.do(Tick{})
			if before := w.c; before.Objected() && (hasOrder(d, Arrest) || hasOrder(d, Collect) || w.c.State == HandedOver) {
				t.Fatalf("%+v", d.Events)
			}
			if w.c.State == HandedOver {
				return
			}
			w.now = w.now.AddDate(0, 0, 1)
		}
		w.throw(false)
		for _, o := range slices.Clone(w.c.Objections) {
			w.do(AnswerObjection{Seq: o.Seq, Reason: "no_proof"})
			w.do(Told{Answer: w.c.objection(o.Seq).Answer, Channel: "sms", At: w.now})
		}
		w.do(Resume{Reason: "looked"})
		w.do(Tick{})
		if w.c.SuspendedDays != stood {
			t.Fatalf("%d days were left out, something stood on %d", w.c.SuspendedDays, stood)
		}
	})
}
