// Package qr draws QR codes of level M: as the path of an SVG for pages, and as squares for papers.
//
// It must not know what a code says, nor fetch or store anything.
//
// The entry point is [Make].
package qr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"
)

// quiet is the border that a reader needs, in modules.
const quiet = 4

// Code is a QR code with its quiet border. The zero one is none.
type Code struct{ rows [][]bool }

// ErrEmpty says that there is nothing to draw.
var ErrEmpty = errors.New("qr: no text")

// Make draws a text.
func Make(text string) (Code, error) {
	if text == "" {
		return Code{}, ErrEmpty
	}
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return Code{}, fmt.Errorf("qr: %w", err)
	}
	q.DisableBorder = true
	inner := q.Bitmap()
	rows := make([][]bool, len(inner)+2*quiet)
	for i := range rows {
		rows[i] = make([]bool, len(rows))
		if k := i - quiet; k >= 0 && k < len(inner) {
			copy(rows[i][quiet:], inner[k])
		}
	}
	return Code{rows: rows}, nil
}

// Size is how many modules the code has in each direction, its border included.
func (c Code) Size() int { return len(c.rows) }

// Runs calls f for each stretch of dark modules, row by row.
func (c Code) Runs(f func(x, y, length int)) {
	for y, row := range c.rows {
		for x := 0; x < len(row); x++ {
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if x > from {
				f(from, y, x-from)
			}
		}
	}
}

// Path is the code as the path of an SVG whose unit is one module.
func (c Code) Path() string {
	var b strings.Builder
	c.Runs(func(x, y, n int) {
		b.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h" + strconv.Itoa(n) + "v1h-" + strconv.Itoa(n) + "z")
	})
	return b.String()
}
