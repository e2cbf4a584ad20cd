package httpsms

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"robotbailiff/notify"
)

// Kannel's types of reports. A release from after 1.4.4 says of some failures, in the same number, which they are.
const (
	typeDelivered = 1 << iota // to the phone
	typeFailed                // the centre gave up
	typeBuffered              // the centre has it and goes on trying
	typeTaken                 // the centre has it
	typeRefused               // the centre did not take it
	typeExpired               // with typeFailed
	typeUnknown               // with typeFailed: the centre has forgotten what became of it
)

// tokenSize is how many letters of a token stand in an address: 128 bits.
const tokenSize = 22

// token proves that an address for the reports of a part was made here. It fits no other part and no other message.
func token(key []byte, id string) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("sms-report\x00" + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))[:tokenSize]
}

// report is what Kannel tells of a part.
type report struct {
	id      string
	token   string
	kind    int
	at      time.Time // when Kannel heard of it; zero: it does not say
	foreign string    // the number that the centre gave
	words   string    // the centre's
}

var errReport = errors.New("no report of Kannel")

// readReport reads the query of an address that [kannel.reportURL] has made and Kannel has filled in.
func readReport(query string) (r report, err error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return r, errReport
	}
	for _, values := range q {
		if len(values) != 1 { // of two, two readers could take another each
			return r, errReport
		}
	}
	r = report{id: q.Get("m"), token: q.Get("k"), foreign: q.Get("f"), words: q.Get("a")}
	ref, _, _ := strings.Cut(r.id, ".")
	if r.kind, err = strconv.Atoi(q.Get("s")); err != nil || !validRef(ref) || r.token == "" {
		return report{}, errReport
	}
	if seconds, err := strconv.ParseInt(q.Get("t"), 10, 64); err == nil && seconds > 0 && seconds < 1<<33 {
		r.at = time.Unix(seconds, 0).UTC()
	}
	return r, nil
}

// genuine says that the token is that of the part.
func (r report) genuine(key []byte) bool {
	return hmac.Equal([]byte(token(key, r.id)), []byte(r.token))
}

// receipt is what a report says for notify; a part that is on its way is nothing that we did not know.
func (r report) receipt() (out notify.Receipt, final bool, err error) {
	state := r.state()
	switch r.kind {
	case typeDelivered:
		out.Status = notify.StatusDelivered
	case typeBuffered, typeTaken, typeFailed | typeUnknown:
		return out, false, nil
	case typeFailed, typeFailed | typeExpired:
		if state == "UNKNOWN" { // Kannel calls that a failure too
			return out, false, nil
		}
		out.Status = notify.StatusFailed
	case typeRefused:
		if slices.Contains(ours, r.words) {
			return out, false, nil
		}
		out.Status = notify.StatusFailed
	default:
		return out, false, errReport
	}
	out.At, out.Detail = r.at, r.detail(state)
	if strings.Contains(r.id, ".") {
		out.ProviderRef = r.id
		return out, true, nil
	}
	out.Ref, out.ProviderRef = r.id, r.foreign
	return out, true, nil
}

// ours are refusals by Kannel's own bearerbox for the fault of settings. The answer to the request says so as well ("Not
// routable"), and then nothing has been sent; the report, which comes sooner than that answer is written down, must not make a
// failure of it.
var ours = []string{"NACK/no SMSC", "NACK/sender not in white-list", "NACK/sender in black-list", "NACK/receiver not in white-list"}

// states are those of a receipt's text (SMPP 3.4, appendix B), with what they say of another attempt.
var states = map[string]string{
	"DELIVRD": "", "UNKNOWN": "", "EXPIRED": "temporary", "UNDELIV": "permanent", "DELETED": "permanent", "REJECTD": "permanent",
}

// state finds the state in the text of a receipt. What it says after "text:" is the message, which may say anything.
func (r report) state() string {
	s := strings.ToUpper(r.field("stat"))
	if _, known := states[s]; !known {
		return ""
	}
	return s
}

func (r report) field(name string) string {
	for f := range strings.FieldsSeq(r.words) {
		n, value, ok := strings.Cut(f, ":")
		switch {
		case !ok:
		case strings.EqualFold(n, "text"):
			return ""
		case strings.EqualFold(n, name):
			return value
		}
	}
	return ""
}

// lasting are the SMPP codes by which a centre refuses the very number or text (5.1.3): length, number, its type and its plan.
var lasting = []uint64{0x01, 0x0b, 0x50, 0x51}

// detail is a code, with what the centre says of another attempt.
func (r report) detail(state string) string {
	if code, ok := refusal(r.words); ok && r.kind == typeRefused {
		if slices.Contains(lasting, code) {
			return fmt.Sprintf("smpp_0x%02x permanent", code)
		}
		return fmt.Sprintf("smpp_0x%02x temporary", code)
	}
	if r.kind == typeRefused {
		return cmp.Or(refusals[r.words], "kannel_16")
	}
	if state == "" {
		return "kannel_" + strconv.Itoa(r.kind)
	}
	detail := state
	if code := r.field("err"); code != "" && len(code) <= 8 && strings.Trim(code, letters) == "" && strings.Trim(code, "0") != "" {
		detail += " " + code
	}
	if states[state] != "" {
		detail += " " + states[state]
	}
	return detail
}

// refusals are those by the bearerbox that speak of the message.
var refusals = map[string]string{
	"NACK/receiver in black-list": "number_denied", "NACK/validity expired": "EXPIRED temporary", "NACK/Retries Exceeded": "retries_exceeded temporary",
}

// refusal reads the code of "NACK/0x0000000b/Invalid Destination Address".
func refusal(words string) (uint64, bool) {
	rest, ok := strings.CutPrefix(words, "NACK/0x")
	if !ok {
		return 0, false
	}
	code, _, _ := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(code, 16, 32)
	return n, err == nil
}
