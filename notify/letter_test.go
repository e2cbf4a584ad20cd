package notify

import (
	"testing"
	"time"

	"robotbailiff/internal/testkit"
)

// A letter wakes nobody: it leaves in the night, keeps its own end, and waits for no morning when its answer is lost.
func TestRun_lettersLeaveAtNight(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	post := newFake()
	w.Gateways[Letter] = post
	id, homeless := firstCase+1, firstCase+2
	w.contacts[id] = Contact{Phone: "+77010000000", Name: "Сейітқали Әлия", Address: "г. Астана, ул. Абая, д. 1"}
	night := noon.Add(11 * time.Hour)
	w.clock.Set(night)
	in := on(opening(id, 1, night), Letter)
	in.ExpiresAt = night.Add(14 * 24 * time.Hour)
	create(t, w.Store, db, in, on(opening(homeless, 1, night), Letter), on(opening(id, 2, night), SMS))
	post.fate = func(string) fate { return takenMute }
	wantLater(t, w.run(id, homeless), night.Add(10*time.Minute))
	ref := Ref(id, 1, Letter)
	got := post.got[ref]
	if len(got) != 1 || got[0].To != "Сейітқали Әлия\nг. Астана, ул. Абая, д. 1" || !got[0].ExpiresAt.Equal(in.ExpiresAt) || got[0].Language != "kk" ||
		got[0].Title == "" || got[0].Text == "" {
		t.Fatalf("%+v", got)
	}
	if len(w.sms.got) != 0 {
		t.Error("an SMS left in the night")
	}
	if s, _ := statusOf(t, w.Store, db, Ref(homeless, 1, Letter)); s != StatusFailed {
		t.Errorf("without an address: %s", s)
	}
	w.clock.Set(night.Add(afterwards))
	wantLater(t, w.run(id, homeless), noon.Add(21*time.Hour)) // for the SMS
	if s, n := statusOf(t, w.Store, db, ref); s != StatusSent || n != 1 || len(post.got[ref]) != 1 {
		t.Fatalf("%s after %d attempts", s, n)
	}
	// The post brings it back, and then finds him after all: the proof stands, whatever the order.
	day := w.now().Add(5 * 24 * time.Hour)
	back := Receipt{Ref: ref, ProviderRef: "KZ1", Status: StatusFailed, Detail: "returned", At: day}
	found := Receipt{Ref: ref, ProviderRef: "KZ1", Status: StatusDelivered, At: day.Add(time.Hour)}
	if news, strays := receiveAll(t, w.Store, db, day.Add(24*time.Hour), back, found, back); len(news) != 1 || len(strays) != 0 || news[0].Channel != Letter {
		t.Errorf("%+v, %+v", news, strays)
	}
	if news, _ := receiveAll(t, w.Store, db, day.Add(48*time.Hour), found, back); len(news) != 0 {
		t.Errorf("proven twice: %+v", news)
	}
	checkGreen(t, w.Store, db)
}

// Where nobody takes letters, their rung has failed at once and is not tried again for two weeks.
func TestRun_lettersWithoutAPost(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	w.contacts[id] = Contact{Name: "X", Address: "Y"}
	create(t, w.Store, db, on(opening(id, 1, noon), Letter))
	if err := w.run(id); err != nil {
		t.Fatal(err)
	}
	if n := ofCase(t, w.Store, db, id)[0]; n.Status != StatusFailed || n.Detail != "no_gateway" {
		t.Errorf("%s %s", n.Status, n.Detail)
	}
	checkGreen(t, w.Store, db)
}

func TestIntent_onlyOpeningsGoByPost(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		in := on(opening(firstCase+1, 1, noon), Letter)
		in.Kind = kind
		if err := in.check(); (err == nil) != (kind == KindOpening) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
