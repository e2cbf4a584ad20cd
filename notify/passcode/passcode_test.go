package passcode_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/passcode"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const caseID = 260000001

var refusal = passcode.Purpose{Act: passcode.Refusal}

type shop struct {
	*passcode.Store
	t    *testing.T
	pool *pgxpool.Pool
}

func open(t *testing.T) shop {
	t.Helper()
	return shop{passcode.New(testkit.Keys(t)), t, testkit.DB(t)}
}

func (s shop) tx(f func(ctx context.Context, tx pgx.Tx) error) {
	s.t.Helper()
	if err := pg.InTx(s.t.Context(), s.pool, func(tx pgx.Tx) error { return f(s.t.Context(), tx) }); err != nil {
		s.t.Fatal(err)
	}
}

func (s shop) ask(id int64, anew bool) (state passcode.State, asked bool) {
	s.t.Helper()
	s.tx(func(ctx context.Context, tx pgx.Tx) (err error) {
		state, asked, err = s.Ask(ctx, tx, id, refusal, anew)
		return err
	})
	return state, asked
}

func (s shop) claim(id int64) (l passcode.Letter, ok bool) {
	s.t.Helper()
	s.tx(func(ctx context.Context, tx pgx.Tx) (err error) { l, ok, err = s.Claim(ctx, tx, id); return err })
	return l, ok
}

func (s shop) use(id int64, typed string) (state passcode.State, right bool) {
	s.t.Helper()
	s.tx(func(ctx context.Context, tx pgx.Tx) (err error) {
		state, right, err = s.Use(ctx, tx, id, refusal, typed)
		return err
	})
	return state, right
}

func (s shop) look(id int64) passcode.State {
	s.t.Helper()
	state, err := s.Look(s.t.Context(), s.pool, id, refusal)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// code has a code sent, as the worker does, and gives it.
func (s shop) code(id int64) string {
	s.t.Helper()
	if _, asked := s.ask(id, true); !asked {
		s.t.Fatal("no code is made")
	}
	l, ok := s.claim(id)
	if !ok {
		s.t.Fatal("there is nothing to send")
	}
	return l.Code
}

// age makes real time pass for the codes that there are.
func (s shop) age(d time.Duration) {
	s.t.Helper()
	s.tx(func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `ALTER TABLE passcodes DISABLE TRIGGER passcodes_forward`); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE passcodes SET made_at = made_at - $1::interval, asked_at = ARRAY(SELECT a - $1::interval FROM unnest(asked_at) a)`, d); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ALTER TABLE passcodes ENABLE TRIGGER passcodes_forward`)
		return err
	})
}

// wrong is a code of six digits that is not the given one.
func wrong(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}

func TestUse_onceAndOnlyTheRightOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	if state, right := s.use(caseID, "000000"); right || state.End != passcode.None {
		t.Errorf("without any code: %+v %t", state, right)
	}
	code := s.code(caseID)
	if state, right := s.use(caseID, wrong(code)); right || state.Left != 4 || state.End != passcode.Alive {
		t.Errorf("a wrong one: %+v %t", state, right)
	}
	for _, typed := range []string{"", code[:5], code + "0"} {
		if _, right := s.use(caseID, typed); right {
			t.Errorf("%q is right", typed)
		}
	}
	if _, right := s.use(caseID, code); !right {
		t.Fatal("the right one is wrong")
	}
	if state, right := s.use(caseID, code); right || state.End != passcode.Used {
		t.Errorf("used again: %+v %t", state, right)
	}
	if _, asked := s.ask(caseID, false); asked {
		t.Error("another code within a minute")
	}
	s.age(2 * time.Minute)
	if next := s.code(caseID); s.look(caseID).End != passcode.Alive {
		t.Errorf("after a used one comes no other: %s", next)
	}
}

func TestUse_rolledBackLeavesTheCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	code := s.code(caseID)
	err := pg.InTx(t.Context(), s.pool, func(tx pgx.Tx) error {
		if _, right, err := s.Use(t.Context(), tx, caseID, refusal, code); err != nil || !right {
			t.Errorf("%t %v", right, err)
		}
		return context.Canceled // the case did not allow it
	})
	if err == nil {
		t.Fatal("committed")
	}
	if _, right := s.use(caseID, code); !right {
		t.Error("a code that did nothing is used up")
	}
}

func TestUse_fiveTries(t *testing.T) {
	t.Parallel()
	s := open(t)
	code := s.code(caseID)
	for left := 4; left >= 0; left-- {
		state, right := s.use(caseID, wrong(code))
		if right || state.Left != left || (state.End == passcode.Spent) != (left == 0) {
			t.Errorf("%d left: %+v", left, state)
		}
	}
	if state, right := s.use(caseID, code); right || state.End != passcode.Spent {
		t.Errorf("the right one after five wrong ones: %+v %t", state, right)
	}
	s.age(2 * time.Minute)
	if next := s.code(caseID); s.look(caseID).Left != passcode.MaxTries {
		t.Errorf("the next one %s has not all its tries", next)
	}
}

// Many guesses at the same moment are no more than five.
func TestUse_guessesAtOnceCount(t *testing.T) {
	t.Parallel()
	s := open(t)
	code := s.code(caseID)
	var all sync.WaitGroup
	var mu sync.Mutex
	heard := 0
	for range 12 {
		all.Go(func() {
			err := pg.InTx(t.Context(), s.pool, func(tx pgx.Tx) error {
				state, right, err := s.Use(t.Context(), tx, caseID, refusal, wrong(code))
				if right || err != nil {
					return fmt.Errorf("right %t: %w", right, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if state.Left > 0 {
					heard++
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var tries int
	if err := s.pool.QueryRow(t.Context(), `SELECT tries FROM passcodes`).Scan(&tries); err != nil || tries != 5 || heard != 4 {
		t.Errorf("%d tries, %d with some left: %v", tries, heard, err)
	}
}

func TestUse_notAfterTenMinutes(t *testing.T) {
	t.Parallel()
	s := open(t)
	code := s.code(caseID)
	s.age(9*time.Minute + 50*time.Second)
	if got := s.look(caseID).End; got != passcode.Alive {
		t.Errorf("after nine minutes: %q", got)
	}
	s.age(10 * time.Second)
	if state, right := s.use(caseID, code); right || state.End != passcode.Expired {
		t.Errorf("after ten minutes: %+v %t", state, right)
	}
}

func TestUse_aCodeOpensNoOtherCase(t *testing.T) {
	t.Parallel()
	s := open(t)
	a, b := s.code(caseID), s.code(caseID+1)
	if _, right := s.use(caseID+1, a); right && a != b {
		t.Error("the code of one case opened another")
	}
	if _, right := s.use(caseID+1, b); !right {
		t.Error("its own did not")
	}
}

func TestAsk_isBoundAndEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.code(caseID)
	if state, asked := s.ask(caseID, false); asked || state.End != passcode.Alive {
		t.Errorf("a second one beside a good one: %+v", state)
	}
	if state, asked := s.ask(caseID, true); asked || state.Wait <= 0 || state.Wait > passcode.Pause {
		t.Errorf("at once: %+v", state)
	}
	s.age(time.Minute)
	second := s.code(caseID)
	if _, right := s.use(caseID, first); right && first != second {
		t.Error("the code before is still good")
	}
	s.age(time.Minute)
	s.code(caseID)
	s.age(time.Minute)
	if state, asked := s.ask(caseID, true); asked || state.Today || state.Wait < 56*time.Minute || state.Wait > 57*time.Minute {
		t.Errorf("a fourth in an hour: %+v", state)
	}
	s.age(time.Hour)
	for range 3 {
		s.code(caseID)
		s.age(2 * time.Minute)
	}
	s.age(2 * time.Hour)
	if state, asked := s.ask(caseID, true); asked || !state.Today {
		t.Errorf("a seventh in a day: %+v", state)
	}
	s.age(24 * time.Hour)
	s.code(caseID)
}

// Two pages that ask at the same moment get one code.
func TestAsk_atOnceMakesOne(t *testing.T) {
	t.Parallel()
	for _, anew := range []bool{false, true} {
		s := open(t)
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 8 {
			all.Go(func() {
				var asked bool
				err := pg.InTx(t.Context(), s.pool, func(tx pgx.Tx) (err error) {
					_, asked, err = s.Ask(t.Context(), tx, caseID, refusal, anew)
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if asked {
					made++
				}
			})
		}
		all.Wait()
		if made != 1 {
			t.Errorf("%d codes", made)
		}
	}
}

func TestClaim_onceAndNothingIsKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	if _, ok := s.claim(caseID); ok {
		t.Error("a code that nobody asked for is sent")
	}
	s.ask(caseID, true)
	l, ok := s.claim(caseID)
	if !ok || l.Left <= 9*time.Minute || l.Left > passcode.Life {
		t.Errorf("%+v %t", l.Left, ok)
	}
	if _, again := s.claim(caseID); again {
		t.Error("a code is sent twice")
	}
	if err := s.Tell(t.Context(), s.pool, l, passcode.Wanted, nil); err != nil { // nothing left
		t.Fatal(err)
	}
	again, ok := s.claim(caseID)
	if !ok || again.Code != l.Code || again.Serial != l.Serial {
		t.Errorf("a code that did not leave: %v %t", again, ok)
	}
	if err := s.Tell(t.Context(), s.pool, l, passcode.Sent, []string{"smsc/17", "", "smsc/18\x00"}); err != nil {
		t.Fatal(err)
	}
	var all string
	if err := s.pool.QueryRow(t.Context(), `SELECT p::text FROM passcodes p`).Scan(&all); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(all, l.Code) || !strings.Contains(all, "smsc/17") {
		t.Errorf("kept: %s", all)
	}
	s.age(2 * time.Minute)
	s.ask(caseID, true)
	if err := s.Tell(t.Context(), s.pool, l, passcode.Failed, nil); err != nil { // of the one before
		t.Fatal(err)
	}
	if got := s.look(caseID).Fate; got != passcode.Wanted {
		t.Errorf("late news of an old code: %s", got)
	}
	s.age(passcode.Life)
	if _, ok := s.claim(caseID); ok {
		t.Error("a code that is too old is sent")
	}
	if err := s.Tell(t.Context(), s.pool, l, passcode.Sending, nil); err == nil {
		t.Error("somebody says that it is being sent")
	}
}

func TestSift_takesTheReceiptsOfCodes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for i := range int64(3) {
		s.ask(caseID+i, true)
		l, _ := s.claim(caseID + i)
		if err := s.Tell(t.Context(), s.pool, l, passcode.Sent, []string{fmt.Sprintf("c/%d", 2*i), fmt.Sprintf("c/%d", 2*i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	notice := notify.Receipt{Ref: notify.Ref(caseID, 1, notify.SMS), Status: notify.StatusFailed}
	foreign := notify.Receipt{ProviderRef: "c/99", Status: notify.StatusDelivered}
	broken := notify.Receipt{ProviderRef: "c/\x00\xff", Status: notify.StatusDelivered}
	var others []notify.Receipt
	var codes int
	s.tx(func(ctx context.Context, tx pgx.Tx) (err error) {
		others, codes, err = s.Sift(ctx, tx, []notify.Receipt{
			notice,
			{Ref: passcode.Ref(caseID, 1), Status: notify.StatusFailed},
			foreign,
			{ProviderRef: "c/2", Status: notify.StatusDelivered},
			{ProviderRef: "c/5", Status: notify.StatusFailed},
			broken,
			{Ref: passcode.Ref(caseID+1, 7), Status: notify.StatusFailed},
		})
		return err
	})
	if diff := cmp.Diff([]notify.Receipt{notice, foreign, broken}, others); diff != "" || codes != 4 {
		t.Errorf("%d codes, others: %s", codes, diff)
	}
	for i, want := range []passcode.Fate{passcode.Failed, passcode.Sent, passcode.Failed} {
		if got := s.look(int64(caseID + i)).Fate; got != want {
			t.Errorf("case %d: %s, want %s", i, got, want)
		}
	}
}

func TestForget_keepsWhatIsUsedOrBounds(t *testing.T) {
	t.Parallel()
	s := open(t)
	used := s.code(caseID)
	s.use(caseID, used)
	s.code(caseID + 1)
	s.age(25 * time.Hour)
	s.code(caseID + 2)
	if n, err := s.Forget(t.Context(), s.pool); err != nil || n != 1 {
		t.Errorf("forgot %d: %v", n, err)
	}
	if got := []passcode.End{s.look(caseID).End, s.look(caseID + 1).End, s.look(caseID + 2).End}; !cmp.Equal(got, []passcode.End{passcode.Used, passcode.None, passcode.Alive}) {
		t.Errorf("%q", got)
	}
}

func TestTable_refusesToTurnACodeBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	code := s.code(caseID)
	s.use(caseID, wrong(code))
	s.use(caseID, code)
	for _, sql := range []string{
		`UPDATE passcodes SET tries = 0`, `UPDATE passcodes SET used_at = NULL`, `UPDATE passcodes SET nonce = '\x00000000000000000000000000000000'`,
		`UPDATE passcodes SET made_at = made_at + interval '1 hour'`, `UPDATE passcodes SET serial = 0`, `UPDATE passcodes SET case_id = 1`, `UPDATE passcodes SET tries = 6`,
	} {
		if _, err := s.pool.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s was possible", sql)
		}
	}
}

// A code for one purpose is none for another, which neither uses it up nor counts a try; and asking for another purpose ends it.
func TestUse_forItsPurposeOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	refund := func(about string) passcode.Purpose { return passcode.Purpose{Act: passcode.Refund, About: about} }
	try := func(p passcode.Purpose, typed string) (state passcode.State, right bool) {
		s.tx(func(ctx context.Context, tx pgx.Tx) (err error) {
			state, right, err = s.Use(ctx, tx, caseID, p, typed)
			return err
		})
		return state, right
	}
	code := s.code(caseID)
	for _, p := range []passcode.Purpose{refund("4100"), refund("")} {
		if state, right := try(p, code); right || state.End != passcode.None || state.Left != passcode.MaxTries || state.Wait == 0 {
			t.Errorf("%v by a code for a refusal: %+v %t", p, state, right)
		}
	}
	if state := s.look(caseID); state.Left != passcode.MaxTries {
		t.Errorf("tries were counted: %+v", state)
	}
	s.age(2 * time.Minute)
	s.tx(func(ctx context.Context, tx pgx.Tx) error {
		state, asked, err := s.Ask(ctx, tx, caseID, refund("4100"), false)
		if !asked || state.End != passcode.Alive {
			t.Errorf("a code for another purpose stands in the way: %+v %t", state, asked)
		}
		return err
	})
	l, ok := s.claim(caseID)
	if !ok || l.Purpose != refund("4100") || l.Serial != 2 {
		t.Fatalf("%+v %t", l, ok)
	}
	if _, right := try(refusal, l.Code); right {
		t.Error("a refusal by a code for a refund")
	}
	if _, right := try(refund("4101"), l.Code); right {
		t.Error("another account by this code")
	}
	if _, right := try(refusal, code); right && l.Code != code {
		t.Error("the code before still works")
	}
	if _, right := try(refund("4100"), l.Code); !right {
		t.Error("the right one is wrong")
	}
	if _, err := s.pool.Exec(t.Context(), `UPDATE passcodes SET about = '4101'`); err == nil {
		t.Error("the purpose of a code can be changed")
	}
}
