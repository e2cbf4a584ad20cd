package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/testkit"
)

func wantLater(t *testing.T, err error, at time.Time) {
	t.Helper()
	later, ok := errors.AsType[*Later](err)
	if !ok {
		t.Fatalf("%v, want to go on at %s", err, at)
	}
	if !later.At.Equal(at) {
		t.Fatalf("go on at %s, want %s", later.At, at)
	}
}

func TestRun_sendsOnceWithTheWindowAsExpiry(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	var ids []int64
	for i := range int64(40) {
		ids = append(ids, firstCase+i+1)
		create(t, w.Store, db, opening(ids[i], 1, noon))
	}
	for range 2 {
		if err := w.run(ids...); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.sms.got) != 40 || len(w.push.got) != 40 || w.sms.queries != 0 {
		t.Fatalf("%d sms, %d push, %d queries", len(w.sms.got), len(w.push.got), w.sms.queries)
	}
	dusk := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC) // 21:00 in Almaty
	for _, id := range ids {
		notices := ofCase(t, w.Store, db, id)
		for _, n := range notices {
			g := w.sms
			if n.Channel == Push {
				g = w.push
			}
			m := g.got[Ref(id, 1, n.Channel)]
			if len(m) != 1 || m[0].Text != n.Text || m[0].Title != n.Title || !m[0].ExpiresAt.Equal(dusk) || m[0].To == "" {
				t.Errorf("%+v for %+v", m, n)
			}
			if n.Status != StatusSent || n.Attempts != 1 || !n.SentAt.Equal(noon) || n.ProviderRef != "p"+Ref(id, 1, n.Channel) {
				t.Errorf("%+v", n)
			}
		}
	}
	checkGreen(t, w.Store, db)
}

func TestRun_waits(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	in := on(opening(id, 1, noon), SMS)
	in.NotBefore = noon.Add(10 * time.Hour) // 22:00: quiet
	create(t, w.Store, db, in)
	morning := time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC) // 09:00
	wantLater(t, w.run(id), morning)
	for _, at := range []time.Time{
		noon.Add(8*time.Hour + 51*time.Minute), // 20:51: too near to the quiet hours
		noon.Add(11 * time.Hour),               // 23:00
		morning.Add(-time.Second),
	} {
		w.clock.Set(at)
		wantLater(t, w.run(id), morning)
	}
	w.clock.Set(morning)
	if err := w.run(id); err != nil || len(w.sms.got) != 1 {
		t.Fatalf("%v, %d sent", err, len(w.sms.got))
	}
	checkGreen(t, w.Store, db)
}

func TestRun_expires(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	create(t, w.Store, db, on(opening(id, 1, noon), SMS))
	w.clock.Set(noon.Add(72 * time.Hour))
	if err := w.run(id); err != nil {
		t.Fatal(err)
	}
	if s, n := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != StatusExpired || n != 0 || len(w.sms.got) != 0 {
		t.Fatalf("%s after %d attempts", s, n)
	}
	checkGreen(t, w.Store, db)
}

// L12: the answer is lost. The provider is asked, and what it has is not sent again.
func TestRun_asksBeforeItSendsAgain(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	took, missed := firstCase+1, firstCase+2
	create(t, w.Store, db, on(opening(took, 1, noon), SMS), on(opening(missed, 1, noon), SMS))
	w.sms.fate = func(ref string) fate {
		if ref == Ref(took, 1, SMS) {
			return takenMute
		}
		return lost
	}
	err := w.run(took, missed)
	wantLater(t, err, noon.Add(10*time.Minute))
	if !errors.Is(err, errLine) {
		t.Errorf("the gateway's error is gone: %v", err)
	}
	w.clock.Advance(time.Minute) // asked too early: "not found" may mean "not yet"
	wantLater(t, w.run(took, missed), noon.Add(11*time.Minute))
	if s, _ := statusOf(t, w.Store, db, Ref(took, 1, SMS)); s != StatusSent {
		t.Errorf("taken: %s", s)
	}
	if s, n := statusOf(t, w.Store, db, Ref(missed, 1, SMS)); s != StatusUnknown || n != 1 {
		t.Errorf("missed: %s, %d attempts", s, n)
	}
	w.clock.Advance(10 * time.Minute)
	wantLater(t, w.run(took, missed), noon.Add(21*time.Minute)) // sent again, and lost again
	if s, n := statusOf(t, w.Store, db, Ref(missed, 1, SMS)); s != StatusUnknown || n != 2 {
		t.Errorf("missed: %s, %d attempts", s, n)
	}
	w.sms.fate = func(string) fate { return taken }
	w.clock.Advance(afterwards)
	if err := w.run(took, missed); err != nil { // no third time
		t.Fatal(err)
	}
	if s, n := statusOf(t, w.Store, db, Ref(missed, 1, SMS)); s != StatusFailed || n != 2 {
		t.Errorf("missed: %s, %d attempts", s, n)
	}
	if got := w.sms.refs(); !slices.Equal(got, []string{Ref(took, 1, SMS)}) || len(w.sms.got[got[0]]) != 1 {
		t.Errorf("on the phone: %v", got)
	}
	checkGreen(t, w.Store, db)
}

// A worker's death before anything left costs no send, and does not repeat for ever.
func TestRun_cutOffNeverWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deaths  int
		blind   bool // the gateway cannot tell at the first look after a death
		want    Status
		onPhone int
	}{
		"four deaths":         {4, false, StatusSent, 1},
		"four deaths, in fog": {4, true, StatusSent, 1},
		"five deaths":         {5, false, StatusFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := testkit.DB(t)
			w := newWorld(t, db)
			id := firstCase + 1
			create(t, w.Store, db, on(opening(id, 1, noon), SMS))
			w.sms.fate = func(string) fate { return lost }
			for range c.deaths {
				// The first run claims and sends, later ones ask, claim anew and send before they die.
				w.db.crashAt = 2
				if _, n := statusOf(t, w.Store, db, Ref(id, 1, SMS)); n > 0 {
					w.db.crashAt = 4
				}
				if err := w.run(id); !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				w.sms.blind = c.blind
				wantLater(t, w.run(id), w.now().Add(10*time.Minute))
				w.sms.blind = false
				w.clock.Advance(11 * time.Minute)
			}
			w.sms.fate = func(string) fate { return taken }
			if err := w.run(id); err != nil {
				t.Fatal(err)
			}
			if s, _ := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != c.want || len(w.sms.got[Ref(id, 1, SMS)]) != c.onPhone {
				t.Errorf("%s, %d on the phone", s, len(w.sms.got[Ref(id, 1, SMS)]))
			}
			checkGreen(t, w.Store, db)
		})
	}
}

// An outage that the adapter sees before anything leaves costs no attempt.
func TestRun_neverLeft(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	create(t, w.Store, db, on(opening(id, 1, noon), SMS), on(opening(id, 2, noon), Push))
	w.sms.fate = func(string) fate { return neverLeft }
	delete(w.Gateways, Push)
	for range 5 {
		err := w.run(id)
		wantLater(t, err, w.now().Add(10*time.Minute))
		if !errors.Is(err, ErrNoGateway) {
			t.Fatal(err)
		}
		w.clock.Advance(11 * time.Minute)
	}
	if s, n := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != StatusCreated || n != 0 {
		t.Fatalf("%s, %d attempts", s, n)
	}
	w.sms.fate, w.Gateways[Push] = func(string) fate { return taken }, w.push
	if err := w.run(id); err != nil || len(w.sms.got) != 1 || len(w.push.got) != 1 {
		t.Fatalf("%v, %d and %d sent", err, len(w.sms.got), len(w.push.got))
	}
	checkGreen(t, w.Store, db)
}

func TestRun_refusedAndWithoutAddress(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	create(t, w.Store, db, opening(id, 1, noon))
	w.contacts[id] = Contact{Phone: "+77011234567"}
	w.sms.fate = func(string) fate { return refused }
	if err := w.run(id); err != nil {
		t.Fatal(err)
	}
	for _, n := range ofCase(t, w.Store, db, id) {
		want := map[Channel]string{SMS: "bad number +77011", Push: "no_device"}[n.Channel]
		if n.Status != StatusFailed || n.Detail != want {
			t.Errorf("%s: %s, %q", n.Channel, n.Status, n.Detail)
		}
	}
	// Delivery is believed even after a failure.
	if news, _ := receiveAll(t, w.Store, db, noon.Add(afterwards), Receipt{Ref: Ref(id, 1, SMS), Status: StatusDelivered, At: noon}); len(news) != 1 {
		t.Error("a proof was dropped")
	}
	checkGreen(t, w.Store, db)
}

// INV-N4: one courtesy in 24 hours; what the law wants said is not held back by it.
func TestRun_onlyOneCourtesyADay(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	courtesy := func(ordinal int, kind Kind) Intent {
		in := opening(id, ordinal, noon)
		in.Kind = kind
		return in
	}
	create(t, w.Store, db, courtesy(1, KindRefundDue), courtesy(2, KindRefundDue), courtesy(3, KindRefundDue), courtesy(4, KindPaid))
	for day := range 3 {
		err := w.run(id)
		if day < 2 {
			wantLater(t, err, noon.Add(time.Duration(day+1)*24*time.Hour))
		} else if err != nil {
			t.Fatal(err)
		}
		if want := []int{2, 3, 4}[day]; day < 2 && (len(w.sms.got) != want || len(w.push.got) != want) {
			t.Fatalf("day %d: %d sms, %d push", day, len(w.sms.got), len(w.push.got))
		}
		w.clock.Advance(24 * time.Hour)
	}
	checkGreen(t, w.Store, db)
}

// What says how things stood yesterday is not sent once something newer is to be said.
func TestRun_aNewerNoticeSupersedes(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	stale, alone := firstCase+1, firstCase+2
	of := func(id int64, ordinal int, kind Kind) Intent {
		in := on(opening(id, ordinal, noon), SMS)
		in.Kind = kind
		return in
	}
	create(t, w.Store, db,
		of(stale, 3, KindReminder), of(stale, 4, KindPartPaid), of(stale, 5, KindPaid),
		of(alone, 2, KindRefundDue), of(alone, 3, KindReminder))
	err := w.run(stale, alone)
	wantLater(t, err, noon.Add(24*time.Hour)) // one courtesy a day: the reminder waits, and nothing newer was said
	for ordinal, want := range map[int]Status{3: StatusExpired, 4: StatusExpired, 5: StatusSent} {
		for _, n := range ofCase(t, w.Store, db, stale) {
			if n.Ordinal == ordinal && (n.Status != want || (want == StatusExpired) != (n.Detail == "superseded")) {
				t.Errorf("notice %d is %s (%q), want %s", ordinal, n.Status, n.Detail, want)
			}
		}
	}
	if len(w.sms.got) != 2 {
		t.Errorf("%d messages left, want the receipt of payment and the refund: %v", len(w.sms.got), w.sms.refs())
	}
	checkGreen(t, w.Store, db)
}

// An answer that can never be learned ends with the time of the notice, not in a third send.
func TestRun_neverKnown(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	create(t, w.Store, db, on(opening(id, 1, noon), SMS))
	w.sms.fate, w.sms.blind = func(string) fate { return takenMute }, true
	for range 6 {
		if err := w.run(id); err == nil {
			break
		}
		w.clock.Advance(24 * time.Hour)
	}
	if s, n := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != StatusExpired || n != 1 || len(w.sms.got[Ref(id, 1, SMS)]) != 1 {
		t.Fatalf("%s after %d attempts", s, n)
	}
	checkGreen(t, w.Store, db)
}

func TestRun_clockUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.clock.Fail(errLine)
	if err := w.run(firstCase + 1); !errors.Is(err, errLine) {
		t.Fatal(err)
	}
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
}

// A cancelled run still writes down what it knows.
func TestRun_cancelledAfterTheCall(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	create(t, w.Store, db, on(opening(id, 1, noon), SMS))
	ctx, cancel := context.WithCancel(t.Context())
	w.sms.check = func(Message) { cancel() }
	if err := w.Run(ctx, []int64{id}, w.contacts); err != nil {
		t.Fatal(err)
	}
	if s, _ := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != StatusSent {
		t.Fatal(s)
	}
}

// A stale worker's answer about the first attempt must not end the second.
func TestFinish_staleAnswer(t *testing.T) {
	sent := noon
	r := row{CaseID: 1, Ordinal: 1, Channel: SMS, Status: StatusSending, Attempts: 2, SentAt: &sent, ExpiresAt: noon.Add(time.Hour)}
	for _, answer := range []Answer{Rejected, Unknown, NotFound} {
		if got, moved := settle(r, Outcome{Sent: Sent{Status: answer}, Attempt: 1}, noon, time.Minute); moved || got.Status != StatusSending {
			t.Errorf("%s: %s", answer, got.Status)
		}
	}
	if got, _ := settle(r, Outcome{Sent: Sent{Status: Accepted}, Attempt: 1}, noon, time.Minute); got.Status != StatusSent {
		t.Errorf("accepted: %s", got.Status)
	}
}

// Answers may be doubled, foreign or missing.
func TestMatched(t *testing.T) {
	got := matched([]Sent{
		{Ref: "1-1-sms", Status: Unknown}, {Ref: "1-1-sms", Status: Accepted}, {Ref: "9-9-sms", Status: Accepted}, {Ref: "", Status: Rejected},
	}, nil, map[string]int{"1-1-sms": 1, "2-1-sms": 2}, true)
	if len(got) != 3 || got[2].Ref != "2-1-sms" || got[2].Status != Unknown || got[2].Attempt != 2 || !got[2].Asked {
		t.Errorf("%+v", got)
	}
}

func BenchmarkRun(b *testing.B) {
	db := testkit.DB(b)
	w := newWorld(b, db)
	var ids []int64
	for i := range int64(2000) {
		ids = append(ids, firstCase+i+1)
		w.contacts[ids[i]] = Contact{Phone: "+77010000000", PushToken: "t"}
	}
	ordinal := 0
	for b.Loop() {
		ordinal++
		intents := make([]Intent, len(ids))
		for i, id := range ids {
			intents[i] = opening(id, ordinal, noon)
		}
		inTx(b, db, func(tx pgx.Tx) error { return w.Store.Create(b.Context(), tx, intents) })
		if err := w.run(ids...); err != nil {
			b.Fatal(err)
		}
		receipts := make([]Receipt, len(ids))
		for i, id := range ids {
			receipts[i] = Receipt{Ref: Ref(id, ordinal, SMS), Status: StatusDelivered, At: noon}
		}
		if news, _ := receiveAll(b, w.Store, db, noon.Add(time.Minute), receipts...); len(news) != len(ids) {
			b.Fatal(fmt.Sprint(len(news)))
		}
	}
	b.ReportMetric(float64(2*len(ids))*float64(b.N)/b.Elapsed().Seconds(), "notices/s")
}
