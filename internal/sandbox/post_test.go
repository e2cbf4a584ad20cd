package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/sandbox"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
)

// The post takes a letter at any hour and has each reference once; it says three to seven days later what became of it.
func TestPost(t *testing.T) {
	t.Parallel()
	const n = 400
	faults := sandbox.NoFaults()
	faults.Returned = 2000
	var said [2]string
	for round := range said {
		w := newWorld(t, 5, sandbox.NewMemoryBooks(), faults)
		sent := calendar.MakeDate(2026, 3, 2).Start().Add(23 * time.Hour)
		w.clock.Set(sent)
		var letters []notify.Message
		for i := range n {
			letters = append(letters, notify.Message{
				Ref: notify.Ref(caseID(i), 3, notify.Letter), Channel: notify.Letter, To: "A\nB", Text: "…", NotBefore: sent, ExpiresAt: sent.Add(14 * 24 * time.Hour),
			})
		}
		mustSend(t.Context(), t, w, notify.Letter, letters)
		mustSend(t.Context(), t, w, notify.Letter, letters)
		mustSend(t.Context(), t, w, notify.Letter, letters)
		for day := range 9 {
			w.until(t.Context(), t, sent.Add(time.Duration(day+1)*24*time.Hour))
			if got := len(w.out.receipts); day < 2 && got > 0 || day > 7 && got != n {
				t.Fatalf("day %d: %d receipts", day, got)
			}
		}
		said[round] = strings.Join(w.out.log, "\n")
		if wrong, err := w.CheckBooks(t.Context()); err != nil || len(wrong) > 0 {
			t.Fatalf("%+v, %v", wrong, err)
		}
	}
	if said[0] != said[1] {
		t.Error("the same seed, and another post")
	}
	if back := strings.Count(said[0], " failed "); back < n/8 || back > n/3 {
		t.Errorf("%d of %d letters came back", back, n)
	}
}

// The world knows when people sleep by a reckoning of its own.
func TestMessages_whatMayWakeSomebodyIsWrong(t *testing.T) {
	t.Parallel()
	day := calendar.MakeDate(2026, 3, 2).Start()
	for name, c := range map[string]struct {
		channel   notify.Channel
		at, until time.Duration
		wrong     bool
	}{
		"by day":                 {notify.SMS, 10 * time.Hour, 21 * time.Hour, false},
		"in the night":           {notify.SMS, 22 * time.Hour, 23 * time.Hour, true},
		"queued into the night":  {notify.Push, 20 * time.Hour, 21*time.Hour + time.Second, true},
		"queued over the night":  {notify.SMS, 20 * time.Hour, 34 * time.Hour, true},
		"a letter, in the night": {notify.Letter, 23 * time.Hour, 240 * time.Hour, false},
	} {
		w := newWorld(t, 5, sandbox.NewMemoryBooks(), sandbox.NoFaults())
		w.clock.Set(day.Add(c.at))
		m := notify.Message{Ref: notify.Ref(caseID(1), 1, c.channel), Channel: c.channel, To: "+77010000001", Text: "…", ExpiresAt: day.Add(c.until)}
		mustSend(t.Context(), t, w, c.channel, []notify.Message{m})
		wrongs, err := sandbox.Wrongs(t.Context(), w.books)
		if err != nil {
			t.Fatal(err)
		}
		if got := wrongs > 0; got != c.wrong {
			t.Errorf("%s: wrong %t", name, got)
		}
	}
}
