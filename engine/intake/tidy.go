package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// tidy trims a value, makes every run of blanks one space and composes letters that came in parts, so that the same text
// from another program is the same text. It is false for control characters, for letters that could not be read, and for
// whatever a reader does not see: signs that turn the direction of writing or have no width make two texts look the same.
func tidy(s string) (string, bool) {
	if plain(s) {
		return s, true
	}
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			gap = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r) || unicode.In(r, invisible...):
			return "", false
		case gap:
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String(), true
}

// invisible are signs that Unicode counts among letters and marks but that show nothing.
var invisible = []*unicode.RangeTable{
	unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, {R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}}},
}

// unmark takes away the apostrophe that a report or a spreadsheet has put before what would else be a formula.
func unmark(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@", s[1]) >= 0 {
		return s[1:]
	}
	return s
}

// plain says quickly that a value is tidy: ASCII, Cyrillic, № and quotation marks, without doubled or outer spaces.
func plain(s string) bool {
	space := true // a space would be the first or the second
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c > ' ' && c < 0x7F:
			space = false
			continue
		case c == ' ' && !space:
			space = true
			continue
		case c < utf8.RuneSelf || i+1 == len(s):
			return false
		}
		space = false
		switch next := s[i+1]; {
		case c == 0xD0 || c == 0xD1 || c == 0xD3 || c == 0xD2 && (next < 0x83 || next > 0x89): // U+0400 to U+04FF, no combining signs
			i++
		case c == 0xC2 && (next == 0xAB || next == 0xBB): // « and »
			i++
		case c == 0xE2 && next == 0x84 && i+2 < len(s) && s[i+2] == 0x96: // №
			i += 2
		default:
			return false
		}
	}
	return s == "" || !space
}
