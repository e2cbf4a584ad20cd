package httpsms

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]Account{
		"kannel+https://bailiff:pass@sms.example.kz:13443/cgi-bin/sendsms?rate=20&window=5": {
			Dialect: Kannel, Endpoint: "https://sms.example.kz:13443/cgi-bin/sendsms", User: "bailiff", Secret: "pass", Rate: 20, Window: 5,
		},
		"kannel+https://bailiff:p%40s%2Fs%25@sms.example.kz":  {Dialect: Kannel, Endpoint: "https://sms.example.kz/cgi-bin/sendsms", User: "bailiff", Secret: "p@s/s%"},
		"kannel+http://bailiff:pass@127.0.0.1:13013/":         {Dialect: Kannel, Endpoint: "http://127.0.0.1:13013/cgi-bin/sendsms", User: "bailiff", Secret: "pass"},
		"json+https://t0ken@api.example.kz/sms":               {Dialect: JSON, Endpoint: "https://api.example.kz/sms", Secret: "t0ken"},
		" json+http://t0ken@localhost:8081?window=1\n":        {Dialect: JSON, Endpoint: "http://localhost:8081", Secret: "t0ken", Window: 1},
		"kannel+https://u:p@[2001:db8::1]:13013/sms?rate=100": {Dialect: Kannel, Endpoint: "https://[2001:db8::1]:13013/sms", User: "u", Secret: "p", Rate: 100},
	} {
		got, err := Parse(address)
		if err != nil || got != want {
			t.Errorf("%s: %#v %v, want %#v", address, got, err, want)
		}
	}
}

func TestParse_refusesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for address, place := range map[string]string{
		"":                                                  "scheme",
		"sms.example.kz":                                    "scheme",
		"smpp://u:hunter2@h:1":                              "scheme",
		"kannel://u:hunter2@h":                              "scheme",
		"kannel+ftp://u:hunter2@h":                          "scheme",
		"kannel+https://h/sendsms":                          "user",
		"kannel+https://hunter2@h":                          "password",
		"json+https://h/sms":                                "token",
		"json+https://a:hunter2@h":                          "colon",
		"kannel+http://u:hunter2@h/x":                       "http://",
		"json+http://hunter2@10.0.0.1":                      "http://",
		"kannel+https://u:hunter2@/x":                       "host",
		"kannel+https://u:hunter2@h/x?rate=0":               "rate",
		"kannel+https://u:hunter2@h/x?rate=1&rate=2":        "rate",
		"kannel+https://u:hunter2@h/x?window=many":          "window",
		"kannel+https://u:hunter2@h/x?hunter2=1":            "setting",
		"kannel+https://u:x?hunter2@h/x":                    "",
		"kannel+https://u:1?hunter2=@h/x":                   "user",
		"kannel+https://u:x#hunter2@h/x":                    "",
		"kannel+https://u:hunter2%00@h/x":                   "letter",
		"kannel+https://u:hunter2 @h/x":                     "",
		"kannel+https://u:hunter2%D0%B0@h/x":                "letter",
		"kannel+https://u:hun%ter2@h":                       "address",
		"kannel+https://u:hunter2@h/x#part":                 "#",
		"kannel+https://u:hunter2@h/x?%zz":                  "settings",
		"kannel+https://u:hunter2@h:port/x":                 "address",
		"kannel+https://u:hunter2@h:13013/x?rate=1;window=": "settings",
	} {
		a, err := Parse(address)
		if !errors.Is(err, ErrAddress) || a != (Account{}) {
			t.Errorf("%s: %#v %v", address, a, err)
			continue
		}
		if !strings.Contains(err.Error(), place) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAccount_printsWithoutItsSecret(t *testing.T) {
	t.Parallel()
	a, err := Parse("kannel+https://bailiff:hunter2@sms.example.kz/cgi-bin/sendsms")
	must(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "account", a)
	if s := fmt.Sprintf("%v %+v %#v %s", a, a, a, a) + log.String(); strings.Contains(s, "hunter2") || !strings.Contains(s, "sms.example.kz") {
		t.Error(s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("kannel+https://u:p@h:1/x?rate=1&window=2")
	f.Add("json+https://t@h/x")
	f.Add("kannel+https://u:1?x=@h")
	f.Fuzz(func(t *testing.T, address string) {
		a, err := Parse(address)
		if err != nil {
			if !errors.Is(err, ErrAddress) || len(err.Error()) > 600 {
				t.Errorf("%q: %v", address, err)
			}
			return
		}
		if !plain(a.Secret) || a.Secret == "" || strings.ContainsAny(a.Endpoint, "@?#") && !strings.Contains(a.Endpoint, "/") {
			t.Errorf("%q: %s", address, a.Endpoint)
		}
	})
}
