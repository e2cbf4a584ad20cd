package trial_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"robotbailiff/notify"
	"robotbailiff/notify/channel/trial"
)

type inner struct {
	got []string
	err error
}

func (i *inner) Send(_ context.Context, ms []notify.Message) (out []notify.Sent, err error) {
	for _, m := range ms {
		i.got = append(i.got, m.To)
		out = append(out, notify.Sent{Ref: m.Ref, Status: notify.Accepted})
	}
	return out, i.err
}

func (i *inner) Query(_ context.Context, refs []string) ([]notify.Sent, error) {
	return []notify.Sent{{Ref: refs[0], Status: notify.NotFound}}, nil
}

func TestOnly_thoseOnTheListGetMessages(t *testing.T) {
	t.Parallel()
	l, err := trial.Numbers("+77010000001, +77010000002")
	if err != nil || l.Live() {
		t.Fatal(l, err)
	}
	in := &inner{err: errors.New("half of it")}
	g := trial.Only(in, l)
	sent, err := g.Send(t.Context(), []notify.Message{{Ref: "a", To: "+77010000009"}, {Ref: "b", To: "+77010000002"}, {Ref: "c"}})
	if !errors.Is(err, in.err) || !slices.Equal(in.got, []string{"+77010000002"}) {
		t.Fatalf("%v: %v", in.got, err)
	}
	for _, s := range sent {
		want := map[string]notify.Answer{"a": notify.Rejected, "b": notify.Accepted, "c": notify.Rejected}[s.Ref]
		if s.Status != want || (want == notify.Rejected) != (s.Detail == trial.Refused) {
			t.Errorf("%+v, want %s", s, want)
		}
	}
	in.err = nil
	if sent, err := g.Send(t.Context(), []notify.Message{{Ref: "a", To: "+77010000009"}}); err != nil || len(sent) != 1 || len(in.got) != 1 {
		t.Errorf("%+v, %v, %v", sent, err, in.got)
	}
	if sent, err := g.Query(t.Context(), []string{"b"}); err != nil || sent[0].Status != notify.NotFound {
		t.Errorf("%+v, %v", sent, err)
	}
}

func TestOnly_everybodyOnceLive(t *testing.T) {
	t.Parallel()
	l, err := trial.Numbers(" everybody ")
	if err != nil || !l.Live() {
		t.Fatal(l, err)
	}
	in := &inner{}
	if _, err := trial.Only(in, l).Send(t.Context(), []notify.Message{{Ref: "a", To: "+77010000009"}}); err != nil || len(in.got) != 1 {
		t.Errorf("%v, %v", in.got, err)
	}
}

func TestLists_refuseAndNameNobody(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " , ", "87010000001", "+7701", "+7701000000x", "everybody, +77010000001", "+77010000001 everybody", "+7701000000100000"} {
		_, err := trial.Numbers(s)
		if !errors.Is(err, trial.ErrNumbers) || strings.Contains(strings.ReplaceAll(err.Error(), "+77011234567", ""), "7701") {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "short", "everybody, 0123456789abcdef", "0123456789abcdef, everybody", "0123456789abcdef, x"} {
		_, err := trial.Tokens(s)
		if !errors.Is(err, trial.ErrTokens) || strings.Contains(err.Error(), "0123") {
			t.Errorf("%q: %v", s, err)
		}
	}
	if l, err := trial.Tokens("0123456789abcdef"); err != nil || l.Live() {
		t.Errorf("%v, %v", l, err)
	}
}

// On an envelope stands no word of a list: letters are allowed by their cases.
func TestCases(t *testing.T) {
	t.Parallel()
	l, err := trial.Cases("26-0000001-4")
	if err != nil || l.Live() {
		t.Fatal(l, err)
	}
	in := &inner{}
	sent, err := trial.Only(in, l).Send(t.Context(), []notify.Message{{Ref: "260000001-3-letter", To: "A\nB"}, {Ref: "260000002-3-letter", To: "C\nD"}, {Ref: "x", To: "E"}})
	if err != nil || !slices.Equal(in.got, []string{"A\nB"}) || len(sent) != 3 {
		t.Fatalf("%v, %+v, %v", in.got, sent, err)
	}
	for _, s := range []string{"", "26-0000001-5", "260000001", "everybody, 26-0000001-4"} {
		if _, err := trial.Cases(s); !errors.Is(err, trial.ErrCases) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
