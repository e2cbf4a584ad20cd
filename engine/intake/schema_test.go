package intake

import (
	"bytes"
	"encoding/json"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"robotbailiff/rules"
)

const schemaDir = "../../deploy/schema/"

// formal are the codes that a schema can know of: whether a writ qualifies is a matter of the law.
var formal = []string{rules.CodeFieldMissing, rules.CodeFieldInvalid, rules.CodeAmountInvalid, rules.CodeIINInvalid, CodeRowMalformed}

// codesOf gives the code of each row of a sample, as far as the form goes.
func codesOf(t *testing.T, file []byte) []string {
	t.Helper()
	_, rows, err := read(file, false)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for i := range rows {
		w, p := Parse(&rows[i], "")
		if p.Code == "" && len(w.DebtorIIN) != 12 {
			p.Code = rules.CodeIINInvalid
		}
		codes = append(codes, p.Code)
	}
	return codes
}

func TestJSONSchema_agreesWithTheReader(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(schemaDir + "writ.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range schema.Properties {
		names = append(names, name)
	}
	want := FieldNames()
	slices.Sort(names)
	slices.Sort(want)
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
	file := sameRows(t)["court-batch.jsonl"]
	codes := codesOf(t, file)
	for i, line := range bytes.Split(bytes.TrimSpace(file), []byte("\n")) {
		row, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = schema.Validate(row)
		}
		if bad := slices.Contains(formal, codes[i]); bad != (err != nil) {
			t.Errorf("row %d is %q for us: %v", i+1, codes[i], err)
		}
	}
	for i, row := range goodRows(100) {
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("row %d: %v", i, err)
		}
	}
	for _, line := range []string{`{"amount":"0.00"}`, `{"amount":"1e3"}`, `{"amount":-5}`, `{"debtor_iin":500101350007}`, `{"debt":"5"}`} {
		good, err := json.Marshal(goodRow(1))
		if err != nil {
			t.Fatal(err)
		}
		var row, change map[string]any
		if json.Unmarshal(good, &row) != nil || json.Unmarshal([]byte(line), &change) != nil {
			t.Fatal("not JSON")
		}
		for k, v := range change {
			row[k] = v
		}
		if schema.Validate(row) == nil {
			t.Errorf("%s is taken", line)
		}
	}
}

// The pipeline installs xmllint; elsewhere the test needs it to be there.
func TestXSD_agreesWithTheReader(t *testing.T) {
	t.Parallel()
	xmllint, err := osexec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("xmllint is not installed")
		}
		t.Skip("xmllint is not installed: libxml2-utils has it")
	}
	sample := string(sameRows(t)["court-batch.xml"])
	codes := codesOf(t, []byte(sample))
	dir := t.TempDir()
	valid := func(name, writs string) bool {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`<?xml version="1.0" encoding="UTF-8"?><writs xmlns="`+XMLNamespace+`">`+writs+`</writs>`), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := osexec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", schemaDir+"writs.xsd", path).CombinedOutput()
		if err != nil && !strings.Contains(string(out), "fails to validate") {
			t.Fatalf("%v: %s", err, out)
		}
		return err == nil
	}
	_, rest, _ := strings.Cut(sample, "<writ>")
	var good strings.Builder
	for i, writ := range strings.Split("<writ>"+strings.Split(rest, "</writs>")[0], "\n") {
		if writ = strings.TrimSpace(writ); writ == "" {
			continue
		}
		bad := slices.Contains(formal, codes[i])
		if !bad {
			good.WriteString(writ)
		}
		if codes[i] == rules.CodeFieldMissing {
			continue // which fields are needed depends on the action, and that a schema of this sort cannot say
		}
		if valid("one.xml", writ) == bad {
			t.Errorf("row %d is %q for us, and the schema has the other opinion", i+1, codes[i])
		}
	}
	for i := range goodRows(60) {
		_, body, _ := strings.Cut(string(xmlOf([]values{goodRow(i)})), "<writ>")
		good.WriteString("<writ>" + strings.Split(body, "</writs>")[0])
	}
	if !valid("all.xml", good.String()) {
		t.Error("good writs do not fit the schema")
	}
	if valid("twice.xml", strings.Replace(good.String(), "<amount>", "<amount>5</amount><amount>", 1)) {
		t.Error("an element that is there twice fits the schema")
	}
}
