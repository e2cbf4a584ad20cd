package jobs_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/jobs"
	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
)

const ownIBAN = "KZ86125KZT5004100100"

// own gives the debtor's account for the first case.
func (b *bundle) own(iban string) error {
	return pg.InTx(b.t.Context(), b.pool, func(tx pgx.Tx) error {
		return b.robot.GiveOwnRequisites(b.t.Context(), tx, b.ids[0], payments.Payer{Name: "Ахметов Данияр", IIN: iin(0), IBAN: iban})
	})
}

// backs tells what the debtor of the first case is told, as "state sum account".
func (b *bundle) backs() string {
	b.t.Helper()
	list, err := b.robot.MoneyBack(b.t.Context(), b.pool, b.ids[0])
	if err != nil {
		b.t.Fatal(err)
	}
	said := ""
	for _, l := range list {
		said += fmt.Sprintf("%s %s %s;", l.State, l.Amount, l.Account)
		if l.ByDebtor != (l.State == queue.BackReady) {
			b.t.Errorf("%+v: who gave it?", l)
		}
	}
	return said
}

// The whole way of money that goes back, as the debtor sees it: from the payer's account over his own to the bank that sends it back, and once more.
func TestMoneyBack_asTheDebtorSeesIt(t *testing.T) {
	t.Parallel()
	b := overpaid(t)
	wants := func(want string) {
		t.Helper()
		if got := b.backs(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	wants("payer 845.00 0003;")
	if err := b.own("KZ86125KZT5004100101"); err == nil {
		t.Error("a wrong account is kept")
	}
	if err := b.own(ownIBAN); err != nil {
		t.Fatal(err)
	}
	wants("ready 845.00 0100;")
	due := b.due()
	if len(due) != 1 || due[0].GivenBy != "debtor" || due[0].GivenAt.IsZero() {
		t.Errorf("the desk sees %+v", due)
	}
	file, err := b.robot.CollectRefunds(t.Context(), []int64{due[0].PaymentID}, ourIBAN, first, "weekly")
	if err != nil {
		t.Fatal(err)
	}
	wants("collected 845.00 0100;")
	if err := b.own(payerIBAN); err == nil {
		t.Error("what is in a file can be changed")
	} else if e, ok := errors.AsType[*acts.Error](err); !ok || e.Code != jobs.CodeNotDue {
		t.Errorf("%v", err)
	}
	if err := b.robot.ReleaseFile(t.Context(), file, second, ""); err != nil {
		t.Fatal(err)
	}
	wants("sent 845.00 0100;")
	list, err := b.robot.Payments.PayoutsOf(t.Context(), b.pool, file)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	b.told(answer(file, list[0], "RJCT", "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>"))
	wants("returned 845.00 0100;")
	if back, err := b.robot.MoneyBack(t.Context(), b.pool, b.ids[0]); err != nil || back[0].Code != "AC04" {
		t.Errorf("%+v %v", back, err)
	}
	if err := b.own(payerIBAN); err != nil {
		t.Fatal(err)
	}
	wants("ready 845.00 0003;")
	file, o := b.sent()
	b.told(answer(file, o, "ACSC", ""))
	wants("paid 845.00 0003;")
	if err := b.own(ownIBAN); err == nil {
		t.Error("an account for nothing")
	}
	if back, err := b.robot.MoneyBack(t.Context(), b.pool, b.ids[1]); err != nil || len(back) != 0 {
		t.Errorf("another case: %+v %v", back, err)
	}
}

// The account that the debtor was told is kept is the one to which the money goes: who collects waits for who gives, and the other way round.
func TestMoneyBack_givenWhileCollected(t *testing.T) {
	t.Parallel()
	for range 10 {
		b := overpaid(t)
		due := b.due()
		given := make(chan error)
		go func() { given <- b.own(ownIBAN) }()
		file, err := b.robot.CollectRefunds(t.Context(), []int64{due[0].PaymentID}, ourIBAN, first, "weekly")
		if err != nil {
			t.Fatal(err)
		}
		want := "collected 845.00 0003;"
		if <-given == nil {
			want = "collected 845.00 0100;"
		}
		if got := b.backs(); got != want {
			t.Fatalf("file %d: got %q, want %q", file, got, want)
		}
	}
}
