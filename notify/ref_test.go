package notify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestRef_roundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.Int64Range(1, 1<<62).Draw(t, "case")
		ordinal := rapid.IntRange(1, 1<<31-1).Draw(t, "ordinal")
		c := rapid.SampledFrom(Channels).Draw(t, "channel")
		gotID, gotOrdinal, gotChannel, err := ParseRef(Ref(id, ordinal, c))
		if err != nil || gotID != id || gotOrdinal != ordinal || gotChannel != c {
			t.Fatalf("%d-%d-%s came back as %d %d %s, %v", id, ordinal, c, gotID, gotOrdinal, gotChannel, err)
		}
	})
}

func TestParseRef_refuses(t *testing.T) {
	for _, ref := range []string{
		"", "-", "--", "1-1", "1-1-", "1-1-fax", "1-1-sms-", "1-1-sms ", " 1-1-sms", "01-1-sms", "1-01-sms", "+1-1-sms", "0-1-sms", "1-0-sms",
		"-1-1-sms", "1--1-sms", "1-2147483648-sms", "9223372036854775808-1-sms", "1_0-1-sms", "1-1-SMS", "١-1-sms",
	} {
		if _, _, _, err := ParseRef(ref); err == nil {
			t.Errorf("%q was accepted", ref)
		}
	}
}

// FuzzParseRef: a text is a reference exactly when it is the text that Ref makes.
func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"260000001-3-sms", "1-1-push", "1-1-sms\x00", "٣-1-sms", "1-1-", "9223372036854775807-2147483647-push"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		id, ordinal, c, err := ParseRef(ref)
		if err == nil && Ref(id, ordinal, c) != ref {
			t.Fatalf("%q is also %q", ref, Ref(id, ordinal, c))
		}
		if err != nil && (id != 0 || ordinal != 0 || c != "") {
			t.Fatalf("%q: values with an error", ref)
		}
	})
}

func FuzzCleanDetail(f *testing.F) {
	f.Add("absent subscriber +77011234567")
	f.Add("\x00\xff" + strings.Repeat("a", 300))
	f.Fuzz(func(t *testing.T, detail string) {
		got := cleanDetail(detail)
		if len(got) > maxDetail+utf8.UTFMax || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Fatalf("%q became %q", detail, got)
		}
		run := 0
		for _, r := range got {
			if r < '0' || r > '9' {
				run = 0
			} else if run++; run > 5 {
				t.Fatalf("%q still has a long number: %q", detail, got)
			}
		}
	})
}
