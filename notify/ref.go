package notify

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrRef says that a text is not a reference made by [Ref].
var ErrRef = errors.New("notify: not a reference of a notice")

// key identifies one notice on one channel.
type key struct {
	CaseID  int64
	Ordinal int
	Channel Channel
}

// compare gives the order in which rows are locked.
func (k key) compare(o key) int {
	return cmp.Or(cmp.Compare(k.CaseID, o.CaseID), cmp.Compare(k.Ordinal, o.Ordinal), cmp.Compare(k.Channel, o.Channel))
}

func (k key) ref() string { return Ref(k.CaseID, k.Ordinal, k.Channel) }

// Ref is the reference under which a notice is known to gateways, for every attempt the
// same: that is what makes a lost answer askable.
func Ref(caseID int64, ordinal int, c Channel) string {
	return strconv.FormatInt(caseID, 10) + "-" + strconv.Itoa(ordinal) + "-" + string(c)
}

// ParseRef is the reverse of [Ref]. It takes the one canonical spelling only, so that two
// references are the same notice exactly when they are the same text.
func ParseRef(ref string) (caseID int64, ordinal int, c Channel, err error) {
	first, rest, ok1 := strings.Cut(ref, "-")
	second, third, ok2 := strings.Cut(rest, "-")
	caseID, err1 := strconv.ParseInt(first, 10, 64)
	ordinal, err2 := strconv.Atoi(second)
	c = Channel(third)
	if !ok1 || !ok2 || err1 != nil || err2 != nil || caseID <= 0 || ordinal <= 0 || ordinal > math.MaxInt32 ||
		!slices.Contains(Channels, c) || Ref(caseID, ordinal, c) != ref {
		return 0, 0, "", ErrRef
	}
	return caseID, ordinal, c, nil
}

func parseKey(ref string) (key, bool) {
	caseID, ordinal, c, err := ParseRef(ref)
	return key{caseID, ordinal, c}, err == nil
}
