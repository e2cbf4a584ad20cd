package caseno

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// run is a longest stretch of digits in a text: text[from:to].
type run struct {
	from, to int
	ascii    bool // no digits of other scripts in it
}

func (r run) length() int { return r.to - r.from }

// FindAll finds the distinct case numbers in a free text, in the order of their first appearance, with a good check
// digit. It knows the groups joined by dashes of any kind, by spaces, or by both; one of the two dashes left out; and
// ten digits without anything between, if no letter touches them, since those are pieces of an account's number.
// Digits that are part of a longer number, or that a dash joins to a further number, are no case number.
func FindAll(text string) []int64 {
	var found []int64
	runs := digitRuns(text)
	for i := 0; i < len(runs); {
		id, used := at(text, runs, i)
		if used == 0 {
			i++
			continue
		}
		if !slices.Contains(found, id) {
			found = append(found, id)
		}
		i += used
	}
	return found
}

// at reads a number that begins with run i, and tells how many runs it used; 0 when none begins there.
func at(text string, runs []run, i int) (id int64, used int) {
	d, used := digitsAt(text, runs, i)
	if used == 0 {
		return 0, 0
	}
	id, err := decode(d)
	if err != nil {
		return 0, 0
	}
	return id, used
}

// digitsAt gives the ten digits of what is written like a number and begins with run i, sound or not.
func digitsAt(text string, runs []run, i int) (d []byte, used int) {
	const y, s, c = yearDigits, serialDigits, 1
	switch {
	case fits(text, runs, i, anyGap, y, s, c):
		used = 3
	case fits(text, runs, i, dashGap, y, s+c), fits(text, runs, i, dashGap, y+s, c):
		used = 2
	case fits(text, runs, i, anyGap, y+s+c) && !touchesLetter(text, runs[i]):
		used = 1
	default:
		return nil, 0
	}
	if joined(text, runs, i-1) || joined(text, runs, i+used-1) {
		return nil, 0
	}
	for _, r := range runs[i : i+used] {
		d = append(d, text[r.from:r.to]...)
	}
	return d, used
}

// gap is what stands between two runs.
type gap string

const (
	anyGap   gap = "dashes or spaces"
	dashGap  gap = "at least one dash, perhaps spaces"
	otherGap gap = "something else"
	spaceGap gap = "spaces"
)

// fits reports whether the runs from i on have these lengths, with gaps of at least this kind between them.
func fits(text string, runs []run, i int, want gap, lengths ...int) bool {
	if i+len(lengths) > len(runs) {
		return false
	}
	for k, n := range lengths {
		r := runs[i+k]
		if r.length() != n || !r.ascii {
			return false
		}
		if k == 0 {
			continue
		}
		if g := gapBefore(text, runs, i+k); g == otherGap || want == dashGap && g != dashGap {
			return false
		}
	}
	return true
}

// joined reports whether run i and the next one are joined by a dash alone, without a blank.
func joined(text string, runs []run, i int) bool {
	if i < 0 || i+1 >= len(runs) {
		return false
	}
	between := text[runs[i].to:runs[i+1].from]
	r, size := utf8.DecodeRuneInString(between)
	return size == len(between) && isDash(r)
}

func gapBefore(text string, runs []run, i int) gap {
	dashes, n := 0, 0
	for _, r := range text[runs[i-1].to:runs[i].from] {
		n++
		switch {
		case n > maxGap:
			return otherGap
		case isDash(r):
			dashes++
		case !isSpace(r):
			return otherGap
		}
	}
	if dashes > 0 {
		return dashGap
	}
	return spaceGap
}

func touchesLetter(text string, r run) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:r.from])
	after, _ := utf8.DecodeRuneInString(text[r.to:])
	return unicode.IsLetter(before) || unicode.IsLetter(after)
}

func digitRuns(text string) []run {
	var runs []run
	open := false
	for i, r := range text {
		if !unicode.IsDigit(r) {
			open = false
			continue
		}
		if !open {
			runs, open = append(runs, run{from: i, ascii: true}), true
		}
		last := &runs[len(runs)-1]
		last.to = i + utf8.RuneLen(r)
		if r > '9' {
			last.ascii = false
		}
	}
	return runs
}
