package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A payment system whose secret is missing, empty, short or said twice does not start: with such a secret anybody could say "paid".
func TestPaymentProofs(t *testing.T) {
	const a, b = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
	for _, c := range []struct{ name, standard, plain, want string }{
		{"none", "", "", ""},
		{"one of each", "kaspi=" + a, "halyk=" + b, "halyk kaspi"},
		{"two active", "kaspi=" + a + ",kaspi=" + b, "", "kaspi"},
		{"empty", "kaspi=", "", "!"},
		{"empty plain", "", "halyk=", "!"},
		{"short", "kaspi=whsec_c2hvcnQ=", "", "!"},
		{"short plain", "", "halyk=c2hvcnQ=", "!"},
		{"three", "kaspi=" + a + ",kaspi=" + b + ",kaspi=" + a, "", "!"},
		{"both ways", "kaspi=" + a, "kaspi=" + b, "!"},
		{"no name", a, "", "!"},
		{"a name of ours", "treasury=" + a, "", "!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("BAILIFF_WEBHOOK_SECRETS", c.standard)
			t.Setenv("BAILIFF_WEBHOOK_PLAIN_SECRETS", c.plain)
			proofs, err := paymentProofs(&parts{})
			var usage *usageError
			switch {
			case c.want == "!":
				if !errors.As(err, &usage) || strings.Contains(err.Error(), "c2hvcnQ") {
					t.Errorf("%v, %v", proofs, err)
				}
			case err != nil || strings.Join(slices.Sorted(maps.Keys(proofs)), " ") != c.want:
				t.Errorf("%v, %v", proofs, err)
			}
		})
	}
}

func TestJoinTills(t *testing.T) {
	const secret = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	for _, c := range []struct{ name, tills, secrets, want string }{
		{"none", "", "", ""},
		{"two", "halyk=https://pay.example.kz,kaspi=https://k.example.kz/x", "halyk=" + secret + ",kaspi=" + secret, "halyk kaspi"},
		{"no secret", "halyk=https://pay.example.kz", "", "!"},
		{"in the clear", "halyk=http://pay.example.kz", "halyk=" + secret, "!"},
		{"twice", "halyk=https://a.kz,halyk=https://b.kz", "halyk=" + secret, "!"},
		{"no name", "https://a.kz", "", "!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("BAILIFF_TILLS", c.tills)
			t.Setenv("BAILIFF_TILL_SECRETS", c.secrets)
			tills, err := joinTills(nil)
			var usage *usageError
			switch {
			case c.want == "!":
				if !errors.As(err, &usage) {
					t.Errorf("%v, %v", tills, err)
				}
			case err != nil || strings.Join(slices.Sorted(maps.Keys(tills.drivers)), " ") != c.want:
				t.Errorf("%v, %v", tills, err)
			}
		})
	}
}
