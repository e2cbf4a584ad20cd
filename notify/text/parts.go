package text

import (
	"strings"
	"unicode/utf16"
)

// Capacities of one SMS: alone, and as a part of a longer one, where the header of the
// concatenation takes its share.
const (
	gsmAlone, gsmPart   = 160, 153 // septets
	ucs2Alone, ucs2Part = 70, 67   // UTF-16 units
)

// The GSM 7-bit default alphabet (3GPP TS 23.038), and what costs an escape before it.
const (
	gsmBasic  = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmEscape = "^{}\\[~]|€\f"
)

// Length returns the units that an SMS takes and whether the GSM alphabet is enough: one
// letter outside it makes the whole message UTF-16.
func Length(s string) (units int, gsm bool) {
	for _, r := range s {
		cost := gsmCost(r)
		if cost == 0 {
			return len(utf16.Encode([]rune(s))), false
		}
		units += cost
	}
	return units, true
}

// Parts returns how many SMS parts a text takes; an empty one takes none. A character
// that takes two units is never cut in two, so a part may end one unit early.
func Parts(s string) int {
	parts := 0
	slice(s, func(string) { parts++ })
	return parts
}

// Split cuts a text into its parts, as [Parts] counts them.
func Split(s string) (parts []string) {
	slice(s, func(part string) { parts = append(parts, part) })
	return parts
}

func slice(s string, take func(part string)) {
	units, gsm := Length(s)
	alone, part := ucs2Alone, ucs2Part
	if gsm {
		alone, part = gsmAlone, gsmPart
	}
	if units == 0 {
		return
	}
	if units <= alone {
		take(s)
		return
	}
	begin, used := 0, 0
	for at, r := range s {
		cost := 1
		if gsm {
			cost = gsmCost(r)
		} else if r > 0xFFFF {
			cost = 2
		}
		if used+cost > part {
			take(s[begin:at])
			begin, used = at, 0
		}
		used += cost
	}
	take(s[begin:])
}

func gsmCost(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == ' ', r == '.':
		return 1
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmEscape, r):
		return 2
	}
	return 0
}
