package main

import "testing"

func TestVersion_saysWhichProgram(t *testing.T) {
	t.Parallel()
	status, out, _ := bailiff("version", "--json")
	var r versionReport
	oneObject(t, out, &r)
	if status != exitDone || r.Version == "" || r.Commit == "" || r.Go == "" {
		t.Errorf("%d %+v", status, r)
	}
	if status, _, _ := bailiff("version", "now"); status != exitUsage {
		t.Errorf("an argument gives %d", status)
	}
}
