package text

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// The words built in are good by the rules that new words are held to, and forms give them back as they are.
func TestCheckWords_theBuiltInOnesAreGood(t *testing.T) {
	t.Parallel()
	words := BuiltIn().Words()
	for _, p := range CheckWords(words) {
		t.Errorf("%+v", p)
	}
	for _, p := range Places() {
		w := words[p.Language][p.Kind]
		if got := ParseLines(w.Lines()); !got.Equal(w) {
			t.Errorf("%v: a form makes %+v of it", p, got)
		}
	}
}

func TestCheck_saysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	good := func(k Kind, lang string) Wording { return BuiltIn().Words()[lang][k] }
	type found struct {
		Part   Part
		Number int
		Code   string
		Detail string
	}
	for name, c := range map[string]struct {
		kind  Kind
		lang  string
		spoil func(w *Wording)
		want  found
	}{
		"no SMS":             {Reminder, "kk", func(w *Wording) { w.SMS = nil }, found{PartSMS, 0, CodeEmpty, ""}},
		"no title":           {Reminder, "kk", func(w *Wording) { w.Title = " " }, found{PartTitle, 1, CodeEmpty, ""}},
		"no alternative":     {Reminder, "kk", func(w *Wording) { w.Body[0] += "|" }, found{PartBody, 1, CodeEmpty, ""}},
		"many":               {Reminder, "ru", func(w *Wording) { w.SMS = slices.Repeat(w.SMS, 3) }, found{PartSMS, 0, CodeMany, "6"}},
		"long line":          {Reminder, "ru", func(w *Wording) { w.Body[0] = strings.Repeat("слово ", 70) }, found{PartBody, 1, CodeLong, "400"}},
		"long body":          {Reminder, "ru", func(w *Wording) { w.Body[0] = strings.Repeat("слово ", 60) }, found{PartBody, 0, CodeLong, "420"}},
		"long title":         {Reminder, "ru", func(w *Wording) { w.Title += strings.Repeat(" ещё", 8) }, found{PartTitle, 1, CodeLong, "50"}},
		"full name":          {Opening, "ru", func(w *Wording) { w.SMS[0] = "{name}, " + w.SMS[0] }, found{PartSMS, 1, CodeUnknown, "{name}"}},
		"IIN placeholder":    {Opening, "ru", func(w *Wording) { w.Body[0] = "{iin}" }, found{PartBody, 1, CodeUnknown, "{iin}"}},
		"open brace":         {Opening, "ru", func(w *Wording) { w.Title = "Дело {case" }, found{PartTitle, 1, CodeUnknown, "{case}"}},
		"an IIN":             {Reminder, "ru", func(w *Wording) { w.Body[0] = "ИИН 850101300075." }, found{PartBody, 1, CodeDigits, ""}},
		"a spaced phone":     {Reminder, "ru", func(w *Wording) { w.Body[0] = "Звоните +7 (701) 123-45-67." }, found{PartBody, 1, CodeDigits, ""}},
		"Arabic digits":      {Reminder, "ru", func(w *Wording) { w.Body[0] = "٨٥٠١٠١٣٠٠٠٧٥" }, found{PartBody, 1, CodeDigits, ""}},
		"a control":          {Reminder, "ru", func(w *Wording) { w.Body[0] = "a\x00b" }, found{PartBody, 1, CodeControl, ""}},
		"turned writing":     {Reminder, "ru", func(w *Wording) { w.SMS[0] += "\u202e" }, found{PartSMS, 1, CodeControl, ""}},
		"not text":           {Reminder, "ru", func(w *Wording) { w.SMS[0] += "\xff" }, found{PartSMS, 1, CodeControl, ""}},
		"an address":         {Reminder, "ru", func(w *Wording) { w.Body[0] = "Зайдите на egov-kz.com сегодня." }, found{PartBody, 1, CodeAddress, "z.com"}},
		"two alphabets":      {Reminder, "ru", func(w *Wording) { w.Body[0] = "Дoлг не оплачен." }, found{PartBody, 1, CodeScript, "Дoлг"}},
		"wrong alphabet":     {Reminder, "uz", func(w *Wording) { w.Body[0] = "Қарз" }, found{PartBody, 1, CodeScript, "Қарз"}},
		"a costly letter":    {Reminder, "uz", func(w *Wording) { w.SMS[0] = strings.Replace(w.SMS[0], "to'", "toʻ", 1) }, found{PartSMS, 1, CodeGSM, "ʻ"}},
		"alternatives":       {Reminder, "en", func(w *Wording) { w.SMS[0] += "|{case} {host}" }, found{PartSMS, 1, CodeBar, "|"}},
		"never set":          {Reminder, "en", func(w *Wording) { w.Body[0] = "Until {at}." }, found{PartBody, 1, CodeUnset, "{at}"}},
		"no case":            {Reminder, "en", func(w *Wording) { w.SMS[0] = "Pay {amount}: {host}" }, found{PartSMS, 1, CodeNeeds, "{case}"}},
		"no host":            {Reminder, "en", func(w *Wording) { w.SMS[0] = "{case}: pay {amount}" }, found{PartSMS, 1, CodeNeeds, "{host}"}},
		"opening, no link":   {Opening, "en", func(w *Wording) { w.SMS[2] = "Case {case}: {host}" }, found{PartSMS, 3, CodeNeeds, "{link}"}},
		"last wants a sum":   {Reminder, "kk", func(w *Wording) { w.SMS = w.SMS[:3] }, found{PartSMS, 3, CodeLast, "{until}"}},
		"title wants a sum":  {Reminder, "kk", func(w *Wording) { w.Title = "{case}: {amount} тг" }, found{PartTitle, 1, CodeLast, "{amount}"}},
		"end wants a day":    {Arrest, "kk", func(w *Wording) { w.Body[3] = "{until} дейін: {link}" }, found{PartBody, 4, CodeLast, "{until}"}},
		"end without a link": {Arrest, "kk", func(w *Wording) { w.Body[3] = "Төлеу: {host}" }, found{PartBody, 4, CodeNeeds, "{link}"}},
		"last too long":      {Reminder, "kk", func(w *Wording) { w.SMS[3] = "{case}: " + strings.Repeat("қарыз ", 10) + "{host}" }, found{PartSMS, 4, CodeBudget, "1"}},
		"never fits":         {Reminder, "kk", func(w *Wording) { w.SMS[0] = "{case}: {until} {amount} " + strings.Repeat("қарыз ", 8) + "{host}" }, found{PartSMS, 1, CodeNever, "1"}},
		"only short values": {Opening, "ru", func(w *Wording) {
			w.SMS = []string{"Департамент юстиции: дело {case} ({initials}), долг {amount} тг, платите до {until} без каких-либо доплат вообще: {link}", w.SMS[2]}
		}, found{PartSMS, 2, CodeMustSay, "{amount}"}},
	} {
		w := good(c.kind, c.lang)
		c.spoil(&w)
		problems := Check(c.kind, c.lang, w)
		ok := false
		for _, p := range problems {
			ok = ok || found{p.Part, p.Number, p.Code, p.Detail} == c.want && p.Place == Place{c.kind, c.lang}
		}
		if !ok {
			t.Errorf("%s: want %+v, got %+v", name, c.want, problems)
		}
	}
}

func TestCheckWords_allLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	words := BuiltIn().Words()
	w := words["ru"][Reminder]
	w.Body[0] = "Долг по делу {case} ещё не оплачен."
	got := CheckWords(words.With(Reminder, "ru", w))
	var want []Problem
	for _, lang := range []string{"kk", "en", "ky", "uz"} {
		want = append(want, Problem{Place: Place{Reminder, lang}, Part: PartBody, Code: CodeOtherTongue, Detail: "{case}"})
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(CheckWords(Words{})) == 0 {
		t.Error("no words at all are good")
	}
}

func TestStorable_keepsWhatIsOnlyWrong(t *testing.T) {
	t.Parallel()
	w := BuiltIn().Words()["ru"][Reminder]
	w.SMS[0] = "{name}"
	if !Storable(Check(Reminder, "ru", w)) {
		t.Error("words that are not good yet are lost")
	}
	w.Body[0] = "850101300075"
	if Storable(Check(Reminder, "ru", w)) {
		t.Error("an IIN is kept")
	}
}

func TestCompile_keepsWhatWasSent(t *testing.T) {
	t.Parallel()
	e, err := Compile(BuiltIn().Words())
	if err != nil {
		t.Fatal(err)
	}
	young, err := Compile(Words{}) // of a program that knew none of these kinds
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Places() {
		want := render(t, p.Kind, p.Language, sample(p.Kind))
		for _, e := range []*Edition{e, young} {
			if got, err := e.Render(p.Kind, p.Language, sample(p.Kind)); err != nil || got != want {
				t.Errorf("%v: %+v, %v", p, got, err)
			}
		}
	}
	bad := BuiltIn().Words()
	bad["kk"][Paid] = Wording{SMS: []string{"{iin}"}}
	if _, err := Compile(bad); err == nil {
		t.Error("an unknown placeholder was compiled")
	}
	words := BuiltIn().Words()
	words["kk"][Paid].SMS[0] = "changed"
	if BuiltIn().Words()["kk"][Paid].SMS[0] == "changed" {
		t.Error("the words built in can be changed from outside")
	}
}

func TestDiff_losesNothing(t *testing.T) {
	t.Parallel()
	left, right := Diff("Оплатите до {until} без доплат", "Оплатите до {until}, прошу, без доплат")
	want := []Piece{{"Оплатите до", false}, {"{until},", true}, {"прошу,", true}, {"без доплат", false}}
	if len(left) != 3 || left[1] != (Piece{"{until}", true}) || len(right) != 3 || right[1].Words != want[1].Words+" "+want[2].Words {
		t.Errorf("%+v\n%+v", left, right)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "{x}"}), 0, 12).Draw(t, "words"), " ")
		})
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		left, right := Diff(a, b)
		join := func(pieces []Piece, all bool) string {
			var words []string
			for _, p := range pieces {
				if all || !p.Changed {
					words = append(words, p.Words)
				}
			}
			return strings.Join(words, " ")
		}
		if join(left, true) != a || join(right, true) != b || join(left, false) != join(right, false) {
			t.Fatalf("%q, %q: %+v %+v", a, b, left, right)
		}
	})
}

// anyFacts are values of every size, and the lack of any of them.
var anyFacts = rapid.Custom(func(t *rapid.T) Facts {
	f := Facts{Case: rapid.StringMatching(`[0-9]{2}-[0-9]{7}-[0-9]`).Draw(t, "case"), Host: rapid.StringMatching(`[a-z]{1,10}\.kz`).Draw(t, "host")}
	maybe := func(name string) bool { return rapid.Bool().Draw(t, name) }
	if maybe("token") {
		f.Token = token
	}
	if maybe("initials") {
		f.Initials = rapid.OneOf(rapid.SampledFrom([]string{"Щ.Щ.Щ.", "Ә.", "J.D."}), rapid.String()).Draw(t, "initials of")
	}
	if maybe("amount") {
		f.Amount = money.FromTiyn(rapid.Int64Range(1, 1_000_000_000_000_000).Draw(t, "tiyn"))
	}
	if maybe("left") {
		f.Outstanding = money.FromTiyn(rapid.Int64Range(1, 1_000_000_000_000_000).Draw(t, "tiyn left"))
	}
	if maybe("until") {
		f.Until = calendar.MakeDate(2026, 1, 1).AddDays(rapid.IntRange(0, 1000).Draw(t, "day"))
	}
	if maybe("at") {
		f.UndoUntil = time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "second"), 0)
	}
	if maybe("bailiff") {
		f.Bailiff = rapid.String().Draw(t, "name")
	}
	f.Arrested = maybe("arrested")
	return f
})

// keepsItsWord holds what Check promises: a wording that it lets pass renders, within its budget, with the case and a way on.
func keepsItsWord(t fataler, p Place, w Wording, f Facts) {
	t.Helper()
	Show(p.Kind, p.Language, w, f)
	if len(Check(p.Kind, p.Language, w)) > 0 {
		return
	}
	e, err := Compile(Words{p.Language: {p.Kind: w}})
	if err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	text, err := e.Render(p.Kind, p.Language, f)
	if err != nil {
		t.Fatalf("%v: %v", w, err)
	}
	if Parts(text.SMS) > Budget(p.Kind) || !strings.Contains(text.SMS, f.Case) || !strings.Contains(text.SMS, f.Host) {
		t.Fatalf("%d parts: %q of %+v", Parts(text.SMS), text.SMS, w)
	}
	if !strings.Contains(text.PushTitle, f.Case) || !strings.Contains(text.PushBody, f.Host) {
		t.Fatalf("%q %q of %+v", text.PushTitle, text.PushBody, w)
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func TestCheck_whatItLetsPassKeepsItsBudget(t *testing.T) {
	t.Parallel()
	places := Places()
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(places).Draw(t, "place")
		w := BuiltIn().Words()[p.Language][p.Kind]
		spoil := func(lines []string) []string {
			at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			switch rapid.IntRange(0, 3).Draw(t, "do") {
			case 0: // longer
				lines[at] += " " + rapid.SampledFrom([]string{"сөз", "word", "{amount}", "{until}", "{left}", "|", "{?arrest}", "€", "№"}).Draw(t, "word")
			case 1: // shorter
				if words := strings.Fields(lines[at]); len(words) > 0 {
					cut := rapid.IntRange(0, len(words)-1).Draw(t, "cut")
					lines[at] = strings.Join(slices.Delete(words, cut, cut+1), " ")
				}
			case 2:
				lines = slices.Delete(lines, at, at+1)
			case 3:
				lines = slices.Insert(lines, at, rapid.StringN(0, 40, -1).Draw(t, "anything"))
			}
			return lines
		}
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			if len(w.SMS) > 0 {
				w.SMS = spoil(w.SMS)
			}
			if len(w.Body) > 0 {
				w.Body = spoil(w.Body)
			}
		}
		if len(Check(p.Kind, p.Language, w)) == 0 {
			passed++
		}
		keepsItsWord(t, p, w, anyFacts.Draw(t, "facts"))
	})
	if passed < 5 {
		t.Errorf("only %d of the wordings were good: the test says nothing", passed)
	}
}

func FuzzCheck(f *testing.F) {
	for i, p := range Places() {
		sms, title, body, letter := BuiltIn().Words()[p.Language][p.Kind].Lines()
		f.Add(uint8(i), sms, title, body, letter)
	}
	f.Add(uint8(0), "{case", "{}}|{", "|||\n\x00{?arrest}", "{case}|\n{x")
	f.Fuzz(func(t *testing.T, place uint8, sms, title, body, letter string) {
		places := Places()
		p := places[int(place)%len(places)]
		w := ParseLines(sms, title, body, letter)
		if again := ParseLines(w.Lines()); !again.Equal(w) {
			t.Fatalf("%+v becomes %+v", w, again)
		}
		keepsItsWord(t, p, w, Longest(p.Kind))
		keepsItsWord(t, p, w, Facts{Case: "26-0012345-7", Host: LongestHost})
	})
}
