package httpsms

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	"robotbailiff/internal/outcall"
)

// ErrAddress says that the address of a gateway is written wrongly. Its text never holds a password.
var ErrAddress = errors.New("an SMS gateway is kannel+https://USER:PASSWORD@HOST[:PORT]/cgi-bin/sendsms or json+https://TOKEN@HOST[:PORT][/PATH], " +
	"with ?rate=N&window=N for requests a second and at a time; letters of a secret that an address cannot hold are written as %XX, " +
	"and +http instead of +https is for this machine alone")

// Dialect is how a gateway is spoken to.
type Dialect string

// The dialects.
const (
	Kannel Dialect = "kannel"
	JSON   Dialect = "json" // see contract.json
)

// Account is where and as whom messages are handed over. It prints without its secret.
type Account struct {
	Dialect  Dialect
	Endpoint string // without user, password and settings
	User     string // Kannel only
	Secret   string // the password or the token; never logged
	Rate     int    // requests a second at most; 0: 20
	Window   int    // requests under way at most; 0: 10
}

// String names the account without its secret.
func (a Account) String() string { return string(a.Dialect) + " at " + a.Endpoint }

// GoString does the same for %#v.
func (a Account) GoString() string { return a.String() }

// LogValue does the same for structured logs.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Parse reads an account. Its errors say what is wrong and how it is written, and repeat nothing of it: whatever is written
// wrongly may be a part of the secret.
func Parse(address string) (Account, error) {
	a, err := parse(address)
	if err != nil {
		return Account{}, fmt.Errorf("%w: %w", err, ErrAddress)
	}
	return a, nil
}

func parse(address string) (a Account, err error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return a, errors.New("it is no address") // the error would hold all of it
	}
	dialect, scheme, _ := strings.Cut(u.Scheme, "+")
	a.Dialect = Dialect(dialect)
	if a.Dialect != Kannel && a.Dialect != JSON || scheme != "https" && scheme != "http" {
		return a, errors.New("it begins with another scheme")
	}
	password, two := u.User.Password()
	switch {
	case u.User.Username() == "":
		return a, errors.New("the user or the token before the @ is missing")
	case a.Dialect == Kannel && password == "":
		return a, errors.New("the password before the @ is missing")
	case a.Dialect == Kannel:
		a.User, a.Secret = u.User.Username(), password
	case two:
		return a, errors.New("the token before the @ has a colon, which is written as %3A")
	default:
		a.Secret = u.User.Username()
	}
	if !plain(a.User) || !plain(a.Secret) {
		return a, errors.New("the user, the password or the token has a letter that no header can carry: it may have ASCII letters, digits and signs, and no blank")
	}
	if err := a.settings(u.RawQuery); err != nil {
		return a, err
	}
	u.Scheme, u.User, u.RawQuery = scheme, nil, ""
	if _, err := outcall.Base(u.String()); err != nil {
		return a, errors.New("it has no host, a part behind a #, or http:// to another machine")
	}
	if a.Dialect == Kannel && strings.Trim(u.Path, "/") == "" {
		u.Path = "/cgi-bin/sendsms"
	}
	a.Endpoint = u.String()
	return a, nil
}

// settings reads what comes after the question mark.
func (a *Account) settings(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return errors.New("its settings after the ? cannot be read")
	}
	for name, values := range query {
		n, err := strconv.Atoi(values[0])
		switch {
		case name != "rate" && name != "window":
			return errors.New("it has a setting other than rate and window") // which one may be a part of the password
		case len(values) > 1 || err != nil || n < 1 || n > 10_000:
			return fmt.Errorf("%s is one number from 1 to 10000", name)
		case name == "rate":
			a.Rate = n
		default:
			a.Window = n
		}
	}
	return nil
}

// plain says that a text can stand in a header as it is.
func plain(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
