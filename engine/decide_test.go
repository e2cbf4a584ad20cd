package engine

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// Every state × every command has an answer, and a state only ever moves along the table.
func TestDecide_isTotalOverStatesAndCommands(t *testing.T) {
	t.Parallel()
	for _, s := range States {
		for _, cmd := range Commands {
			t.Run(string(s)+"/"+cmd.Kind(), func(t *testing.T) {
				t.Parallel()
				w := inState(s)
				if w.c.State != s {
					t.Fatalf("fixture is in %s", w.c.State)
				}
				d := Decide(w.c, cmd, w.p, Env{Now: w.now, PackID: 1})
				if (d.Refusal == nil) != (len(d.Events)+len(d.Effects) > 0) {
					t.Fatalf("neither done nor refused: %+v", d)
				}
				if d.Next.State != s && !s.May(d.Next.State) {
					t.Fatalf("moved %s -> %s", s, d.Next.State)
				}
				if s.Final() && d.Next.State != s {
					t.Fatalf("left the final state %s for %s", s, d.Next.State)
				}
			})
		}
	}
}

// Whatever happens in whatever order, the promises hold after every command.
func TestDecide_keepsThePromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		w.public, w.p = rapid.Bool().Draw(t, "public"), packWith(rapid.SampledFrom([]string{pack.RegisterNever, pack.RegisterEnforcing, pack.RegisterUnsecured}).Draw(t, "when"))
		w.do(openCmd("20155.00"))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 72).Draw(t, "hours")) * time.Hour)
			w.throw(rapid.IntRange(0, 9).Draw(t, "switch") == 0)
			w.transit = rapid.IntRange(0, 9).Draw(t, "transit") == 0
			before := w.c
			cmd := drawCommand(t, w)
			d := w.do(cmd)
			checkPromises(t, w, before, cmd, d)
		}
		if diff := cmp.Diff(caseJSON(t, w.c), caseJSON(t, Fold(w.c.ID, w.events))); diff != "" {
			t.Fatalf("the events do not make the case (-case +fold):\n%s", diff)
		}
	})
}

func checkPromises(t *rapid.T, w *world, before Case, cmd Command, d Decision) {
	c := d.Next
	if !c.Debt.Add(c.Adjusted).Equal(c.Paid.Add(c.Outstanding)) { // INV-M1
		t.Fatalf("debt %s + adjusted %s != paid %s + outstanding %s", c.Debt, c.Adjusted, c.Paid, c.Outstanding)
	}
	if c.Outstanding.Sign() < 0 || c.Debt.Less(c.Outstanding) || c.Paid.Sign() < 0 {
		t.Fatalf("outstanding %s of %s, paid %s", c.Outstanding, c.Debt, c.Paid)
	}
	if before.State.Final() && c.State != before.State { // INV-S2
		t.Fatalf("%s left by %s", before.State, cmd.Kind())
	}
	live := 0
	for _, o := range c.Orders { // INV-A1
		if o.Purpose == Arrest && o.Status != RejectedOrder && o.Status != WithdrawnOrder && o.Status != Lifted && o.Status != HandedOverArrest {
			live++
		}
	}
	if live > 1 {
		t.Fatalf("%d live arrests", live)
	}
	checkEntry(t, w, before, d)
	for i, e := range d.Events { // INV-S1
		if e.Seq != before.Seq+i+1 {
			t.Fatalf("event %s has seq %d after %d", e.Kind, e.Seq, before.Seq)
		}
	}
	env := Env{Now: w.now, MoneyInTransit: w.transit, Stopped: w.stopped()}
	for _, e := range d.Effects {
		o, ok := e.(OrderWanted)
		if !ok {
			continue
		}
		if o.Order.Purpose.Coercive() { // INV-A2, INV-A3
			if blocks := Blocks(before, o.Order.Purpose, w.p, env); len(blocks) > 0 || before.Objected() { // INV-O1
				t.Fatalf("%s ordered against %v", o.Order.Purpose, blocks)
			}
			if before.Outstanding.Less(o.Order.Amount) || o.Order.Amount.IsPositive() == o.Order.Purpose.Public() {
				t.Fatalf("%s of %s with %s outstanding", o.Order.Purpose, o.Order.Amount, before.Outstanding)
			}
		}
		if o.Order.Purpose == Reduce && c.Outstanding.Less(o.Order.Amount) {
			t.Fatalf("reduction to %s with %s outstanding", o.Order.Amount, c.Outstanding)
		}
	}
	if c.State == HandedOver && before.State != HandedOver { // INV-T1
		if w.transit || w.off || before.Hold != "" || before.Objected() {
			t.Fatal("handed over with money in transit, on hold, objected or stopped")
		}
		if before.RefusalAt.IsZero() && !calendar.DateOf(w.now).After(c.TermEndsOn) {
			t.Fatalf("handed over on %s, the term ends on %s", calendar.DateOf(w.now), c.TermEndsOn)
		}
	}
	if (c.State == Paid || c.State == Cancelled) && before.State != c.State { // INV-A4
		if a := c.last(Arrest); a != nil && a.Status == Active {
			t.Fatalf("%s with an arrest that nobody lifts", c.State)
		}
		if e := c.last(Register); e != nil && e.Status == Active {
			t.Fatalf("%s with an entry that nobody takes out", c.State)
		}
	}
	if !c.ReleasedAt.IsZero() && (!c.State.Final() || !c.settled()) {
		t.Fatalf("released in %s, orders %+v", c.State, c.Orders)
	}
	if _, _, ok := NextLook(c, undoPeriod(w.p, calendar.DateOf(w.now))); !ok && !c.State.Final() && c.Hold == "" && c.Suspended == "" && !c.Objected() { // INV-X1
		t.Fatalf("%s waits for nothing", c.State)
	}
	if a, ok := cmd.(Adjust); ok && d.Refusal == nil {
		checkAdjusted(t, before, a, d)
	}
	sum := money.Zero
	for _, e := range d.Effects {
		if m, ok := e.(MoneyAllocated); ok {
			sum = sum.Add(m.Allocated).Add(m.RefundDue)
		}
	}
	if p, ok := cmd.(Pay); ok && d.Refusal == nil && !sum.Equal(p.Amount) {
		t.Fatalf("of %s paid, %s were placed", p.Amount, sum)
	}
}

// checkAdjusted: the claim is the new sum and has not grown, what was paid above it is due back, and the ledger is told of
// both.
func checkAdjusted(t *rapid.T, before Case, cmd Adjust, d Decision) {
	c := d.Next
	refund := before.Paid.Sub(c.Paid)
	if claim := c.Paid.Add(c.Outstanding); !claim.Equal(cmd.Debt) || before.Paid.Add(before.Outstanding).Less(claim) {
		t.Fatalf("the claim is %s, the writ says %s", claim, cmd.Debt)
	}
	if refund.Sign() < 0 || refund.IsPositive() && !c.Outstanding.IsZero() {
		t.Fatalf("refund %s with %s outstanding", refund, c.Outstanding)
	}
	for _, e := range d.Effects {
		if m, ok := e.(DebtMoved); ok && m.Move == "adjusted" && (!m.Refund.Equal(refund) || !m.Amount.Neg().Equal(before.Outstanding.Sub(c.Outstanding)) || m.Reason == "") {
			t.Fatalf("the ledger is told %+v", m)
		}
	}
	if !before.State.Final() && c.Outstanding.IsZero() != (c.State == Paid) {
		t.Fatalf("%s with %s outstanding", c.State, c.Outstanding)
	}
	if a := c.last(Arrest); c.State == Enforcing && a != nil && a.Status == Active && c.Outstanding.Less(a.Held) {
		if r := c.last(Reduce); r == nil || !r.Status.Open() {
			t.Fatalf("%s held for %s, and no reduction", a.Held, c.Outstanding)
		}
	}
}

func TestDecide_isPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := inState(rapid.SampledFrom(States).Draw(t, "state"))
		cmd := drawCommand(t, w)
		before := caseJSON(t, w.c)
		env := Env{Now: w.now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "hours")) * time.Hour), PackID: 1}
		a, b := Decide(w.c, cmd, w.p, env), Decide(w.c, cmd, w.p, env)
		if !bytes.Equal(decisionJSON(t, a), decisionJSON(t, b)) {
			t.Fatal("two answers to one question")
		}
		if !bytes.Equal(before, caseJSON(t, w.c)) {
			t.Fatal("Decide changed its argument")
		}
	})
}

// A writ at the threshold − 1 tiyn, at it, and + 1 tiyn.
func TestDecide_openAtTheThreshold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ amount, code string }{{"86499.99", ""}, {"86500.00", "above_threshold"}, {"86500.01", "above_threshold"}} {
		w := newWorld()
		d := w.do(openCmd(tc.amount))
		switch {
		case tc.code == "" && (d.Refusal != nil || w.c.State != Opened || len(w.events[0].Data.Trace) == 0):
			t.Errorf("%s: %+v", tc.amount, d.Refusal)
		case tc.code != "" && (d.Refusal == nil || d.Refusal.Code != tc.code || len(d.Refusal.Trace) == 0):
			t.Errorf("%s: refusal %+v, want %s with a trace", tc.amount, d.Refusal, tc.code)
		}
	}
}

// The gate before every coercive act, for every state × flag (INV-A3).
func TestBlocks_everyStateAndFlag(t *testing.T) {
	t.Parallel()
	flags := map[Block]func(*Case, *Env){
		BlockHold:      func(c *Case, _ *Env) { c.Hold = "person" },
		BlockSuspended: func(c *Case, _ *Env) { c.Suspended = "appeal" },
		BlockObjection: func(c *Case, _ *Env) {
			c.Objections = []Objection{{Seq: 3, Ground: GroundPaid, Status: ObjectionDeclined}}
		},
		BlockRefusal:    func(c *Case, _ *Env) { c.RefusalAt = at("2026-09-02", 9) },
		BlockNotice:     func(c *Case, _ *Env) { c.NotifiedOn = noDate },
		BlockVoluntary:  func(c *Case, e *Env) { e.Now = c.VoluntaryEndsOn.End().Add(-time.Second) },
		BlockPaid:       func(c *Case, _ *Env) { c.Outstanding = money.Zero },
		BlockKillSwitch: func(_ *Case, e *Env) { e.Stopped = stop.Arrest },
		BlockLimitation: func(c *Case, e *Env) { c.LimitationOn = calendar.DateOf(e.Now).AddDays(-1) },
		BlockMoney:      func(_ *Case, e *Env) { e.MoneyInTransit = true },
	}
	w := inState(Notified)
	open := Env{Now: w.c.VoluntaryEndsOn.End()}
	for _, s := range States {
		c := w.c
		c.State = s
		want := []Block(nil)
		if s.Final() {
			want = []Block{BlockEnded}
		}
		if got := Blocks(c, Arrest, w.p, open); !slices.Equal(got, want) {
			t.Errorf("%s without flags: %v", s, got)
		}
		for flag, set := range flags {
			c, env := c, open
			set(&c, &env)
			if got := Blocks(c, Arrest, w.p, env); !slices.Contains(got, flag) {
				t.Errorf("%s with %s: %v", s, flag, got)
			}
			c.State = Notified
			if d := Decide(c, Tick{}, w.p, env); hasOrder(d, Arrest) {
				t.Errorf("%s: arrested with %s", s, flag)
			}
		}
	}
}

func hasOrder(d Decision, p Purpose) bool {
	return slices.ContainsFunc(d.Effects, func(e Effect) bool { o, ok := e.(OrderWanted); return ok && o.Order.Purpose == p })
}

func TestDecide_thePathOfAnArrest(t *testing.T) {
	t.Parallel()
	w := inState(Notified)
	w.now = w.c.VoluntaryEndsOn.End().Add(-time.Second)
	if d := w.do(Tick{}); hasOrder(d, Arrest) {
		t.Fatal("arrested within the voluntary period")
	}
	w.now = w.c.VoluntaryEndsOn.End()
	if d := w.do(Tick{}); !hasOrder(d, Arrest) || w.c.State != Enforcing {
		t.Fatalf("no arrest after the voluntary period: %+v", d)
	}
	w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	d := w.do(Pay{PaymentID: 5, Amount: tenge("5155.00"), ValueDate: calendar.DateOf(w.now)})
	if !hasOrder(d, Reduce) || !w.c.Outstanding.Equal(tenge("15000.00")) {
		t.Fatalf("a part payment lowers the arrest: %+v", d.Effects)
	}
	w.do(OrderAnswered{Purpose: Reduce, Ordinal: 1, Answer: Accepted, Sum: tenge("15000.00")})
	if !w.c.last(Arrest).Held.Equal(tenge("15000.00")) {
		t.Fatalf("held %s", w.c.last(Arrest).Held)
	}
	w.now = w.c.CollectOn.Start()
	if d := w.do(Tick{}); !hasOrder(d, Collect) {
		t.Fatalf("no collection order on %s: %+v", w.c.CollectOn, d.Refusal)
	}
	w.do(OrderAnswered{Purpose: Collect, Ordinal: 1, Answer: Accepted, Sum: tenge("15000.00")})
	d = w.do(Pay{PaymentID: 6, Amount: tenge("15001.00"), ValueDate: calendar.DateOf(w.now)})
	if w.c.State != Paid || !hasOrder(d, Lift) || !w.c.ReleasedAt.IsZero() {
		t.Fatalf("paid in full: %s, %+v", w.c.State, d.Effects)
	}
	if d := w.do(OrderAnswered{Purpose: Lift, Ordinal: 1, Answer: Refused}); d.Refusal == nil || !w.c.last(Lift).Status.Open() {
		t.Fatal("a refused lift must stay open")
	}
	w.do(OrderAnswered{Purpose: Lift, Ordinal: 1, Answer: AlreadyDone})
	if w.c.ReleasedAt.IsZero() || w.c.last(Arrest).Status != Lifted {
		t.Fatalf("not released: %+v", w.c.Orders)
	}
}

// An arrest that the bank confirms after the end is lifted at once.
func TestDecide_lateArrestIsLifted(t *testing.T) {
	t.Parallel()
	w := inState(Enforcing)
	w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: calendar.DateOf(w.now)})
	if w.c.State != Paid || !w.c.ReleasedAt.IsZero() {
		t.Fatalf("%s, released %s: the bank has not answered yet", w.c.State, w.c.ReleasedAt)
	}
	d := w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Accepted, Sum: tenge("20155.00")})
	if !hasOrder(d, Lift) {
		t.Fatalf("the late arrest stays: %+v", d)
	}
}

// Paid at 23:59:59 on the last legal day, sweep at 00:00:00: never handed over.
func TestDecide_paidInTheLastSecond(t *testing.T) {
	t.Parallel()
	w := inState(Notified)
	midnight := w.c.TermEndsOn.End()
	w.now = midnight
	w.transit = true // received at 23:59:59, not yet looked at
	if d := w.do(Tick{}); w.c.State == HandedOver || d.Refusal == nil && hasOrder(d, Arrest) && w.c.State == HandedOver {
		t.Fatal("handed over with money in transit")
	}
	w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: w.c.TermEndsOn})
	w.transit = false
	w.do(Tick{})
	if w.c.State != Paid {
		t.Fatalf("ended as %s", w.c.State)
	}
}

// What a hold took back before it was sent is asked for anew, under a new id, when the hold is over.
func TestDecide_withdrawnArrestIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := inState(Enforcing)
	w.do(SetHold{Reason: "person"})
	w.do(OrderAnswered{Purpose: Arrest, Ordinal: 1, Answer: Withdrawn})
	if d := w.do(Tick{}); hasOrder(d, Arrest) {
		t.Fatal("arrested on hold")
	}
	w.do(Resume{Reason: "looked"})
	if _, duty, ok := NextLook(w.c, 0); !ok || duty != "arrest" {
		t.Fatalf("the case waits for %q", duty)
	}
	if d := w.do(Tick{}); !hasOrder(d, Arrest) || w.c.last(Arrest).Ordinal != 2 {
		t.Fatalf("not asked for again: %+v", d.Refusal)
	}
}

func TestDecide_termEndsAtMidnight(t *testing.T) {
	t.Parallel()
	w := inState(Opened)
	w.c.NextRungAt = time.Time{}
	w.now = w.c.TermEndsOn.End().Add(-time.Microsecond)
	w.do(Tick{})
	if w.c.State != Opened {
		t.Fatal("handed over before midnight")
	}
	w.now = w.c.TermEndsOn.End()
	if d := w.do(Tick{}); w.c.State != HandedOver || len(d.Events[0].Data.Trace) < 2 {
		t.Fatalf("%s after the term: %+v", w.c.State, d.Refusal)
	}
}

// What was paid by the last day and is matched after the hand-over takes the case back from the bailiff.
func TestDecide_lateMatchRecallsTheHandover(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		days   int
		recall bool
	}{{0, true}, {1, false}} {
		w := inState(HandedOver)
		w.do(Assign{BailiffID: 3, Among: 1})
		d := w.do(Pay{PaymentID: 1, Amount: tenge("20155.00"), ValueDate: w.c.TermEndsOn.AddDays(tc.days)})
		got := slices.ContainsFunc(d.Effects, func(e Effect) bool { _, ok := e.(HandoverRecalled); return ok })
		if got != tc.recall || w.c.State != HandedOver || !w.c.Outstanding.IsZero() {
			t.Errorf("value date %+d days: recalled %v, state %s, outstanding %s", tc.days, got, w.c.State, w.c.Outstanding)
		}
	}
}

func TestDecide_refusalAndUndo(t *testing.T) {
	t.Parallel()
	w := inState(Notified)
	w.do(RequestRefusal{})
	refused := w.c.RefusalAt
	w.now = refused.Add(24*time.Hour - time.Microsecond)
	if d := w.do(UndoRefusal{}); d.Refusal != nil || !w.c.RefusalAt.IsZero() {
		t.Fatalf("undo within 24 h: %+v", d.Refusal)
	}
	w.do(RequestRefusal{})
	w.now = w.c.RefusalAt.Add(24 * time.Hour)
	if d := w.do(UndoRefusal{}); d.Refusal == nil || d.Refusal.Code != CodeTooLate {
		t.Fatal("undone after 24 h")
	}
	w.do(Tick{})
	if w.c.State != HandedOver || w.events[len(w.events)-1].Data.Reason != "refusal" {
		t.Fatalf("refused, but %s", w.c.State)
	}
}

// Practice of the justice bodies: who was told and has not paid is reminded once, before anything is taken.
// A rung lives for its day, since the next one follows; news that has no ladder has three days more, and a reminder until the day
// that it speaks of.
// Nobody is reminded who has paid, refused, was stopped, or whose time is over.
func TestDecide_theLadderEnds(t *testing.T) {
	t.Parallel()
	w := inState(Opened)
	for range 10 {
		if w.c.NextRungAt.IsZero() {
			break
		}
		w.now = w.c.NextRungAt
		w.do(Tick{})
	}
	last := w.events[len(w.events)-1]
	if last.Kind != EvNoticeUnproven || w.c.State != Opened {
		t.Fatalf("the ladder ended with %s", last.Kind)
	}
	if when, duty, _ := NextLook(w.c, 0); duty != "term" || !when.Equal(w.c.TermEndsOn.End()) {
		t.Fatalf("next look %s at %s", duty, when)
	}
}

func TestActRules_areCited(t *testing.T) {
	t.Parallel()
	for _, key := range actRules {
		v, ok := pack.Default().Lookup(key, day("2026-09-01"))
		if !ok || v.Citation == "" {
			t.Errorf("%s has no citation in the pack", key)
		}
	}
}

// The events never hold personal data: no twelve digits in a row, no name.
func TestEvents_holdNoPersonalData(t *testing.T) {
	t.Parallel()
	twelve := regexp.MustCompile(`\d{12}`)
	for _, s := range States {
		w := inState(s)
		for _, e := range w.events {
			raw, err := json.Marshal(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			if twelve.Match(raw) {
				t.Errorf("%s: %s", e.Kind, raw)
			}
		}
	}
}

// The database trigger and the diagram say the same as the table.
func TestTransitions_areOneTable(t *testing.T) {
	t.Parallel()
	want := map[string]bool{}
	for from, tos := range Transitions {
		for _, to := range tos {
			want[string(from)+">"+string(to)] = true
		}
	}
	sql, err := os.ReadFile("../migrations/20261122120000_core.sql")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, m := range regexp.MustCompile(`'([a-z_]+>[a-z_]+)'`).FindAllStringSubmatch(string(sql), -1) {
		got[m[1]] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trigger cases_graph (-table +sql):\n%s", diff)
	}
	doc, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, diagram, _ := strings.Cut(string(doc), "stateDiagram-v2")
	diagram, _, _ = strings.Cut(diagram, "```")
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\s+([a-z_]+) --> ([a-z_]+)`).FindAllStringSubmatch(diagram, -1) {
		drawn[m[1]+">"+m[2]] = true
	}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Errorf("diagram in ARCHITECTURE.md (-table +diagram):\n%s", diff)
	}
}

func TestCause_roundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cmd := drawCommand(t, newWorld())
		if _, opening := cmd.(Open); opening {
			return // comes back without its personal facts
		}
		var d Data
		if a, answered := cmd.(OrderAnswered); answered {
			if d.Answer = &a; rapid.Bool().Draw(t, "clipped") {
				d.Answer.Sum, d.Answer.Detail = money.FromTiyn(1), "sum_above_order"
			}
		}
		d.Cmd = causeOf(cmd, Env{}, &d)
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var read Data
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatal(err)
		}
		back, err := read.Command()
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(cmd)
		b, _ := json.Marshal(back)
		if !bytes.Equal(a, b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}

type fataler interface{ Fatal(args ...any) }

func caseJSON(t fataler, c Case) []byte {
	c.Head = Hash{}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decisionJSON(t fataler, d Decision) []byte {
	raw, err := json.Marshal([]any{caseJSON(t, d.Next), d.Events, d.Effects, d.Refusal})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
