package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/rules/money"
)

// mood is how a bank behaves for the time being.
type mood string

const (
	well    mood = "well"
	down    mood = "down"    // nothing gets through
	mute    mood = "mute"    // done, and no answer gets through
	late    mood = "late"    // done, and answered only when the mood is over
	stubby  mood = "stubby"  // refuses what is new, and to give back
	mixedUp mood = "mixedUp" // answers for another case
	spent   mood = "spent"   // half of what was free is gone before an arrest comes
)

var moods = []mood{well, well, well, down, mute, late, stubby, mixedUp, spent}

type account struct {
	kind          string
	balance, held int64
}

type order struct {
	in    orders.Instruction
	reply orders.Reply
	late  bool
	sent  int
	told  bool // its final answer got through
}

// bank is one bank with its books. What it must never be asked for, it writes down.
type bank struct {
	mu       sync.Mutex
	mood     mood
	name     string
	accounts map[string]map[string]*account // by IIN and number
	orders   map[uuid.UUID]*order
	live     map[uuid.UUID]map[string]int64 // what arrests hold, by account
	caseOf   map[uuid.UUID]int64
	wrong    []string
}

func newBank(name string) *bank {
	return &bank{name: name, mood: well, accounts: map[string]map[string]*account{}, orders: map[uuid.UUID]*order{}, live: map[uuid.UUID]map[string]int64{}, caseOf: map[uuid.UUID]int64{}}
}

func (b *bank) open(iin, number, kind string, balance int64) {
	if b.accounts[iin] == nil {
		b.accounts[iin] = map[string]*account{}
	}
	b.accounts[iin][number] = &account{kind: kind, balance: balance}
}

var errLine = errors.New("no answer")

func (b *bank) Accounts(_ context.Context, iins []string) (map[string][]orders.Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mood == down || b.mood == mute {
		return nil, errLine
	}
	out := map[string][]orders.Account{}
	for _, iin := range iins {
		for number, a := range b.accounts[iin] {
			out[iin] = append(out[iin], orders.Account{ID: number, Kind: a.kind, Available: money.FromTiyn(a.balance - a.held)})
		}
	}
	return out, nil
}

func (b *bank) Holds(context.Context, string, int) ([]orders.Hold, string, error) {
	return nil, "", nil
}

func (b *bank) Submit(_ context.Context, batch []orders.Instruction) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mood == down {
		return nil, errLine
	}
	var out []orders.Reply
	for _, in := range batch {
		o := b.orders[in.ID]
		switch {
		case o == nil:
			o = &order{in: in, late: b.mood == late}
			b.orders[in.ID] = o
			o.reply = b.do(in)
		case o.in.CaseID != in.CaseID || o.in.Purpose != in.Purpose || !o.in.Amount.Equal(in.Amount) || !sameParts(o.in.Parts, in.Parts):
			b.wrong = append(b.wrong, fmt.Sprintf("%s came again as %s: %+v, %+v", o.in.Purpose, in.Purpose, o.in, in))
		case o.told:
			b.wrong = append(b.wrong, fmt.Sprintf("%s came again after its answer", in.Purpose))
		case o.reply.Answer == engine.Refused && b.mood != stubby && !in.Purpose.Coercive():
			o.reply = b.do(in)
		}
		o.sent++
		out = append(out, b.say(o))
	}
	if b.mood == mute {
		return nil, errLine
	}
	return out, nil
}

func (b *bank) Query(_ context.Context, ids []uuid.UUID) ([]orders.Reply, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mood == down || b.mood == mute {
		return nil, errLine
	}
	var out []orders.Reply
	for _, id := range ids {
		if o := b.orders[id]; o != nil {
			out = append(out, b.say(o))
		} else {
			out = append(out, orders.Reply{ID: id})
		}
	}
	return out, nil
}

func (b *bank) say(o *order) orders.Reply {
	r := o.reply
	switch {
	case o.late && b.mood == late:
		return orders.Reply{ID: r.ID, CaseID: r.CaseID, Known: true}
	case b.mood == mixedUp:
		r.CaseID++
	case b.mood != mute && (r.Answer != engine.Refused || o.in.Purpose.Coercive()):
		o.told = true
	}
	return r
}

func sameParts(a, b []orders.Part) bool {
	return slices.EqualFunc(a, b, func(x, y orders.Part) bool { return x.Account == y.Account && x.Amount.Equal(y.Amount) })
}

// do does an order with what there is.
func (b *bank) do(in orders.Instruction) orders.Reply {
	if b.mood == stubby {
		return in.Reply(engine.Refused, money.Zero)
	}
	mine := b.accounts[in.IIN]
	live := b.live[in.Of]
	var done []orders.Part
	sum := money.Zero
	add := func(number string, tiyn int64) {
		if tiyn > 0 {
			done, sum = append(done, orders.Part{Account: number, Amount: money.FromTiyn(tiyn)}), sum.Add(money.FromTiyn(tiyn))
		}
	}
	answer := engine.Accepted
	switch in.Purpose {
	case engine.Arrest:
		b.live[in.ID], b.caseOf[in.ID] = map[string]int64{}, in.CaseID
		for _, p := range in.Parts {
			a := mine[p.Account]
			if a == nil || a.kind != orders.KindCurrent {
				b.wrong = append(b.wrong, "an arrest of "+p.Account+" at "+b.name)
				continue
			}
			if b.mood == spent {
				a.balance -= (a.balance - a.held) / 2
			}
			n := min(p.Amount.Tiyn(), a.balance-a.held)
			a.held += n
			b.live[in.ID][p.Account] = n
			add(p.Account, n)
		}
		answer = engine.NoFunds
	case engine.Reduce:
		answer = engine.AlreadyDone
		for number, n := range live {
			left := int64(0)
			for _, p := range in.Parts {
				if p.Account == number {
					left = min(n, p.Amount.Tiyn())
				}
			}
			mine[number].held -= n - left
			live[number] = left
			add(number, left)
			answer = engine.Accepted
		}
		return orders.Reply{ID: in.ID, CaseID: in.CaseID, Known: true, Answer: answer, Sum: sum, Parts: done}
	case engine.Lift:
		answer = engine.AlreadyDone
		for number, n := range live {
			mine[number].held -= n
			answer = engine.Accepted
		}
		delete(b.live, in.Of)
		return in.Reply(answer, money.Zero)
	case engine.Collect:
		for _, p := range in.Parts {
			n := min(live[p.Account], p.Amount.Tiyn())
			if n > 0 {
				mine[p.Account].held, mine[p.Account].balance = mine[p.Account].held-n, mine[p.Account].balance-n
				live[p.Account] -= n
			}
			add(p.Account, n)
		}
		answer = engine.NoFunds
	case engine.Recall:
		return in.Reply(engine.AlreadyDone, money.Zero)
	}
	if sum.IsPositive() {
		answer = engine.Partial
		if sum.Equal(in.Amount) {
			answer = engine.Accepted
		}
	}
	return orders.Reply{ID: in.ID, CaseID: in.CaseID, Known: true, Answer: answer, Sum: sum, Parts: done}
}

// holds is what the bank holds for a case now.
func (b *bank) holds(caseID int64) (sum int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, parts := range b.live {
		if b.caseOf[id] == caseID {
			for _, n := range parts {
				sum += n
			}
		}
	}
	return sum
}

// be puts a bank into a mood.
func (b *bank) be(m mood) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mood = m
}
