package notify

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/internal/testkit"
)

func TestPrefer_neverLosesAChannel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := opening(firstCase, 1, noon)
		in.Kind = rapid.SampledFrom([]Kind{KindOpening, KindReminder, KindArrest, KindPartPaid, KindPaid, KindRefundDue}).Draw(t, "kind")
		in.Channels = rapid.SliceOfNDistinct(rapid.SampledFrom([]Channel{SMS, Push}), 1, -1, rapid.ID).Draw(t, "asked")
		asked, wish := slices.Clone(in.Channels), rapid.SampledFrom([]Channel{SMS, Push, Telegram}).Draw(t, "wish")
		in.Prefer(wish)
		for _, c := range asked {
			if !slices.Contains(in.Channels, c) {
				t.Fatalf("%v with the wish %s became %v", asked, wish, in.Channels)
			}
		}
		if in.Channels[0] != wish || in.InTurn && statutory(in.Kind) || in.check() != nil {
			t.Fatalf("%+v", in)
		}
	})
}

// What becomes of the SMS of a reminder by what became of the push that its debtor prefers.
func TestInTurn(t *testing.T) {
	t.Parallel()
	const patience = 10 * time.Minute
	just, long := noon.Add(-time.Minute), noon.Add(-patience)
	for name, c := range map[string]struct {
		f    former
		want action
	}{
		"not tried yet":           {former{status: StatusCreated, notBefore: long}, wait},
		"its gateway is away":     {former{status: StatusCreated, tried: true, notBefore: just}, wait},
		"its gateway stays away":  {former{status: StatusCreated, tried: true, notBefore: long}, send},
		"under way":               {former{status: StatusSending, sentAt: &just}, wait},
		"under way for long":      {former{status: StatusSending, sentAt: &long}, send},
		"nobody knows":            {former{status: StatusUnknown, sentAt: &just}, wait},
		"nobody will know":        {former{status: StatusUnknown, sentAt: &long}, send},
		"taken, and may yet fail": {former{status: StatusSent, sentAt: &just}, wait},
		"taken":                   {former{status: StatusSent, sentAt: &long}, drop},
		"delivered":               {former{status: StatusDelivered, sentAt: &just}, drop},
		"refused":                 {former{status: StatusFailed, sentAt: &just}, send},
		"too late":                {former{status: StatusExpired}, send},
		"comes after":             {former{status: StatusDelivered, turn: 2}, send},
	} {
		got, at := inTurn(row{Turn: 1}, []former{c.f}, noon, patience)
		if got != c.want || (got == wait) != at.After(noon) {
			t.Errorf("%s: %d at %s, want %d", name, got, at, c.want)
		}
	}
}

func TestRun_aCourtesyGoesByTheWish(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	reached, none, dead, decree := firstCase+1, firstCase+2, firstCase+3, firstCase+4
	wish := func(id int64, kind Kind) Intent {
		in := on(opening(id, 2, noon), SMS)
		in.Kind = kind
		in.Prefer(Push)
		return in
	}
	create(t, w.Store, db, wish(reached, KindReminder), wish(none, KindReminder), wish(dead, KindPartPaid), wish(decree, KindArrest))
	w.contacts[none] = Contact{Phone: "+77010000000"}
	w.push.fate = func(ref string) fate { return map[string]fate{Ref(dead, 2, Push): refused}[ref] }
	all := []int64{reached, none, dead, decree}
	wantLater(t, w.run(all...), noon.Add(10*time.Minute))
	if got, want := w.sms.refs(), []string{Ref(decree, 2, SMS)}; !slices.Equal(got, want) {
		t.Errorf("at once by SMS: %v, want what has legal weight: %v", got, want)
	}
	if got, want := w.push.refs(), []string{Ref(reached, 2, Push), Ref(decree, 2, Push)}; !slices.Equal(got, want) {
		t.Errorf("by push: %v, want %v", got, want)
	}
	w.clock.Advance(10 * time.Minute)
	if err := w.run(all...); err != nil {
		t.Fatal(err)
	}
	if got, want := w.sms.refs(), []string{Ref(none, 2, SMS), Ref(dead, 2, SMS), Ref(decree, 2, SMS)}; !slices.Equal(got, want) {
		t.Errorf("by SMS in the end: %v, want %v", got, want)
	}
	for _, n := range ofCase(t, w.Store, db, reached) {
		if n.Channel == SMS && (n.Status != StatusExpired || n.Detail != NotNeeded || n.Attempts != 0) {
			t.Errorf("%+v", n)
		}
	}
	checkGreen(t, w.Store, db)
}

func TestCreate_whatHasLegalWeightWaitsForNoTurnAndNeedsAProof(t *testing.T) {
	t.Parallel()
	in := opening(firstCase+1, 1, noon)
	in.InTurn = true
	if err := newStore(t).Create(t.Context(), testkit.Tx(t), []Intent{in}); err == nil {
		t.Error("a decree was made to wait for a turn")
	}
	if err := newStore(t).Create(t.Context(), testkit.Tx(t), []Intent{on(opening(firstCase+1, 1, noon), Telegram)}); err == nil {
		t.Error("a decree goes by a channel alone that proves nothing")
	}
}
