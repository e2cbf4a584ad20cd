package text

import "strings"

// Piece is some words of a text beside another text.
type Piece struct {
	Words   string
	Changed bool // the other text has them not
}

// Diff compares two texts word by word. The pieces of a text, with a space between them, are the text.
func Diff(before, after string) (left, right []Piece) {
	a, b := strings.Fields(before), strings.Fields(after)
	same := common(a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			left, right = put(left, a[i], false), put(right, b[j], false)
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && same[i+1][j] >= same[i][j+1]:
			left = put(left, a[i], true)
			i++
		default:
			right = put(right, b[j], true)
			j++
		}
	}
	return left, right
}

// common gives the lengths of the longest common rests.
func common(a, b []string) [][]int {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}

func put(pieces []Piece, words string, changed bool) []Piece {
	if n := len(pieces); n > 0 && pieces[n-1].Changed == changed {
		pieces[n-1].Words += " " + words
		return pieces
	}
	return append(pieces, Piece{words, changed})
}
