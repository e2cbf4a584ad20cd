package engine

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

var packsByMoment = map[string]func() *pack.Pack{
	pack.RegisterNever: sync.OnceValue(func() *pack.Pack { return changedPack(pack.RegisterNever) }), pack.RegisterUnsecured: pack.Default,
	pack.RegisterEnforcing: sync.OnceValue(func() *pack.Pack { return changedPack(pack.RegisterEnforcing) }),
}

// packWith is the default pack with another moment of the entry.
func packWith(when string) *pack.Pack { return packsByMoment[when]() }

func changedPack(when string) *pack.Pack {
	files := pack.Default().Files()
	for name, text := range files {
		files[name] = bytes.Replace(text, []byte("value: unsecured"), []byte("value: "+when), 1)
	}
	p, err := pack.LoadFiles(files)
	if err != nil {
		panic(err)
	}
	return p
}

// checkEntry proves after any command what must hold of the entry.
func checkEntry(t *rapid.T, w *world, before Case, d Decision) {
	c := d.Next
	live := 0
	for _, o := range c.Orders {
		if o.Purpose == Register && o.Status != RejectedOrder && o.Status != WithdrawnOrder && o.Status != Lifted {
			live++
		}
	}
	if live > 1 {
		t.Fatalf("%d live entries", live)
	}
	if (c.State == Paid || c.State == Cancelled) && !c.ReleasedAt.IsZero() && c.LiveEntry() != nil {
		t.Fatalf("%s and released with an entry that is %s", c.State, c.LiveEntry().Status)
	}
	for _, e := range d.Events {
		if e.Kind != EvRegisterOrdered {
			continue
		}
		when := w.p.RegisterWhen(calendar.DateOf(w.now))
		switch {
		case !w.public, when == pack.RegisterNever, before.LiveEntry() != nil:
			t.Fatalf("an entry is asked for: public %t, %s, %+v", w.public, when, before.LiveEntry())
		case len(e.Data.Trace) != 11 || e.Data.Trace[0].Rule != pack.KeyGuardNotice || e.Data.Trace[10].Rule != ruleRegister:
			t.Fatalf("the trace of the entry: %+v", e.Data.Trace)
		}
	}
}

// unsecured brings a case to an arrest that is answered with less than is owed.
func unsecured(w *world, held string) *world {
	w.public = true
	w.do(openCmd("20155.00"))
	w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
	w.now = w.c.VoluntaryEndsOn.End()
	w.do(Tick{})
	w.do(banksHold(held))
	return w
}

func banksHold(held string) OrderAnswered {
	sum := tenge(held)
	switch {
	case sum.IsZero():
		return OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: NoFunds}
	case sum.Less(tenge("20155.00")):
		return OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Partial, Sum: sum}
	}
	return OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: sum}
}

func said(p Purpose, n int, a Answer) OrderAnswered {
	return OrderAnswered{Purpose: p, Ordinal: n, Answer: a}
}

// entries gives the orders about the register, as "purpose ordinal status".
func entries(c Case) (out []string) {
	for _, o := range c.Orders {
		if o.Purpose.Public() {
			out = append(out, string(o.Purpose)+" "+string(appendInt(nil, int64(o.Ordinal)))+" "+string(o.Status))
		}
	}
	return out
}

func wantEntries(t *testing.T, c Case, want ...string) {
	t.Helper()
	if got := entries(c); !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}

// When the entry is asked for: by the moment that the pack names, what banks hold, and whether there is a register at all.
func TestDecide_theMomentOfTheEntry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		when, held  string
		unconnected bool
		want        bool
	}{
		{when: pack.RegisterNever, held: "0"},
		{when: pack.RegisterEnforcing, held: "20155.00", want: true},
		{when: pack.RegisterEnforcing, held: "20155.00", unconnected: true},
		{when: pack.RegisterUnsecured, held: "20155.00"},
		{when: pack.RegisterUnsecured, held: "20154.99", want: true},
		{when: pack.RegisterUnsecured, held: "0", want: true},
		{when: pack.RegisterUnsecured, held: "0", unconnected: true},
	} {
		w := newWorld()
		w.p = packWith(tt.when)
		if tt.unconnected {
			w.do(openCmd("20155.00"))
			w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
			w.now = w.c.VoluntaryEndsOn.End()
			w.do(Tick{})
			w.do(banksHold(tt.held))
		} else {
			unsecured(w, tt.held)
		}
		if got := w.c.LiveEntry() != nil; got != tt.want {
			t.Errorf("%+v: entry %t", tt, got)
		}
		if !w.c.RegisterOn.IsZero() {
			t.Errorf("%+v: waits since %s", tt, w.c.RegisterOn)
		}
	}
}

// While the gate is shut nothing is asked for; the case waits and is entered when the gate is open, unless all is held meanwhile.
func TestDecide_theEntryWaitsForTheGate(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.public = true
	w.do(openCmd("20155.00"))
	w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
	w.now = w.c.VoluntaryEndsOn.End()
	w.do(Tick{})
	shut := Env{Now: w.now, Stopped: stop.Register, Register: true, PackID: 1}
	d := Decide(w.c, banksHold("100.00"), w.p, shut)
	if d.Next.RegisterOn.IsZero() || d.Next.LiveEntry() != nil {
		t.Fatalf("%+v", d.Next)
	}
	if _, duty, ok := NextLook(d.Next, time.Hour); !ok || duty != "register" {
		t.Fatalf("looked at for %q", duty)
	}
	w.c = d.Next
	if d := Decide(w.c, Tick{}, w.p, shut); d.Refusal == nil {
		t.Fatalf("done while the measure is stopped: %+v", d.Events)
	}
	w.do(SetHold{Reason: "person"})
	if w.do(Tick{}); w.c.LiveEntry() != nil {
		t.Fatal("entered on hold")
	}
	w.do(Resume{Reason: "looked"})
	w.transit = true
	if w.do(Tick{}); w.c.LiveEntry() != nil {
		t.Fatal("entered while money is on its way")
	}
	w.transit = false
	half := w.c
	w.do(Pay{PaymentID: 1, Amount: tenge("20055.00"), ValueDate: calendar.DateOf(w.now)})
	if w.do(Tick{}); w.c.LiveEntry() != nil {
		t.Fatal("entered though all that is owed is held")
	}
	if _, duty, _ := NextLook(w.c, time.Hour); duty == "register" {
		t.Fatal("still waits for an entry that is not wanted")
	}
	w.c = half
	w.do(Tick{})
	wantEntries(t, w.c, "register 1 requested")
}

// Each end of a case, with the entry confirmed and with the entry still on its way.
func TestDecide_theEntryGoesWithItsCase(t *testing.T) {
	t.Parallel()
	full := Pay{PaymentID: 1, Amount: tenge("20155.00")}
	handOver := func(w *world) { w.now = w.c.TermEndsOn.End(); w.do(Tick{}) }
	for name, tt := range map[string]struct {
		end     func(w *world)
		stands  []string // when the register had confirmed the entry
		asked   []string // when it had not
		confirm []string // and then does
	}{
		"paid": {
			end: func(w *world) { w.do(full) }, stands: []string{"register 1 lift_requested", "deregister 1 requested"},
			asked: []string{"register 1 requested"}, confirm: []string{"register 1 lift_requested", "deregister 1 requested"},
		},
		"cancelled": {
			end: func(w *world) { w.do(Cancel{Ground: "court", Act: "1"}) }, stands: []string{"register 1 lift_requested", "deregister 1 requested"},
			asked: []string{"register 1 requested"}, confirm: []string{"register 1 lift_requested", "deregister 1 requested"},
		},
		"lowered to nothing": {
			end: func(w *world) {
				w.do(Pay{PaymentID: 1, Amount: tenge("155.00")})
				w.do(Adjust{Debt: tenge("155.00"), Ground: "amended", Act: "1"})
			}, stands: []string{"register 1 lift_requested", "deregister 1 requested"},
			asked: []string{"register 1 requested"}, confirm: []string{"register 1 lift_requested", "deregister 1 requested"},
		},
		"handed over": {
			end: handOver, stands: []string{"register 1 handed_over"}, asked: []string{"register 1 requested"}, confirm: []string{"register 1 handed_over"},
		},
		"assigned": {
			end:    func(w *world) { handOver(w); w.do(Assign{BailiffID: 3}) },
			stands: []string{"register 1 handed_over", "entrust 1 requested"}, asked: []string{"register 1 requested"},
			confirm: []string{"register 1 handed_over", "entrust 1 requested"},
		},
		"taken back, paid in time": {
			end: func(w *world) {
				handOver(w)
				w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: w.c.TermEndsOn})
			}, stands: []string{"register 1 lift_requested", "deregister 1 requested"},
			asked: []string{"register 1 requested"}, confirm: []string{"register 1 lift_requested", "deregister 1 requested"},
		},
		"paid late": {
			end: func(w *world) {
				handOver(w)
				w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: w.c.TermEndsOn.AddDays(2)})
			}, stands: []string{"register 1 lift_requested", "deregister 1 requested"},
			asked: []string{"register 1 requested"}, confirm: []string{"register 1 lift_requested", "deregister 1 requested"},
		},
	} {
		w := unsecured(newWorld(), "0")
		w.do(said(Register, 1, Accepted))
		tt.end(w)
		wantEntries(t, w.c, tt.stands...)
		if !w.c.ReleasedAt.IsZero() {
			t.Errorf("%s: released before the register confirmed", name)
		}
		w = unsecured(newWorld(), "0")
		tt.end(w)
		wantEntries(t, w.c, tt.asked...)
		w.do(said(Register, 1, Accepted))
		wantEntries(t, w.c, tt.confirm...)
	}
}

// A removal is asked for until it is done: a refusal is no answer to it, and the case is not released.
func TestDecide_aRemovalMustNotFail(t *testing.T) {
	t.Parallel()
	w := unsecured(newWorld(), "0")
	w.do(said(Register, 1, Accepted))
	w.do(Pay{PaymentID: 1, Amount: tenge("20155.00")})
	for range 100 {
		if d := w.do(said(Deregister, 1, Refused)); d.Refusal == nil || d.Refusal.Code != CodeMustNotFail {
			t.Fatalf("%+v", d)
		}
	}
	if !w.c.ReleasedAt.IsZero() {
		t.Fatal("released with the entry in the register")
	}
	w.do(said(Deregister, 1, AlreadyDone))
	wantEntries(t, w.c, "register 1 lifted", "deregister 1 done")
	if w.c.ReleasedAt.IsZero() {
		t.Fatal("not released")
	}
}

// Hold, suspension and refusal stop what comes next and leave an entry as they leave an arrest.
func TestDecide_whatStopsLeavesTheEntry(t *testing.T) {
	t.Parallel()
	for _, cmd := range []Command{SetHold{Reason: HoldWrongPerson}, Suspend{Reason: "appeal"}, RequestRefusal{}} {
		w := unsecured(newWorld(), "100.00")
		w.do(said(Register, 1, Accepted))
		w.do(cmd)
		wantEntries(t, w.c, "register 1 active")
		if a := w.c.last(Arrest); a.Status != Active {
			t.Errorf("%s: the arrest is %s", cmd.Kind(), a.Status)
		}
		w = unsecured(newWorld(), "100.00")
		w.do(cmd)
		w.do(said(Register, 1, Withdrawn)) // the second look found the gate shut
		w.do(Tick{})
		wantEntries(t, w.c, "register 1 withdrawn")
	}
	w := unsecured(newWorld(), "100.00")
	w.do(SetHold{Reason: "person"})
	w.do(said(Register, 1, Withdrawn))
	w.do(Resume{Reason: "looked"})
	w.do(Tick{})
	wantEntries(t, w.c, "register 1 withdrawn", "register 2 requested")
}

// After a restore an entry of the lost past becomes ours; without ground it goes at once.
func TestDecide_anEntryOfALostPast(t *testing.T) {
	t.Parallel()
	w := unsecured(newWorld(), "0")
	w.c.Orders = slices.DeleteFunc(w.c.Orders, func(o Order) bool { return o.Purpose == Register })
	w.do(EntryFound{Ordinal: 1, Ground: GroundRestored})
	wantEntries(t, w.c, "register 1 active")
	if d := w.do(EntryFound{Ordinal: 1, Ground: GroundRestored}); d.Refusal == nil || d.Refusal.Code != CodeAlready {
		t.Fatalf("%+v", d)
	}
	if d := w.do(EntryFound{Ordinal: 2, Ground: GroundRestored}); d.Refusal == nil || d.Refusal.Code != CodeInvalid {
		t.Fatalf("a second entry beside the first: %+v", d)
	}
	w = newWorld()
	w.do(openCmd("20155.00"))
	w.do(EntryFound{Ordinal: 1, Ground: GroundRestored})
	wantEntries(t, w.c, "register 1 lift_requested", "deregister 1 requested")
}

// What a decision knew of the register is in its event only where it mattered, and the decision is made again from it.
func TestDecide_theEventSaysThatTheRegisterWasThere(t *testing.T) {
	t.Parallel()
	w := unsecured(newWorld(), "100.00")
	for _, e := range w.events {
		if e.Data.Cmd == nil {
			continue
		}
		mattered := e.Kind == EvOrderAnswered
		if e.Data.Cmd.Env.Register != mattered {
			t.Errorf("%s: %+v", e.Kind, e.Data.Cmd.Env)
		}
	}
	full := unsecured(newWorld(), "20155.00")
	if raw, _ := json.Marshal(full.events); bytes.Contains(raw, []byte("register")) {
		t.Errorf("a case without an entry speaks of the register: %s", raw)
	}
}

// Whatever is asked, answered, paid, cancelled and stopped in whatever order, against a register that does what it is told sooner or
// later: once an end is confirmed no entry stands, and none is asked for while the gate is shut.
func TestDecide_noEntryOutlivesItsCase(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.public, w.p = true, packWith(rapid.SampledFrom([]string{pack.RegisterEnforcing, pack.RegisterUnsecured}).Draw(t, "when"))
		w.do(openCmd("20155.00"))
		w.do(NoticeDelivered{Ordinal: 1, Opening: true, Channel: "sms", At: w.now})
		register := map[int]bool{} // entries that stand there
		send := func(o Order) {
			if !o.Status.Open() || rapid.IntRange(0, 2).Draw(t, "silent") == 0 {
				return
			}
			answer := rapid.SampledFrom([]Answer{Accepted, Accepted, AlreadyDone, Refused}).Draw(t, "answer")
			switch {
			case o.Purpose == Arrest:
				w.do(OrderAnswered{Purpose: Arrest, Ordinal: o.Ordinal, Answer: Partial, Sum: money.FromTiyn(rapid.Int64Range(1, o.Amount.Tiyn()).Draw(t, "held"))})
				return
			case answer == Refused: // nothing is done
			case o.Purpose == Register:
				register[o.Ordinal] = true
			case o.Purpose == Deregister:
				clear(register)
			}
			w.do(OrderAnswered{Purpose: o.Purpose, Ordinal: o.Ordinal, Answer: answer, Sum: o.Amount})
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 72).Draw(t, "hours")) * time.Hour)
			w.throw(rapid.IntRange(0, 9).Draw(t, "switch") == 0)
			before := w.c
			cmd := drawCommand(t, w)
			switch cmd.(type) {
			case OrderAnswered, EntryFound, BankHolds:
				for _, o := range before.clone().Orders {
					send(o)
				}
				continue
			}
			d := w.do(cmd)
			checkPromises(t, w, before, cmd, d)
			if c := w.c; !c.ReleasedAt.IsZero() && c.State != HandedOver && len(register) > 0 {
				t.Fatalf("%s and released, in the register: %v", c.State, register)
			}
		}
		if w.c.State.Final() { // and in the end everything is answered
			for range 6 {
				for _, o := range w.c.clone().Orders {
					if o.Status.Open() {
						switch o.Purpose {
						case Register:
							register[o.Ordinal] = true
						case Deregister:
							clear(register)
						}
						w.do(OrderAnswered{Purpose: o.Purpose, Ordinal: o.Ordinal, Answer: Accepted, Sum: o.Amount})
					}
				}
			}
			over := w.c.State != HandedOver || w.c.Outstanding.IsZero()
			if over && len(register) > 0 || w.c.State != HandedOver && w.c.ReleasedAt.IsZero() {
				t.Fatalf("%s, released %s, in the register: %v, orders %v", w.c.State, w.c.ReleasedAt, register, entries(w.c))
			}
		}
	})
}

// An accepted objection to the notice takes away the ground of an entry as of an arrest: one that stands goes out, and one that the register
// confirms afterwards goes out at once. Meanwhile nobody is entered.
func TestAnswer_againstTheNoticeTakesTheEntryOut(t *testing.T) {
	t.Parallel()
	accept := func(w *world) Decision {
		w.do(Object{Ground: GroundNotice})
		return w.do(AnswerObjection{Seq: w.lastObjection().Seq, Accepted: true, Reason: "not_notified"})
	}
	w := unsecured(newWorld(), "100.00")
	w.do(said(Register, 1, Accepted))
	if d := accept(w); !hasOrder(d, Deregister) {
		t.Errorf("the entry stays: %+v", d.Effects)
	}
	w.do(said(Deregister, 1, Accepted))
	wantEntries(t, w.c, "register 1 lifted", "deregister 1 done")

	w = unsecured(newWorld(), "100.00") // asked for, and not confirmed
	if d := accept(w); hasOrder(d, Deregister) {
		t.Error("what is not confirmed is taken out")
	}
	if d := w.do(said(Register, 1, Accepted)); !hasOrder(d, Deregister) {
		t.Errorf("the late entry stays: %+v", d.Effects)
	}

	w = unsecured(newWorld(), "20155.00")
	w.do(Object{Ground: GroundSum})
	if !slices.Contains(Blocks(w.c, Register, w.p, Env{Now: w.now}), BlockObjection) {
		t.Error("somebody is entered while his objection stands")
	}
}
