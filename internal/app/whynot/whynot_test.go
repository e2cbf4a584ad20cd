package whynot

import (
	"testing"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// blocks are all conditions that the engine knows, with how each may stand.
var blocks = map[engine.Block][]engine.Met{
	engine.BlockEnded: {engine.MetYes, engine.MetNo}, engine.BlockPaid: {engine.MetYes, engine.MetNo}, engine.BlockHold: {engine.MetYes, engine.MetNo},
	engine.BlockObjection: {engine.MetYes, engine.MetNo}, engine.BlockSuspended: {engine.MetYes, engine.MetNo, engine.MetSoon}, engine.BlockRefusal: {engine.MetYes, engine.MetNo},
	engine.BlockNotice: {engine.MetYes, engine.MetNo}, engine.BlockVoluntary: {engine.MetYes, engine.MetSoon, engine.MetLater}, engine.BlockKillSwitch: {engine.MetYes, engine.MetNo},
	engine.BlockLimitation: {engine.MetYes, engine.MetNo}, engine.BlockMoney: {engine.MetYes, engine.MetNo}, engine.BlockMeasure: {engine.MetYes, engine.MetNo},
	engine.BlockHandOver: {engine.MetYes, engine.MetNo}, engine.BlockEarlier: {engine.MetNo}, engine.BlockHeld: {engine.MetYes, engine.MetNo, engine.MetLater},
	engine.BlockDay: {engine.MetYes, engine.MetSoon, engine.MetLater}, engine.BlockTerm: {engine.MetYes, engine.MetSoon}, engine.BlockProof: {engine.MetNo},
	engine.BlockRungs: {engine.MetYes, engine.MetNo}, engine.BlockRunning: {engine.MetNo}, engine.BlockOrder: {engine.MetNo}, engine.BlockBailiff: {engine.MetNo},
}

// Every answer that the engine may give is said in every language, and the catalogs have no sentence that nobody says.
func TestTell_saysEverything(t *testing.T) {
	t.Parallel()
	day := calendar.MakeDate(2026, 12, 21)
	used := map[string]bool{}
	say := func(texts ...i18n.Text) {
		t.Helper()
		for _, x := range texts {
			used[x.Key] = true
			for _, l := range i18n.Langs {
				if s, err := i18n.For(l).Say(x); err != nil || s == "" {
					t.Errorf("%s in %s: %v", x.Key, l, err)
				}
			}
		}
	}
	for what, all := range blocks {
		for _, met := range all {
			words := []string{""}
			switch what {
			case engine.BlockHold:
				words = []string{engine.HoldWrongPerson, "something of a person's own"}
			case engine.BlockOrder:
				words = nil
				for _, p := range engine.Purposes {
					words = append(words, string(p))
				}
			case engine.BlockTerm:
				words = append(words, engine.ByRefusal)
			case engine.BlockHandOver:
				if met == engine.MetNo {
					words = append(words, engine.ByRefusal, engine.TooLate)
				}
			}
			for _, w := range words {
				say(sentence(engine.Condition{What: what, Met: met, Date: day, Word: w, Sum: money.FromTiyn(2015500)}))
			}
		}
	}
	whens := map[engine.Step][]engine.When{
		engine.StepNotice:  {engine.WhenDone, engine.WhenNot, engine.WhenNever},
		engine.StepRelease: {engine.WhenDone, engine.WhenNot},
	}
	for _, step := range engine.Steps {
		all := whens[step]
		if all == nil {
			all = []engine.When{engine.WhenDone, engine.WhenNow, engine.WhenOn, engine.WhenNot, engine.WhenNever}
		}
		for _, when := range all {
			o := engine.Outlook{Step: step, When: when, At: day.Start()}
			if when == engine.WhenNot && (step == engine.StepArrest || step == engine.StepCollect) {
				o.If = day.Start()
			}
			say(tell(o, pack.Default(), day, i18n.KK).Says...)
		}
	}
	for _, s := range []engine.OrderStatus{
		engine.Requested, engine.Unknown, engine.Active, engine.Done, engine.RejectedOrder, engine.LiftRequested, engine.Lifted, engine.HandedOverArrest, engine.Recalled,
	} {
		for _, p := range []engine.Purpose{engine.Arrest, engine.Collect} {
			say(stands(engine.Order{Purpose: p, Status: s, At: time.Now()}))
		}
	}
	for _, key := range []string{"trial", "unsent", "unanswered"} {
		used["whynot.cond."+key] = true // said with the database's words, see the page's tests
	}
	for _, key := range i18n.For(i18n.KK).Keys() {
		for _, family := range []string{"whynot.cond.", "whynot.says.", "whynot.if.", "whynot.order."} {
			if len(key) > len(family) && key[:len(family)] == family && !used[key] {
				t.Errorf("nobody says %s", key)
			}
		}
	}
}

// The law behind a condition comes with its article, its value in words and its edition.
func TestLaw_ofTheVoluntaryPeriod(t *testing.T) {
	t.Parallel()
	day := calendar.MakeDate(2026, 9, 1)
	got := law(engine.Condition{What: engine.BlockTerm, Rule: pack.KeyTerm}, pack.Default(), day, i18n.RU)
	value, err := i18n.For(i18n.RU).Say(got.Value)
	if err != nil || value != "30 календарных дней" || got.Citation == "" || got.Edition != calendar.MakeDate(2024, 8, 20) || got.Text == "" {
		t.Errorf("%+v, %s, %v", got, value, err)
	}
	if got := law(engine.Condition{What: engine.BlockEarlier}, pack.Default(), day, i18n.RU); got.Citation != "" || got.Value.Key != "" {
		t.Errorf("a condition of no rule has the law %+v", got)
	}
}
