package statement

import (
	"bytes"
	"testing"

	"robotbailiff/internal/testkit"
	"robotbailiff/payments/source"
)

// The sample statements in deploy/samples are written by this test with -update; all tell of the same four movements.
func TestSamples(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"statement.camt053.xml": "camt.053.001.08", "statement.camt054.xml": "camt.054.001.08", "statement.mt940.txt": "mt940", "statement.1c.txt": "1c",
	} {
		s := known(format)
		if format == "camt.054.001.08" {
			s.Balanced = false
		}
		file := write(t, s)
		testkit.Golden(t, "../../../../deploy/samples/"+name, file)
		all, err := ReadAll(bytes.NewReader(file))
		if err != nil || len(all) != 1 || len(all[0].Lines) != len(s.Lines) || !all[0].Net().Equal(s.Net()) {
			t.Fatalf("%s: %v, %v", name, all, err)
		}
		if faults := source.Check(all[0]); len(faults) > 0 {
			t.Errorf("%s: %v", name, faults[0])
		}
	}
}
