package sandbox

import (
	"math/bits"
	"strconv"
	"time"
)

// dice is a source of chance that depends on nothing but what it was rolled for.
type dice struct{ s uint64 }

const (
	golden    = 0x9e3779b97f4a7c15
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
	whole     = 10_000 // basis points
)

// roll gives the dice of a purpose and a key.
func roll(seed uint64, purpose, key string) dice {
	h := mix(seed ^ fnvOffset)
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * fnvPrime
	}
	h = (h ^ 0xff) * fnvPrime
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * fnvPrime
	}
	return dice{mix(h)}
}

// rollNumber is roll for a numeric key, without a text.
func rollNumber(seed uint64, purpose byte, n uint64) dice {
	return dice{mix(mix(seed^uint64(purpose)*fnvPrime) ^ mix(n+golden))}
}

// mix is the finalizer of splitmix64: every bit of the result depends on every bit of x.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (d *dice) next() uint64 {
	d.s += golden
	return mix(d.s)
}

// below gives a number in [0, n).
func (d *dice) below(n int) int {
	hi, _ := bits.Mul64(d.next(), uint64(n))
	return int(hi)
}

// between gives a number in [a, b].
func (d *dice) between(a, b int) int { return a + d.below(b-a+1) }

// in is true in so many of 10 000 cases.
func (d *dice) in(basisPoints int) bool { return d.below(whole) < basisPoints }

// after gives a duration of whole seconds in [a, b].
func (d *dice) after(a, b time.Duration) time.Duration {
	return time.Duration(d.between(int(a/time.Second), int(b/time.Second))) * time.Second
}

// pick gives the index of a weight, by chance in proportion to the weights.
func (d *dice) pick(weights []int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := d.below(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// name gives sixteen hex digits, fit for an id.
func (d *dice) name() string {
	s := strconv.FormatUint(d.next(), 16)
	return "0000000000000000"[len(s):] + s
}
