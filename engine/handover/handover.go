// Package handover gives ended cases to private bailiffs: it chooses, says why, and tells when a case is taken back. It
// must not decide that a case is handed over (engine does). Its entry points are [Choose] and [Assigner.Run].
package handover

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Bailiff is a private bailiff as the choice sees him.
type Bailiff struct {
	ID     int64
	Region string // two digits
	Open   int    // cases he has now
}

// Choice is who takes a case, and why.
type Choice struct {
	CaseID, BailiffID int64
	Load              int    // his open cases before this one
	Among             int    // bailiffs of the region that were compared
	Tie               string // "hash" when several had the same load
}

// Wanted is a case that needs a bailiff.
type Wanted struct {
	CaseID int64
	Region string
}

// Choose gives every case to the least-loaded bailiff of its region; equal loads are decided by the smallest SHA-256 of
// case and bailiff, so anybody can make the choice again (R652 leaves the formula open; EL 162(1)(2)). Cases are taken
// in id order and every choice counts at once. Cases of a region without a bailiff are left out.
func Choose(cases []Wanted, bailiffs []Bailiff) []Choice {
	byRegion := map[string][]*Bailiff{}
	for i := range bailiffs {
		b := bailiffs[i]
		byRegion[b.Region] = append(byRegion[b.Region], &b)
	}
	cases = slices.SortedFunc(slices.Values(cases), func(a, b Wanted) int { return cmp.Compare(a.CaseID, b.CaseID) })
	out := make([]Choice, 0, len(cases))
	for _, c := range cases {
		candidates := byRegion[c.Region]
		if len(candidates) == 0 {
			continue
		}
		best, ties := candidates[0], 1
		for _, b := range candidates[1:] {
			switch {
			case b.Open < best.Open:
				best, ties = b, 1
			case b.Open == best.Open:
				ties++
				if lot(c.CaseID, b.ID) < lot(c.CaseID, best.ID) {
					best = b
				}
			}
		}
		ch := Choice{CaseID: c.CaseID, BailiffID: best.ID, Load: best.Open, Among: len(candidates)}
		if ties > 1 {
			ch.Tie = "hash"
		}
		best.Open++
		out = append(out, ch)
	}
	return out
}

func lot(caseID, bailiffID int64) uint64 {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(caseID))
	binary.BigEndian.PutUint64(b[8:], uint64(bailiffID))
	h := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(h[:8])
}
