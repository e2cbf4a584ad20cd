package paper

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrap breaks text into lines that fit: at line feeds, at spaces, and inside a word only where the word alone is too long, as a
// hash may be. No character but the space at a break is lost.
func wrap(text string, width float64, measure func(string) float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line, begun := "", false
		for word := range strings.SplitSeq(paragraph, " ") {
			if begun {
				if next := line + " " + word; measure(next) <= width {
					line = next
					continue
				}
				lines = append(lines, line)
			}
			line, begun = word, true
			for measure(line) > width {
				n := fitting(line, width, measure)
				if n == len(line) {
					break // one character that is wider than the line
				}
				lines = append(lines, line[:n])
				line = line[n:]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// fitting says how many bytes of a word fit, at least one character.
func fitting(word string, width float64, measure func(string) float64) int {
	n := 0
	for i, r := range word {
		end := i + utf8.RuneLen(r)
		if n > 0 && measure(word[:end]) > width {
			break
		}
		n = end
	}
	return n
}

// shown replaces what cannot stand on a page, such as control characters and those beyond the first plane, by the sign that
// says so. A line feed stays. Nothing is left out silently: the exact bytes are vouched for by their hash.
func shown(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r > 0xffff, unicode.IsControl(r):
			return utf8.RuneError
		}
		return r
	}, text)
}
