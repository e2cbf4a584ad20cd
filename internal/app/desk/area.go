package desk

import "slices"

// area is the regions that an answer is about; nil: all.
type area []string

// has says whether a region belongs to the area.
func (a area) has(region string) bool { return a == nil || slices.Contains(a, region) }

// whole says whether the area is the country, so that what has no region belongs to it too.
func (a area) whole() bool { return a == nil }

// areaOf is what an actor sees who asks for one region, or for all of his. A region that is not his is none.
func areaOf(a Actor, region string) area {
	switch {
	case region == "":
		return a.Regions
	case a.Sees(region):
		return area{region}
	}
	return area{}
}
