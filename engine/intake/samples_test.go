package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/rules"
)

const samplesDir = "../../../deploy/samples/" // from testdata

// sampleRows are the rows of one sample: twelve good ones, then one of each code.
func sampleRows(from int) []values {
	row := func(i int) values { return withoutKazakhLetters(goodRow(from + i)) }
	var rows []values
	for i := range 12 {
		rows = append(rows, row(i))
	}
	// The dates are chosen so that the codes stay the same on any day of opening until the end of 2026.
	return append(rows,
		row(20).with("amount", "86500.00"),
		row(21).with("amount", "12 345,67"),
		row(22).with("debtor_iin", row(22)["debtor_iin"][1:]),
		row(23).with("debtor_iin", row(23)["claimant_bin"]),
		row(24).with("kind", "writ_of_execution"),
		row(25).with("unpaid_confirmed_on", "2026-02-01"),
		row(26).with("document_date", "", "in_force_date", "2024-06-03"),
		row(27).with("in_force_date", "2027-12-01"),
		row(28).with("debtor_name", ""),
		row(29).with("in_force_date", "12.01.2026"),
		row(30).with("debtor_iin", row(0)["debtor_iin"], "debtor_name", "Цой Виктор"),
		row(31).with("debtor_iin", iin("120615", '5', from)),
		row(1),
		row(2).with("amount", "5000.00"),
	)
}

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"court-batch.csv":        append(table(sampleRows(0), ","), "court-7101,cut off\r\n"...),
		"court-batch-cp1251.csv": cp1251Of(t, append(table(sampleRows(100), ";"), "court-7101;cut off\r\n"...)),
		"court-batch.jsonl":      append(lines(t, sampleRows(200)), "{\"source\":\"court-7101\",\"amount\":\r\n"...),
	}
}

// The samples in deploy/samples are written by this test with -update, and so are the reports on them.
func TestSamples(t *testing.T) {
	t.Parallel()
	im, pool := newImporter(t)
	for _, name := range []string{"court-batch.csv", "court-batch-cp1251.csv", "court-batch.jsonl"} {
		file := samples(t)[name]
		testkit.Golden(t, samplesDir+name, file)
		rep, err := im.Import(context.Background(), "", name, bytes.NewReader(file), Options{Language: "en"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := json.MarshalIndent(rep, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, name+".report.json", append(text, '\n'))
		seen := map[string]bool{}
		for _, e := range rep.Errors {
			seen[e.Code] = true
		}
		for _, code := range Codes() {
			switch code {
			case rules.CodeRuleMissing, CodeRowFailed: // these two are faults of ours
				continue
			case rules.CodeUnpaidStale: // reached by tax orders alone, which may be presented for longer than a year
				continue
			case CodeWritUnknown, CodeCaseEnded, CodeCorrectionRaises, CodeCorrectionField: // the samples open cases
				continue
			}
			if !seen[code] {
				t.Errorf("%s shows no %s", name, code)
			}
		}
	}
	noViolations(t, pool)
}
