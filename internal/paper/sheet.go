package paper

import (
	"bytes"
	_ "embed"
	"fmt"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// The fonts are strings, so that every document works on a copy: the library may write into what it is given.
var (
	//go:embed font/DejaVuSansCondensed.ttf
	regularTTF string
	//go:embed font/DejaVuSansCondensed-Bold.ttf
	boldTTF string
)

// Measures of a page in millimetres, of type in points.
const (
	pageWidth, pageHeight = 210.0, 297.0
	left, right           = 17.0, 17.0
	top, bottom           = 18.0, 24.0
	bodyWidth             = pageWidth - left - right

	bodySize  = 9.0
	smallSize = 7.5
)

const (
	regular = ""
	bold    = "B"
)

// ink is a shade or colour of the few that a paper uses.
type ink struct{ r, g, b int }

var (
	black  = ink{32, 32, 32}
	faint  = ink{96, 96, 96}
	accent = ink{24, 62, 96}
	rule   = ink{208, 212, 216}
	shade  = ink{243, 245, 247}
)

// sheet is a document that is being written from top to bottom.
type sheet struct {
	pdf   *fpdf.Fpdf
	head  func() // draws the head of every page but the first; nil: there is none
	again func() // draws what the next page begins with while something goes on over the page; nil between things
}

// newSheet begins a document. The instant is the only one in its bytes.
func newSheet(title, lang string, made time.Time) *sheet {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true) // by names and not by the order of a map, so that the bytes are always the same
	pdf.SetCreationDate(made.UTC())
	pdf.SetModificationDate(made.UTC())
	pdf.SetProducer("robotbailiff", true)
	pdf.SetTitle(title, true)
	pdf.SetLang(lang)
	pdf.SetMargins(left, top, right)
	pdf.SetCellMargin(0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes("text", regular, []byte(regularTTF))
	pdf.AddUTF8FontFromBytes("text", bold, []byte(boldTTF))
	s := &sheet{pdf: pdf}
	s.turn()
	return s
}

// turn begins a page.
func (s *sheet) turn() {
	s.pdf.AddPage()
	s.pdf.SetXY(left, top)
	if s.head != nil {
		s.head()
	}
	if s.again != nil {
		s.again()
	}
}

// room is what is left of the page.
func (s *sheet) room() float64 { return pageHeight - bottom - s.pdf.GetY() }

// need begins a page when less than that is left of this one.
func (s *sheet) need(height float64) {
	if s.room() < height {
		s.turn()
	}
}

func (s *sheet) space(height float64) { s.pdf.SetXY(left, s.pdf.GetY()+height) }

// pen chooses type and colour for what is written next.
func (s *sheet) pen(style string, size float64, c ink) {
	s.pdf.SetFont("text", style, size)
	s.pdf.SetTextColor(c.r, c.g, c.b)
}

// lineOf is the height of a line of type of a size.
func lineOf(size float64) float64 { return size * 0.48 }

// at writes one line at a place.
func (s *sheet) at(x, y, width, height float64, align, text string) {
	s.pdf.SetXY(x, y)
	s.pdf.CellFormat(width, height, text, "", 0, align+"M", false, 0, "")
}

// write writes a paragraph over the whole width, over as many pages as it takes.
func (s *sheet) write(style string, size float64, c ink, text string) {
	s.pen(style, size, c)
	h := lineOf(size)
	for _, l := range wrap(shown(text), bodyWidth, s.pdf.GetStringWidth) {
		s.need(h)
		s.pen(style, size, c) // a new page may have begun with something else
		y := s.pdf.GetY()
		s.at(left, y, bodyWidth, h, "L", l)
		s.pdf.SetXY(left, y+h)
	}
}

// heading writes the heading of a part, never at the foot of a page.
func (s *sheet) heading(text string) {
	s.space(6)
	s.need(32)
	s.write(bold, 12, accent, text)
	s.space(1.5)
}

// centred writes a paragraph in the middle of the page.
func (s *sheet) centred(style string, size float64, c ink, text string) {
	s.pen(style, size, c)
	h := lineOf(size)
	for _, l := range wrap(shown(text), bodyWidth, s.pdf.GetStringWidth) {
		y := s.pdf.GetY()
		s.at(left, y, bodyWidth, h, "C", l)
		s.pdf.SetXY(left, y+h)
	}
}

// ends writes one line whose two parts stand at the left and at the right edge.
func (s *sheet) ends(style string, size float64, c ink, a, b string) {
	s.pen(style, size, c)
	y, h := s.pdf.GetY(), lineOf(size)
	s.at(left, y, bodyWidth, h, "L", shown(a))
	s.at(left, y, bodyWidth, h, "R", shown(b))
	s.pdf.SetXY(left, y+h)
}

// line draws a thin rule at the height where the sheet is.
func (s *sheet) line() {
	y := s.pdf.GetY()
	s.pdf.SetDrawColor(rule.r, rule.g, rule.b)
	s.pdf.SetLineWidth(0.2)
	s.pdf.Line(left, y, pageWidth-right, y)
}

// foot writes the foot of every page, now that their number is known.
func (s *sheet) foot(what string, page func(n, of int) string) {
	last := s.pdf.PageCount()
	for n := 1; n <= last; n++ {
		s.pdf.SetPage(n)
		s.pdf.SetXY(left, pageHeight-bottom+8)
		s.line()
		y := pageHeight - bottom + 9.5
		s.pen(bold, smallSize, faint) // changes the type twice, since an old page does not know the newest
		s.pen(regular, smallSize, faint)
		s.at(left, y, bodyWidth, 4, "L", what)
		s.at(left, y, bodyWidth, 4, "R", page(n, last))
	}
}

// bytes ends the document.
func (s *sheet) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := s.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	return b.Bytes(), nil
}
