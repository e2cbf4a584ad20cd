package httpsms

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"robotbailiff/notify"
	"robotbailiff/notify/text"
)

// kannel speaks to the sendsms interface of Kannel's smsbox (user guide, "Using the HTTP interface to send SMS messages").
type kannel struct {
	account  Account
	source   string
	receipts string
	key      []byte
	serial   *atomic.Uint32 // of long messages
}

// maxParts is the most that one byte of the header can count; budgets of texts are far below.
const maxParts = 255

// codings are Kannel's numbers of alphabets.
const (
	codingGSM  = "0"
	codingUCS2 = "2"
)

// reportMask asks for reports of all that can happen: delivered, failed, kept back, taken and refused by the centre. Those
// between are answered and forgotten, and cost less than a state that nobody was asked about.
const reportMask = typeDelivered | typeFailed | typeBuffered | typeTaken | typeRefused

func (k *kannel) pieces(m notify.Message) ([]request, []string, error) {
	to, err := number(m.To)
	if err != nil {
		return nil, nil, err
	}
	if !validRef(m.Ref) {
		return nil, nil, errRef
	}
	pieces := text.Split(m.Text)
	if len(pieces) == 0 || len(pieces) > maxParts {
		return nil, nil, errText
	}
	coding := codingUCS2
	if _, gsm := text.Length(m.Text); gsm {
		coding = codingGSM
	}
	if len(pieces) == 1 {
		return []request{k.post(part{id: m.Ref, to: to, coding: coding, text: m.Text})}, nil, nil
	}
	number := byte(k.serial.Add(1))
	attempt := strings.ToLower(rand.Text()[:10]) // its parts must not be taken for those of another attempt
	requests, ids := make([]request, len(pieces)), make([]string, len(pieces))
	for i, piece := range pieces {
		ids[i] = m.Ref + "." + attempt + "." + strconv.Itoa(i+1)
		requests[i] = k.post(part{id: ids[i], to: to, coding: coding, text: piece, header: fmt.Sprintf("050003%02x%02x%02x", number, len(pieces), i+1)})
	}
	return requests, ids, nil
}

// part is one SMS.
type part struct {
	id     string // under which it is reported
	to     string
	coding string
	text   string
	header string // UDH, hexadecimal; of a part of a longer message
}

func (k *kannel) post(p part) request {
	return func(ctx context.Context, m notify.Message, t times) (*http.Request, error) {
		validity, ok := minutes(t.left(m))
		if !ok {
			return nil, errOver
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.account.Endpoint, strings.NewReader(p.text))
		if err != nil {
			return nil, errors.New("request") // the error may hold more than it should
		}
		k.introduce(r)
		for name, value := range map[string]string{
			"From": k.source, "To": p.to, "Coding": p.coding, "UDH": p.header, "Validity": validity,
			"DLR-Mask": strconv.Itoa(reportMask), "DLR-URL": k.reportURL(p.id),
		} {
			if value != "" {
				r.Header.Set("X-Kannel-"+name, value)
			}
		}
		return r, nil
	}
}

func (k *kannel) introduce(r *http.Request) {
	r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	r.Header.Set("User-Agent", "robot-bailiff")
	r.Header.Set("X-Kannel-Username", k.account.User)
	r.Header.Set("X-Kannel-Password", k.account.Secret)
}

// reportURL is what Kannel fetches when there is something to report. What stands behind a percent sign it fills in itself.
func (k *kannel) reportURL(id string) string {
	return k.receipts + "?m=" + url.QueryEscape(id) + "&k=" + token(k.key, id) + "&s=%d&t=%T&f=%F&a=%A"
}

// minutes writes the time that is left as Kannel counts it, rounded down, so that nothing comes after it. Less than a minute is
// no time for an SMS. A message without an end gets none.
func minutes(left time.Duration, ends bool) (string, bool) {
	if !ends {
		return "", true
	}
	n := int64(left / time.Minute)
	return strconv.FormatInt(n, 10), n >= 1
}

// What Kannel's smsbox says, by how it begins.
const (
	saysAccepted  = "0: Accepted"
	saysQueued    = "3: Queued"
	saysSent      = "Sent." // of an smsbox that does not wait for its bearerbox
	saysForbidden = "Authorization failed"
	saysNoRoute   = "Not routable"
	saysDenied    = "Number(s) has/have been denied"
	saysTemporal  = "Temporal failure"
	saysNobody    = "Missing receiver"
)

// judge says what an answer means.
//
// Nothing was taken when Kannel itself says "temporal failure"; another 503 comes from something between, and says nothing. A
// number that is denied stands on a list that somebody made of numbers, the only thing that Kannel says of a number; that there is
// no way to it is a matter of settings. What was refused in any other way, with a 3xx or a 4xx, was not taken.
func (k *kannel) judge(status int, body []byte) verdict {
	said := func(words string) bool { return strings.HasPrefix(strings.TrimSpace(string(body)), words) }
	switch {
	case status == http.StatusAccepted && said(saysAccepted):
		return verdict{status: notify.Accepted}
	case status == http.StatusAccepted && said(saysQueued):
		return verdict{status: notify.Accepted, detail: "queued"}
	case status == http.StatusAccepted && said(saysSent):
		return verdict{status: notify.Accepted, detail: "not_confirmed"}
	case status < http.StatusMultipleChoices:
		return verdict{status: notify.Unknown, detail: "answer_unreadable"}
	case status == http.StatusForbidden && said(saysForbidden):
		return verdict{status: notify.NotFound, detail: "authorization_failed", pause: pauseAccess}
	case status == http.StatusForbidden && said(saysNoRoute):
		return verdict{status: notify.NotFound, detail: "not_routable"}
	case status == http.StatusBadRequest && said(saysDenied):
		return verdict{status: notify.Rejected, detail: "number_denied"}
	case status == http.StatusServiceUnavailable && said(saysTemporal):
		return verdict{status: notify.NotFound, detail: "temporary_failure", pause: pauseBusy}
	}
	return judgeOthers(status)
}

// judgeOthers says what an answer means that is nobody's in particular.
func judgeOthers(status int) verdict {
	v := verdict{status: notify.NotFound, detail: fmt.Sprintf("http_%d", status)}
	switch {
	case status >= http.StatusInternalServerError:
		v.status = notify.Unknown
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		v.pause = pauseAccess
	case status == http.StatusTooManyRequests:
		v.pause = pauseBusy
	}
	return v
}

func (k *kannel) ask(string) request { return nil }

func (k *kannel) answer(string, int, []byte) verdict {
	return verdict{status: notify.Unknown, detail: "no_query"}
}

// probe is a message for nobody: Kannel looks at the password first.
func (k *kannel) probe(ctx context.Context) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.account.Endpoint, strings.NewReader("-"))
	if err != nil {
		return nil, errors.New("request")
	}
	k.introduce(r)
	return r, nil
}

func (k *kannel) ready(status int, body []byte) error {
	if status == http.StatusBadRequest && strings.HasPrefix(string(body), saysNobody) {
		return nil
	}
	return errors.New(k.judge(status, body).detail)
}
