package engine

import (
	"slices"
	"testing"
	"time"
)

// The ladder by what the debtor can be reached by: who has an address gets a letter at its end, and nobody else.
func TestDecide_theLadder(t *testing.T) {
	t.Parallel()
	for _, mail := range []bool{false, true} {
		w := newWorld()
		cmd := openCmd("20155.00")
		cmd.Mail = mail
		w.do(cmd)
		var channels [][]string
		for range 10 {
			if w.c.NextRungAt.IsZero() {
				break
			}
			w.now = w.c.NextRungAt
			w.do(Tick{})
		}
		for _, e := range w.effects {
			if n, ok := e.(NoticeWanted); ok {
				channels = append(channels, n.Channels)
				if n.Rung != len(channels) || n.Kind != "opening" {
					t.Errorf("rung %d is number %d: %+v", n.Rung, len(channels), n)
				}
			}
		}
		want := [][]string{{"sms", "push"}, {"sms"}}
		if mail {
			want = append(want, []string{"letter"})
		}
		if !slices.EqualFunc(channels, want, slices.Equal) {
			t.Errorf("mail %t: %v, want %v", mail, channels, want)
		}
		if last := w.events[len(w.events)-1]; last.Kind != EvNoticeUnproven || last.Data.Rung != len(want) {
			t.Errorf("mail %t: ends with %s on rung %d", mail, last.Kind, last.Data.Rung)
		}
	}
}

// A letter leaves in the night as well, and has until the next look; its delivery starts the voluntary period.
func TestDecide_aLetterWakesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cmd := openCmd("20155.00")
	cmd.Mail = true
	w.do(cmd)
	w.now = w.c.NextRungAt
	w.do(Tick{})
	w.now = at("2026-09-06", 23)
	d := w.do(Tick{})
	i := slices.IndexFunc(d.Effects, func(e Effect) bool { _, ok := e.(NoticeWanted); return ok })
	if i < 0 {
		t.Fatalf("no letter: %+v", d)
	}
	n := d.Effects[i].(NoticeWanted)
	if !slices.Equal(n.Channels, []string{"letter"}) || !n.NotBefore.Equal(w.now) || !n.ExpiresAt.Equal(w.now.Add(14*24*time.Hour)) || !n.ExpiresAt.Equal(w.c.NextRungAt) {
		t.Fatalf("%+v", n)
	}
	w.now = w.now.Add(6 * 24 * time.Hour)
	w.do(NoticeDelivered{Ordinal: n.Ordinal, Opening: true, Channel: "letter", At: w.now})
	if w.c.State != Notified || w.events[len(w.events)-1].Data.Channel != "letter" {
		t.Fatalf("%s: %+v", w.c.State, w.refusal)
	}
}
