package jobs_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"robotbailiff/internal/caseno"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/source"
	"robotbailiff/rules/money"
)

// clerk does at random what people at the desk, the bank and payers may do.
type clerk struct {
	*bundle
	dice   *rand.Rand
	n      int
	orders []payments.PayOrder
	done   map[acts.Kind]int
}

func (c *clerk) ref() string { c.n++; return fmt.Sprint("X", c.n) }

// tell sees that what is refused is refused with a word.
func (c *clerk) tell(err error) {
	c.t.Helper()
	if _, refused := errors.AsType[*acts.Error](err); err != nil && !refused {
		c.t.Fatal(err)
	}
}

func (c *clerk) caseID() int64 { return c.ids[c.dice.IntN(len(c.ids))] }

func (c *clerk) proposal() {
	q := c.suspense()
	if len(q) == 0 {
		return
	}
	p := q[c.dice.IntN(len(q))]
	part := func(sum money.Amount, caseID int64) acts.Part {
		return acts.Part{PaymentID: p.ID, CaseID: caseID, Amount: sum}
	}
	some := money.FromTiyn(1 + c.dice.Int64N(p.Suspense.Tiyn()+1)) // once in a while a tiyn too much
	a := acts.Act{ProposedBy: first, Reason: "x"}
	switch c.dice.IntN(4) {
	case 0:
		a.Kind, a.Parts = acts.Assign, []acts.Part{part(some, c.caseID())}
	case 1:
		a.Kind, a.Parts = acts.Split, []acts.Part{part(some, c.ids[0]), part(money.Max(p.Suspense.Sub(some), money.FromTiyn(1)), c.ids[1])}
	case 2:
		a.Kind, a.Parts = acts.Refund, []acts.Part{part(some, 0)}
	default:
		id := c.caseID()
		a.Kind = acts.Merge
		for _, x := range q[:min(2, len(q))] {
			a.Parts = append(a.Parts, acts.Part{PaymentID: x.ID, CaseID: id, Amount: x.Suspense})
		}
	}
	id, err := c.robot.ProposeMoney(c.t.Context(), a)
	if c.tell(err); err != nil || c.dice.IntN(5) == 0 {
		return // it waits: another act with this money is refused until it is decided
	}
	if err = c.approve(id); err == nil {
		c.done[a.Kind]++
	}
	c.tell(err)
}

func (c *clerk) file() {
	var ids []int64
	for _, d := range c.due() {
		ids = append(ids, d.PaymentID)
		if to := (payments.Payer{Name: "Ахметов Данияр", IBAN: payerIBAN}); d.Payer == nil && d.Given == nil {
			c.tell(c.robot.GiveRequisites(c.t.Context(), d.PaymentID, to, first, "he called"))
		}
	}
	file, err := c.robot.CollectRefunds(c.t.Context(), ids, ourIBAN, first, "x")
	if c.tell(err); err != nil {
		return
	}
	if c.dice.IntN(4) == 0 {
		c.tell(c.robot.DropFile(c.t.Context(), file, second, "x"))
		return
	}
	c.tell(c.robot.ReleaseFile(c.t.Context(), file, second, ""))
	list, err := c.robot.Payments.PayoutsOf(c.t.Context(), c.pool, file)
	c.tell(err)
	c.orders = append(c.orders, list...)
}

func (c *clerk) bankDoes() {
	if len(c.orders) == 0 {
		return
	}
	o := c.orders[c.dice.IntN(len(c.orders))]
	switch c.dice.IntN(4) {
	case 0:
		c.told(answer(o.FileID, o, "ACSC", ""))
	case 1:
		c.told(answer(o.FileID, o, "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"))
	case 2:
		c.statement(c.ref(), leaves("out"+o.EndToEnd, o))
	default:
		c.statement(c.ref(), comesBack("back"+o.EndToEnd, o))
	}
}

// Whatever people, the bank and payers do, in whatever order: every tenge stands in one place.
func TestMoney_whateverPeopleDo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			c := &clerk{bundle: setup(t, 3), dice: rand.New(rand.NewPCG(seed, 11)), done: map[acts.Kind]int{}}
			c.accounts()
			var credits []source.Line
			for range 80 {
				switch c.dice.IntN(6) {
				case 0:
					l := credit(c.ref(), 1+c.dice.Int64N(1_500_000), "штраф")
					credits = append(credits, l)
					c.statement(l.Ref, l)
				case 1:
					l := credit(c.ref(), 1+c.dice.Int64N(900_000), caseno.Format(c.caseID()))
					credits = append(credits, l)
					c.statement(l.Ref, l)
				case 2:
					if len(credits) > 0 && c.dice.IntN(3) == 0 { // the bank takes one back
						l := credits[c.dice.IntN(len(credits))]
						l.Credit, l.Reversal = false, true
						c.statement(c.ref(), l)
					}
				case 3:
					c.file()
				case 4:
					c.bankDoes()
				default:
					c.proposal()
				}
			}
			c.sound()
			if bal := c.balances(); bal["clearing:split"] != "" {
				t.Errorf("%v", bal)
			}
			if len(c.done) == 0 || len(c.orders) == 0 {
				t.Errorf("nothing was tried: %v, %d orders", c.done, len(c.orders))
			}
		})
	}
}
