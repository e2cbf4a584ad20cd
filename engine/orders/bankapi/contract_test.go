package bankapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"robotbailiff/engine"
	"robotbailiff/engine/orders"
	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
)

// The examples of the contract are messages for us, in both encodings, and what we write of them is what the contract describes.
func TestContract_examplesAreMessages(t *testing.T) {
	t.Parallel()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(bankapi.Contract))
	must(t, err)
	compiler := jsonschema.NewCompiler()
	must(t, compiler.AddResource("contract.json", doc))
	seen := map[wire.Kind]bool{}
	for name, example := range examples(t) {
		schema, err := compiler.Compile("contract.json#/components/schemas/" + name)
		must(t, err)
		m, err := wire.Decode(example, wire.JSON)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen[m.Kind] = true
		body, err := wire.Encode(m, wire.JSON)
		must(t, err)
		written, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		must(t, err)
		if err := schema.Validate(written); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := wire.Encode(m, wire.XML); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// and the contract is as strict as we are
		for what, bad := range map[string][]byte{
			"unknown name": bytes.Replace(body, []byte(`"bank":`), []byte(`"banks":"x","bank":`), 1), "no bank": bytes.Replace(body, []byte(`"bank":"halyk",`), nil, 1),
			"version 2": bytes.Replace(body, []byte(`"v1"`), []byte(`"v2"`), 1), "id": bytes.Replace(body, []byte(`"00000000-`), []byte(`"0000000-`), 1),
		} {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(bad))
			must(t, err)
			if _, err := wire.Decode(bad, wire.JSON); err == nil || schema.Validate(v) == nil {
				t.Errorf("%s, %s: taken", name, what)
			}
		}
	}
	replies, err := compiler.Compile("contract.json#/components/schemas/Replies")
	must(t, err)
	text := string(examples(t)["Replies"])
	without := strings.Replace(text, `"case": "1700042",`, "", 1)
	for what, c := range map[string]struct {
		text string
		good bool
	}{"as it is": {text, true}, "no case": {without, false}, "never seen": {strings.NewReplacer(`"case": "1700043",`, "", `"taken"`, `"unknown"`).Replace(text), true}} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(c.text))
		must(t, err)
		if _, err := wire.Decode([]byte(c.text), wire.JSON); (err == nil) != c.good || (replies.Validate(v) == nil) != c.good {
			t.Errorf("%s: %v, %v", what, err, replies.Validate(v))
		}
	}
	if len(seen) != 8 {
		t.Errorf("examples of %v only", seen)
	}
}

// examples gives those of all bodies, by the name of their schema.
func examples(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	found := map[string]json.RawMessage{}
	var walk func(raw json.RawMessage)
	walk = func(raw json.RawMessage) {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) == nil {
			for _, e := range list {
				walk(e)
			}
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return
		}
		var schema struct {
			Ref string `json:"$ref"`
		}
		if e, ok := object["example"]; ok && json.Unmarshal(object["schema"], &schema) == nil && !strings.HasSuffix(schema.Ref, "/Problem") {
			found[strings.TrimPrefix(schema.Ref, "#/components/schemas/")] = e
		}
		for _, e := range object {
			walk(e)
		}
	}
	walk(bankapi.Contract)
	return found
}

// Everything goes through a proxy of another maker that knows only the contract: it stops a request or an answer that the contract
// does not allow. Between it and us there is no TLS, since it has none.
func TestClient_throughAValidatingProxy(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	bank := far.New(far.Config{Name: "halyk", Peer: r.books, Signer: r.theirs, Ministry: r.ours.Verifier(), Clock: clock.System()})
	address := proxy(t, bank)
	plain := func(address string) *bankapi.Client {
		return r.client(t, wire.JSON, func(cfg *bankapi.Config) { cfg.URL, cfg.TLS = "http://"+address, nil })
	}
	c := plain(address)
	parts := []orders.Part{{Account: "KZ86125KZT5004100100", Amount: arrest("a", 100).Amount}}
	o := arrest("a", 100)
	o.Parts = parts
	lift := orders.Instruction{ID: peertest.ID("l"), CaseID: 1700042, Purpose: engine.Lift, IIN: peertest.Rich, Of: o.ID}
	for _, batch := range [][]orders.Instruction{{o, arrest("b", 99_999_999_999)}, {lift}} {
		if got, err := c.Submit(t.Context(), batch); err != nil || len(got) != len(batch) {
			t.Fatalf("%v, %v", got, err)
		}
	}
	if got, err := c.Query(t.Context(), []uuid.UUID{o.ID, peertest.ID("never")}); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := c.Accounts(t.Context(), []string{peertest.Rich, peertest.Stranger}); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if got, _, err := c.Holds(t.Context(), "", 10); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	stranger := r.client(t, wire.JSON, func(cfg *bankapi.Config) { cfg.URL, cfg.TLS, cfg.Signer = "http://"+address, nil, newSigner(t) })
	if _, err := stranger.Submit(t.Context(), []orders.Instruction{lift}); !isRefused(err, "bad_signature") {
		t.Errorf("%v", err)
	}

	// the proxy does look: what lacks what the contract demands does not pass
	liar := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"type":"replies"}`)
	})
	_, err := plain(proxy(t, liar)).Submit(t.Context(), []orders.Instruction{lift})
	if e, ok := errors.AsType[*bankapi.CallError](err); !ok || e.Code != "http_500" {
		t.Errorf("an answer against the contract came through: %v", err)
	}
}

func isRefused(err error, code string) bool {
	e, ok := errors.AsType[*bankapi.CallError](err)
	return ok && e.Fate == bankapi.Refused && e.Code == code
}

// proxy starts a proxy that knows the contract before a handler and gives its host and port.
func proxy(t *testing.T, h http.Handler) string {
	t.Helper()
	var doc map[string]json.RawMessage
	must(t, json.Unmarshal(bankapi.Contract, &doc))
	delete(doc, "security") // it does not know certificates of clients, and refuses what it does not know
	text, err := json.Marshal(doc)
	must(t, err)
	contract := filepath.Join(t.TempDir(), "openapi.json")
	must(t, os.WriteFile(contract, text, 0o600))
	return peertest.Prism(t, contract, h)
}
