package payments

import (
	"errors"
	"slices"
	"testing"
	"time"

	"robotbailiff/internal/testkit"
)

// Messages that come together are kept as if they had come one by one.
func TestReceiveAll(t *testing.T) {
	t.Parallel()
	tx, s := testkit.Tx(t), New()
	now := time.Date(2026, 9, 1, 5, 0, 0, 0, time.UTC)
	a := Event{Source: "gateway", EventID: "b-1", Body: []byte(`{"n":1}`)}
	b := Event{Source: "gateway", EventID: "a-2"}
	c := Event{Source: "gateway", EventID: "c-3", Body: []byte(`{"n":3}`)}
	for _, step := range []struct {
		events []Event
		want   []Received
	}{
		{nil, nil},
		{[]Event{a, b, a}, []Received{Fresh, Fresh, Replay}},
		{[]Event{c, a}, []Received{Fresh, Replay}},
	} {
		got, err := s.ReceiveAll(t.Context(), tx, step.events, now)
		if err != nil || !slices.Equal(got, step.want) {
			t.Fatalf("%d messages: %v, %v; want %v", len(step.events), got, err, step.want)
		}
	}
	if got, err := s.Receive(t.Context(), tx, b, now); err != nil || got != Replay {
		t.Errorf("one of them alone: %v, %v", got, err)
	}
	pending, err := s.TakePending(t.Context(), tx, 10)
	if err != nil || len(pending) != 3 {
		t.Fatalf("%d messages wait: %v", len(pending), err)
	}
	forged := Event{Source: a.Source, EventID: a.EventID, Body: []byte(`{"n":2}`)}
	var conflict *ConflictError
	for _, events := range [][]Event{{forged}, {c, forged}, {{Source: "gateway", EventID: "d"}, {Source: "gateway", EventID: "d", Body: []byte("x")}}} {
		if _, err := s.ReceiveAll(t.Context(), tx, events, now); !errors.As(err, &conflict) {
			t.Errorf("another content: %v", err)
		}
	}
	if _, err := s.ReceiveAll(t.Context(), tx, []Event{{Source: "gateway"}}, now); !errors.Is(err, ErrEvent) {
		t.Errorf("without an id: %v", err)
	}
}
