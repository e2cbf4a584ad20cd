package main

import (
	"errors"
	"net/http"
	"testing"
)

func TestProxies(t *testing.T) {
	r := &http.Request{RemoteAddr: "10.1.2.3:9", Header: http.Header{"X-Forwarded-For": {"203.0.113.7"}}}
	for given, want := range map[string]string{"": "10.1.2.3", "10.0.0.0/8": "203.0.113.7", "192.0.2.1, 10.1.2.3": "203.0.113.7", "192.0.2.1": "10.1.2.3"} {
		t.Setenv("BAILIFF_PROXIES", given)
		who, err := proxies()
		if err != nil || who(r) != want {
			t.Errorf("%q: %v", given, err)
		}
	}
	t.Setenv("BAILIFF_PROXIES", "proxy.local")
	if _, err := proxies(); !errors.As(err, new(*usageError)) {
		t.Errorf("a name: %v", err)
	}
}
