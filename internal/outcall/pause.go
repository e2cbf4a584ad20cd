package outcall

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Bounds of a pause: a gateway that asks for none is not asked again in the same moment, and one that asks for a week does not
// get it, since notices have an end.
const (
	pauseLeast = time.Second
	pauseMost  = 10 * time.Minute
)

// A gateway that has not answered so many requests in a row is taken for dead, and left alone for a while; then one more failure is
// enough for the next while. Each request to it would take its time, and that of the messages behind it.
const (
	deadAfter = 10
	deadFor   = 30 * time.Second
)

// missed counts a request without an answer.
func (c *Caller) missed() {
	if c.silent.Add(1) >= deadAfter {
		c.Pause(deadFor)
	}
}

// Pause keeps everything back for a while, one second to ten minutes. A longer pause that runs already stays.
func (c *Caller) Pause(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = max(c.until, c.since()+min(max(d, pauseLeast), pauseMost))
}

// Heed pauses for as long as an answer wants it (429 and 5xx, by Retry-After), or else for as long as its meaning makes wise, and gives
// how long that is; 0: nobody has to wait.
func (c *Caller) Heed(a Answer, wise time.Duration, now time.Time) time.Duration {
	if a.Status == http.StatusTooManyRequests || a.Status >= http.StatusInternalServerError {
		if said, ok := RetryAfter(a.Header, now); ok {
			wise = max(said, pauseLeast)
		}
	}
	if wise > 0 {
		c.Pause(wise)
	}
	return wise
}

func (c *Caller) paused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since() < c.until
}

// RetryAfter reads how long a gateway wants to be left alone (RFC 9110, 10.2.3): seconds, or a moment by its own clock, which
// its answer shows; now is for one that does not show it. It gives ten minutes at most, and false where nothing is said that
// can be read.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds > int64(pauseMost/time.Second) {
			return pauseMost, true
		}
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(at.Sub(now), 0), pauseMost), true
}
