package ledger_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"robotbailiff/payments/ledger"
	"robotbailiff/rules/money"
)

func tiyn(n int64) money.Amount { return money.FromTiyn(n) }

// world is a model of the books: payments and debts as plain numbers.
type world struct {
	book     ledger.Book
	payments []*paid
	debts    map[int64]int64 // receivable per case
	paidIn   int64           // received and not reversed
}

type paid struct {
	id, caseID int64
	h          ledger.Holding
}

func (w *world) post(t *rapid.T, entries []ledger.Entry, err error) {
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.Amount.IsPositive() || !e.Debit.Known() || !e.Credit.Known() || e.Debit == e.Credit {
			t.Fatalf("entry %+v", e)
		}
	}
	w.book.Post(entries...)
}

// part draws a sum between 0 and a.
func part(t *rapid.T, a money.Amount, label string) money.Amount {
	return tiyn(rapid.Int64Range(0, a.Tiyn()).Draw(t, label))
}

// Whatever happens, in any order: the accounts sum to zero, suspense and refunds are never overdrawn, and each account
// is the sum of what the payments and debts say.
func TestBook_anySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{debts: map[int64]int64{}}
		t.Repeat(map[string]func(*rapid.T){
			"": w.check,
			"receive": func(t *rapid.T) {
				p := &paid{id: int64(len(w.payments) + 1), h: ledger.Holding{Suspense: tiyn(rapid.Int64Range(1, 1_000_000).Draw(t, "sum"))}}
				e, err := ledger.Received("gateway", p.id, p.h.Suspense)
				w.post(t, []ledger.Entry{e}, err)
				w.payments, w.paidIn = append(w.payments, p), w.paidIn+p.h.Suspense.Tiyn()
			},
			"open": func(t *rapid.T) {
				m := ledger.Move{CaseID: int64(len(w.debts) + 1), Kind: ledger.Opened, Amount: tiyn(rapid.Int64Range(1, 1_000_000).Draw(t, "debt"))}
				es, err := ledger.Moved(nil, m)
				w.post(t, es, err)
				w.debts[m.CaseID] = m.Amount.Tiyn()
			},
			"allocate": func(t *rapid.T) {
				if len(w.payments) == 0 || len(w.debts) == 0 {
					t.Skip()
				}
				p := rapid.SampledFrom(w.payments).Draw(t, "payment")
				if p.caseID == 0 {
					p.caseID = rapid.Int64Range(1, int64(len(w.debts))).Draw(t, "case")
				}
				a := ledger.Allocation{PaymentID: p.id, CaseID: p.caseID}
				a.Allocated = part(t, money.Min(p.h.Suspense, tiyn(max(0, w.debts[p.caseID]))), "allocated")
				a.RefundDue = part(t, p.h.Suspense.Sub(a.Allocated), "refund")
				es, err := ledger.Allocated(nil, a)
				if a.Allocated.IsZero() && a.RefundDue.IsZero() {
					if err == nil {
						t.Fatal("an empty allocation was booked")
					}
					return
				}
				w.post(t, es, err)
				p.h.Suspense = p.h.Suspense.Sub(a.Allocated).Sub(a.RefundDue)
				p.h.Case, p.h.Refund = p.h.Case.Add(a.Allocated), p.h.Refund.Add(a.RefundDue)
				w.debts[p.caseID] -= a.Allocated.Tiyn()
			},
			"reverse": func(t *rapid.T) {
				if len(w.payments) == 0 {
					t.Skip()
				}
				p := rapid.SampledFrom(w.payments).Draw(t, "payment")
				sum := tiyn(rapid.Int64Range(1, 1_000_000).Draw(t, "sum"))
				held := p.h.Case.Add(p.h.Refund).Add(p.h.Suspense)
				c, r, s, ok := p.h.Take(sum)
				if ok != (sum.Cmp(held) <= 0) {
					t.Fatalf("took %s of %s: %v", sum, held, ok)
				}
				if !ok {
					return
				}
				es, err := ledger.Reversed(nil, ledger.Reversal{PaymentID: p.id, Source: "gateway", CaseID: p.caseID, FromCase: c, FromRefund: r, FromSuspense: s})
				w.post(t, es, err)
				p.h = ledger.Holding{Case: p.h.Case.Sub(c), Refund: p.h.Refund.Sub(r), Suspense: p.h.Suspense.Sub(s)}
				w.debts[p.caseID] += c.Tiyn()
				w.paidIn -= sum.Tiyn()
			},
			"refund of a void claim": func(t *rapid.T) {
				if len(w.payments) == 0 {
					t.Skip()
				}
				p := rapid.SampledFrom(w.payments).Draw(t, "payment")
				if !p.h.Case.IsPositive() {
					t.Skip()
				}
				es, err := ledger.RefundClaim(nil, p.id, p.caseID, p.h.Case, part(t, p.h.Case, "gone"), "void")
				w.post(t, es, err)
				p.h.Refund, p.h.Case = p.h.Refund.Add(p.h.Case), money.Zero
			},
			"move": func(t *rapid.T) {
				if len(w.debts) == 0 {
					t.Skip()
				}
				id := rapid.Int64Range(1, int64(len(w.debts))).Draw(t, "case")
				kind := rapid.SampledFrom([]ledger.MoveKind{ledger.Cancelled, ledger.HandedOver, ledger.ReturnedEnd}).Draw(t, "kind")
				if w.debts[id] <= 0 {
					t.Skip()
				}
				es, err := ledger.Moved(nil, ledger.Move{CaseID: id, Kind: kind, Amount: tiyn(w.debts[id])})
				w.post(t, es, err)
				w.debts[id] = 0
			},
			"adjust": func(t *rapid.T) {
				if len(w.debts) == 0 {
					t.Skip()
				}
				id := rapid.Int64Range(1, int64(len(w.debts))).Draw(t, "case")
				by := rapid.Int64Range(-max(0, w.debts[id]), 1_000).Draw(t, "by")
				es, err := ledger.Moved(nil, ledger.Move{CaseID: id, Kind: ledger.Adjusted, Amount: tiyn(by), Reason: "act"})
				if by == 0 {
					if err == nil {
						t.Fatal("an empty adjustment was booked")
					}
					return
				}
				w.post(t, es, err)
				w.debts[id] += by
			},
		})
	})
}

func (w *world) check(t *rapid.T) {
	var sum, owed int64
	for _, b := range w.book.Balances() {
		sum += b.Net().Tiyn()
	}
	if sum != 0 {
		t.Fatalf("the accounts sum to %d", sum)
	}
	for _, d := range w.debts {
		owed += d
	}
	var held ledger.Holding
	for _, p := range w.payments {
		held.Refund, held.Suspense = held.Refund.Add(p.h.Refund), held.Suspense.Add(p.h.Suspense)
	}
	for account, want := range map[ledger.Account]int64{
		ledger.Receivable: owed, ledger.Suspense: -held.Suspense.Tiyn(), ledger.RefundsDue: -held.Refund.Tiyn(),
		ledger.Clearing("gateway"): w.paidIn,
	} {
		if got := w.book.Of(account).Net().Tiyn(); got != want {
			t.Fatalf("%s is %d, want %d", account, got, want)
		}
	}
	if w.book.Of(ledger.Suspense).Net().Sign() > 0 || w.book.Of(ledger.RefundsDue).Net().Sign() > 0 {
		t.Fatal("suspense or refunds overdrawn")
	}
}

// In the debtor's favour: what was not allocated goes first, then what was due back, the case last.
func TestTake_order(t *testing.T) {
	h := ledger.Holding{Case: tiyn(50), Refund: tiyn(30), Suspense: tiyn(20)}
	for _, c := range []struct {
		sum, fromCase, fromRefund, fromSuspense int64
		ok                                      bool
	}{
		{1, 0, 0, 1, true},
		{20, 0, 0, 20, true},
		{21, 0, 1, 20, true},
		{50, 0, 30, 20, true},
		{51, 1, 30, 20, true},
		{100, 50, 30, 20, true},
		{101, 0, 0, 0, false},
		{0, 0, 0, 0, false},
		{-1, 0, 0, 0, false},
	} {
		a, b, s, ok := h.Take(tiyn(c.sum))
		if a.Tiyn() != c.fromCase || b.Tiyn() != c.fromRefund || s.Tiyn() != c.fromSuspense || ok != c.ok {
			t.Errorf("Take(%d) = %s, %s, %s, %v", c.sum, a, b, s, ok)
		}
	}
}

func TestRefusals(t *testing.T) {
	moved := func(m ledger.Move) error { _, err := ledger.Moved(nil, m); return err }
	allocated := func(a ledger.Allocation) error { _, err := ledger.Allocated(nil, a); return err }
	reversed := func(r ledger.Reversal) error { _, err := ledger.Reversed(nil, r); return err }
	received := func(s string, id, sum int64) error { _, err := ledger.Received(s, id, tiyn(sum)); return err }
	claim := func(p, c, sum int64) error {
		_, err := ledger.RefundClaim(nil, p, c, tiyn(sum), tiyn(0), "")
		return err
	}
	for name, err := range map[string]error{
		"source with a space":        received("a b", 1, 1),
		"no source":                  received("", 1, 1),
		"no payment":                 received("a", 0, 1),
		"nothing received":           received("a", 1, 0),
		"allocated without payment":  allocated(ledger.Allocation{CaseID: 1, Allocated: tiyn(1)}),
		"allocated without case":     allocated(ledger.Allocation{PaymentID: 1, Allocated: tiyn(1)}),
		"nothing allocated":          allocated(ledger.Allocation{PaymentID: 1, CaseID: 1}),
		"negative refund":            allocated(ledger.Allocation{PaymentID: 1, CaseID: 1, Allocated: tiyn(2), RefundDue: tiyn(-1)}),
		"reversed without source":    reversed(ledger.Reversal{PaymentID: 1, FromSuspense: tiyn(1)}),
		"reversed without payment":   reversed(ledger.Reversal{Source: "a", FromSuspense: tiyn(1)}),
		"reversed case without case": reversed(ledger.Reversal{Source: "a", PaymentID: 1, FromCase: tiyn(1)}),
		"nothing reversed":           reversed(ledger.Reversal{Source: "a", PaymentID: 1}),
		"negative reversal":          reversed(ledger.Reversal{Source: "a", PaymentID: 1, FromSuspense: tiyn(-1)}),
		"unknown move":               moved(ledger.Move{CaseID: 1, Kind: "lost", Amount: tiyn(1)}),
		"move of nothing":            moved(ledger.Move{CaseID: 1, Kind: ledger.Opened}),
		"move without case":          moved(ledger.Move{Kind: ledger.Opened, Amount: tiyn(1)}),
		"negative cancellation":      moved(ledger.Move{CaseID: 1, Kind: ledger.Cancelled, Amount: tiyn(-1)}),
		"adjusted without reason":    moved(ledger.Move{CaseID: 1, Kind: ledger.Adjusted, Amount: tiyn(1)}),
		"claim without payment":      claim(0, 1, 1),
		"claim of nothing":           claim(1, 1, 0),
	} {
		if _, typed := errors.AsType[*ledger.Error](err); !typed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if es, err := ledger.Moved(nil, ledger.Move{CaseID: 1, Kind: ledger.TakenBack, Amount: tiyn(5)}); err != nil || len(es) != 1 ||
		es[0].Debit != ledger.Receivable || es[0].Credit != ledger.Transferred {
		t.Errorf("taking a debt back: %v, %v", es, err)
	}
	if es, err := ledger.Moved(nil, ledger.Move{CaseID: 1, Kind: ledger.Cancelled}); err != nil || len(es) != 0 {
		t.Errorf("cancelling a paid case: %v, %v", es, err)
	}
}

func TestAccounts(t *testing.T) {
	if s, ok := ledger.Clearing("kaspi-1").Source(); !ok || s != "kaspi-1" {
		t.Errorf("source %q, %v", s, ok)
	}
	for _, a := range []ledger.Account{"", "cash", "clearing:", "clearing:A"} {
		if a.Known() {
			t.Errorf("%q is known", a)
		}
	}
}
