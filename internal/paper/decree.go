package paper

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"robotbailiff/internal/i18n"
	"robotbailiff/internal/qr"
	"robotbailiff/rules/calendar"
)

// Decree is a decision of the territorial body in a simplified proceeding. All of it comes from the events of the case and the rules of
// that day, and the paper bears no other instant, so that an old decree laid out again is the same bytes.
type Decree struct {
	Lang   i18n.Lang // of the proceeding
	Region string    // two digits, of the territorial body
	Case   string    // its number
	Number string    // of the decree
	At     time.Time // when it was decided
	Writ   Writ
	Debtor string
	IIN    string // masked

	Act       Act
	Appeal    *Appeal    // nil: the rules of that day know no term
	Signature *Signature // nil: this copy is not signed, and says so
	Copy      bool       // of a decree that Signature is on: this paper itself bears none

	Code          string // check code; empty: the decree has none
	Verify, Check string // where to type the code, and the address that holds it already
}

// Writ is the document that is enforced.
type Writ struct {
	Kind, Document   string
	Date             calendar.Date // may be unset
	Issuer, Claimant string        // may be empty
}

// Appeal is the term in which a decree may be challenged.
type Appeal struct {
	Days    int
	Working bool // working days, not calendar ones
	Article string
}

// Signature is the electronic signature under a decree, as whoever verified it says.
type Signature struct {
	Signer, Post string    // the head of the territorial body, or the deputy; the post may be empty
	Certificate  string    // its serial number
	At           time.Time // when it was signed
}

// Act is what a decree decides: one of [Opening], [Arrest], [Reduction], [Collection], [Termination], [Transfer], [Takeback] and [Giveback].
type Act interface {
	title(w *words) string
	facts(w *words, row func(label, value string))
	found(w *words) []string
	decided(w *words) []clause
	holds() []Hold
}

// clause is one point of what is decided, with the articles that it rests on; those may be empty.
type clause struct{ text, articles string }

// decreeSize is the type of a decree, in points. Few words are bold: every letter in it is one more glyph of a second font.
const decreeSize = 10.0

// MakeDecree lays out a decree.
func MakeDecree(d Decree) ([]byte, error) {
	if _, known := i18n.Parse(string(d.Lang)); !known || d.Region == "" || d.Case == "" || d.Number == "" || d.At.IsZero() || d.Writ.Document == "" || d.Debtor == "" || d.Act == nil {
		return nil, errors.New("paper: a decree needs a language, a body, numbers, an instant, a writ, a debtor and what it decides")
	}
	w := &words{p: i18n.For(d.Lang)}
	title := d.Act.title(w)
	s := newSheet(title+", "+d.Number, string(d.Lang), d.At)
	s.running(w.say("paper.decree.name")+" "+w.say("paper.number", "number", d.Number), title)
	l := decreeLayout{words: w, d: d, s: s}
	l.top(title)
	l.facts()
	l.found()
	l.decided()
	l.holds()
	l.appeal()
	l.signature()
	s.foot(w.say("paper.foot.case", "number", d.Case), w.page)
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return s.bytes()
}

// page says which page it is, for the foot.
func (w *words) page(n, of int) string {
	return w.say("paper.foot.page", "page", strconv.Itoa(n), "of", strconv.Itoa(of))
}

// running makes every page but the first begin with what the paper is.
func (s *sheet) running(a, b string) {
	s.head = func() {
		s.pen(regular, smallSize, faint)
		y, h := s.pdf.GetY(), lineOf(smallSize)
		s.at(left, y, bodyWidth, h, "L", a)
		mark := s.pdf.GetStringWidth(a) + 6
		lines := wrap(shown(b), bodyWidth-mark, s.pdf.GetStringWidth)
		for i, line := range lines {
			s.at(left+mark, y+float64(i)*h, bodyWidth-mark, h, "R", line)
		}
		s.pdf.SetXY(left, y+float64(len(lines))*h+1)
		s.line()
		s.space(4)
	}
}

// decreeLayout is one decree on its way onto paper.
type decreeLayout struct {
	*words

	d      Decree
	s      *sheet
	titles int // how many lines the title of the box of the signature takes
}

func (l *decreeLayout) top(title string) {
	s := l.s
	s.centred(regular, bodySize, faint, l.say("paper.ministry"))
	s.centred(regular, 12, black, l.of("paper.body.", l.d.Region))
	s.space(6)
	s.centred(bold, 15, accent, l.say("paper.decree.heading"))
	s.centred(regular, 11.5, accent, title)
	s.space(5)
	s.ends(regular, 11, black, l.say("paper.number", "number", l.d.Number), l.p.Date(calendar.DateOf(l.d.At)))
	s.space(2)
}

func (l *decreeLayout) facts() {
	t := &table{s: l.s, widths: []float64{56, bodyWidth - 56}, size: decreeSize - 0.5, shaded: -1}
	l.s.line()
	row := func(label, value string) { t.row(label, value) }
	row(l.say("paper.fact.case"), l.say("paper.number", "number", l.d.Case))
	l.writ(row, l.d.Writ)
	row(l.say("paper.fact.debtor"), l.d.Debtor)
	row(l.say("paper.fact.iin"), l.d.IIN)
	l.d.Act.facts(l.words, row)
}

// writ says which document is enforced.
func (w *words) writ(row func(label, value string), x Writ) {
	value := w.of("kind.", x.Kind) + " " + w.say("paper.number", "number", x.Document)
	if !x.Date.IsZero() {
		value += ", " + w.p.Date(x.Date)
	}
	row(w.say("paper.fact.writ"), value)
	if x.Issuer != "" {
		row(w.say("paper.fact.issuer"), x.Issuer)
	}
	if x.Claimant != "" {
		row(w.say("paper.fact.claimant"), x.Claimant)
	}
}

func (l *decreeLayout) found() {
	l.s.part(l.say("paper.decree.found"))
	for _, text := range l.d.Act.found(l.words) {
		l.s.write(regular, decreeSize, black, text)
		l.s.space(1.2)
	}
}

func (l *decreeLayout) decided() {
	l.s.part(l.say("paper.decree.decided"))
	for i, c := range l.d.Act.decided(l.words) {
		l.s.point(strconv.Itoa(i+1)+".", c.text, c.articles)
	}
}

// part writes the heading of a part of a paper on one page, closer than that of a long one.
func (s *sheet) part(text string) {
	s.space(4)
	s.need(24)
	s.write(bold, 11.5, accent, text)
	s.space(1.2)
}

// point writes a numbered point whose lines stand under each other, and below it, smaller, what it rests on. It stays in one piece
// when a page can hold it.
func (s *sheet) point(number, text, articles string) {
	const indent = 7.0
	s.pen(regular, decreeSize, black)
	lines := wrap(shown(text), bodyWidth-indent, s.pdf.GetStringWidth)
	s.pen(regular, smallSize+0.5, faint)
	var rests []string
	if articles != "" {
		rests = wrap(shown(articles), bodyWidth-indent, s.pdf.GetStringWidth)
	}
	h, small := lineOf(decreeSize), lineOf(smallSize+0.5)
	s.need(float64(len(lines))*h + float64(len(rests))*small)
	put := func(size, height float64, c ink, lines []string, mark string) {
		for i, line := range lines {
			s.need(height)
			s.pen(bold, size, c) // an old page does not know the newest type
			s.pen(regular, size, c)
			y := s.pdf.GetY()
			if i == 0 && mark != "" {
				s.at(left, y, indent, height, "L", mark)
			}
			s.at(left+indent, y, bodyWidth-indent, height, "L", line)
			s.pdf.SetXY(left, y+height)
		}
	}
	put(decreeSize, h, black, lines, number)
	put(smallSize+0.5, small, faint, rests, "")
	s.space(1.6)
}

func (l *decreeLayout) appeal() {
	a := l.d.Appeal
	if a == nil {
		return
	}
	key := "paper.appeal.calendar"
	if a.Working {
		key = "paper.appeal.working"
	}
	s := l.s
	s.pen(regular, decreeSize, black)
	lines := wrap(shown(l.say(key, "n", a.Days)), bodyWidth, s.pdf.GetStringWidth)
	s.pen(regular, smallSize+0.5, faint)
	articles := wrap(shown(a.Article), bodyWidth, s.pdf.GetStringWidth)
	_, height := l.box()
	// The signature never stands alone on a page.
	s.need(4 + lineOf(11.5) + 1.2 + float64(len(lines))*lineOf(decreeSize) + float64(len(articles))*lineOf(smallSize+0.5) + aboveBox + height)
	s.part(l.say("paper.appeal.title"))
	s.write(regular, decreeSize, black, l.say(key, "n", a.Days))
	s.write(regular, smallSize+0.5, faint, a.Article)
}

// Measures of the box of the signature, and of the code in it.
const (
	aboveBox = 3.5
	boxEdge  = 3.0
	codeSide = 24.0
	codeEdge = 1.0 // the code has a margin of its own
)

// box gives the lines of the box of the signature, its title first, and its height.
func (l *decreeLayout) box() (lines []string, height float64) {
	s, width := l.s, l.boxWidth()
	s.pen(regular, bodySize, black)
	for _, line := range l.signed() {
		lines = append(lines, wrap(shown(line), width, s.pdf.GetStringWidth)...)
	}
	s.pen(regular, smallSize+0.5, accent)
	titles := wrap(shown(l.say("paper.sign.title")), width, s.pdf.GetStringWidth)
	l.titles = len(titles)
	height = float64(len(titles))*lineOf(smallSize+0.5) + 1 + float64(len(lines))*lineOf(bodySize) + 2*boxEdge
	if l.d.Code != "" {
		height = max(height, codeSide+2*codeEdge)
	}
	return append(titles, lines...), height
}

func (l *decreeLayout) boxWidth() float64 {
	if l.d.Code == "" {
		return bodyWidth - 8
	}
	return bodyWidth - 8 - codeSide - 5
}

// signature shows the place of the signature, and never more than is known of it; beside it, how to check the decree.
func (l *decreeLayout) signature() {
	s := l.s
	lines, height := l.box()
	s.space(aboveBox)
	s.need(height)
	y := s.pdf.GetY()
	s.pdf.SetDrawColor(accent.r, accent.g, accent.b)
	s.pdf.SetLineWidth(0.3)
	s.pdf.Rect(left, y, bodyWidth, height, "D")
	at := y + boxEdge
	for i, line := range lines {
		size, c := smallSize+0.5, accent
		if i >= l.titles {
			size, c = bodySize, black
		}
		if i == l.titles {
			at++
		}
		s.pen(bold, size, c) // an old page does not know the newest type
		s.pen(regular, size, c)
		s.at(left+4, at, l.boxWidth(), lineOf(size), "L", line)
		at += lineOf(size)
	}
	if l.d.Code != "" {
		code, err := qr.Make(l.d.Check)
		if err != nil {
			l.err = err
			return
		}
		s.square(code, pageWidth-right-2-codeSide, y+codeEdge, codeSide)
	}
	s.pdf.SetXY(left, y+height)
}

// signed says who has signed, and how the decree is checked.
func (l *decreeLayout) signed() (lines []string) {
	if x := l.d.Signature; x == nil {
		lines = []string{l.say("paper.sign.none"), l.say("paper.sign.formed", "at", instant(l.d.At))}
	} else {
		if l.d.Copy {
			lines = []string{l.say("paper.sign.copy")}
		}
		post := x.Post
		if post == "" {
			post = l.say("paper.sign.post")
		}
		lines = append(lines, post+": "+x.Signer, l.say("paper.sign.certificate", "serial", x.Certificate), l.say("paper.sign.at", "at", instant(x.At)))
	}
	if l.d.Code != "" {
		lines = append(lines, l.say("paper.sign.check", "code", l.d.Code, "address", l.d.Verify))
	}
	return lines
}

// What people are told before they fetch a paper of a case: it is smaller than that, as tests hold it. A signature comes with certificates.
const (
	MostBytes  = 40 << 10
	MostSigned = 60 << 10
)
