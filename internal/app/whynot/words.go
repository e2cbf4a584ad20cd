package whynot

import (
	"strconv"
	"strings"

	"robotbailiff/engine"
	"robotbailiff/internal/app/portal/story"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// tell puts an outlook into words.
func tell(o engine.Outlook, p *pack.Pack, today calendar.Date, lang i18n.Lang) Answer {
	a := Answer{Step: string(o.Step), When: string(o.When), At: o.At}
	key := "whynot.says." + a.Step + "_" + a.When
	switch o.When {
	case engine.WhenDone, engine.WhenOn:
		a.Says = []i18n.Text{i18n.Say(key, "on", calendar.DateOf(o.At))}
	case engine.WhenNow, engine.WhenNot, engine.WhenNever:
		a.Says = []i18n.Text{i18n.Say(key)}
	}
	if o.Order.Purpose != "" {
		a.Says = append(a.Says, stands(o.Order))
	}
	if !o.If.IsZero() {
		a.Says = append(a.Says, i18n.Say("whynot.if."+a.Step, "on", calendar.DateOf(o.If)))
	}
	for _, c := range o.Conditions {
		x := Condition{What: string(c.What), Met: string(c.Met), Says: sentence(c), Href: hrefs[c.What], Law: law(c, p, today, lang)}
		if c.Met == engine.MetYes {
			x.Href = ""
			a.Met = append(a.Met, x)
			continue
		}
		a.Open = append(a.Open, x)
	}
	return a
}

// hrefs are where one sees to what keeps a step.
var hrefs = map[engine.Block]string{
	engine.BlockKillSwitch: "/desk/switch", engine.BlockMoney: "/desk/money", engine.BlockObjection: "/desk/objections", engine.BlockOrder: "/desk/orders",
}

// stands says what has become of an order.
func stands(o engine.Order) i18n.Text {
	switch {
	case o.Status == engine.Active && o.Purpose == engine.Arrest:
		return i18n.Say("whynot.order.holds", "sum", o.Held)
	case o.Status == engine.Active && o.Purpose == engine.Collect:
		return i18n.Say("whynot.order.kept", "sum", o.Held)
	case o.Status == engine.Done && o.Purpose == engine.Collect:
		return i18n.Say("whynot.order.collected", "sum", o.Held)
	case o.Status.Open():
		return i18n.Say("whynot.order.open")
	}
	return i18n.Say("whynot.order." + string(o.Status))
}

// variables are those of each sentence about a condition; the others have none.
var variables = map[string]string{
	"paid_yes": "sum", "nothing_held_yes": "sum", "running_no": "sum", "hold_no": "why", "suspended_no": "why", "suspended_soon": "why on", "order_no": "what on",
	"term_yes": "on", "term_soon": "on", "term_yes_refusal": "on", "term_soon_refusal": "on", "hand_over_due_yes": "on", "hand_over_due_no": "on", "hand_over_due_no_before": "on",
	"notice_unproven_yes": "on", "voluntary_period_yes": "on", "voluntary_period_soon": "on", "refusal_no": "on", "limitation_yes": "on", "limitation_no": "on",
	"collect_day_yes": "on", "collect_day_soon": "on", "rungs_yes": "on",
}

// sentence says how a condition stands.
func sentence(c engine.Condition) i18n.Text {
	name := string(c.What) + "_" + string(c.Met)
	if about := c.What == engine.BlockTerm || c.What == engine.BlockHandOver; about && c.Word != "" {
		name += "_" + c.Word
	}
	var pairs []any
	for v := range strings.FieldsSeq(variables[name]) {
		pairs = append(pairs, v, map[string]any{"on": c.Date, "sum": c.Sum, "why": word(c.What, c.Word), "what": i18n.Say("purpose." + c.Word)}[v])
	}
	return i18n.Say("whynot.cond."+name, pairs...)
}

// word says the reason of a hold as the catalogs have it; what they do not know, as what somebody has written, is shown as it is.
func word(what engine.Block, s string) any {
	if key := "hold." + s; what == engine.BlockHold && i18n.For(i18n.KK).Has(key) {
		return i18n.Say(key)
	}
	return s
}

// units are the units of the pack whose numbers are said.
var units = map[string]string{pack.UnitCalendarDay: "calendar_day", pack.UnitWorkingDay: "working_day", pack.UnitHour: "hour"}

// law says what the pack has about a condition.
func law(c engine.Condition, p *pack.Pack, on calendar.Date, lang i18n.Lang) (l Law) {
	v, ok := c.Law(p, on)
	if !ok {
		return l
	}
	of := i18n.OfLaw(lang)
	l = Law{Text: v.Note.In(string(of)), Citation: story.Citation(v.Citation, lang), Edition: v.Edition}
	if n, err := strconv.Atoi(v.Value); err == nil && units[v.Unit] != "" {
		l.Value = i18n.Say("whynot.unit."+units[v.Unit], "n", n)
	}
	return l
}
