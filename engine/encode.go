package engine

import (
	"encoding/json"
	"strconv"
	"time"
)

// encodeData gives the bytes of json.Marshal, which the hash chain covers, without its cost. What it does not know how to
// write for certain, such as text that needs escapes, it leaves to json.Marshal; a test compares the two.
func encodeData(d *Data) ([]byte, error) {
	e := encoder{b: make([]byte, 0, 512)}
	if e.data(d); e.odd {
		return json.Marshal(*d)
	}
	return e.b, nil
}

// encoder appends the members of an object; odd is set when it met something that it leaves alone.
type encoder struct {
	b   []byte
	odd bool
}

// name begins a member of the object that is being written.
func (e *encoder) name(n string) {
	if e.b[len(e.b)-1] != '{' {
		e.b = append(e.b, ',')
	}
	e.b = append(append(append(e.b, '"'), n...), '"', ':')
}

// quoted writes text that is the same inside quotes.
func (e *encoder) quoted(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			e.odd = true
			return
		}
	}
	e.b = append(append(append(e.b, '"'), s...), '"')
}

func (e *encoder) text(n, s string) {
	if s != "" {
		e.name(n)
		e.quoted(s)
	}
}

func (e *encoder) number(n string, v int64) {
	if v != 0 {
		e.name(n)
		e.b = strconv.AppendInt(e.b, v, 10)
	}
}

func (e *encoder) yes(n string, v bool) {
	if v {
		e.name(n)
		e.b = append(e.b, "true"...)
	}
}

// appender is a value whose JSON is its text in quotes.
type appender interface{ Append(b []byte) []byte }

func (e *encoder) value(n string, v appender) {
	e.name(n)
	e.b = append(v.Append(append(e.b, '"')), '"')
}

func (e *encoder) instant(n string, t time.Time) {
	if y := t.Year(); y < 0 || y > 9999 || t.Location() != time.UTC {
		e.odd = true
		return
	}
	e.name(n)
	e.b = append(t.AppendFormat(append(e.b, '"'), time.RFC3339Nano), '"')
}

func (e *encoder) data(d *Data) {
	e.b = append(e.b, '{')
	if d.Cmd != nil {
		e.name("cmd")
		e.cause(d.Cmd)
	}
	if len(d.Trace) > 0 {
		e.name("trace")
		e.b = d.Trace.AppendJSON(e.b)
	}
	e.text("reason", d.Reason)
	e.text("channel", d.Channel)
	e.number("rung", int64(d.Rung))
	e.number("debtor", d.DebtorID)
	e.text("region", d.Region)
	e.text("language", d.Language)
	e.yes("mail", d.Mail)
	if d.Date != nil {
		e.value("date", d.Date)
	}
	if d.Until != nil {
		e.value("until", d.Until)
	}
	if d.Next != nil {
		e.instant("next", *d.Next)
	}
	e.number("bailiff", d.Bailiff)
	e.number("payment", d.PaymentID)
	if d.Amount != nil {
		e.value("amount", d.Amount)
	}
	if d.Left != nil {
		e.value("left", d.Left)
	}
	if d.RefundDue != nil {
		e.value("refund_due", d.RefundDue)
	}
	e.yes("in_time", d.InTime)
	e.number("days", int64(d.Days))
	if d.Voluntary != nil {
		e.value("voluntary", d.Voluntary)
	}
	if d.Collect != nil {
		e.value("collect", d.Collect)
	}
	if d.Register != nil {
		e.value("register", d.Register)
	}
	e.number("arrest", int64(d.Arrest))
	e.number("entry", int64(d.Entry))
	e.number("objection", int64(d.Objection))
	e.orders(d.Orders)
	if d.Answer != nil {
		e.name("answer")
		e.answer(d.Answer)
	}
	e.b = append(e.b, '}')
}

// cause writes the input as it is: it was made by json.Marshal.
func (e *encoder) cause(c *Cause) {
	e.b = append(e.b, `{"k":`...)
	e.quoted(c.Kind)
	if len(c.Input) > 0 {
		e.name("in")
		e.b = append(e.b, c.Input...)
	}
	if c.Env != (EnvFacts{}) {
		e.name("env")
		e.b = append(e.b, '{')
		e.yes("off", c.Env.CoercionOff)
		e.yes("transit", c.Env.MoneyInTransit)
		e.text("stopped", c.Env.Stopped)
		e.text("pauses", c.Env.Pauses)
		e.yes("register", c.Env.Register)
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, '}')
}

func (e *encoder) orders(orders []Asked) {
	if len(orders) == 0 {
		return
	}
	e.name("orders")
	e.b = append(e.b, '[')
	for i := range orders {
		o := &orders[i]
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, `{"purpose":`...)
		e.quoted(string(o.Purpose))
		e.b = strconv.AppendInt(append(e.b, `,"ordinal":`...), int64(o.Ordinal), 10)
		if !o.Amount.IsZero() {
			e.value("amount", o.Amount)
		}
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, ']')
}

func (e *encoder) answer(a *OrderAnswered) {
	e.b = append(e.b, `{"purpose":`...)
	e.quoted(string(a.Purpose))
	e.b = strconv.AppendInt(append(e.b, `,"ordinal":`...), int64(a.Ordinal), 10)
	e.b = append(e.b, `,"answer":`...)
	e.quoted(string(a.Answer))
	if !a.Sum.IsZero() {
		e.value("sum", a.Sum)
	}
	e.text("bank", a.Bank)
	e.text("detail", a.Detail)
	e.b = append(e.b, '}')
}
