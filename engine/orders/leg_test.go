package orders

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"robotbailiff/engine"
	"robotbailiff/internal/testkit"
	"robotbailiff/rules/money"
)

func part(account string, n int64) Part { return Part{account, tiyn(n)} }

func TestLegs_areStoredSealedAndReadBack(t *testing.T) {
	t.Parallel()
	keys := testkit.Keys(t)
	legs := []Leg{
		{Bank: "altyn", Parts: []Part{part("KZ1", 5), part("KZ2", 3)}, Answer: engine.Partial, Done: []money.Amount{tiyn(5), tiyn(0)}, Detail: "x"},
		{Bank: "dala"},
	}
	text, err := encodeLegs(legs, keys)
	if err != nil || strings.Contains(text, "KZ1") || !strings.Contains(text, `"sums":[5,3]`) {
		t.Fatalf("%s, %v", text, err)
	}
	got, err := decodeLegs([]byte(text), keys)
	if err != nil || !reflect.DeepEqual(got, legs) {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := decodeLegs(nil, keys); got != nil || err != nil {
		t.Errorf("never sent: %+v, %v", got, err)
	}
	if got, err := decodeLegs([]byte("[]"), keys); got == nil || err != nil {
		t.Errorf("sent to nobody: %+v, %v", got, err)
	}
	for _, bad := range []string{`{}`, `[{"bank":"a","sums":[1]}]`, `[{"bank":"a","accounts":["AAAA"],"sums":[1]}]`, strings.Replace(text, `"done":[5,0]`, `"done":[5]`, 1)} {
		if _, err := decodeLegs([]byte(bad), keys); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}

// What a bank does not say clearly is not believed; what it says is never more than what it was asked.
func TestLeg_hear(t *testing.T) {
	t.Parallel()
	in := Instruction{ID: uuid.New(), CaseID: 7, Purpose: engine.Arrest}
	for _, c := range []struct {
		name    string
		r       Reply
		believe bool
		answer  engine.Answer
		done    []int64
	}{
		{"the whole sum", Reply{CaseID: 7, Answer: engine.Accepted, Sum: tiyn(8)}, true, engine.Accepted, []int64{5, 3}},
		{"the whole sum, unsaid", Reply{CaseID: 7, Answer: engine.Accepted}, true, engine.Accepted, []int64{5, 3}},
		{"a part, unsaid where", Reply{CaseID: 7, Answer: engine.Partial, Sum: tiyn(6)}, true, engine.Partial, []int64{5, 1}},
		{"a part, as told", Reply{CaseID: 7, Answer: engine.Partial, Sum: tiyn(3), Parts: []Part{part("B", 3)}}, true, engine.Partial, []int64{0, 3}},
		{"parts that disagree with the sum", Reply{CaseID: 7, Answer: engine.Partial, Sum: tiyn(4), Parts: []Part{part("B", 3)}}, true, engine.Partial, []int64{4, 0}},
		{"an account that was not asked for", Reply{CaseID: 7, Answer: engine.Partial, Sum: tiyn(2), Parts: []Part{part("C", 2)}}, true, engine.Partial, []int64{2, 0}},
		{"more than asked", Reply{CaseID: 7, Answer: engine.Accepted, Sum: tiyn(9)}, true, engine.Accepted, []int64{5, 3}},
		{"a part of nothing", Reply{CaseID: 7, Answer: engine.Partial}, true, engine.NoFunds, []int64{0, 0}},
		{"a refusal with a sum", Reply{CaseID: 7, Answer: engine.NoAccount, Sum: tiyn(8)}, true, engine.NoAccount, []int64{0, 0}},
		{"another case", Reply{CaseID: 8, Answer: engine.Accepted, Sum: tiyn(8)}, false, "", nil},
		{"no case", Reply{Answer: engine.Accepted, Sum: tiyn(8)}, false, "", nil},
		{"less than nothing", Reply{CaseID: 7, Answer: engine.Partial, Sum: tiyn(-1)}, false, "", nil},
		{"a word we do not know", Reply{CaseID: 7, Answer: "ok", Sum: tiyn(8)}, false, "", nil},
		{"our own word", Reply{CaseID: 7, Answer: engine.Withdrawn}, false, "", nil},
	} {
		l := Leg{Bank: "altyn", Parts: []Part{part("A", 5), part("B", 3)}}
		if got := l.hear(in, c.r); got != c.believe || l.Answer != c.answer || len(l.Done) != len(c.done) {
			t.Errorf("%s: %v %+v", c.name, got, l)
			continue
		}
		for i, n := range c.done {
			if l.Done[i].Tiyn() != n {
				t.Errorf("%s: %v", c.name, l.Done)
			}
		}
	}
}

// said makes an answered leg that was asked for 10.
func said(bank string, a engine.Answer, n int64) Leg {
	return Leg{Bank: bank, Parts: []Part{part(bank, 10)}, Answer: a, Done: []money.Amount{tiyn(n)}}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		purpose engine.Purpose
		amount  int64
		legs    []Leg
		whole   bool
		want    engine.Answer
		sum     int64
	}{
		{"all", engine.Arrest, 20, []Leg{said("a", engine.Accepted, 10), said("b", engine.Accepted, 10)}, true, engine.Accepted, 20},
		{"all there is", engine.Arrest, 30, []Leg{said("a", engine.Accepted, 10), said("b", engine.Accepted, 10)}, true, engine.Partial, 20},
		{"one account is closed", engine.Arrest, 20, []Leg{said("a", engine.NoAccount, 0), said("b", engine.Accepted, 10)}, true, engine.Partial, 10},
		{"one is still silent", engine.Arrest, 20, []Leg{said("a", "", 0), said("b", engine.Accepted, 10)}, false, "", 0},
		{"nothing, for two reasons", engine.Arrest, 20, []Leg{said("a", engine.NoAccount, 0), said("b", engine.NoFunds, 0)}, true, engine.NoFunds, 0},
		{"protected after all", engine.Arrest, 20, []Leg{said("a", engine.NoAccount, 0), said("b", engine.Protected, 0)}, true, engine.Protected, 0},
		{"taken back and refused", engine.Arrest, 20, []Leg{said("a", engine.Refused, 0), said("b", engine.Withdrawn, 0)}, true, engine.Withdrawn, 0},
		{"stored by one bank", engine.Collect, 20, []Leg{said("a", engine.Accepted, 10), said("b", engine.NoFunds, 0)}, true, engine.Partial, 10},
		{"nothing to collect from", engine.Collect, 20, nil, true, engine.Refused, 0},
		{"reduced", engine.Reduce, 20, []Leg{said("a", engine.Accepted, 10), said("b", engine.AlreadyDone, 0)}, true, engine.Accepted, 10},
		{"nothing left to reduce", engine.Reduce, 20, nil, true, engine.AlreadyDone, 0},
		{"lifted", engine.Lift, 0, []Leg{{Bank: "a", Answer: engine.AlreadyDone}, {Bank: "b", Answer: engine.Accepted}}, true, engine.Accepted, 0},
		{"lifted before", engine.Lift, 0, []Leg{{Bank: "a", Answer: engine.AlreadyDone}}, true, engine.AlreadyDone, 0},
		{"one does not lift", engine.Lift, 0, []Leg{{Bank: "a", Answer: engine.Refused}, {Bank: "b", Answer: engine.Accepted}}, false, "", 0},
		{"a part is no lift", engine.Lift, 0, []Leg{{Bank: "a", Answer: engine.Partial}}, false, "", 0},
		{"one does not recall", engine.Recall, 0, []Leg{{Bank: "a", Answer: engine.NoFunds}}, false, "", 0},
	} {
		r, whole := combine(Instruction{CaseID: 1, Purpose: c.purpose, Amount: tiyn(c.amount)}, c.legs)
		if whole != c.whole || r.Answer != c.want || r.Sum.Tiyn() != c.sum {
			t.Errorf("%s: %v %+v", c.name, whole, r)
		}
	}
	r, _ := combine(Instruction{Purpose: engine.Arrest, Amount: tiyn(20)}, []Leg{said("a", engine.NoAccount, 0), said("b", engine.Accepted, 10)})
	if r.Bank != "a, b" || r.Detail != "a no_account" {
		t.Errorf("%+v", r)
	}
}

// arrested is a history that begins with an arrest at three banks, wholly confirmed.
func arrested(more ...past) history {
	h := history{{purpose: engine.Arrest, ordinal: 1, status: engine.Active, id: uuid.New(), legs: []Leg{
		{Bank: "altyn", Parts: []Part{part("A1", 50), part("A2", 20)}}, {Bank: "dala", Parts: []Part{part("D", 40)}}, {Bank: "jetisu", Parts: []Part{part("J", 30)}},
	}}}
	return append(h, more...)
}

func text(legs []Leg) string {
	var words []string
	for _, l := range legs {
		w := l.Bank
		for _, p := range l.Parts {
			w += " " + p.Account + "=" + p.Amount.String()
		}
		words = append(words, w)
	}
	return strings.Join(words, "; ")
}

func TestHistory_legs(t *testing.T) {
	t.Parallel()
	reduced := past{purpose: engine.Reduce, ordinal: 1, status: engine.Done, legs: []Leg{{Bank: "altyn", Parts: []Part{part("A1", 50)}}, {Bank: "dala", Parts: []Part{part("D", 15)}}, {Bank: "jetisu"}}}
	taken := past{purpose: engine.Collect, ordinal: 1, status: engine.Active, legs: []Leg{
		{Bank: "altyn", Parts: []Part{part("A1", 30)}, Answer: engine.Accepted, Done: []money.Amount{tiyn(30)}}, {Bank: "dala", Parts: []Part{part("D", 40)}, Answer: engine.Partial, Done: []money.Amount{tiyn(10)}},
	}}
	closed := arrested()
	closed[0].legs[1].Answer = engine.NoAccount
	lost := history{{purpose: engine.Arrest, ordinal: 1, status: engine.Active}}
	unsent := arrested(past{purpose: engine.Collect, ordinal: 1, status: engine.WithdrawnOrder})
	banks := []string{"altyn", "dala", "jetisu", "tulpar"}
	for _, c := range []struct {
		name string
		h    history
		p    engine.Purpose
		sum  int64
		want string
	}{
		{"a reduction keeps the largest", arrested(), engine.Reduce, 60, "altyn A1=0.50; dala D=0.10; jetisu"},
		{"a reduction after another", arrested(reduced), engine.Reduce, 10, "altyn A1=0.10; dala"},
		{"a collection takes from the largest", arrested(), engine.Collect, 95, "altyn A1=0.50; dala D=0.40; jetisu J=0.05"},
		{"a collection after a reduction", arrested(reduced), engine.Collect, 65, "altyn A1=0.50; dala D=0.15"},
		{"what is executed in full ends that arrest", arrested(taken), engine.Collect, 99, "dala D=0.30; jetisu J=0.30"},
		{"a bank that refused holds nothing", closed, engine.Collect, 99, "altyn A1=0.50 A2=0.19; jetisu J=0.30"},
		{"a lift goes where the arrest is", arrested(reduced), engine.Lift, 0, "altyn; dala; jetisu"},
		{"and not where it was refused", closed, engine.Lift, 0, "altyn; jetisu"},
		{"and everywhere where no record is left", lost, engine.Lift, 0, "altyn; dala; jetisu; tulpar"},
		{"a recall goes where the collection is", arrested(taken), engine.Recall, 0, "altyn; dala"},
		{"and nowhere when it was never sent", unsent, engine.Recall, 0, ""},
	} {
		if got := text(c.h.legs(c.p, tiyn(c.sum), banks)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Whatever came before, a reduction and a collection never exceed what is held, nor their sums.
func TestHistory_staysWithinWhatIsHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := arrested()
		for i := range rapid.IntRange(0, 5).Draw(t, "orders") {
			before := total(h.holding())
			p := rapid.SampledFrom([]engine.Purpose{engine.Reduce, engine.Collect}).Draw(t, "purpose")
			sum := tiyn(rapid.Int64Range(1, 150).Draw(t, "sum"))
			legs := h.legs(p, sum, nil)
			var asked money.Amount
			for j := range legs {
				asked = asked.Add(legs[j].asked())
				if done := rapid.Int64Range(-1, legs[j].asked().Tiyn()).Draw(t, "done"); done >= 0 {
					legs[j].hear(Instruction{CaseID: 1, Purpose: p}, Reply{CaseID: 1, Answer: engine.Partial, Sum: tiyn(done)})
				}
			}
			if want := money.Min(sum, before); !asked.Equal(want) {
				t.Fatalf("%s of %s with %s held: %s, want %s", p, sum, before, asked, want)
			}
			h = append(h, past{purpose: p, ordinal: i + 1, status: engine.Unknown, legs: legs})
			if after := total(h.holding()); before.Less(after) || p == engine.Reduce && sum.Less(after) {
				t.Fatalf("%s to %s leaves %s of %s", p, sum, after, before)
			}
		}
	})
}

func total(parts []held) (sum money.Amount) {
	for _, p := range parts {
		sum = sum.Add(p.Amount)
	}
	return sum
}

func FuzzDecodeLegs(f *testing.F) {
	keys := testkit.Keys(f)
	for _, legs := range [][]Leg{{}, {said("altyn", engine.Accepted, 10)}, {{Bank: "dala"}}} {
		text, err := encodeLegs(legs, keys)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		legs, err := decodeLegs(text, keys)
		if err != nil {
			return
		}
		for i := range legs { // what is read can be used
			legs[i].asked()
			legs[i].done()
		}
		raw, err := encodeLegs(legs, keys)
		if err != nil || !json.Valid([]byte(raw)) {
			t.Fatalf("%s, %v", raw, err)
		}
	})
}
