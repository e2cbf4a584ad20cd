package sandbox_test

import (
	"testing"
	"time"

	"robotbailiff/internal/sandbox"
	"robotbailiff/internal/testkit"
	"robotbailiff/notify"
	"robotbailiff/notify/passcode"
	"robotbailiff/notify/text"
)

// A code may leave at night, moves no debtor to anything, can be read in the books, and is a wrong when it comes twice or too late.
func TestMessages_knowCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, sandbox.NewMemoryBooks(), sandbox.Faults{})
	night := testkit.Morning.Add(14 * time.Hour)
	w.clock.Advance(14 * time.Hour)
	words, err := text.Passcode("ru", "refusal", "26-0000001-4", "", "654321")
	if err != nil {
		t.Fatal(err)
	}
	send := func(ref string, until time.Time) {
		t.Helper()
		if _, err := w.Messages(notify.SMS).Send(t.Context(), []notify.Message{{Ref: ref, Channel: notify.SMS, To: "+77010000000", Text: words, ExpiresAt: until}}); err != nil {
			t.Fatal(err)
		}
	}
	wrongs := func() int {
		t.Helper()
		found, err := w.Wrongs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	send(passcode.Ref(260000001, 1), night.Add(passcode.Life))
	if n := wrongs(); n != 0 {
		t.Errorf("a code at night: %d wrongs", n)
	}
	ledger, err := w.Ledger(t.Context())
	if err != nil || len(ledger) != 0 {
		t.Errorf("a code has made a debtor act: %+v %v", ledger, err)
	}
	send(passcode.Ref(260000001, 2), night.Add(time.Hour))
	if n := wrongs(); n != 1 {
		t.Errorf("a code that comes in an hour: %d wrongs", n)
	}
	send(notify.Ref(260000001, 1, notify.SMS), night.Add(passcode.Life))
	if n := wrongs(); n != 2 {
		t.Errorf("a notice at night: %d wrongs", n)
	}
}
