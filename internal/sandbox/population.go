package sandbox

import (
	"math/bits"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Person is somebody who lives in the sandbox. Nobody like that exists.
type Person struct {
	IIN      string
	Name     string // surname first
	Born     calendar.Date
	Phone    string // empty for a few
	Language string
	Region   string
	region   int
}

const (
	slots     = 2500 // serial numbers of one day of birth, four candidates each
	phonePool = 10_000_000
	step1     = 1_000_003 // primes, so that multiplying by them reaches every number of a pool once
	step2     = 7_654_321
)

// population makes persons. Persons of different numbers have different IINs and phones. They do not depend on the day,
// so that several batches of one seed are about the same people.
type population struct {
	seed    uint64
	first   calendar.Date // day of birth of the oldest
	days    int           // days of birth of adults, to the end of 2005
	written []string      // the days as texts
	minors  calendar.Date // the first day of birth of the minors, who come from minorDays days
}

const minorDays = 1000

func newPopulation(seed uint64) *population {
	p := &population{seed: seed, first: calendar.MakeDate(1950, 1, 1), minors: calendar.MakeDate(2012, 1, 1)}
	p.days = calendar.MakeDate(2006, 1, 1).Sub(p.first)
	p.written = make([]string, p.days)
	for i := range p.written {
		p.written[i] = p.first.AddDays(i).String()
	}
	return p
}

// person gives the person of a number; minors are a people of their own.
func (p *population) person(n int, minor bool) Person {
	d := rollNumber(p.seed, 'p', uint64(n))
	days := p.days
	if minor {
		days = minorDays
	}
	place := permute(uint64(n), step1, p.seed, uint64(days*slots))
	day, slot := int(place%uint64(days)), int(place/uint64(days))
	out := Person{Born: p.first.AddDays(day)}
	if minor {
		out.Born = p.minors.AddDays(day)
	}
	woman := d.below(100) < 36
	g := &peoples[d.pick(peopleWeights)]
	out.IIN = p.iin(out.Born, woman, slot)
	out.Name, out.Language = g.fullName(woman, &d), g.language(&d)
	out.region = d.pick(regionWeights)
	out.Region = regions[out.region].code
	if !d.in(100) {
		out.Phone = phone(permute(uint64(n), step2, p.seed, phonePool))
	}
	return out
}

// permute moves n to another place of a pool; different numbers below its size go to different places.
func permute(n, step, seed, size uint64) uint64 {
	hi, lo := bits.Mul64(n%size, step)
	_, r := bits.Div64(hi, lo, size)
	return (r + seed%size) % size
}

// iin finds the first of the four serial numbers of a slot that has a check digit: 1 in 120 has none.
func (p *population) iin(born calendar.Date, woman bool, slot int) string {
	y, m, day := born.YMD()
	century := byte('3')
	if y >= 2000 {
		century = '5'
	}
	if woman {
		century++
	}
	var b [12]byte
	two(b[0:], y%100)
	two(b[2:], int(m))
	two(b[4:], day)
	b[6] = century
	for serial := slot * 4; ; serial++ {
		two(b[7:], serial/100%100)
		two(b[9:], serial%100)
		if c, ok := rules.IINCheckDigit(string(b[:11])); ok {
			b[11] = c
			return string(b[:])
		}
	}
}

func two(b []byte, n int) { b[0], b[1] = '0'+byte(n/10), '0'+byte(n%10) }

// phone writes a number of a range that is kept for the sandbox.
func phone(n uint64) string {
	b := []byte("+77600000000")
	for i := len(b) - 1; i > 4; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
	return string(b)
}

var peopleWeights, regionWeights = func() (a, b []int) {
	for _, g := range peoples {
		a = append(a, g.weight)
	}
	for _, r := range regions {
		b = append(b, r.weight)
	}
	return a, b
}()
