package fcm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"robotbailiff/notify"
)

// FCM's error codes (ErrorCode of its reference), and those of Google's APIs that come without one.
const (
	codeUnregistered = "UNREGISTERED"
	codeForeign      = "SENDER_ID_MISMATCH"
	codeArgument     = "INVALID_ARGUMENT"
	codeThirdParty   = "THIRD_PARTY_AUTH_ERROR"
)

var (
	codes    = []string{codeUnregistered, codeForeign, codeArgument, codeThirdParty, "UNSPECIFIED_ERROR", "QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL"}
	statuses = []string{codeArgument, "NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "FAILED_PRECONDITION", "DEADLINE_EXCEEDED"}
)

// failure is what an answer says of a refusal, in known words only: the rest may hold what we have sent.
type failure struct {
	code    string // empty: it says none that is known
	status  string
	ofToken bool // the registration token itself is not in order
}

// readFailure reads the body of a refusal, which may be anything.
func readFailure(body []byte) (f failure) {
	var said struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
			Details []struct {
				ErrorCode  string `json:"errorCode"`
				Violations []struct {
					Field string `json:"field"`
				} `json:"fieldViolations"`
			} `json:"details"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return f
	}
	if slices.Contains(statuses, said.Error.Status) {
		f.status = said.Error.Status
	}
	violations := 0
	for _, d := range said.Error.Details {
		if f.code == "" && slices.Contains(codes, d.ErrorCode) {
			f.code = d.ErrorCode
		}
		for _, v := range d.Violations {
			violations++
			f.ofToken = f.ofToken || v.Field == "message.token"
		}
	}
	if f.code == codeArgument && violations == 0 { // then only Google's words say what is wrong
		f.ofToken = strings.Contains(said.Error.Message, "not a valid FCM registration token")
	}
	return f
}

// readName reads under which name FCM has taken a message.
func readName(body []byte) (string, bool) {
	var said struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(body, &said) != nil {
		return "", false
	}
	name := said.Name[strings.LastIndex(said.Name, "/")+1:]
	return name, name != ""
}

// verdict is what an answer means.
type verdict struct {
	status notify.Answer
	detail string
	name   string
	gone   bool          // the registration token belongs to nobody, or is none
	access bool          // the access token is not wanted
	pause  time.Duration // to be kept by all, unless the answer says another; 0: only if it says one
}

// Pauses where FCM says none: its documentation wants a minute after 429, and ten seconds before anything is tried again.
const (
	pauseQuota       = time.Minute
	pauseUnavailable = 10 * time.Second
)

// judge says what an answer means.
//
// A 5xx is Unknown, 503 included: Google says of it that a request may be tried again, and nowhere that the message was not
// taken. Called NotFound, the attempt would not be counted, and a debtor could get one notice three times; called Unknown it
// costs time, and the SMS of the same notice does not wait for it. A 4xx is an answer to the request as it stands: nothing was
// taken. Only what it says of the very registration token is for good. One of another sender is refused too, but not reported
// as gone: with the key of a wrong project all of them would be, and nobody could bring back what their owner has forgotten.
func judge(status int, body []byte) verdict {
	if status == http.StatusOK {
		if name, ok := readName(body); ok {
			return verdict{status: notify.Accepted, name: name}
		}
		return verdict{status: notify.Unknown, detail: "answer_unreadable"}
	}
	f := readFailure(body)
	v := verdict{status: notify.NotFound, detail: f.code}
	if v.detail == "" {
		v.detail = f.status
	}
	if v.detail == "" {
		v.detail = fmt.Sprintf("http_%d", status)
	}
	switch {
	case status == http.StatusNotFound && f.code == codeUnregistered, status == http.StatusBadRequest && f.code == codeArgument && f.ofToken:
		v.status, v.gone = notify.Rejected, true
	case status == http.StatusForbidden && f.code == codeForeign:
		v.status = notify.Rejected
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		v.access = f.code != codeThirdParty // that is the app's own certificate at Apple
	case status == http.StatusTooManyRequests:
		v.pause = pauseQuota
	case status >= http.StatusInternalServerError, status < http.StatusMultipleChoices: // or something that FCM never says
		v.status = notify.Unknown
		if status == http.StatusServiceUnavailable {
			v.pause = pauseUnavailable
		}
	}
	return v
}
