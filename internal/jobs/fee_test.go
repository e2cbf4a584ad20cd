package jobs_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// netAccounts registers our account and one of a gateway that keeps its fee.
func (b *bundle) netAccounts() {
	b.t.Helper()
	now, _ := b.clock.Now(b.t.Context())
	err := pg.InTx(b.t.Context(), b.pool, func(tx pgx.Tx) error {
		return errors.Join(
			b.robot.Payments.RegisterAccount(b.t.Context(), tx, payments.Account{IBAN: ourIBAN, AddedBy: "test", AddedAt: now}),
			b.robot.Payments.RegisterAccount(b.t.Context(), tx, payments.Account{IBAN: gatewayIBAN, Gateway: "gateway", Net: true, AddedBy: "test", AddedAt: now}))
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// withFee is a payment as the gateway's list of the day has it.
func withFee(txn string, sum, fee int64, reference string) gateway.Message {
	m := paid(txn, sum, reference)
	m.Fee = money.FromTiyn(fee)
	return m
}

// alarms collects, once each, what went wrong with payouts.
type alarms struct {
	mu   sync.Mutex
	what []string
}

func (a *alarms) watch(c *jobs.Config) {
	c.Observe = func(what, outcome string, _ int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if what == "payout" && !slices.Contains(a.what, outcome) {
			a.what = append(a.what, outcome)
		}
	}
}

func (a *alarms) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.what, " ")
}

// feeWorld is setup that counts the alarms about payouts.
func feeWorld(t *testing.T, n int) (*bundle, *alarms) {
	t.Helper()
	a := &alarms{}
	return setupConfig(t, n, a.watch), a
}

// Word, fee and money come in any order: the debtor is credited the whole, the fee is an expense, and nothing is left anywhere.
func TestFee_anyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"wfm", "wmf", "fwm", "fmw", "mwf", "mfw", "FM", "MF"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b, alarm := feeWorld(t, 1)
			b.netAccounts()
			number := caseno.Format(b.ids[0])
			for i, step := range order {
				switch step {
				case 'w': // without its fee
					b.message(fmt.Sprint("w", i), paid("K-1", 500000, number))
				case 'f', 'F': // with it: the list of the day, or the message itself
					b.message(fmt.Sprint("f", i), withFee("K-1", 500000, 4500, number))
				default:
					got := b.statement("s", paidOut("L1", "K-1", 495500, "за дело "+number))
					if held := got[payments.Held] == 1; held != (b.count(`SELECT count(*) FROM payments WHERE fee > 0`) == 0) {
						t.Errorf("%v", got)
					}
					if n := b.count(`SELECT count(*) FROM unmatched_money`); i == 0 && n != 1 {
						t.Errorf("%d doubts: the debtor may have paid", n)
					}
				}
				b.settle()
				b.sound()
			}
			if c := b.load(b.ids[0]); c.Paid.String() != "5000.00" {
				t.Errorf("credited %s", c.Paid)
			}
			want := map[string]string{"treasury": "4955.00", "gateway_fees": "45.00", "due_to_claimants": "-5000.00", "receivable": "15155.00", "claims": "-15155.00"}
			if bal := b.balances(); !maps.Equal(bal, want) {
				t.Errorf("%v", bal)
			}
			if n := b.count(`SELECT count(*) FROM unmatched_money`) + b.count(`SELECT count(*) FROM payout_waits`); n != 0 {
				t.Errorf("%d doubts and waits are left", n)
			}
			if alarm.String() != "" {
				t.Errorf("alarms: %s", alarm)
			}
			hledger(t, b)
		})
	}
}

// What is neither the payment nor that less its fee waits in suspense, with an alarm, and takes nothing from the debtor.
func TestFee_aDifferenceIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		came  int64
		order string
		want  string
	}{
		"a tiyn less":             {495499, "fm", "differs"},
		"a tiyn more":             {495501, "fm", "differs"},
		"the fee comes later":     {495499, "wmf", "differs"},
		"the money comes first":   {495499, "mf", "differs"},
		"more than was paid":      {500001, "mw", "differs"},
		"all of it, fee untold":   {500000, "wmf", "fee_not_kept"},
		"all of it, fee told":     {500000, "fm", "fee_not_kept"},
		"no fee at all":           {500000, "mw", ""},
		"another fee is told":     {495500, "fgm", "fee_conflict"},
		"a gateway that pays all": {495500, "Wm", "differs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, alarm := feeWorld(t, 1)
			if c.order[0] == 'W' {
				b.accounts()
			} else {
				b.netAccounts()
			}
			number := caseno.Format(b.ids[0])
			for i, step := range c.order {
				switch step {
				case 'w', 'W':
					b.message(fmt.Sprint("w", i), paid("K-1", 500000, number))
				case 'f':
					b.message(fmt.Sprint("f", i), withFee("K-1", 500000, 4500, number))
				case 'g':
					b.message(fmt.Sprint("g", i), withFee("K-1", 500000, 4600, number))
				default:
					b.statement("s", paidOut("L1", "K-1", c.came, "за дело "+number))
				}
				b.settle()
			}
			if got := alarm.String(); got != c.want {
				t.Errorf("alarms %q, want %q", got, c.want)
			}
			if got := b.load(b.ids[0]).Paid.String(); got != "5000.00" {
				t.Errorf("credited %s", got)
			}
			bal := b.balances()
			if want := money.FromTiyn(-c.came).String(); c.want == "differs" && (bal["suspense"] != want || bal["gateway_fees"] != "" || bal["clearing:gateway"] != "5000.00") {
				t.Errorf("%v", bal)
			}
			if c.want != "differs" && (bal["suspense"] != "" || bal["clearing:gateway"] != "") {
				t.Errorf("%v", bal)
			}
			b.sound()
		})
	}
}

// The list of a day tells the fees of payments that are known.
func TestFee_inTheListOfTheDay(t *testing.T) {
	t.Parallel()
	gw, alarm := newTill(), &alarms{}
	b := setupConfig(t, 1, func(c *jobs.Config) {
		alarm.watch(c)
		c.Tills = map[string]gateway.Driver{"gateway": gw}
	})
	b.netAccounts()
	number := caseno.Format(b.ids[0])
	b.message("ev-1", paid("K-1", 500000, number))
	b.settle()
	b.statement("s", paidOut("L1", "K-1", 495500, number), paidOut("L2", "K-2", 99000, number))
	gw.day[moneyDay] = []gateway.Message{withFee("K-1", 500000, 4500, number), withFee("K-2", 100000, 1000, number)}
	b.clock.Advance(48 * time.Hour)
	for range 7 {
		b.ask()
	}
	b.settle()
	if bal := b.balances(); bal["gateway_fees"] != "55.00" || bal["clearing:gateway"] != "" || bal["suspense"] != "" || bal["treasury"] != "5945.00" {
		t.Errorf("%v", bal)
	}
	if got := b.load(b.ids[0]).Paid.String(); got != "6000.00" {
		t.Errorf("credited %s", got)
	}
	if n := b.count(`SELECT count(*) FROM registers WHERE day = $1 AND entries = 2 AND unknown = 1 AND missing = 0`, moneyDay.UTC()); n != 1 {
		t.Error("the comparison is not kept")
	}
	if alarm.String() != "" {
		t.Errorf("alarms: %s", alarm)
	}
	b.sound()
}

// Without the gateway's id on the line a person says what it is: the sum less the fee is enough for him, another sum is not.
func TestFee_aPersonMayJoinThem(t *testing.T) {
	t.Parallel()
	b, _ := feeWorld(t, 1)
	b.netAccounts()
	b.message("ev", withFee("K-1", 500000, 4500, caseno.Format(b.ids[0])))
	b.settle()
	b.statement("s", paidOut("L1", "", 495500, "выплата"), paidOut("L2", "", 495400, "выплата"))
	known := int64(b.count(`SELECT id FROM payments WHERE source = 'gateway'`))
	q := b.suspense()
	other := acts.Act{Kind: acts.SameAs, ProposedBy: first, Reason: "x", Parts: []acts.Part{{PaymentID: q[1].ID, Known: known, Amount: q[1].Amount}}}
	if _, err := b.robot.ProposeMoney(t.Context(), other); code(err) != acts.CodeNotSame {
		t.Errorf("%v", err)
	}
	if err := b.approve(b.propose(acts.Act{Kind: acts.SameAs, Parts: []acts.Part{{PaymentID: q[0].ID, Known: known, Amount: q[0].Amount}}})); err != nil {
		t.Fatal(err)
	}
	if bal := b.balances(); bal["gateway_fees"] != "45.00" || bal["clearing:gateway"] != "" || bal["suspense"] != "-4954.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
	hledger(t, b)
}

// By case, sum and day it meets as well, if it can be one payment only.
func TestFee_byCase(t *testing.T) {
	t.Parallel()
	b, _ := feeWorld(t, 1)
	b.netAccounts()
	number := caseno.Format(b.ids[0])
	b.message("ev", withFee("K-1", 500000, 4500, number))
	b.settle()
	if got := b.statement("s", paidOut("L1", "", 495500, number)); got[payments.WasSettled] != 1 {
		t.Errorf("%v", got)
	}
	if bal := b.balances(); bal["gateway_fees"] != "45.00" || bal["clearing:gateway"] != "" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

// Where the gateway bears its fee, a fee is an alarm and a payout less of it stays in suspense.
func TestFee_whereTheGatewayBearsIt(t *testing.T) {
	t.Parallel()
	alarm := &alarms{}
	b := setupConfig(t, 1, func(c *jobs.Config) {
		alarm.watch(c)
		files := pack.Default().Files()
		files["gateway.yaml"] = bytes.Replace(files["gateway.yaml"], []byte("value: state"), []byte("value: gateway"), 1)
		p, err := pack.LoadFiles(files)
		if err == nil {
			c.Packs, err = engine.RegisterPack(t.Context(), c.Pool, p)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	b.accounts()
	b.message("ev", withFee("K-1", 500000, 4500, caseno.Format(b.ids[0])))
	b.settle()
	b.statement("s", paidOut("L1", "K-1", 495500, "выплата"))
	if got := alarm.String(); got != "fee_not_borne differs" {
		t.Errorf("alarms %q", got)
	}
	if bal := b.balances(); bal["suspense"] != "-4955.00" || bal["gateway_fees"] != "" || bal["clearing:gateway"] != "5000.00" {
		t.Errorf("%v", bal)
	}
	b.sound()
}

// Many payments, whose words, fees and money come in any order, some of them twice: every debtor is credited the whole, and the books are
// those of the sums.
func TestFee_manyInAnyOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 5))
			b, alarm := feeWorld(t, 3)
			b.netAccounts()
			var steps []func()
			var gross, fees int64
			for i := range 30 {
				id := b.ids[i%3]
				sum := 1000 + dice.Int64N(60000)
				fee := dice.Int64N(sum / 10)
				gross, fees = gross+sum, fees+fee
				txn, number := fmt.Sprint("K-", i), caseno.Format(id)
				for n := range 1 + dice.IntN(2) {
					steps = append(steps, func() { b.message(fmt.Sprint("w", i, "/", n), paid(txn, sum, number)) },
						func() { b.message(fmt.Sprint("f", i, "/", n), withFee(txn, sum, fee, number)) },
						func() { b.statement(fmt.Sprint("s", i, "/", n), paidOut(fmt.Sprint("L", i), txn, sum-fee, number)) })
				}
				steps = append(steps, b.settle)
			}
			dice.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, step := range steps {
				step()
			}
			b.settle()
			bal := b.balances()
			if bal["treasury"] != money.FromTiyn(gross-fees).String() || bal["gateway_fees"] != money.FromTiyn(fees).String() || bal["clearing:gateway"] != "" || bal["suspense"] != "" {
				t.Errorf("%v; %d came less %d", bal, gross, fees)
			}
			paid := money.Zero
			for _, id := range b.ids {
				paid = paid.Add(b.load(id).Paid)
			}
			if paid.Tiyn() != gross {
				t.Errorf("credited %s of %d", paid, gross)
			}
			if alarm.String() != "" {
				t.Errorf("alarms: %s", alarm)
			}
			b.sound()
			hledger(t, b)
		})
	}
}
