package natapp_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"robotbailiff/notify/channel/natapp"
)

const (
	ourSecret   = "whsec_b3VyIG93biBzZWNyZXQsIGZvciB0aGUgdGVzdHMgb25seSEh"
	theirSecret = "whsec_dGhlIGdhdGV3YXkncyBzZWNyZXQsIGZvciB0aGUgdGVzdHMh"
	nextSecret  = "whsec_aXRzIHN1Y2Nlc3Nvciwgd2hpY2ggaXMgZm9yIHRoZSB0ZXN0cyE="
)

// What the gateway of a test does with a message, by its recipient.
const (
	good    = "device-good"
	nobody  = "device-nobody"  // the recipient is not there
	blocked = "device-blocked" // rejected by a word that the contract does not have
	busy    = "device-busy"    // refused
	mute    = "device-mute"    // taken, and nothing is said of it
	twofold = "device-twofold" // taken, and two things are said of it
	odd     = "device-odd"     // taken, and said by a word that nobody knows
)

// books is the gateway of a national app as the contract has it, and shares no code with the driver: what was taken is written
// down before anything is said.
type books struct {
	t       *testing.T
	url     string
	schemas map[string]*jsonschema.Schema // by path

	mu      sync.Mutex
	taken   map[string]map[string]any // by reference
	fate    map[string]string         // of what was taken, by reference
	seen    map[string]bool           // ids of messages
	sizes   []int                     // messages of each batch
	trouble []trouble                 // of the next requests
}

// trouble is what goes wrong with a request.
type trouble struct {
	status     int // instead of an answer; 0: none comes
	retryAfter string
	body       string
	after      bool // everything was taken before
}

// schema compiles a schema of the contract.
func schema(t testing.TB, name string) *jsonschema.Schema {
	t.Helper()
	contract, err := jsonschema.UnmarshalJSON(bytes.NewReader(natapp.Contract))
	must(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	must(t, c.AddResource("urn:contract", contract))
	s, err := c.Compile("urn:contract#/components/schemas/" + name)
	must(t, err)
	return s
}

func openBooks(t *testing.T) *books {
	t.Helper()
	b := &books{
		t: t, taken: map[string]map[string]any{}, fate: map[string]string{}, seen: map[string]bool{},
		schemas: map[string]*jsonschema.Schema{"/app/v1/pushes": schema(t, "Pushes"), "/app/v1/pushes/query": schema(t, "Query")},
	}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL + "/app"
	return b
}

// mac is the signature of Standard Webhooks, made by hand.
func mac(secret, id, stamp string, body []byte) string {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	h := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(h, "%s.%s.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// signed says whether a request is signed, now, and for the first time.
func (b *books) signed(r *http.Request, body []byte) bool {
	id, stamp := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	age := time.Since(time.Unix(at, 0)).Abs()
	if err != nil || age > 5*time.Minute || b.seen[id] || id == "" || strings.Contains(id, ".") {
		return false
	}
	b.seen[id] = true
	return hmac.Equal([]byte(mac(ourSecret, id, stamp, body)), []byte(r.Header.Get("Webhook-Signature")))
}

// ServeHTTP implements http.Handler.
func (b *books) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	shape := b.schemas[r.URL.Path]
	if err != nil || r.Method != http.MethodPost || shape == nil || r.Header.Get("Idempotency-Key") != "" {
		b.t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	var wrong trouble
	if len(b.trouble) > 0 {
		wrong, b.trouble = b.trouble[0], b.trouble[1:]
		if !wrong.after {
			wrong.tell(w)
			return
		}
	}
	if !b.signed(r, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = shape.Validate(value)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest) // as a gateway does that looks at the schema before all
		return
	}
	results := []map[string]string{}
	request, _ := value.(map[string]any)
	for _, ref := range list(request["refs"]) {
		results = append(results, b.know(ref.(string)))
	}
	pushes := list(request["pushes"])
	if request["type"] == "push.send.v1" {
		b.sizes = append(b.sizes, len(pushes))
	}
	for _, p := range pushes {
		results = append(results, b.take(p.(map[string]any))...)
	}
	if wrong.after {
		wrong.tell(w)
		return
	}
	answer, err := json.Marshal(map[string]any{"results": results, "more": "a name of the future"})
	if err != nil {
		b.t.Error(err)
	}
	_, _ = w.Write(answer)
}

func (f trouble) tell(w http.ResponseWriter) {
	if f.status == 0 {
		panic(http.ErrAbortHandler)
	}
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, f.body)
}

func list(value any) []any {
	all, _ := value.([]any)
	return all
}

// take takes a message once, and gives what is said of it.
func (b *books) take(p map[string]any) []map[string]string {
	ref, _ := p["ref"].(string)
	if b.taken[ref] != nil {
		return []map[string]string{b.know(ref)}
	}
	switch p["to"] {
	case nobody:
		return []map[string]string{{"ref": ref, "status": "rejected", "code": "no_device"}}
	case blocked:
		return []map[string]string{{"ref": ref, "status": "rejected", "code": "on_a_list"}}
	case busy:
		return []map[string]string{{"ref": ref, "status": "refused", "code": "Call +77010000001"}}
	}
	b.taken[ref], b.fate[ref] = p, "accepted"
	switch p["to"] {
	case mute:
		return nil
	case twofold:
		return []map[string]string{b.know(ref), {"ref": ref, "status": "refused"}}
	case odd:
		return []map[string]string{{"ref": ref, "status": "perhaps"}}
	}
	return []map[string]string{b.know(ref)}
}

// know says what is known of a reference.
func (b *books) know(ref string) map[string]string {
	if b.taken[ref] == nil {
		return map[string]string{"ref": ref, "status": "not_found"}
	}
	said := map[string]string{"ref": ref, "status": b.fate[ref], "id": "id-" + ref}
	if b.fate[ref] == "failed" {
		said["code"] = "no_device"
	}
	return said
}

// becomes says what became of a message.
func (b *books) becomes(ref, fate string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fate[ref] = fate
}

// goWrong says what goes wrong with the next requests.
func (b *books) goWrong(next ...trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = next
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
