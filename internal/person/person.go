// Package person tidies how people sign what they do: with a name, and with a reason.
//
// It must not know what they do, or who may do it. Pure.
//
// Entry points: [Name], [Reason].
package person

import (
	"strings"
	"unicode"
)

// Limits in bytes.
const (
	maxName   = 200
	maxReason = 2000
)

// Robot is the name under which nobody but the program acts.
const Robot = "robot"

// Name gives a person's name as it is kept and compared: in small letters, on one line. ok is false when it is empty, too long, or the
// robot's.
func Name(s string) (name string, ok bool) {
	name = strings.ToLower(oneLine(s))
	return name, name != "" && len(name) <= maxName && name != Robot
}

// Reason gives a reason on one line; it may be empty. ok is false when it is too long.
func Reason(s string) (reason string, ok bool) {
	reason = oneLine(s)
	return reason, len(reason) <= maxReason
}

func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}
