package natapp

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"robotbailiff/internal/outcall"
	"robotbailiff/notify"
)

// What the gateway says of a message.
const (
	statusAccepted  = "accepted"  // it has it, and is going to deliver it
	statusRejected  = "rejected"  // the recipient cannot be reached by it
	statusRefused   = "refused"   // not taken, for another reason
	statusDelivered = "delivered" // to a device
	statusOpened    = "opened"
	statusFailed    = "failed" // taken, and cannot be delivered
	statusExpired   = "expired"
	statusNotFound  = "not_found"
)

// ofRecipient are the reasons that speak of the very recipient. A rejection without one of them is our fault or the gateway's.
var ofRecipient = []string{"recipient_unknown", "recipient_left", "no_device", "opted_out"}

// verdict is what an answer means: what it says of each message, or of all that it does not speak of.
type verdict struct {
	status  notify.Answer
	detail  string
	results map[string]result // nil: the answer is no list of results
	pause   time.Duration     // to be kept by all, unless the answer says another
}

// Pauses where the gateway says none.
const (
	pauseLimit       = time.Minute
	pauseUnavailable = 10 * time.Second
	pauseRefused     = 10 * time.Second // while it does not believe our signature
)

// unreadable says that a request as a whole was refused for its form or size.
func unreadable(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}

// judge says what an answer means. By the contract a 4xx is one to the request as it stands: nothing was taken. A redirect is not
// followed, and has taken nothing either. Everything else may have been taken.
func judge(status int, body []byte) verdict {
	if status == http.StatusOK {
		results, err := readResults(body)
		if err != nil {
			return verdict{status: notify.Unknown, detail: "answer_unreadable"}
		}
		return verdict{status: notify.Unknown, detail: "no_result", results: results}
	}
	v := verdict{status: notify.Unknown, detail: fmt.Sprintf("http_%d", status)}
	if status >= http.StatusMultipleChoices && status < http.StatusInternalServerError {
		v.status = notify.NotFound
	}
	switch status {
	case http.StatusTooManyRequests:
		v.pause = pauseLimit
	case http.StatusServiceUnavailable:
		v.pause = pauseUnavailable
	case http.StatusUnauthorized, http.StatusForbidden:
		v.pause = pauseRefused
	}
	return v
}

// failed is what becomes of messages when there was no answer. Its detail is a code, never an address.
func failed(err error) verdict {
	v := verdict{status: notify.NotFound, detail: outcall.Code(err, errOver)}
	if errors.Is(err, outcall.ErrNoAnswer) {
		v.status = notify.Unknown
	}
	return v
}

// of is what the answer says of one message.
func (v verdict) of(ref string) notify.Sent {
	sent := notify.Sent{Ref: ref, Status: v.status, Detail: v.detail}
	r, ok := v.results[ref]
	if !ok {
		return sent
	}
	sent.ProviderRef, sent.Detail = r.ID, code(r.Code)
	switch r.Status {
	case statusAccepted:
		sent.Status = notify.Accepted
	case statusDelivered, statusOpened: // the receipt says when
		sent.Status, sent.Detail = notify.Accepted, r.Status
	case statusFailed, statusExpired:
		sent.Status, sent.Detail = notify.Rejected, r.Status
		if c := code(r.Code); c != "" && c != r.Status {
			sent.Detail += " " + c
		}
	case statusRejected, statusRefused:
		sent.Status = notify.NotFound
		if r.Status == statusRejected && slices.Contains(ofRecipient, r.Code) {
			sent.Status = notify.Rejected
		}
		if sent.Detail == "" {
			sent.Detail = r.Status
		}
	case statusNotFound:
		sent.Status, sent.Detail = notify.NotFound, r.Status
	default:
		sent.Status, sent.Detail = notify.Unknown, "answer_unreadable"
	}
	return sent
}
