package sandbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/sandbox"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestRead_findsWhatEveryNoticeSays(t *testing.T) {
	t.Parallel()
	for _, lang := range text.Languages {
		for _, tiyn := range []int64{20_155_00, 86_499_99, 432_500, 1_234_567_05} {
			f := text.Facts{Case: caseno.Format(caseID(41)), Initials: "А.Д.", Amount: money.FromTiyn(tiyn), Until: calendar.MakeDate(2026, 12, 21), Host: "robot.kz", Token: "9xYzQ12abcd"}
			x, err := text.Render(text.Opening, lang, text.Version, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range []string{x.SMS, x.PushTitle + "\n" + x.PushBody} {
				id, token, owed := sandbox.Read(words)
				if id != caseID(41) || token != f.Token || owed != tiyn {
					t.Errorf("%s: read %d %q %d in %q", lang, id, token, owed, words)
				}
			}
		}
	}
}

// The number in the portal's address is no sum: who is told that there is nothing to pay pays nothing.
func TestRead_noSumInAnAddress(t *testing.T) {
	t.Parallel()
	for _, lang := range text.Languages {
		for _, k := range []text.Kind{text.Cancelled, text.NotYours, text.HandedOver} {
			x, err := text.Render(k, lang, text.Version, text.Facts{Case: caseno.Format(caseID(41)), Host: "1414.gov.kz"})
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range []string{x.SMS, x.PushTitle + "\n" + x.PushBody} {
				if id, _, owed := sandbox.Read(words); id != caseID(41) || owed != 0 {
					t.Errorf("%s: read %d %d in %q", lang, id, owed, words)
				}
			}
		}
	}
}

// TestFates_doNotDependOnTheOrderOfCalls gives the same orders and messages in two orders and two cuts.
func TestFates_doNotDependOnTheOrderOfCalls(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		faults := sandbox.DefaultFaults()
		faults.LineDown, faults.LineMute = 0, 0 // they shift what comes in their minute
		const n = 24
		life := func(perm []int, cut int) (string, []string) {
			w := newWorld(t, seed, sandbox.NewMemoryBooks(), faults)
			var replies []string
			for from := 0; from < n; from += cut {
				var batch []orders.Instruction
				var messages []notify.Message
				for _, i := range perm[from:min(n, from+cut)] {
					batch = append(batch, order(t, i, i, engine.Arrest, 1, int64(10_000_00+i)))
					messages = append(messages, message(t, i, notify.SMS, int64(10_000_00+i)))
				}
				mustSubmit(ctx, t, w, batch)
				mustSend(ctx, t, w, notify.SMS, messages)
			}
			w.until(ctx, t, opening.AddDays(45).Start())
			ids := make([]uuid.UUID, n)
			for i := range n {
				ids[i] = engine.OrderID(caseID(i), engine.Arrest, 1)
			}
			got, err := w.hub().Query(ctx, ids)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				replies = append(replies, string(r.Answer)+r.Sum.String()+r.Bank)
			}
			books, err := sandbox.Dump(ctx, w.books)
			if err != nil {
				t.Fatal(err)
			}
			return books, replies
		}
		straight := make([]int, n)
		for i := range straight {
			straight[i] = i
		}
		shuffled := rapid.Permutation(straight).Draw(t, "order")
		a, ra := life(straight, n)
		b, rb := life(shuffled, rapid.IntRange(1, n).Draw(t, "cut"))
		if a != b || strings.Join(ra, "|") != strings.Join(rb, "|") {
			t.Fatalf("the world depends on the order of calls:\n%s\n---\n%s", a, b)
		}
	})
}

// TestLine_isTheSameForAllInOneMinute: whoever calls in a bad minute learns nothing, alone or with others, by question or by
// order; what a mute line took is done, and the next good minute tells of it.
func TestLine_isTheSameForAllInOneMinute(t *testing.T) {
	ctx := context.Background()
	for name, faults := range map[string]sandbox.Faults{"down": {LineDown: 3000}, "mute": {LineMute: 3000}} {
		w := newWorld(t, 5, sandbox.NewMemoryBooks(), faults)
		bad, known := 0, 0
		for n := range 100 {
			bank := w.Banks()["tulpar"]
			ins := []orders.Instruction{order(t, 2*n, 2*n, engine.Lift, 1, 0), order(t, 2*n+1, 2*n+1, engine.Lift, 1, 0)}
			ids := []uuid.UUID{ins[0].ID, ins[1].ID}
			_, err := bank.Submit(ctx, ins)
			_, alone := bank.Submit(ctx, ins[:1])
			_, asked := bank.Query(ctx, ids)
			if _, accounts := bank.Accounts(ctx, []string{ins[0].IIN}); (accounts == nil) != (asked == nil) {
				t.Fatalf("%s: %v, %v in one minute", name, asked, accounts)
			}
			if errors.Is(err, sandbox.ErrBroken) != errors.Is(alone, sandbox.ErrBroken) || errors.Is(err, sandbox.ErrBroken) != errors.Is(asked, sandbox.ErrBroken) {
				t.Fatalf("%s: %v, %v, %v in one minute", name, err, alone, asked)
			}
			w.clock.Advance(time.Minute)
			if err == nil {
				continue
			}
			bad++
			if got, err := bank.Query(ctx, ids); err == nil && got[0].Known && got[1].Known {
				known++
			} else if err == nil && (got[0].Known || got[1].Known) {
				t.Fatalf("%s: half of a call was taken", name)
			}
		}
		if bad < 15 || bad > 50 || (known > 0) != (name == "mute") {
			t.Errorf("%s: %d bad minutes, %d calls taken in them", name, bad, known)
		}
	}
}

func mustSubmit(ctx context.Context, t failer, w *world, batch []orders.Instruction) {
	t.Helper()
	for range 60 {
		if _, err := w.hub().Submit(ctx, batch); err == nil {
			return
		} else if !errors.Is(err, sandbox.ErrBroken) {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
	}
	t.Fatal("a line is broken for ever")
}

func mustSend(ctx context.Context, t failer, w *world, c notify.Channel, messages []notify.Message) {
	t.Helper()
	for range 60 {
		if _, err := w.Messages(c).Send(ctx, messages); err == nil {
			return
		} else if !errors.Is(err, sandbox.ErrBroken) {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
	}
	t.Fatal("a line is broken for ever")
}

// TestBank_conserves gives random orders on few accounts and proves the books after each.
func TestBank_conserves(t *testing.T) {
	ctx := context.Background()
	purposes := rapid.SampledFrom([]engine.Purpose{engine.Arrest, engine.Arrest, engine.Reduce, engine.Collect, engine.Lift, engine.Recall})
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.Uint64Range(0, 50).Draw(t, "seed"), sandbox.NewMemoryBooks(), sandbox.NoFaults())
		held := map[int]int64{}
		for range rapid.IntRange(1, 20).Draw(t, "orders") {
			n, p := rapid.IntRange(0, 5).Draw(t, "case"), purposes.Draw(t, "purpose")
			sum := rapid.Int64Range(1, 90_000_00).Draw(t, "sum")
			in := order(t, n, n%3, p, rapid.IntRange(1, 2).Draw(t, "ordinal"), sum)
			known, err := w.hub().Query(ctx, []uuid.UUID{in.ID})
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.hub().Submit(ctx, []orders.Instruction{in})
			if err != nil || len(got) != 1 || !got[0].Known || got[0].Answer == "" {
				t.Fatalf("%+v: %+v, %v", in, got, err)
			}
			r := got[0]
			if known[0].Known {
				if known[0].Answer != r.Answer || !known[0].Sum.Equal(r.Sum) {
					t.Fatalf("the same order has two answers: %+v, %+v", known[0], r)
				}
			} else {
				if r.Sum.Tiyn() > sum && p != engine.Lift {
					t.Fatalf("more than asked: %+v for %+v", r, in)
				}
				if p == engine.Reduce && r.Answer == engine.Accepted && held[n] > 0 && r.Sum.Tiyn() > held[n] {
					t.Fatalf("a reduction raised the hold: %+v", r)
				}
			}
			ledger, err := w.Ledger(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ledger {
				held[int(l.CaseID-caseID(0))] = l.Held.Tiyn()
			}
			if wrong, err := w.CheckBooks(ctx); err != nil || len(wrong) > 0 {
				t.Fatalf("after %+v: %+v, %v", in, wrong, err)
			}
		}
	})
}

func TestBank_secondArrestIsAWrong(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, 1, sandbox.NewMemoryBooks(), sandbox.NoFaults())
	for n := range 40 { // among forty persons there are some with money
		mustSubmit(ctx, t, w, []orders.Instruction{order(t, n, n, engine.Arrest, 1, 50_00), order(t, n, n, engine.Arrest, 1, 50_00), order(t, n, n, engine.Arrest, 2, 50_00)})
	}
	wrongs, err := w.Wrongs(ctx)
	if err != nil || len(wrongs) < 10 {
		t.Fatalf("%d wrongs, %v", len(wrongs), err)
	}
	for _, x := range wrongs {
		if x.Invariant != "INV-A1" {
			t.Errorf("%+v", x)
		}
	}
}

func TestBank_answersOfEverySort(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, 1, sandbox.NewMemoryBooks(), sandbox.DefaultFaults())
	seen := map[engine.Answer]int{}
	var ids []uuid.UUID
	missing, slow := 0, 0
	for n := range 1000 {
		in := order(t, n, n, engine.Arrest, 1, 20_000_00)
		ids = append(ids, in.ID)
		got, err := w.hub().Submit(ctx, []orders.Instruction{in})
		if err != nil || len(got) == 0 {
			missing++
		} else if got[0].Answer == "" {
			slow++
		}
	}
	w.clock.Advance(48 * time.Hour)
	got, err := w.hub().Query(ctx, ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		seen[r.Answer]++
	}
	for _, a := range []engine.Answer{engine.Accepted, engine.Partial, engine.NoFunds, engine.Protected, engine.NoAccount} {
		if seen[a] < 30 {
			t.Errorf("%s: %d of 1000", a, seen[a])
		}
	}
	if missing < 10 || slow < 15 {
		t.Errorf("%d answers lost, %d slow", missing, slow)
	}
}

// TestStep_repeatsWhatWasNotAccepted lets our side refuse at random and expects everything to arrive in the end.
func TestStep_repeatsWhatWasNotAccepted(t *testing.T) {
	ctx := context.Background()
	calm := newWorld(t, 4, sandbox.NewMemoryBooks(), sandbox.DefaultFaults())
	rough := newWorld(t, 4, sandbox.NewMemoryBooks(), sandbox.DefaultFaults())
	chance := rand.New(rand.NewPCG(1, 2))
	rough.out.refuse = func(string) bool { return chance.IntN(4) == 0 }
	c := court(t, 4, 400)
	for _, w := range []*world{calm, rough} {
		if err := w.Announce(ctx, c); err != nil {
			t.Fatal(err)
		}
		for from := 0; from < 400; from += 100 {
			var messages []notify.Message
			for n := from; n < from+100; n++ {
				messages = append(messages, message(t, n, notify.SMS, int64(10_000_00+n)))
			}
			mustSend(ctx, t, w, notify.SMS, messages)
		}
		for range 24 * 70 {
			now := w.clock.Advance(time.Hour)
			if _, err := w.Step(ctx, now, w.out); err != nil && !errors.Is(err, errDown) {
				t.Fatal(err)
			}
		}
	}
	same := func(name string, a, b map[string]int) {
		if len(a) == 0 || len(a) != len(b) {
			t.Errorf("%s: %d and %d", name, len(a), len(b))
		}
		for k, n := range a {
			if b[k] != n {
				t.Errorf("%s: %s came %d and %d times", name, k, n, b[k])
			}
		}
	}
	same("receipts", calm.out.receipts, rough.out.receipts)
	same("events", calm.out.events, rough.out.events)
	same("refusals", calm.out.refused, rough.out.refused)
	same("cancellations", calm.out.cancelled, rough.out.cancelled)
	if len(calm.out.paid) < 120 || len(calm.out.undone) == 0 || len(calm.out.reversed) == 0 {
		t.Errorf("%d paid, %d undone, %d reversed", len(calm.out.paid), len(calm.out.undone), len(calm.out.reversed))
	}
	if at, ok, err := rough.NextAt(ctx); err != nil || ok {
		t.Errorf("something is left for %s, %v", at, err)
	}
	for _, w := range []*world{calm, rough} {
		if wrong, err := w.CheckBooks(ctx); err != nil || len(wrong) > 0 {
			t.Errorf("%+v, %v", wrong, err)
		}
	}
}

func TestStep_doesNotDependOnHowOftenItIsCalled(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		life := func(stride time.Duration) *world {
			w := newWorld(t, seed, sandbox.NewMemoryBooks(), sandbox.DefaultFaults())
			for n := range 20 {
				mustSend(ctx, t, w, notify.SMS, []notify.Message{message(t, n, notify.SMS, int64(10_000_13+n))})
				mustSend(ctx, t, w, notify.Push, []notify.Message{message(t, n, notify.Push, int64(10_000_13+n))})
			}
			for end := opening.AddDays(60).Start(); ; {
				now := w.clock.Advance(stride)
				if _, err := w.Step(ctx, now, w.out); err != nil {
					t.Fatal(err)
				}
				if now.After(end) {
					return w
				}
			}
		}
		a, b := life(time.Duration(rapid.IntRange(1, 70).Draw(t, "hours"))*time.Hour), life(61*24*time.Hour)
		if len(a.out.paid) != len(b.out.paid) {
			t.Fatalf("%d and %d payments", len(a.out.paid), len(b.out.paid))
		}
		for k, sum := range a.out.paid {
			if b.out.paid[k] != sum {
				t.Fatalf("%s is %d and %d", k, sum, b.out.paid[k])
			}
		}
	})
}

func TestTill_isPaidAtTheNextStep(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, 1, sandbox.NewMemoryBooks(), sandbox.NoFaults())
	now, _ := w.clock.Now(ctx)
	for _, tiyn := range []int64{500_00, 500_13, 500_14, 500_15} {
		a, err := w.pay(ctx, caseID(1), tiyn)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := w.pay(ctx, caseID(1), tiyn); err != nil || a != b {
			t.Fatalf("the same order is paid twice: %s, %s, %v", a, b, err)
		}
	}
	if n, err := w.Step(ctx, now, w.out); err != nil || n != 3 || len(w.out.paid) != 3 {
		t.Fatalf("%d accepted, %v, %v", n, w.out.paid, err)
	}
	w.until(ctx, t, now.Add(10*24*time.Hour))
	if len(w.out.reversed) != 1 || len(w.out.events) != 4 {
		t.Errorf("%v reversed, events %v", w.out.reversed, w.out.events)
	}
}

func TestTill_refusesAndForgetsNothing(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, 1, sandbox.NewMemoryBooks(), sandbox.NoFaults())
	till := w.Till()
	till.At("http://127.0.0.1:8080")
	wish := gateway.Wish{Order: uuid.New(), Case: caseno.Format(caseID(1)), Amount: money.FromTiyn(500_00), Language: "ru", Return: "/p/return"}
	first, err := till.Begin(ctx, wish)
	if again, err2 := till.Begin(ctx, wish); err != nil || err2 != nil || again != first || first.Page != "http://127.0.0.1:8080/sandbox/till/"+wish.Order.String() {
		t.Fatalf("%+v, %v, %+v, %v", first, err, again, err2)
	}
	if err := till.Decline(ctx, wish.Order, gateway.NoFunds); err != nil {
		t.Fatal(err)
	}
	if err := till.Pay(ctx, wish.Order); err != nil { // too late
		t.Fatal(err)
	}
	stranger := uuid.New()
	told, err := till.Status(ctx, []uuid.UUID{wish.Order, stranger})
	if err != nil || told[wish.Order].State != gateway.StateFailed || told[wish.Order].Reason != gateway.NoFunds || told[stranger].State != gateway.StateUnknown {
		t.Errorf("%+v, %v", told, err)
	}
	now, _ := w.clock.Now(ctx)
	if n, err := w.Step(ctx, now, w.out); err != nil || n != 0 {
		t.Errorf("a payment that failed is told: %d, %v", n, err)
	}
	if err := till.Pay(ctx, stranger); !errors.Is(err, sandbox.ErrNoCheckout) {
		t.Errorf("a payment that nobody began: %v", err)
	}
	for name, bad := range map[string]gateway.Wish{
		"a mistyped case": {Order: uuid.New(), Case: "26-0000001-0", Amount: money.FromTiyn(1)},
		"no sum":          {Order: uuid.New(), Case: wish.Case},
	} {
		if _, err := till.Begin(ctx, bad); err == nil {
			t.Errorf("%s is begun", name)
		}
	}
}
