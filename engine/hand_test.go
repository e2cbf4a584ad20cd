package engine

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/rules/calendar"
)

// The notice of the opening goes out again only while nothing proves that it arrived, and nobody else has the word.
func TestNotifyAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		state State
		do    []Command
		off   bool
		code  string
	}{
		{name: "opened", state: Opened},
		{name: "arrived", state: Notified, code: CodeProven},
		{name: "arrested", state: Enforcing, code: CodeProven},
		{name: "ended", state: Paid, code: CodeEnded},
		{name: "held", state: Opened, do: []Command{SetHold{Reason: HoldByHand, Note: "x"}}, code: CodeWaits},
		{name: "suspended", state: Opened, do: []Command{Suspend{Reason: "appeal"}}, code: CodeWaits},
		{name: "objected", state: Opened, do: []Command{Object{Ground: GroundPaid}}, code: CodeWaits},
		{name: "refused", state: Opened, do: []Command{RequestRefusal{}}, code: CodeWaits},
		{name: "stopped", state: Opened, off: true, code: CodeStopped},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := inState(tc.state)
			for _, c := range tc.do {
				w.do(c)
			}
			w.throw(tc.off)
			before := w.c
			d := w.do(NotifyAgain{Reason: "the phone was off"})
			if code := w.refusal; (code == nil) != (tc.code == "") || code != nil && code.Code != tc.code {
				t.Fatalf("refused %+v, want %q", code, tc.code)
			}
			if tc.code != "" {
				return
			}
			i := slices.IndexFunc(d.Effects, func(e Effect) bool { n, ok := e.(NoticeWanted); return ok && n.Kind == "opening" })
			if i < 0 || d.Effects[i].(NoticeWanted).Ordinal != w.c.Seq {
				t.Fatalf("no notice of this event: %+v", d.Effects)
			}
			if w.c.NextRungAt.Before(before.NextRungAt) || w.c.Rung != before.Rung {
				t.Errorf("the ladder moved from %d at %s to %d at %s", before.Rung, before.NextRungAt, w.c.Rung, w.c.NextRungAt)
			}
			if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
				t.Errorf("the events do not make the case:\n%s", diff)
			}
			w.do(NoticeDelivered{Ordinal: w.c.Seq, Opening: true, Channel: "sms", At: w.now})
			if w.c.State != Notified {
				t.Errorf("its delivery proves nothing: %s", w.c.State)
			}
		})
	}
}

// After the ladder has ended without a proof, a notice by hand does not begin it anew.
func TestNotifyAgain_afterTheLadder(t *testing.T) {
	t.Parallel()
	w := inState(Opened)
	for w.c.State == Opened && !w.c.NextRungAt.IsZero() {
		w.now = w.c.NextRungAt
		w.do(Tick{})
	}
	w.do(NotifyAgain{Reason: "another number was found"})
	if w.refusal != nil || !w.c.NextRungAt.IsZero() {
		t.Errorf("refused %+v, next rung %s", w.refusal, w.c.NextRungAt)
	}
}

// A lift by hand gives back once, is followed by no other arrest, and leaves the debt as it is.
func TestLiftByHand(t *testing.T) {
	t.Parallel()
	held := func(sum string) *world {
		w := inState(Enforcing)
		w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge(sum)})
		return w
	}
	for name, tc := range map[string]struct {
		w    *world
		code string
	}{
		"nothing is arrested": {inState(Notified), CodeNothing},
		"not answered yet":    {inState(Enforcing), CodePending},
		"ended":               {inState(Paid), CodeEnded},
		"held":                {held("20155.00"), ""},
	} {
		tc.w.do(LiftByHand{Reason: "wages"})
		if code := tc.w.refusal; (code == nil) != (tc.code == "") || code != nil && code.Code != tc.code {
			t.Errorf("%s: refused %+v, want %q", name, code, tc.code)
		}
	}
	w := held("100.00")
	owed := w.c.Outstanding
	w.now = w.c.CollectOn.Start()
	w.do(Tick{})
	if c := w.c.last(Collect); c == nil {
		t.Fatal("nothing is collected")
	}
	d := w.do(LiftByHand{Reason: "wages"})
	if !hasOrder(d, Lift) || !hasOrder(d, Recall) || !w.c.Outstanding.Equal(owed) || w.c.State != Enforcing {
		t.Fatalf("%+v; %s with %s", d.Effects, w.c.State, w.c.Outstanding)
	}
	if w.do(LiftByHand{Reason: "wages"}); w.refusal == nil || w.refusal.Code != CodeAlready {
		t.Errorf("lifted twice: %+v", w.refusal)
	}
	w.do(OrderAnswered{Purpose: Recall, Ordinal: 1, Answer: Accepted})
	w.do(OrderAnswered{Purpose: Lift, Ordinal: 1, Answer: Accepted})
	for calendar.DateOf(w.now).Before(w.c.TermEndsOn) {
		w.now = w.now.AddDate(0, 0, 1)
		for _, p := range []Purpose{Arrest, Collect, Register} {
			if hasOrder(w.do(Tick{}), p) {
				t.Fatalf("%s after the lift", p)
			}
		}
	}
	w.now = w.c.TermEndsOn.End()
	w.do(Tick{})
	if w.c.State != HandedOver {
		t.Errorf("the term is over: %s", w.c.State)
	}
	if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
		t.Errorf("the events do not make the case:\n%s", diff)
	}
}
