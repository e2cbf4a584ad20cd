package intake

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"robotbailiff/internal/seal"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// crowd remembers, over all rows of a file, which IINs are given to whom, in sixteen bytes a row: enough to find the IINs
// that the file gives to two different persons before anything is opened, so that both are stopped and not only the second.
//
// It errs on the side of silence: names of many words and a chance agreement of short hashes make a conflict go unseen
// here, and the second row is then stopped when its turn comes.
type crowd struct {
	buckets [crowdBuckets][]mention
}

const crowdBuckets = 512

// mention is one row's word about an IIN: the number in the upper 40 bits of who, the stated birth day, if the number
// itself holds none, in the lower 24, and the first four words of the name in 16 bits each.
type mention struct{ who, words uint64 }

const birthBits = 24

// add takes the word of a row. A row whose number is no IIN, or contradicts its own birth date, says nothing about others.
func (c *crowd) add(iin, name string, stated calendar.Date) {
	if rules.CheckIIN(iin) != nil {
		return
	}
	inside, _, readable := rules.IINBirthDate(iin)
	birth := uint64(0)
	switch {
	case readable && !stated.IsZero() && stated != inside:
		return
	case !readable:
		birth = uint64(max(stated, 0)) & (1<<birthBits - 1)
	}
	number := uint64(0)
	for i := range len(iin) {
		number = number*10 + uint64(iin[i]-'0')
	}
	words, n := nameWords(name)
	if n > 4 {
		n = 0 // too many to compare
	}
	m := mention{who: number<<birthBits | birth}
	for _, w := range words[:n] {
		m.words = m.words<<16 | uint64(uint16(w^w>>16)|1) // never zero: zero is no word
	}
	b := &c.buckets[number%crowdBuckets]
	*b = append(*b, m)
}

// addRow is add for a row whose fields were not read.
func (c *crowd) addRow(row *Row) {
	iin := strings.TrimSpace(row.Values[FieldDebtorIIN])
	if len(iin) != 12 {
		return
	}
	stated, err := calendar.ParseDate(strings.TrimSpace(row.Values[FieldDebtorBirthDate]))
	if err != nil {
		stated = 0
	}
	c.add(iin, row.Values[FieldDebtorName], stated)
}

// other says whether two mentions of one IIN mean clearly different persons.
func (m mention) other(n mention) bool {
	const birth = 1<<birthBits - 1
	if a, b := m.who&birth, n.who&birth; a != 0 && b != 0 && a != b {
		return true
	}
	if m.words == 0 || n.words == 0 {
		return false
	}
	for a := m.words; a != 0; a >>= 16 {
		for b := n.words; b != 0; b >>= 16 {
			if a&0xffff == b&0xffff {
				return false
			}
		}
	}
	return true
}

// suspects are the IINs of a file that clearly belong to two persons, by their blind index.
type suspects map[personKey]bool

// suspects finds them and forgets the rows.
func (c *crowd) suspects(keys *seal.Keys) suspects {
	s := suspects{}
	for i, b := range c.buckets {
		c.buckets[i] = nil
		slices.SortFunc(b, func(a, b mention) int { return cmp.Or(cmp.Compare(a.who, b.who), cmp.Compare(a.words, b.words)) })
		for len(b) > 0 {
			n := 1
			for n < len(b) && b[n].who>>birthBits == b[0].who>>birthBits {
				n++
			}
			if conflicting(slices.Compact(b[:n])) {
				s[personKey(keys.Blind(BlindIIN, iinOf(b[0].who>>birthBits))[:16])] = true
			}
			b = b[n:]
		}
	}
	return s
}

// conflicting compares every two different mentions of one IIN, of which there are few; a file that has many is doubtful
// in itself.
func conflicting(all []mention) bool {
	if len(all) > 50 {
		return true
	}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.other(b) {
				return true
			}
		}
	}
	return false
}

func iinOf(number uint64) string {
	var b [12]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + number%10)
		number /= 10
	}
	return string(b[:])
}

// column writes the suspects as the database keeps them.
func (s suspects) column() [][]byte {
	out := make([][]byte, 0, len(s))
	for k := range s {
		out = append(out, k[:])
	}
	slices.SortFunc(out, func(a, b []byte) int { return cmp.Compare(string(a), string(b)) })
	return out
}

func suspectsOf(column [][]byte) suspects {
	s := make(suspects, len(column))
	for _, k := range column {
		s[personKey(k)] = true
	}
	return s
}

// contents counts how many rows of a file repeat an earlier one, in eight bytes a row.
type contents struct {
	buckets [crowdBuckets][]uint64
}

func (c *contents) add(hash [32]byte) {
	b := &c.buckets[int(hash[8])<<1|int(hash[9]&1)]
	*b = append(*b, binary.BigEndian.Uint64(hash[:8]))
}

// repeated counts them and forgets the rows.
func (c *contents) repeated() (n int) {
	for i, b := range c.buckets {
		c.buckets[i] = nil
		slices.Sort(b)
		n += len(b) - len(slices.Compact(b))
	}
	return n
}
