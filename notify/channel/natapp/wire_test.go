package natapp

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"robotbailiff/notify"
)

// contract gives the value at a place of the contract.
func contract(t *testing.T, path ...string) any {
	t.Helper()
	var at any
	if err := json.Unmarshal(Contract, &at); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		object, _ := at.(map[string]any)
		if at = object[name]; at == nil {
			t.Fatalf("the contract has no %s", strings.Join(path, "/"))
		}
	}
	return at
}

// What the contract says and what the code does are the same, bounds and words.
func TestContract_isWhatTheCodeKeepsTo(t *testing.T) {
	t.Parallel()
	property := func(schema, name, what string) any {
		return contract(t, "components", "schemas", schema, "properties", name, what)
	}
	for what, c := range map[string]struct{ said, want any }{
		"kind of a batch":    {property("Pushes", "type", "const"), kindSend},
		"kind of a question": {property("Query", "type", "const"), kindQuery},
		"kind of receipts":   {property("Receipts", "type", "const"), kindReceipts},
		"messages":           {property("Pushes", "pushes", "maxItems"), float64(maxBatch)},
		"references":         {property("Query", "refs", "maxItems"), float64(maxBatch)},
		"receipts":           {property("Receipts", "receipts", "maxItems"), float64(maxReceipts)},
		"codes":              {property("Result", "code", "pattern"), codeForm.String()},
		"of the recipient":   {contract(t, "components", "schemas", "Result", "then", "properties", "code", "enum"), words(ofRecipient)},
		"results": {property("Result", "status", "enum"), words([]string{
			statusAccepted, statusRejected, statusRefused, statusDelivered, statusOpened, statusFailed, statusExpired, statusNotFound,
		})},
		"ends": {property("Receipt", "status", "enum"), words([]string{statusDelivered, statusOpened, statusFailed, statusExpired})},
	} {
		if !reflect.DeepEqual(c.said, c.want) {
			t.Errorf("%s: the contract says %v, the code %v", what, c.said, c.want)
		}
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(Contract))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("urn:contract", parsed); err != nil {
		t.Fatal(err)
	}
	ref := compiler.MustCompile("urn:contract#/components/schemas/Ref")
	for text, ok := range map[string]bool{notify.Ref(1, 1, notify.Push): true, notify.Ref(1<<62, 1<<31-1, notify.Push): true, "1-1-sms": false, "01-1-push": false} {
		if (ref.Validate(text) == nil) != ok {
			t.Errorf("reference %s", text)
		}
	}
	example, err := json.Marshal(contract(t, "webhooks", "receipts", "post", "requestBody", "content", "application/json", "example"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readReceipts(example); err != nil || len(got) != 2 {
		t.Errorf("the example of receipts: %v %v", got, err)
	}
	for _, path := range []string{"/v1/pushes", "/v1/pushes/query"} {
		example, err := json.Marshal(contract(t, "paths", path, "post", "responses", "200", "content", "application/json", "example"))
		if err != nil {
			t.Fatal(err)
		}
		v := judge(http.StatusOK, example)
		if len(v.results) != 2 {
			t.Errorf("the example of %s: %+v", path, v)
		}
		for ref := range v.results {
			if v.of(ref).Status == notify.Unknown {
				t.Errorf("the example of %s says nothing of %s", path, ref)
			}
		}
	}
}

func words(of []string) (out []any) {
	for _, w := range of {
		out = append(out, w)
	}
	return out
}

func TestReadJSON_namesAreThereOnce(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]error{
		`{"a":1,"b":[{"a":1},{"a":2}],"c":{"a":{"a":"a"}}}`: nil,
		` [1,"a",null,true,[],{}] `:                         nil,
		`"a"`:                                               nil,
		`{"a":1,"a":1}`:                                     errAmbiguous,
		`{"a":1,"A":1}`:                                     errAmbiguous,
		`{"b":[{"x":{"status":1,"\u0053tatus":1}}]}`: errAmbiguous,
		"{\"status\":1,\"\u017ftatus\":2}":           errAmbiguous, // the decoder takes a long s for an s
		"{\"k\":1,\"\u212a\":2}":                     errAmbiguous, // and the sign of Kelvin for a k
		``:                                           errJSON,
		`{`:                                          errJSON,
		`{"a":1}}`:                                   errJSON,
		`{"a":1} 2`:                                  errJSON,
		`{"a" 1}`:                                    errJSON,
		strings.Repeat("[", 100_000):                 errJSON,
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000): errJSON,
	} {
		var into any
		if err := readJSON([]byte(body), &into); !errors.Is(err, want) {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

func FuzzReadResults(f *testing.F) {
	f.Add(200, []byte(`{"results":[{"ref":"1-1-push","status":"accepted","id":"a"},{"ref":"1-1-push","status":"rejected","code":"no_device"}]}`))
	f.Add(200, []byte(`{"results":null}`))
	f.Add(503, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		v := judge(status, body)
		if v.results != nil && status != http.StatusOK || status >= 500 && v.status != notify.Unknown || v.status == notify.Accepted || v.status == notify.Rejected {
			t.Errorf("%d gives %+v", status, v)
		}
		for ref, r := range v.results {
			sent := v.of(ref)
			if sent.Ref != ref || sent.Status == notify.Rejected && r.Status == statusRejected && !slices.Contains(ofRecipient, r.Code) {
				t.Errorf("%+v gives %+v", r, sent)
			}
			for word := range strings.FieldsSeq(sent.Detail) {
				if !codeForm.MatchString(word) {
					t.Errorf("%+v keeps words of others: %+v", r, sent)
				}
			}
		}
	})
}

func FuzzReadReceipts(f *testing.F) {
	f.Add([]byte(`{"type":"push.receipts.v1","receipts":[{"ref":"17-3-push","status":"delivered","at":"2026-03-02T09:00:07+05:00","code":"x"}]}`))
	f.Add([]byte(`{"type":"push.receipts.v1","type":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		receipts, err := readReceipts(body)
		if (err == nil) != (len(receipts) > 0) {
			t.Errorf("%v %v", receipts, err)
		}
		for _, r := range receipts {
			if _, _, channel, err := notify.ParseRef(r.Ref); err != nil || channel != notify.Push || r.Status != notify.StatusDelivered && r.Status != notify.StatusFailed {
				t.Errorf("%+v", r)
			}
		}
		if err == nil && !json.Valid(body) {
			t.Error("no JSON was read")
		}
	})
}
