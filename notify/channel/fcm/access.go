package fcm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"robotbailiff/internal/clock"
	"robotbailiff/internal/outcall"
)

// errAccess says that there is no access token, so that nothing has left.
var errAccess = errors.New("no_access_token")

const (
	accessWithin = 10 * time.Second
	accessMargin = 5 * time.Minute // an access token is not used so shortly before its end
	accessRest   = 5 * time.Second // after a failure nobody asks again for so long
)

// access keeps the access token. Who needs a new one waits for the one who fetches it.
type access struct {
	config jwt.Config
	client *http.Client
	turn   chan struct{} // holds one while somebody looks or fetches

	mu      sync.Mutex
	current *oauth2.Token
	failure error // of the last attempt; nil after a success
	since   clock.Stopwatch
}

func newAccess(config jwt.Config, transport http.RoundTripper) *access {
	return &access{config: config, client: &http.Client{Transport: transport, CheckRedirect: outcall.Stay}, turn: make(chan struct{}, 1)}
}

// get gives an access token that still lives for a while. fetched says that it is new.
func (a *access) get(ctx context.Context) (token string, fetched bool, err error) {
	select {
	case a.turn <- struct{}{}:
	case <-ctx.Done():
		return "", false, fmt.Errorf("%w: %w", errAccess, ctx.Err())
	}
	defer func() { <-a.turn }()
	if token, err := a.kept(); token != "" || err != nil {
		return token, false, err
	}
	fresh, err := a.fetch(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil { // the fault is not the caller's alone
			a.failure, a.since = err, clock.StartStopwatch()
		}
		return "", false, err
	}
	a.current, a.failure = fresh, nil
	return fresh.AccessToken, true, nil
}

func (a *access) kept() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil && clock.Age(a.current.Expiry) < -accessMargin {
		return a.current.AccessToken, nil
	}
	if a.failure != nil && a.since.Elapsed() < accessRest {
		return "", a.failure
	}
	return "", nil
}

// drop forgets an access token that FCM does not want; one that has taken its place since stays.
func (a *access) drop(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current != nil && a.current.AccessToken == token {
		a.current = nil
	}
}

func (a *access) fetch(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, accessWithin)
	defer cancel()
	client := &http.Client{Transport: within{ctx, a.client.Transport}, CheckRedirect: a.client.CheckRedirect}
	token, err := a.config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, client)).Token()
	if err != nil {
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // its text holds all of the answer
			return nil, fmt.Errorf("%w: %s", errAccess, refusalOf(refused.Response.StatusCode, refused.Body))
		}
		return nil, fmt.Errorf("%w: %w", errAccess, err)
	}
	if token.AccessToken == "" || token.Expiry.IsZero() {
		return nil, fmt.Errorf("%w: the answer holds none, or one without an end", errAccess)
	}
	return token, nil
}

// within gives requests a context, which the library does not.
type within struct {
	ctx  context.Context //nolint:containedctx // for one request
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.next.RoundTrip(r.WithContext(w.ctx))
}

var oauthCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// refusalOf reads why an assertion was refused (RFC 6749, 5.2), a code such as invalid_grant.
func refusalOf(status int, body []byte) string {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil && oauthCode.MatchString(said.Error) {
		return said.Error
	}
	return fmt.Sprintf("http_%d", status)
}
