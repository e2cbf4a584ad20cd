package sms

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAccounts(t *testing.T) {
	t.Parallel()
	got, err := ParseAccounts("smpp://ministry:s%40cret@centre.example:2775?window=20&rate=50&type=gov  smpps://b@10.0.0.1:3550")
	must(t, err)
	want := []Account{
		{Address: "centre.example:2775", SystemID: "ministry", Password: "s@cret", SystemType: "gov", Window: 20, Rate: 50},
		{Address: "10.0.0.1:3550", SystemID: "b", TLS: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{
		"", "http://a:hidden@b:1", "smpp://a:hidden@b", "smpp://:hidden@b:1", "smpp://a:hidden@b:1?rate=0", "smpp://a:hidden@b:1?window=x", "smpp://a:hidden@b:1?colour=red",
		"smpp://a:hid den@b:1", "smpp://a:hidden%zz@b:1",
	} {
		_, err := ParseAccounts(bad)
		if err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "smpp://SYSTEM_ID") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
