package engine

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"robotbailiff/engine/stop"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// The hash chain covers the bytes of an event: they are those of encoding/json, whatever the event says.
func TestEncodeData_agreesWithJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		d := drawData(rt)
		want, err := json.Marshal(d)
		if err != nil {
			rt.Fatal(err)
		}
		got, err := encodeData(&d)
		if err != nil || string(got) != string(want) {
			rt.Fatalf("%v\n got %s\nwant %s", err, got, want)
		}
	})
}

// A new field must be written by both.
func TestEncodeData_knowsEveryField(t *testing.T) {
	t.Parallel()
	for v, n := range map[any]int{
		reflect.TypeFor[Data](): 27, reflect.TypeFor[Cause](): 3, reflect.TypeFor[EnvFacts](): 5, reflect.TypeFor[Asked](): 3, reflect.TypeFor[OrderAnswered](): 6,
	} {
		if got := v.(reflect.Type).NumField(); got != n {
			t.Errorf("%s has %d fields, the encoder writes %d: teach it, and drawData, the new one", v, got, n)
		}
	}
}

func drawData(rt *rapid.T) Data {
	text := func() string {
		return rapid.OneOf(rapid.SampledFrom([]string{"", "", "sms", "75", "a<b>&\"\\", "ж\u2028\x7f", "\xff\x00"}), rapid.StringMatching(`[a-z_0-9 .:]{0,12}`)).Draw(rt, "text")
	}
	number := func() int64 { return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64()).Draw(rt, "number") }
	sum := func() money.Amount {
		return money.FromTiyn(rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(rt, "sum"))
	}
	at := func() time.Time {
		t := time.UnixMicro(rapid.Int64Range(-1<<45, 1<<52).Draw(rt, "at")).UTC()
		if rapid.IntRange(0, 9).Draw(rt, "zone") == 0 {
			t = t.In(calendar.Almaty)
		}
		return t
	}
	day := func() calendar.Date { return calendar.DateOf(time.Unix(rapid.Int64Range(0, 1<<32).Draw(rt, "day"), 0)) }
	yes := func() bool { return rapid.Bool().Draw(rt, "yes") }
	pauses := func() (out []stop.Pause) {
		for range rapid.IntRange(0, 2).Draw(rt, "pauses") {
			p := stop.Pause{Pause: rules.Pause{From: day(), To: day()}, Stopped: stop.All}
			if yes() {
				p.To = noDate
			}
			out = append(out, p)
		}
		return out
	}
	d := Data{
		Reason: text(), Channel: text(), Rung: int(number()), DebtorID: number(), Region: text(), Language: text(), Mail: yes(),
		Bailiff: number(), PaymentID: number(), InTime: yes(), Days: int(number()), Arrest: int(number()), Entry: int(number()), Objection: int(number()),
	}
	if yes() {
		a, b, c := day(), day(), day()
		d.Voluntary, d.Collect, d.Register = &a, &b, &c
	}
	if yes() {
		d.Cmd = causeOf(rapid.SampledFrom([]Command{
			Tick{},
			Pay{PaymentID: number(), Amount: sum(), ValueDate: day(), Source: text()},
			SetHold{Reason: text()},
			NoticeDelivered{Ordinal: 1, Channel: text(), At: at()},
			Open{Region: text()},
		}).Draw(rt, "cmd"), Env{Stopped: stop.Measures(rapid.IntRange(0, int(stop.All)).Draw(rt, "stopped")), MoneyInTransit: yes(), Pauses: pauses(), Register: yes()}, &d)
	}
	for range rapid.IntRange(0, 2).Draw(rt, "steps") {
		s := rules.Step{Rule: text(), Outcome: text()}
		for range rapid.IntRange(0, 2).Draw(rt, "facts") {
			s.Facts = append(s.Facts, rules.Fact{Key: text(), Value: text()})
		}
		d.Trace = append(d.Trace, s)
	}
	if yes() {
		on, until, next := day(), day(), at()
		d.Date, d.Until, d.Next = &on, &until, &next
	}
	if yes() {
		a, b, c := sum(), sum(), sum()
		d.Amount, d.Left, d.RefundDue = &a, &b, &c
	}
	for range rapid.IntRange(0, 2).Draw(rt, "orders") {
		d.Orders = append(d.Orders, Asked{Purpose: Purpose(text()), Ordinal: int(number()), Amount: sum()})
	}
	if yes() {
		d.Answer = &OrderAnswered{Purpose: Purpose(text()), Ordinal: int(number()), Answer: Accepted, Sum: sum(), Bank: text(), Detail: text()}
	}
	return d
}

func BenchmarkEncodeData(b *testing.B) {
	amount, day := money.FromTiyn(2_000_000), calendar.DateOf(time.Unix(1_800_000_000, 0))
	d := Data{
		Cmd: causeOf(Pay{PaymentID: 7, Amount: amount, ValueDate: day, Source: "gateway"}, Env{}, &Data{}), PaymentID: 7, Amount: &amount, Left: &amount, Date: &day,
		Trace: rules.Trace{{Rule: rulePaid, Facts: paidFacts(amount, amount), Outcome: "terminate"}},
	}
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := encodeData(&d); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(d); err != nil {
				b.Fatal(err)
			}
		}
	})
}
