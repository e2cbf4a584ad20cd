package intake

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Figures are what a first look at a whole file finds, before anything is opened.
type Figures struct {
	Rows        int `json:"rows"`
	Accepted    int `json:"accepted"`
	Duplicate   int `json:"duplicate"`
	Rejected    int `json:"rejected"`
	Quarantined int `json:"quarantined"`
	// Identity is how many of the quarantined have a doubtful person.
	Identity int `json:"identity,omitempty"`
	// Usual is the median number of rows of the sender's latest Batches batches; 0 when too few are known.
	Usual   int `json:"usual,omitempty"`
	Batches int `json:"batches,omitempty"`
}

func (f *Figures) add(v Verdict) {
	f.Rows++
	switch v {
	case Accepted:
		f.Accepted++
	case Duplicate:
		f.Duplicate++
	case Rejected:
		f.Rejected++
	case Quarantined:
		f.Quarantined++
	}
}

// Reason is why a batch waits for two people: Count of Of rows against a limit.
type Reason struct {
	Code  string `json:"code"`  // one of the Gate codes
	Count int    `json:"count"` // rows rejected, rows received before, rows of the file
	Of    int    `json:"of"`    // rows of the file; for the volume, the usual rows of the sender
	Limit int    `json:"limit"` // percent; for the volume, times
}

// Codes of [Reason].
const (
	GateRejects    = "rejects"
	GateDuplicates = "duplicates"
	GateVolume     = "volume"
	GateIdentity   = "identity"
	GateNoRule     = "rule_missing" // the rule pack has no control for the day: nothing is let in on a guess
)

// gate says why a whole batch must wait. A file that would open or change nothing needs nobody: its rows get their verdicts.
func gate(p *pack.Pack, on calendar.Date, f Figures) []Reason {
	if f.Accepted == 0 {
		return nil
	}
	g, ok := p.Gate(on)
	if !ok {
		return []Reason{{Code: GateNoRule, Count: f.Rows, Of: f.Rows}}
	}
	var why []Reason
	share := func(code string, n, limit int) {
		if f.Rows >= g.ShareRows && n*100 > limit*f.Rows {
			why = append(why, Reason{code, n, f.Rows, limit})
		}
	}
	share(GateRejects, f.Rejected, g.Rejects)
	share(GateDuplicates, f.Duplicate, g.Duplicates)
	if limit, ok := p.GateIdentity(on); ok && f.Rows >= g.VolumeRows && f.Identity*100 > limit*f.Rows {
		why = append(why, Reason{GateIdentity, f.Identity, f.Rows, limit})
	}
	if f.Usual > 0 && f.Rows >= g.VolumeRows && f.Rows > g.Volume*f.Usual {
		why = append(why, Reason{GateVolume, f.Rows, f.Usual, g.Volume})
	}
	return why
}

// usual adds what is known of the sender.
func (in *Inbox) usual(ctx context.Context, source string, on calendar.Date, f *Figures) error {
	g, ok := in.store.Pack().Gate(on)
	if !ok {
		return nil
	}
	var n, median int
	if err := in.store.Pool().QueryRow(ctx, usualRowsSQL, source, g.UsualOf).Scan(&n, &median); err != nil {
		return fmt.Errorf("intake: usual volume: %w", err)
	}
	if n >= g.Least {
		f.Usual, f.Batches = median, n
	}
	return nil
}

var reasonTexts = map[string]calendar.Names{
	GateRejects:    {KK: "{of} жолдың {count} жолы қабылданбайды: шек {limit} %.", RU: "Отклоняется {count} из {of} строк: порог {limit} %.", EN: "{count} of {of} rows would be rejected: the limit is {limit} %."},
	GateDuplicates: {KK: "{of} жолдың {count} жолы бұрын келген: шек {limit} %.", RU: "{count} из {of} строк уже получены: порог {limit} %.", EN: "{count} of {of} rows were received before: the limit is {limit} %."},
	GateIdentity:   {KK: "{of} жолдың {count} жолында адамның жеке басы күмәнді: шек {limit} %.", RU: "В {count} из {of} строк сомнительна личность: порог {limit} %.", EN: "In {count} of {of} rows the person is in doubt: the limit is {limit} %."},
	GateVolume:     {KK: "{count} жол: жіберушінің әдеттегісі {of}, шек {limit} есе.", RU: "{count} строк: обычно у отправителя {of}, порог в {limit} раза.", EN: "{count} rows: the sender usually has {of}, the limit is {limit} times."},
	GateNoRule:     {KK: "Бұл күнге топтаманы бақылау ережесі жоқ.", RU: "На этот день правил контроля партий нет.", EN: "The rule pack has no control of batches for this day."},
}

// Text says the reason in kk, ru or en, in ru where the language is another.
func (r Reason) Text(lang string) string {
	names := reasonTexts[r.Code]
	text := names.In(lang)
	if text == "" {
		text = names.RU
	}
	return strings.NewReplacer("{count}", strconv.Itoa(r.Count), "{of}", strconv.Itoa(r.Of), "{limit}", strconv.Itoa(r.Limit)).Replace(text)
}
