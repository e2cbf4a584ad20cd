package paper

import (
	"errors"
	"strconv"
	"strings"

	"robotbailiff/rules/calendar"
)

// LetterPaper is a letter by post. Alone among the papers it bears a full name, an address and the link of its notice: it goes to
// that person in an envelope.
type LetterPaper struct {
	Lang      string
	Case, Ref string // number of the case, reference of the notice
	On        calendar.Date
	Sender    string // for what comes back, on one line; may be empty

	Addressee, Address string

	Heading string
	Text    string // paragraphs apart by an empty line
}

// ErrWindow says that name and address are too long for the window of the envelope.
var ErrWindow = errors.New("paper: the address does not fit the window")

// The window of an envelope DL or C5, in millimetres from the upper left corner, and where the text begins: below the first fold.
const (
	windowLeft, windowTop, windowWidth, windowHeight = 20.0, 45.0, 85.0, 45.0
	windowEdge                                       = 2.5 // an envelope shifts its letter by so much
	letterTop                                        = 105.0
	letterSize                                       = 10.5
)

// windowSizes are the sizes of type in which an address is tried.
var windowSizes = []float64{10.5, 9, 7.5}

// Letter lays out a letter and counts its pages. The same letter always gives the same bytes.
func Letter(d LetterPaper) (pdf []byte, pages int, err error) {
	if d.Case == "" || d.Ref == "" || d.On.IsZero() || d.Addressee == "" || d.Address == "" || d.Heading == "" || d.Text == "" {
		return nil, 0, errors.New("paper: a letter needs a case, a reference, a day, an addressee and words")
	}
	s := newSheet(d.Heading, d.Lang, d.On.Start())
	if err := s.window(d.Sender, d.Addressee+"\n"+d.Address); err != nil {
		return nil, 0, err
	}
	y, m, day := d.On.YMD()
	s.pen(regular, bodySize, faint)
	s.at(windowLeft+windowWidth, windowTop, pageWidth-right-windowLeft-windowWidth, 5, "R", two(day)+"."+two(int(m))+"."+strconv.Itoa(y))
	s.at(windowLeft+windowWidth, windowTop+5, pageWidth-right-windowLeft-windowWidth, 5, "R", d.Case)
	s.pdf.SetXY(left, letterTop)
	s.write(bold, 13, accent, d.Heading)
	for paragraph := range strings.SplitSeq(d.Text, "\n\n") {
		s.space(3)
		s.write(regular, letterSize, black, paragraph)
	}
	s.foot(d.Ref, func(n, of int) string { return strconv.Itoa(n) + "/" + strconv.Itoa(of) })
	pages = s.pdf.PageCount()
	pdf, err = s.bytes()
	return pdf, pages, err
}

// window writes the sender and whom the letter is for where the envelope shows them, in the largest type that fits.
func (s *sheet) window(sender, address string) error {
	const x, width = windowLeft + windowEdge, windowWidth - 2*windowEdge
	y, room := windowTop+windowEdge, windowHeight-2*windowEdge
	if sender != "" {
		s.pen(regular, 6.5, faint)
		h := lineOf(6.5)
		for _, l := range wrap(shown(sender), width, s.pdf.GetStringWidth) {
			s.at(x, y, width, h, "L", l)
			y, room = y+h, room-h
		}
		y, room = y+1.5, room-1.5
	}
	for _, size := range windowSizes {
		s.pen(regular, size, black)
		h := lineOf(size)
		lines := wrap(shown(address), width, s.pdf.GetStringWidth)
		if float64(len(lines))*h > room {
			continue
		}
		for i, l := range lines {
			s.at(x, y+float64(i)*h, width, h, "L", l)
		}
		return nil
	}
	return ErrWindow
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
