package person_test

import (
	"strings"
	"testing"

	"robotbailiff/internal/person"
)

func TestName(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		" Айгүл ": "айгүл", "Bolat\nX": "bolat x", "a\xffb": "ab",
		"": "", " \t": "", "Robot": "", strings.Repeat("x", 201): "",
	} {
		if got, ok := person.Name(given); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q %t", given, got, ok)
		}
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{" Wrong\r\nbatch ": "Wrong  batch", "": ""} {
		if got, ok := person.Reason(given); !ok || got != want {
			t.Errorf("%q: %q %t", given, got, ok)
		}
	}
	if _, ok := person.Reason(strings.Repeat("x", 2001)); ok {
		t.Error("a reason without an end is taken")
	}
}
