package natapp

import (
	_ "embed" // the contract
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"robotbailiff/internal/strictjson"
	"robotbailiff/notify"
)

// Contract is what both sides keep to, in OpenAPI 3.1.
//
//go:embed openapi.json
var Contract []byte

// Kinds of bodies. A signature covers the body and not the address, so that the body says what it is for.
const (
	kindSend     = "push.send.v1"
	kindQuery    = "push.query.v1"
	kindReceipts = "push.receipts.v1"
)

// Bounds of the contract.
const (
	maxBatch    = 100 // messages or references of a request
	maxReceipts = 500
	maxBody     = 1 << 20
	maxLife     = 28 * 24 * time.Hour // of a message; one without an end gets this one
)

// push is a message on the wire.
type push struct {
	Ref       string `json:"ref"`
	To        string `json:"to"`
	Title     string `json:"title"`
	Text      string `json:"text"`
	NotBefore string `json:"not_before,omitempty"`
	ExpiresAt string `json:"expires_at"`
}

// moments translates legal time into that of the world, in which the gateway lives. Only in a trial are they different.
type moments struct{ legal, world time.Time }

func (m moments) write(t time.Time) string {
	return m.world.Add(t.Sub(m.legal)).UTC().Truncate(time.Second).Format(time.RFC3339)
}

// compose writes the messages whose time is not over. in says which those are.
func compose(messages []notify.Message, now moments) (body []byte, in map[string]bool, err error) {
	in = make(map[string]bool, len(messages))
	var pushes []push
	for _, m := range messages {
		if m.ExpiresAt.IsZero() || m.ExpiresAt.Sub(now.legal) > maxLife {
			m.ExpiresAt = now.legal.Add(maxLife)
		}
		if m.ExpiresAt.Sub(now.legal) < time.Second || in[m.Ref] {
			continue
		}
		in[m.Ref] = true
		p := push{Ref: m.Ref, To: m.To, Title: m.Title, Text: m.Text, ExpiresAt: now.write(m.ExpiresAt)}
		if m.NotBefore.After(now.legal) {
			p.NotBefore = now.write(m.NotBefore.Add(time.Second - 1)) // no sooner; the end above no later
		}
		pushes = append(pushes, p)
	}
	if len(pushes) == 0 {
		return nil, in, errOver
	}
	body, err = json.Marshal(struct {
		Type   string `json:"type"`
		Pushes []push `json:"pushes"`
	}{kindSend, pushes})
	return body, in, err
}

// question writes what is asked about messages.
func question(refs []string) ([]byte, error) {
	return json.Marshal(struct {
		Type string   `json:"type"`
		Refs []string `json:"refs"`
	}{kindQuery, append([]string{}, refs...)})
}

// result is what the gateway says of one message.
type result struct {
	Ref    string `json:"ref"`
	Status string `json:"status"`
	ID     string `json:"id"`
	Code   string `json:"code"`
}

// readResults reads an answer. What is said of one reference in two ways is not said.
func readResults(body []byte) (map[string]result, error) {
	var said struct {
		Results *[]result `json:"results"`
	}
	if err := readJSON(body, &said); err != nil {
		return nil, err
	}
	if said.Results == nil {
		return nil, errors.New("results are missing")
	}
	results := make(map[string]result, len(*said.Results))
	for _, r := range *said.Results {
		if former, again := results[r.Ref]; again && former != r {
			r = result{Ref: r.Ref}
		}
		results[r.Ref] = r
	}
	return results, nil
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// code keeps what has the form of a code: anything else could be what we have sent.
func code(said string) string {
	if !codeForm.MatchString(said) {
		return ""
	}
	return said
}

var (
	errJSON      = errors.New("no JSON")
	errAmbiguous = errors.New("a name is there twice")
)

// readJSON reads one value and nothing after it, in which no object has a name twice, however it is spelled: two readers could
// see two different receipts. Its errors hold nothing of the body.
func readJSON(body []byte, into any) error {
	switch err := strictjson.Check(body); {
	case errors.Is(err, strictjson.ErrDuplicate):
		return errAmbiguous
	case err != nil, json.Unmarshal(body, into) != nil:
		return errJSON
	}
	return nil
}
