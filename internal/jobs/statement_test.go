package jobs_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/engine"
	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	ourIBAN     = "KZ510700000000000001"
	gatewayIBAN = "KZ240700000000000002"
)

var moneyDay = calendar.MakeDate(2026, 9, 1)

func (b *bundle) accounts() {
	b.t.Helper()
	now, _ := b.clock.Now(b.t.Context())
	err := pg.InTx(b.t.Context(), b.pool, func(tx pgx.Tx) error {
		return errors.Join(
			b.robot.Payments.RegisterAccount(b.t.Context(), tx, payments.Account{IBAN: ourIBAN, AddedBy: "test", AddedAt: now}),
			b.robot.Payments.RegisterAccount(b.t.Context(), tx, payments.Account{IBAN: gatewayIBAN, Gateway: "gateway", AddedBy: "test", AddedAt: now}))
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// statement takes lines as one statement of one day.
func (b *bundle) statement(name string, lines ...source.Line) jobsResult {
	b.t.Helper()
	r, err := b.tryStatement(name, lines)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

type jobsResult map[payments.Verdict]int

func (b *bundle) tryStatement(name string, lines []source.Line) (jobsResult, error) {
	st := payments.Statement{
		Account: ourIBAN, Format: "test", MessageID: name, SHA256: sha256.Sum256([]byte(name)), Part: 1, From: moneyDay, To: moneyDay,
		Lines: len(lines), Credits: money.Zero, Debits: money.Zero,
	}
	for _, l := range lines {
		if l.Credit {
			st.Credits = st.Credits.Add(l.Amount)
		} else {
			st.Debits = st.Debits.Add(l.Amount)
		}
	}
	t, err := b.robot.Take(b.t.Context(), []payments.Statement{st})
	if err != nil {
		return nil, err
	}
	for i := range lines {
		if err = t.Line(1, &lines[i]); err != nil {
			break
		}
	}
	res, err := t.End(b.t.Context(), err)
	if err != nil {
		return nil, err
	}
	return res[0].Counts, nil
}

func credit(ref string, sum int64, purpose string) source.Line {
	return source.Line{Ref: ref, Credit: true, Amount: money.FromTiyn(sum), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Purpose: purpose}
}

// paidOut is the money of a gateway's payment.
func paidOut(ref, txn string, sum int64, purpose string) source.Line {
	l := credit(ref, sum, purpose)
	l.EndToEnd, l.Payer = txn, source.Party{Name: "Kaspi", IBAN: gatewayIBAN}
	return l
}

func (b *bundle) balances() map[string]string {
	b.t.Helper()
	list, err := b.robot.Payments.Balances(b.t.Context(), b.pool)
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]string{}
	for _, x := range list {
		if !x.Net().IsZero() {
			out[string(x.Account)] = x.Net().String()
		}
	}
	return out
}

func (b *bundle) settle() {
	b.t.Helper()
	if _, err := b.robot.Settle(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func paid(txn string, sum int64, reference string) gateway.Message {
	return gateway.Message{Type: gateway.Paid, TxnID: txn, Amount: money.FromTiyn(sum), Currency: "KZT", Reference: reference, ValueDate: moneyDay}
}

func TestStatement_theWaysOfALine(t *testing.T) {
	b := setup(t, 3)
	b.accounts()
	number := caseno.Format(b.ids[0])
	stranger := credit("L5", 5000, "долг")
	stranger.Payer = source.Party{Name: "Чужой", IIN: iin(500)}
	byIIN := credit("L3", 2015500, "оплата штрафа")
	byIIN.Payer = source.Party{IIN: iin(1)}
	otherSum := credit("L4", 5000, "оплата штрафа")
	otherSum.Payer = source.Party{IIN: iin(2)}
	got := b.statement("first",
		credit("L1", 500000, "оплата по делу "+number),
		credit("L2", 2000000, number), // 20 155 owed, 15 155 left: the rest is due back
		byIIN, otherSum, stranger,
		source.Line{Ref: "D1", Amount: money.FromTiyn(700), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Purpose: "комиссия"},
	)
	want := jobsResult{payments.Matched: 3, payments.Held: 2, payments.Unexplained: 1}
	if !maps.Equal(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
	for _, id := range b.ids[:2] {
		if c := b.load(id); c.State != engine.Paid {
			t.Errorf("case %d is %s", id, c.State)
		}
	}
	if n := b.count(`SELECT count(*) FROM unmatched_money m JOIN writs w ON w.debtor_id = m.debtor_id WHERE w.case_id = $1`, b.ids[2]); n != 1 {
		t.Errorf("%d payments may be the third debtor's, want 1", n)
	}
	if got := b.balances()["treasury"]; got != "45248.00" { // 5 000 + 20 000 + 20 155 + 50 + 50 - 7
		t.Errorf("treasury %s", got)
	}
	// The same movements in another file, and the same file.
	again := b.statement("second", credit("L1", 500000, "оплата по делу "+number), byIIN)
	if again[payments.Duplicate] != 2 {
		t.Errorf("again: %v", again)
	}
	other := b.statement("third", credit("L1", 499900, "оплата по делу "+number))
	if other[payments.Conflict] != 1 {
		t.Errorf("another sum under a known reference: %v", other)
	}
	if _, err := b.tryStatement("first", nil); err == nil {
		// the file is the same by its hash, so nothing is taken
	} else {
		t.Error(err)
	}
	b.sound()
}

func TestStatement_meetsTheGatewaysWord(t *testing.T) {
	for _, order := range []string{"word first", "money first"} {
		for _, key := range []string{"by id", "by case"} {
			t.Run(order+" "+key, func(t *testing.T) {
				b := setup(t, 2)
				b.accounts()
				number := caseno.Format(b.ids[0])
				txn := "K-1"
				if key == "by case" {
					txn = ""
				}
				word := func() { b.message("ev-1", paid("K-1", 500000, number)); b.settle() }
				cash := func() { b.statement("s", paidOut("L1", txn, 500000, "за дело "+number)) }
				if order == "word first" {
					word()
					cash()
				} else {
					cash()
					word()
				}
				if n := b.count(`SELECT count(*) FROM payments`); n != 1 {
					t.Errorf("%d payments", n)
				}
				if c := b.load(b.ids[0]); c.Paid.String() != "5000.00" {
					t.Errorf("paid %s", c.Paid)
				}
				bal := b.balances()
				if bal["treasury"] != "5000.00" || bal["clearing:gateway"] != "" || bal["suspense"] != "" {
					t.Errorf("balances %v", bal)
				}
				b.message("ev-2", gateway.Message{Type: gateway.Reversed, TxnID: "K-1", Amount: money.FromTiyn(500000), Currency: "KZT", ValueDate: moneyDay})
				b.settle()
				back := source.Line{Ref: "D1", Amount: money.FromTiyn(500000), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Payer: source.Party{IBAN: gatewayIBAN}}
				if got := b.statement("s2", back); got[payments.PaidBack] != 1 {
					t.Errorf("%v", got)
				}
				if bal := b.balances(); bal["treasury"] != "" || bal["clearing:gateway"] != "" {
					t.Errorf("after the refund: %v", bal)
				}
				b.sound()
			})
		}
	}
}

// Two payments that could both be meant are never joined by guess.
func TestStatement_unsureMeetingWaitsForAPerson(t *testing.T) {
	b := setup(t, 1)
	b.accounts()
	number := caseno.Format(b.ids[0])
	b.message("ev-1", paid("K-1", 500000, number))
	b.message("ev-2", paid("K-2", 500000, number))
	b.settle()
	if got := b.statement("s", paidOut("L1", "", 500000, number)); got[payments.Held] != 1 {
		t.Errorf("%v", got)
	}
	if c := b.load(b.ids[0]); c.Paid.String() != "10000.00" {
		t.Errorf("paid %s", c.Paid)
	}
	b.sound()
}

// What a person writes into his own transfer cannot make it another's payment.
func TestStatement_aStrangersReferenceIsNoMeeting(t *testing.T) {
	b := setup(t, 2)
	b.accounts()
	b.message("ev-1", paid("K-1", 500000, caseno.Format(b.ids[0])))
	b.settle()
	l := credit("L1", 500000, caseno.Format(b.ids[1]))
	l.EndToEnd, l.Payer.IBAN = "K-1", "KZ940700000000000003"
	if got := b.statement("s", l); got[payments.Matched] != 1 {
		t.Errorf("%v", got)
	}
	if n := b.count(`SELECT count(*) FROM payments`); n != 2 {
		t.Errorf("%d payments", n)
	}
	b.sound()
}

func TestStatement_theBankTakesBack(t *testing.T) {
	for _, order := range []string{"in order", "the later day first"} {
		t.Run(order, func(t *testing.T) {
			b := setup(t, 1)
			b.accounts()
			in := credit("L1", 500000, caseno.Format(b.ids[0]))
			back := in
			back.Credit, back.Reversal = false, true
			if order == "in order" {
				b.statement("a", in)
				if got := b.statement("b", back); got[payments.WasReverse] != 1 {
					t.Errorf("%v", got)
				}
			} else {
				b.statement("b", back)
				if got := b.statement("a", in); got[payments.Held] != 1 {
					t.Errorf("%v", got)
				}
			}
			if c := b.load(b.ids[0]); !c.Paid.IsZero() {
				t.Errorf("paid %s", c.Paid)
			}
			if bal := b.balances(); bal["treasury"] != "" {
				t.Errorf("%v", bal)
			}
			b.sound()
		})
	}
}

func TestStatement_changedIsRefused(t *testing.T) {
	b := setup(t, 1)
	b.accounts()
	b.statement("a", credit("L1", 500000, ""))
	now, _ := b.clock.Now(t.Context())
	err := pg.InTx(t.Context(), b.pool, func(tx pgx.Tx) error {
		_, _, err := b.robot.Payments.BeginStatement(t.Context(), tx, payments.Statement{
			Account: ourIBAN, MessageID: "a", SHA256: sha256.Sum256([]byte("b")), Part: 1, From: moneyDay, To: moneyDay,
		}, now)
		return err
	})
	if !errors.Is(err, payments.ErrStatementChanged) {
		t.Error(err)
	}
}

// flow is what happens to the money of some cases; every order of it must end in the same books.
type flow struct {
	messages []gateway.Message
	lines    []source.Line
}

// moneyFlow makes n transfers through a gateway, all of which also come as lines, some taken back, and some transfers past the
// gateway. Money of a case is taken back only where the case stays unpaid: an end is final, so that it matters which came first.
func moneyFlow(b *bundle, n int, dice *rand.Rand) flow {
	var f flow
	owes := map[int64]int64{}
	for _, id := range b.ids {
		owes[id] = 2015500
	}
	for i := range n {
		id := b.ids[dice.IntN(len(b.ids))]
		sum, reference := 100+dice.Int64N(90000), caseno.Format(id)
		switch {
		case dice.IntN(20) == 0:
			reference = "без номера"
		case owes[id] < sum+1000 && id%2 == 0:
			reference = "без номера" // an even case is never paid in full
		default:
			owes[id] -= sum
		}
		txn := fmt.Sprintf("K-%d", i)
		f.messages = append(f.messages, paid(txn, sum, reference))
		f.lines = append(f.lines, paidOut(fmt.Sprintf("L-%d", i), txn, sum, reference))
		if id%2 == 0 && dice.IntN(10) == 0 {
			f.messages = append(f.messages, gateway.Message{Type: gateway.Reversed, TxnID: txn, Amount: money.FromTiyn(sum), Currency: "KZT", ValueDate: moneyDay})
			f.lines = append(f.lines, source.Line{Ref: fmt.Sprintf("B-%d", i), Amount: money.FromTiyn(sum), Currency: "KZT", Booked: moneyDay, Value: moneyDay, Payer: source.Party{IBAN: gatewayIBAN}})
		}
		if dice.IntN(10) == 0 {
			f.lines = append(f.lines, credit(fmt.Sprintf("P-%d", i), 100+dice.Int64N(5000), "наличными"))
		}
	}
	return f
}

// books is what must not depend on the order.
func (b *bundle) books() string {
	var out strings.Builder
	bal := b.balances()
	for _, k := range slices.Sorted(maps.Keys(bal)) {
		fmt.Fprintln(&out, k, bal[k])
	}
	for _, id := range b.ids {
		c := b.load(id)
		fmt.Fprintln(&out, id, c.State, c.Paid, c.Outstanding)
	}
	return out.String()
}

// INV-M1 to M6, row F9 and F10: duplicates, twenty at once, shuffled, taken back before it was paid, and every transfer also in a statement.
func TestMoney_anyOrderGivesTheSameBooks(t *testing.T) {
	n := 600
	if os.Getenv("BAILIFF_CHAOS") != "" {
		n = 50_000
	}
	inOrder, f := setup(t, 40), flow{}
	inOrder.accounts()
	f = moneyFlow(inOrder, n, rand.New(rand.NewPCG(7, 7)))
	for i, m := range f.messages {
		inOrder.message(fmt.Sprintf("ev-%d", i), m)
	}
	inOrder.settle()
	inOrder.statement("day", f.lines...)
	inOrder.sound()
	want := inOrder.books()

	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			b := setup(t, 40)
			b.accounts()
			dice := rand.New(rand.NewPCG(seed, 1))
			type event struct {
				id string
				m  gateway.Message
			}
			var events []event
			for i, m := range f.messages {
				e := event{fmt.Sprintf("ev-%d", i), m}
				events = append(events, e)
				if dice.IntN(5) == 0 {
					events = append(events, e)
				}
			}
			for range 49 {
				events = append(events, events[0])
			}
			dice.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			lines := slices.Clone(f.lines)
			dice.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			half := len(lines) / 2
			days := [][]source.Line{lines[:half], lines[half:], lines[half/2 : half+half/2]} // a day twice in part
			g, ctx := errgroup.WithContext(t.Context())
			g.SetLimit(20)
			var mu sync.Mutex
			for i, e := range events {
				g.Go(func() error {
					body, err := gateway.Encode(e.m)
					if err != nil {
						return err
					}
					_, err = b.robot.Receive(ctx, payments.Event{Source: "gateway", EventID: e.id, Body: body})
					return err
				})
				if i%(len(events)/3+1) == len(events)/4 {
					mu.Lock()
					day := days[0]
					days = days[1:]
					mu.Unlock()
					g.Go(func() error { _, err := b.tryStatement(fmt.Sprint("day ", i), day); return err })
				}
				if i%(len(events)/7+1) == 0 {
					g.Go(func() error { _, err := b.robot.Settle(ctx); return err })
				}
			}
			if err := g.Wait(); err != nil {
				t.Fatal(err)
			}
			b.settle()
			for i, day := range days {
				b.statement(fmt.Sprint("left ", i), day...)
			}
			b.clock.Advance(time.Minute)
			b.settle()
			b.sound()
			if got := b.books(); got != want {
				t.Errorf("books differ from those of the run in order:\n%s\nwant\n%s", got, want)
			}
		})
	}
	hledger(t, inOrder)
}

// hledger adds the journal up to the same balances.
func hledger(t *testing.T, b *bundle) {
	t.Helper()
	path, err := exec.LookPath("hledger")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("hledger is not installed")
		}
		t.Skip("hledger is not installed")
	}
	file := filepath.Join(t.TempDir(), "books.journal")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.robot.Payments.Journal(t.Context(), b.pool, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, "-f", file, "balance", "--flat", "--no-total", "-O", "csv").CombinedOutput()
	if err != nil {
		t.Fatalf("hledger: %v\n%s", err, out)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		var account, sum string
		if a, s, ok := strings.Cut(strings.TrimSpace(strings.ReplaceAll(line, `"`, "")), ","); ok && a != "account" {
			_, account, _ = strings.Cut(a, ":")
			sum = strings.TrimSuffix(s, " KZT")
			got[account] = sum
		}
	}
	if want := b.balances(); !maps.Equal(got, want) {
		t.Errorf("hledger says %v, our books %v", got, want)
	}
}
