package main

import (
	"strings"
	"testing"

	"robotbailiff/internal/testkit"
)

// On an installation without money everything says so, and what is asked wrongly is wrong use.
func TestMoney_claimantsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	url := testkit.URL(t, testkit.DB(t))
	for _, args := range [][]string{{"money", "claimants", "x"}, {"money", "release"}, {"money", "release", "x"}, {"money", "pay", "1"}, {"money", "drop", "-1"}} {
		if status, _, errs := bailiff(append(args, "--db", url)...); status != exitUsage {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	if _, _, errs := bailiff("money", "pay", "--db", url); !strings.Contains(errs, "requisites SCOPE") {
		t.Errorf("the usage names no verbs: %s", errs)
	}
}
