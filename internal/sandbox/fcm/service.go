package fcm

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Config is what an imitation is made of.
type Config struct {
	Project  string        // empty: sandbox
	Lifetime time.Duration // of an access token; 0: an hour
	Took     func(Taken)   // hears of every message before it is answered; may be nil
}

// Service imitates FCM and the endpoint of access tokens. It is an http.Handler, safe for concurrent use.
type Service struct {
	cfg Config
	key *rsa.PrivateKey // of the service account: for its file, and its public half to check assertions
	mux *http.ServeMux

	mu       sync.Mutex
	access   map[string]time.Time // access tokens and their end
	issued   int
	refused  string            // why assertions are refused; empty: they are not
	gone     map[string]string // code of the refusal, by registration token
	lost     map[string]bool
	failures []failure
	delay    time.Duration
	book     []Taken
}

// Taken is a message that was taken for a device.
type Taken struct {
	Name           string // under which the sender was told that it was taken
	Token          string
	Title, Body    string
	Data           map[string]string
	TTL            time.Duration // on Android; -1: none was given
	CollapseKey    string        // on Android
	Tag            string        // of what an Android device shows
	APNSExpiration string
	APNSCollapseID string
}

type failure struct{ code, retryAfter string }

const (
	email = "robot-bailiff@sandbox.iam.gserviceaccount.com"
	keyID = "5b1de0c0ffee"
)

// New makes a service account, and a service that knows it.
func New(cfg Config) (*Service, error) {
	if cfg.Project == "" {
		cfg.Project = "sandbox"
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = time.Hour
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("sandbox: the key of a service account: %w", err)
	}
	s := &Service{cfg: cfg, key: key, mux: http.NewServeMux(), access: map[string]time.Time{}, gone: map[string]string{}, lost: map[string]bool{}}
	for _, path := range []string{"/token", "/o/oauth2/token", "/oauth2/v4/token"} { // SDKs of different years know different ones
		s.mux.HandleFunc("POST "+path, s.token)
	}
	s.mux.HandleFunc("POST /v1/projects/{project}/{method}", s.send)
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// KeyFile gives the key file of the service account, as the console of Google Cloud writes it. tokenURI is the endpoint that
// the file names; empty: Google's.
func (s *Service) KeyFile(tokenURI string) ([]byte, error) {
	if tokenURI == "" {
		tokenURI = googleTokenURI
	}
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return nil, fmt.Errorf("sandbox: the key of a service account: %w", err)
	}
	return json.MarshalIndent(map[string]string{
		"type": "service_account", "project_id": s.cfg.Project, "private_key_id": keyID, "client_email": email, "client_id": "100000000000000000001",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "auth_uri": "https://accounts.google.com/o/oauth2/auth",
		"token_uri": tokenURI, "universe_domain": "googleapis.com",
	}, "", "  ")
}

// Unregister says that the app was removed from the device of a registration token.
func (s *Service) Unregister(token string) { s.refuse(token, "UNREGISTERED") }

// Foreign says that a registration token belongs to another sender.
func (s *Service) Foreign(token string) { s.refuse(token, "SENDER_ID_MISMATCH") }

func (s *Service) refuse(token, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[token] = code
}

// Lose has messages for a registration token taken, and their answers lost.
func (s *Service) Lose(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost[token] = true
}

// Fail has the next n sends refused with an error code of FCM, such as QUOTA_EXCEEDED, UNAVAILABLE or INTERNAL, and with a
// Retry-After where one is given.
func (s *Service) Fail(n int, code, retryAfter string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		s.failures = append(s.failures, failure{code, retryAfter})
	}
}

// Slow has every answer wait from now on, after what was sent was taken.
func (s *Service) Slow(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Revoke ends all access tokens that were given out.
func (s *Service) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.access)
}

// RefuseAssertions has no access token given any more, for a reason such as invalid_grant; an empty one ends that.
func (s *Service) RefuseAssertions(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = reason
}

// Issued is how many access tokens were given out.
func (s *Service) Issued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issued
}

// Taken gives what was taken for a registration token, in order; an empty one stands for all.
func (s *Service) Taken(token string) (out []Taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.book {
		if token == "" || t.Token == token {
			t.Data = maps.Clone(t.Data)
			out = append(out, t)
		}
	}
	return out
}

// Shown gives what an Android device shows after everything has reached it: of messages with one tag, the last.
func (s *Service) Shown(token string) (out []Taken) {
	at := map[string]int{}
	for _, t := range s.Taken(token) {
		if i, again := at[t.Tag]; again && t.Tag != "" {
			out[i] = t
			continue
		}
		at[t.Tag] = len(out)
		out = append(out, t)
	}
	return out
}
