package portal

import (
	"testing"

	"robotbailiff/notify/contact"
)

func FuzzReadDevice(f *testing.F) {
	for _, s := range []string{`{"platform":"android","token":"0123456789abcdef"}`, `{"platform":"ios"}`, `{}`, `[]`, `{"platform":1,"token":null}`, "\x00", `{"platform":"web","token":"a b"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := readDevice(body)
		if err == nil && contact.CheckDevice(d.Platform, d.Token) != nil {
			t.Errorf("%q was taken", body)
		}
		if len(body) == 0 && err == nil {
			t.Error("nothing was taken for a device")
		}
	})
}
