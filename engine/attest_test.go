package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/engine"
	"robotbailiff/engine/audit"
)

func TestAttest_isRecordedOnceAndMovesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.openMany(t, 2)
	b.apply(t, each(ids[1:], engine.ActorCourt, engine.Cancel{Ground: "amnesty", Act: "1"})...)
	pdf, facts := engine.Attest{SHA256: strings.Repeat("ab", 32), Format: "pdf"}, engine.Attest{SHA256: strings.Repeat("cd", 32), Format: "json"}
	for _, id := range ids { // also in a final state
		before := b.load(t, id)
		for i, want := range []int{2, 0, 0} {
			b.clock.Set(time.Date(2026, 9, 2+i, 5, 0, 0, 0, time.UTC))
			n, err := b.store.Attest(t.Context(), id, "desk:7", pdf, facts)
			if err != nil || n != want {
				t.Fatalf("%d recorded, %v; want %d", n, err, want)
			}
		}
		after := b.load(t, id)
		events, err := engine.Events(t.Context(), b.pool, id)
		if err != nil || after.Seq != before.Seq+2 || after.Head == before.Head {
			t.Fatalf("%v, %d events", err, after.Seq)
		}
		if diff := cmp.Diff(engine.Fold(id, events).Seq, after.Seq); diff != "" {
			t.Error(diff)
		}
		after.Seq, after.Head = before.Seq, before.Head
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the case moved:\n%s", diff)
		}
		cmd, err := events[len(events)-1].Data.Command()
		if err != nil || cmd != facts {
			t.Errorf("%v %v", cmd, err)
		}
	}
	r, err := audit.Verify(t.Context(), b.pool)
	if err != nil || r.Result != audit.Intact {
		t.Errorf("%+v %v", r, err)
	}
	bad, refusal := engine.Attest{SHA256: "AB", Format: "pdf"}, &engine.Refusal{}
	if _, err := b.store.Attest(t.Context(), ids[0], "desk:7", bad); !errors.As(err, &refusal) || refusal.Code != engine.CodeInvalid {
		t.Error(err)
	}
}
