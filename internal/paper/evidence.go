package paper

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"robotbailiff/internal/i18n"
	"robotbailiff/rules/calendar"
)

// EvidencePack is what proves that a person was told of a case, as far as it goes onto paper. Instants are written in the time of
// Almaty, dates that are not set as not reached yet.
type EvidencePack struct {
	Lang   i18n.Lang
	Case   string // its number
	MadeAt time.Time

	OpenedOn, NotifiedOn, VoluntaryEndsOn, TermEndsOn calendar.Date

	Notices []EvidenceNotice
	Visits  []EvidenceVisit // by the personal links
	Events  []EvidenceEvent

	Intact   bool // the chain of the events is whole
	BrokenAt int  // the first event that is not as it was written, when it is not

	JSON []byte // the same facts for programs: attached as they are, their hash is the check code
}

// EvidenceVisit says when the link of a notice was opened by somebody who passed the gate, or the case after a sign-in.
type EvidenceVisit struct {
	Ordinal         int // of the notice; 0: after a sign-in
	FirstAt, LastAt time.Time
	Visits          int
}

// EvidenceNotice is one notice on one channel.
type EvidenceNotice struct {
	Ordinal     int
	Channel     string
	Kind        string
	Rung        int
	Language    string
	TextVersion int
	Text        string // without the secret of the personal link
	Bytes       int
	SHA256      string // of the exact bytes
	SMSParts    int
	Status      string
	Detail      string // a code, ours or the provider's
	Attempts    int

	WantedAt, NotBefore, ExpiresAt time.Time
	SentAt, DeliveredAt            *time.Time

	Ref, ProviderRef string
	Receipts         []EvidenceReceipt
}

// EvidenceReceipt is what a provider said of one part of a message.
type EvidenceReceipt struct {
	ProviderRef       string
	Attempt, Part, Of int
	Status            string
	At                *time.Time
}

// EvidenceEvent is one event of the case and its link in the chain.
type EvidenceEvent struct {
	Seq  int
	Kind string
	At   time.Time
	Hash string
}

// CheckCode is the short form of the hash of the facts that stands in the foot of every page.
func CheckCode(facts []byte) string {
	sum := sha256.Sum256(facts)
	code := hex.EncodeToString(sum[:8])
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
}

// Evidence lays out the pack of a case. The same pack always gives the same bytes.
func Evidence(d EvidencePack) ([]byte, error) {
	if _, known := i18n.Parse(string(d.Lang)); !known || d.Case == "" || d.MadeAt.IsZero() || len(d.JSON) == 0 {
		return nil, errors.New("paper: an evidence pack needs a language, a case number, an instant and its facts")
	}
	w := &words{p: i18n.For(d.Lang)}
	l := evidenceLayout{words: w, d: d, s: newSheet(w.say("evidence.title")+", "+d.Case, string(d.Lang), d.MadeAt)}
	l.s.pdf.SetAttachments([]fpdf.Attachment{{Content: d.JSON, Filename: d.Case + ".json", Description: w.say("evidence.check.file")}})
	l.top()
	l.notices()
	l.visits()
	l.events()
	l.check()
	l.s.foot(d.Case+"   "+w.say("evidence.foot.code", "code", CheckCode(d.JSON)), func(n, of int) string {
		return w.say("evidence.foot.page", "page", strconv.Itoa(n), "of", strconv.Itoa(of))
	})
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return l.s.bytes()
}

// evidenceLayout is one pack on its way onto paper.
type evidenceLayout struct {
	*words

	d EvidencePack
	s *sheet
}

func (l *evidenceLayout) top() {
	s := l.s
	s.write(bold, 17, accent, l.say("evidence.title"))
	s.space(1)
	s.write(bold, 11.5, black, l.say("evidence.case", "number", l.d.Case))
	s.space(0.5)
	s.write(regular, bodySize, faint, l.say("evidence.made", "at", instant(l.d.MadeAt)))
	s.space(3)
	s.write(regular, bodySize, black, l.say("evidence.intro"))
	s.heading(l.say("evidence.dates.title"))
	t := &table{s: s, widths: []float64{92, bodyWidth - 92}, size: bodySize, shaded: -1}
	s.line()
	date := func(label string, on calendar.Date) {
		value := l.say("evidence.dates.not_yet")
		if !on.IsZero() {
			value = l.p.Date(on)
		}
		t.row(label, value)
	}
	date(l.say("evidence.dates.opened"), l.d.OpenedOn)
	date(l.say("evidence.dates.notified"), l.d.NotifiedOn)
	date(l.say("evidence.dates.voluntary"), l.d.VoluntaryEndsOn)
	date(l.say("evidence.dates.term"), l.d.TermEndsOn)
}

func (l *evidenceLayout) notices() {
	l.s.heading(l.say("evidence.notices.title"))
	if len(l.d.Notices) == 0 {
		l.s.write(regular, bodySize, black, l.say("evidence.notices.none"))
	}
	for i, n := range l.d.Notices {
		if i > 0 {
			l.s.space(5)
		}
		l.s.need(46)
		l.notice(n)
	}
}

// notice writes one notice as a table of what is known of it.
func (l *evidenceLayout) notice(n EvidenceNotice) {
	s := l.s
	title := l.say("evidence.notice.title", "ordinal", strconv.Itoa(n.Ordinal), "kind", l.of("notice.", n.Kind),
		"channel", l.of("channel.", n.Channel), "language", l.of("language.", n.Language))
	t := &table{s: s, widths: []float64{42, bodyWidth - 42}, size: 8.5, shaded: -1}
	t.begin(func(again bool) {
		if again {
			s.write(regular, bodySize, faint, title+" "+l.say("evidence.notice.again"))
		} else {
			s.write(bold, 10.5, black, title)
		}
		s.space(0.8)
		s.line()
	})
	defer t.end()
	state := n.Status
	switch {
	case state == "delivered":
		state += "_" + n.Channel
	case n.Detail == "not_needed":
		state = n.Detail
	}
	t.row(l.say("evidence.notice.state"), l.of("evidence.state.", state))
	if n.Detail != "" {
		t.row(l.say("evidence.notice.code"), l.detail(n.Detail))
	}
	t.shaded = 1
	t.row(l.say("evidence.notice.text"), n.Text)
	t.shaded = -1
	t.row(l.say("evidence.notice.wanted"), instant(n.WantedAt))
	t.row(l.say("evidence.notice.window"), instant(n.NotBefore)+" – "+instant(n.ExpiresAt))
	t.row(l.say("evidence.notice.sent"), l.moment(n.SentAt))
	t.row(l.say("evidence.notice.delivered"), l.moment(n.DeliveredAt))
	if n.ProviderRef != "" {
		t.row(l.say("evidence.notice.theirs"), n.ProviderRef)
	}
	t.row(l.say("evidence.notice.ours"), n.Ref)
	t.row(l.say("evidence.notice.hash", "bytes", strconv.Itoa(n.Bytes)), n.SHA256)
	about := l.say("evidence.notice.versions", "version", strconv.Itoa(n.TextVersion), "rung", strconv.Itoa(n.Rung), "attempts", strconv.Itoa(n.Attempts))
	if n.SMSParts > 0 {
		about += "; " + l.say("evidence.notice.parts", "parts", strconv.Itoa(n.SMSParts))
	}
	t.row(l.say("evidence.notice.about"), about)
	if len(n.Receipts) > 0 {
		t.row(l.say("evidence.notice.receipts"), l.receipts(n.Receipts))
	}
}

// detail explains a code of our own, and shows one of a provider as it is.
func (l *evidenceLayout) detail(code string) string {
	if why := l.of("undelivered.why.", code); why != code {
		return why + " (" + code + ")"
	}
	return code
}

func (l *evidenceLayout) receipts(all []EvidenceReceipt) string {
	lines := make([]string, len(all))
	for i, r := range all {
		of, status := strconv.Itoa(r.Of), l.of("sending.", r.Status)
		if r.Of == 0 {
			of = "?" // the provider has not named all of them
		}
		if r.Status == "" {
			status = l.say("evidence.receipt.none")
		}
		lines[i] = l.say("evidence.receipt.line", "part", strconv.Itoa(r.Part), "of", of, "attempt", strconv.Itoa(r.Attempt), "ref", r.ProviderRef, "status", status)
		if r.At != nil {
			lines[i] += ", " + instant(*r.At)
		}
	}
	return strings.Join(lines, "\n")
}

func (l *evidenceLayout) visits() {
	s := l.s
	title := "evidence.visits.title"
	if slices.ContainsFunc(l.d.Visits, func(v EvidenceVisit) bool { return v.Ordinal == 0 }) {
		title = "evidence.visits.title_both"
	}
	s.heading(l.say(title))
	for _, v := range l.d.Visits {
		if v.Ordinal == 0 {
			s.write(regular, bodySize, black, l.say("evidence.visits.signed", "first", instant(v.FirstAt), "last", instant(v.LastAt), "visits", strconv.Itoa(v.Visits)))
			continue
		}
		s.write(regular, bodySize, black, l.say("evidence.visits.line", "ordinal", strconv.Itoa(v.Ordinal), "first", instant(v.FirstAt), "last", instant(v.LastAt), "visits", strconv.Itoa(v.Visits)))
	}
	if len(l.d.Visits) == 0 {
		s.write(regular, bodySize, black, l.say("evidence.visits.none"))
	}
	s.space(1)
	s.write(regular, bodySize, faint, l.say("evidence.visits.note"))
}

func (l *evidenceLayout) events() {
	s := l.s
	s.heading(l.say("evidence.chain.title"))
	s.write(regular, bodySize, black, l.say("evidence.chain.intro"))
	s.space(1.5)
	s.need(24)
	t := &table{s: s, widths: []float64{8, 38, 32, bodyWidth - 78}, size: smallSize, shaded: -1}
	t.begin(t.columns(l.say("evidence.chain.number"), l.say("evidence.chain.time"), l.say("evidence.chain.what"), l.say("evidence.chain.hash")))
	for _, e := range l.d.Events {
		t.row(strconv.Itoa(e.Seq), instant(e.At), l.of("evidence.event.", e.Kind), e.Hash)
	}
	t.end()
	s.space(2.5)
	verdict := l.say("evidence.chain.intact", "count", strconv.Itoa(len(l.d.Events)))
	if !l.d.Intact {
		verdict = l.say("evidence.chain.broken", "event", strconv.Itoa(l.d.BrokenAt))
	}
	s.write(bold, bodySize, black, verdict)
}

func (l *evidenceLayout) check() {
	s, sum := l.s, sha256.Sum256(l.d.JSON)
	s.heading(l.say("evidence.check.title"))
	s.write(regular, bodySize, black, l.say("evidence.check.text", "name", l.d.Case+".json"))
	s.space(1)
	s.write(regular, bodySize, black, hex.EncodeToString(sum[:]))
	s.space(1)
	s.write(regular, bodySize, black, l.say("evidence.check.chain", "command", "bailiff audit verify"))
}
