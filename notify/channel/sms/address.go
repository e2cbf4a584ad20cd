package sms

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// ErrAccounts says that accounts are written wrongly. Its text never holds the password.
var ErrAccounts = errors.New("an account is smpp://SYSTEM_ID:PASSWORD@HOST:PORT, or smpps:// for TLS, with ?window=N&rate=N&type=TEXT where the operator asks for it")

// ParseAccounts reads accounts, separated by blanks. Letters of a password that an address cannot hold are written as %XX.
func ParseAccounts(s string) ([]Account, error) {
	var accounts []Account
	for i, word := range strings.Fields(s) {
		a, err := parseAccount(word)
		if err != nil {
			return nil, fmt.Errorf("account %d: %w: %w", i+1, err, ErrAccounts)
		}
		accounts = append(accounts, a)
	}
	if len(accounts) == 0 {
		return nil, ErrAccounts
	}
	return accounts, nil
}

func parseAccount(s string) (a Account, err error) {
	u, err := url.Parse(s)
	if err != nil {
		return a, errors.New("it is no address") // the error would hold all of it
	}
	if u.Scheme != "smpp" && u.Scheme != "smpps" {
		return a, errors.New("it begins with another scheme")
	}
	a.TLS = u.Scheme == "smpps"
	a.Address, a.SystemID = u.Host, u.User.Username()
	a.Password, _ = u.User.Password()
	if u.Hostname() == "" || u.Port() == "" || a.SystemID == "" {
		return a, errors.New("host, port or system id is missing")
	}
	for name, values := range u.Query() {
		n, nerr := strconv.Atoi(values[0])
		switch {
		case name == "type":
			a.SystemType = values[0]
		case (name == "window" || name == "rate") && (nerr != nil || n < 1 || n > 10_000):
			return a, fmt.Errorf("%s is a number from 1 to 10000", name)
		case name == "window":
			a.Window = n
		case name == "rate":
			a.Rate = n
		default:
			return a, fmt.Errorf("it has a setting %q that nobody knows", name)
		}
	}
	return a, nil
}
