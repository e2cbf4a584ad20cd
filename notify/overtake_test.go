package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
)

// The whole table, older by newer: x means that the older one is not sent any more.
func TestOvertakes_table(t *testing.T) {
	t.Parallel()
	const table = `
	                   opening reminder arrest part_paid corrected prolonged paid cancelled other_person handed_over refusal refund_due objection objection_accepted objection_declined new_link
	opening            .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	reminder           x       x        x      x         x         x         x    x         x            x           x       x          x         x                  x                  .
	arrest             .       .        x      .         .         .         x    x         x            .           .       .          .         .                  .                  .
	part_paid          x       x        x      x         x         x         x    x         x            x           x       x          x         x                  x                  .
	corrected          .       .        .      .         x         .         x    x         x            x           .       .          .         .                  .                  .
	prolonged          .       .        .      .         .         x         x    x         x            x           .       .          .         .                  .                  .
	paid               .       .        .      .         .         .         .    .         x            .           .       .          .         .                  .                  .
	cancelled          .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	other_person       .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	handed_over        .       .        .      .         .         .         x    x         x            .           .       .          .         .                  .                  .
	refusal            .       .        .      .         .         .         x    x         x            x           x       .          .         .                  .                  .
	refund_due         .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	objection          .       .        .      .         .         .         .    .         .            .           .       .          .         x                  x                  .
	objection_accepted .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	objection_declined .       .        .      .         .         .         .    .         .            .           .       .          .         .                  .                  .
	new_link           .       .        .      .         .         .         .    .         x            .           .       .          .         .                  .                  x`
	rows := lines(table)
	if len(rows) != len(Kinds)+1 || len(overtakers) != len(Kinds) {
		t.Fatalf("%d rows, %d kinds in the table of the program, %d kinds", len(rows)-1, len(overtakers), len(Kinds))
	}
	var marks int
	for i, older := range Kinds {
		if rows[i+1][0] != string(older) || rows[0][i] != string(older) {
			t.Fatalf("row %s, column %s, want %s", rows[i+1][0], rows[0][i], older)
		}
		for j, newer := range Kinds {
			want := rows[i+1][j+1] == "x"
			if overtakes(newer, older) != want || slices.Contains(overtaking, string(older)+">"+string(newer)) != want {
				t.Errorf("%s after %s: %t", newer, older, !want)
			}
			if want {
				marks++
			}
		}
	}
	if len(overtaking) != marks {
		t.Errorf("%d pairs, want %d", len(overtaking), marks)
	}
}

func lines(table string) (rows [][]string) {
	for line := range strings.Lines(table) {
		if words := strings.Fields(line); len(words) > 0 {
			rows = append(rows, words)
		}
	}
	return rows
}

// Every pair of kinds, against the database: the older one leaves or not, and the newer one always does. Once in the hours in
// which notices leave, and once begun in the night.
func TestRun_overtaken(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for night, hours := range map[bool]time.Duration{false: 0, true: 11 * time.Hour} {
		w := newWorld(t, db)
		w.clock.Advance(hours)
		base := firstCase + 1000
		if night {
			base += 1000
		}
		var ids []int64
		for i, older := range Kinds {
			for j, newer := range Kinds {
				id := base + int64(i*len(Kinds)+j)
				ids = append(ids, id)
				w.contacts[id] = Contact{Phone: "+77010000000"}
				for ordinal, kind := range []Kind{older, newer} {
					in := on(opening(id, ordinal+1, noon), SMS)
					in.Kind = kind
					create(t, w.Store, db, in)
				}
			}
		}
		for range 4 { // courtesies wait for each other
			_ = w.run(ids...)
			if night && len(w.sms.got) == 0 {
				w.clock.Advance(13 * time.Hour)
			} else {
				w.clock.Advance(24 * time.Hour)
			}
		}
		for i, older := range Kinds {
			for j, newer := range Kinds {
				id := base + int64(i*len(Kinds)+j)
				stays := !overtakes(newer, older)
				if first := len(w.sms.got[Ref(id, 1, SMS)]) == 1; first != stays {
					t.Errorf("night %t: %s, then %s: the older one left: %t", night, older, newer, first)
				}
				if len(w.sms.got[Ref(id, 2, SMS)]) != 1 {
					t.Errorf("night %t: %s, then %s: the newer one did not leave", night, older, newer)
				}
				if n := ofCase(t, w.Store, db, id)[0]; (n.Status == StatusExpired && n.Detail == "superseded") == stays {
					t.Errorf("night %t: %s, then %s: the older one is %s, %q", night, older, newer, n.Status, n.Detail)
				}
			}
		}
		checkGreen(t, w.Store, db)
	}
}

// What never left, by the word of the gateway, is not sent a second time when something newer has overtaken it.
func TestRun_overtakenBeforeItsSecondAttempt(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	arrest, paid := on(opening(id, 1, noon), SMS), on(opening(id, 2, noon), SMS)
	arrest.Kind, paid.Kind = KindArrest, KindPaid
	create(t, w.Store, db, arrest)
	w.sms.fate = func(string) fate { return lost }
	_ = w.run(id)
	create(t, w.Store, db, paid)
	w.sms.fate = func(string) fate { return taken }
	w.clock.Advance(afterwards)
	if err := w.run(id); err != nil {
		t.Fatal(err)
	}
	if s, n := statusOf(t, w.Store, db, Ref(id, 1, SMS)); s != StatusExpired || n != 1 || len(w.sms.got) != 1 {
		t.Fatalf("%s after %d attempts; %v left", s, n, w.sms.refs())
	}
	checkGreen(t, w.Store, db)
}

// A notice that could not leave on its day leaves on the next morning, and what its gateway gets ends with the window of that day.
func TestRun_newsLeavesOnAnotherDay(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	w := newWorld(t, db)
	id := firstCase + 1
	in := on(opening(id, 1, noon), SMS)
	in.Kind, in.ExpiresAt = KindCancelled, noon.Add(9*time.Hour+3*24*time.Hour) // 21:00, three days on
	create(t, w.Store, db, in)
	w.sms.fate = func(string) fate { return neverLeft }
	w.clock.Advance(8*time.Hour + 45*time.Minute)                 // 20:45
	wantLater(t, w.run(id), noon.Add(8*time.Hour+55*time.Minute)) // by then the last call is over
	w.clock.Set(noon.Add(8*time.Hour + 55*time.Minute))
	wantLater(t, w.run(id), noon.Add(21*time.Hour))
	w.clock.Set(noon.Add(12 * time.Hour)) // midnight: nothing leaves
	wantLater(t, w.run(id), noon.Add(21*time.Hour))
	w.sms.fate = func(string) fate { return taken }
	w.clock.Set(noon.Add(21 * time.Hour)) // 09:00
	if err := w.run(id); err != nil {
		t.Fatal(err)
	}
	got := w.sms.got[Ref(id, 1, SMS)]
	if len(got) != 1 || !got[0].ExpiresAt.Equal(noon.Add(33*time.Hour)) {
		t.Fatalf("%+v", got)
	}
	checkGreen(t, w.Store, db)
}
