package caseno

import "slices"

// Near finds the numbers that a mistyped number in a text may have been meant as: one digit wrong, or two neighbours swapped. The check
// digit leaves at most one number for each place of a wrong digit, so that a mistyped number has at most nineteen readings. Sound
// numbers are not among them: [FindAll] finds those. Each comes once, in the order of the text.
func Near(text string) []int64 {
	var found []int64
	runs := digitRuns(text)
	for i := 0; i < len(runs); {
		d, used := digitsAt(text, runs, i)
		if used == 0 {
			i++
			continue
		}
		i += used
		if check(d) == 0 {
			continue
		}
		for _, id := range readings(d) {
			if !slices.Contains(found, id) {
				found = append(found, id)
			}
		}
	}
	return found
}

// readings gives the sound numbers beside ten digits that are none.
func readings(d []byte) (ids []int64) {
	try := func() {
		if id, err := decode(d); err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for i := range d {
		was := d[i]
		for c := byte('0'); c <= '9'; c++ {
			if d[i] = c; c != was {
				try()
			}
		}
		d[i] = was
	}
	for i := 1; i < len(d); i++ {
		d[i-1], d[i] = d[i], d[i-1]
		try()
		d[i-1], d[i] = d[i], d[i-1]
	}
	return ids
}
