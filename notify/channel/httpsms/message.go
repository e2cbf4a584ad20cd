package httpsms

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

var (
	errNumber = errors.New("number_invalid")
	errText   = errors.New("text_too_long")
	errRef    = errors.New("reference_invalid")
	errOver   = errors.New("expired") // a message's time was over before its turn
)

// maxValidity is the longest validity that is asked for: longer ones are refused by many centres.
const maxValidity = 48 * time.Hour

// times are what the clocks showed when a batch began.
type times struct {
	now   time.Time // legal
	wall  time.Time // of the world; the same in production
	since clock.Stopwatch
}

// left is how long a message is still worth sending, and whether it has an end at all.
func (t times) left(m notify.Message) (time.Duration, bool) {
	if m.ExpiresAt.IsZero() {
		return 0, false
	}
	return min(m.ExpiresAt.Sub(t.now)-t.since.Elapsed(), maxValidity), true
}

// inWorld tells a legal moment by the clock of the world, which the gateway's is.
func (t times) inWorld(at time.Time) time.Time {
	return t.wall.Add(at.Sub(t.now)).UTC().Truncate(time.Second)
}

// number reads a number in the international form, with or without its plus, and gives it with the plus (E.164).
func number(s string) (string, error) {
	digits := strings.TrimPrefix(s, "+")
	if len(digits) < 8 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return "", errNumber
	}
	return "+" + digits, nil
}

// validSource says that messages can come from it: a number, or letters that every phone can show.
func validSource(s string) bool {
	if _, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64); err == nil {
		return len(s) <= 16
	}
	_, gsm := text.Length(s)
	return gsm && len(s) <= 11 && plain(strings.ReplaceAll(s, " ", "")) && strings.TrimSpace(s) == s && s != ""
}

const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// validRef says that a reference can stand in an address, and has no dot, behind which the number of a part is written. All
// references of notices can.
func validRef(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, letters+"-_") == ""
}
