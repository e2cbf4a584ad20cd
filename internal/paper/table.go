package paper

// Space above and below the text of a row, and after that of a cell.
const cellPad, cellGap = 0.9, 1.5

// table writes rows of wrapped cells that go on over pages. A row stays in one piece when a page can hold it.
type table struct {
	s      *sheet
	widths []float64 // together the width of the body
	size   float64
	shaded int // column with a shaded ground, -1: none
}

// begin draws what stands above the rows; head does it again on every page on which the table goes on.
func (t *table) begin(head func(again bool)) {
	head(false)
	t.s.again = func() { head(true) }
}

func (t *table) end() { t.s.again = nil }

// columns is a head that names the columns.
func (t *table) columns(names ...string) func(again bool) {
	return func(bool) {
		s, h := t.s, lineOf(t.size)+2*cellPad
		s.pen(bold, t.size, accent)
		x, y := left, s.pdf.GetY()
		for i, name := range names {
			s.at(x, y, t.widths[i], h, "L", name)
			x += t.widths[i]
		}
		s.pdf.SetXY(left, y+h)
		s.line()
	}
}

// pen chooses the type of a column: the first one names, the others say.
func (t *table) pen(column int) {
	if column == 0 {
		t.s.pen(regular, t.size, faint)
		return
	}
	t.s.pen(regular, t.size, black)
}

func (t *table) row(cells ...string) {
	s := t.s
	lines, tallest := make([][]string, len(cells)), 0
	for i, c := range cells {
		t.pen(i)
		lines[i] = wrap(shown(c), t.widths[i]-cellGap, s.pdf.GetStringWidth)
		tallest = max(tallest, len(lines[i]))
	}
	h := lineOf(t.size)
	const heads = 16 // what a head may take of a page
	if whole := float64(tallest)*h + 2*cellPad; whole > s.room() && whole <= pageHeight-top-bottom-heads {
		s.turn()
	}
	for done := 0; done < tallest; {
		n := min(tallest-done, int((s.room()-2*cellPad)/h))
		if n < 1 {
			s.turn()
			continue
		}
		t.slice(lines, done, n)
		done += n
	}
	s.line()
}

// slice draws n lines of a row.
func (t *table) slice(lines [][]string, from, n int) {
	s, h := t.s, lineOf(t.size)
	x, y := left, s.pdf.GetY()
	for i, cell := range lines {
		if i == t.shaded {
			s.pdf.SetFillColor(shade.r, shade.g, shade.b)
			s.pdf.Rect(x-1.5, y+0.1, t.widths[i]+1.5, float64(n)*h+2*cellPad-0.1, "F") // below the rule above
		}
		t.pen(i)
		for k := from; k < min(from+n, len(cell)); k++ {
			s.at(x, y+cellPad+float64(k-from)*h, t.widths[i], h, "L", cell[k])
		}
		x += t.widths[i]
	}
	s.pdf.SetXY(left, y+float64(n)*h+2*cellPad)
}
