package intake

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/seal"
)

// Codes of [FatalError] that speak of the sender instead of the file.
const (
	FatalSourceUnknown  = "source_unknown"
	FatalSourceInactive = "source_inactive"
	FatalSourceProof    = "source_needs_proof" // the way that the file came has no place for the proof that the source owes
)

// Where what belongs to a source is sealed and found.
const (
	SealedWebhookSecret = "sources.webhook_secret"
	SealedSubject       = "sources.subjects"
	BlindAPIKey         = "sources.api_key"
)

// Source is somebody who may send court batches, and how he proves himself. Subjects may hold identity numbers: it is for
// the operator's eyes, never for a log.
type Source struct {
	Name       string // as in the field source of a writ
	Title      string
	Proof      proof.Kind
	Roots      string   // PEM
	Subjects   []string // who may sign, see [proof.NewPolicy]
	TLSSubject string   // of the certificate by which he is known at the door, see [TLSSubject]
	Active     bool
	GatesOn    bool // a batch with many bad rows waits for a person
	WebhookURL string

	// Told by the store, and not changed by Put.
	HasKey, HasWebhookSecret bool
	CreatedAt, ChangedAt     time.Time
	ChangedBy                string
}

// Policy is what the batches of the source must prove.
func (s *Source) Policy() (proof.Policy, error) { return proof.NewPolicy(s.Proof, s.Roots, s.Subjects) }

// TLSSubject writes the subject of a certificate as the register keeps it.
func TLSSubject(c *x509.Certificate) string { return c.Subject.String() }

// Door is the way that a batch comes in.
type Door string

// The doors.
const (
	DoorAPI      Door = "api"
	DoorDrop     Door = "drop"     // a folder that files are put into
	DoorOperator Door = "operator" // bailiff import, by somebody on the machine
)

// Sources is the register of sources.
type Sources struct {
	pool *pgxpool.Pool
	keys *seal.Keys
}

// NewSources gives the register of a database.
func NewSources(pool *pgxpool.Pool, keys *seal.Keys) *Sources {
	return &Sources{pool: pool, keys: keys}
}

// Admit says whether a batch of that source may come in by that door, and gives the source with what it must prove. All
// refusals are a *[FatalError].
//
// Only registered and active sources are admitted. An operator has no signature beside his file, so he may import only for
// sources that are registered without proof. In a sandbox alone, files of sources that nobody registered, or that name
// none, come in by the folder and by the operator's hand.
func (s *Sources) Admit(ctx context.Context, name string, door Door) (Source, error) {
	name, _ = tidy(name)
	src, err := s.Load(ctx, name)
	if fatal, ok := errors.AsType[*FatalError](err); ok && fatal.Code == FatalSourceUnknown && door != DoorAPI {
		_, notSandbox := clock.Sandbox(ctx, s.pool)
		switch {
		case notSandbox == nil:
			return Source{Name: name, Proof: proof.None, Active: true, GatesOn: true}, nil
		case !errors.Is(notSandbox, clock.ErrNotSandbox):
			return Source{}, fmt.Errorf("intake: admit a source: %w", notSandbox)
		case name == "":
			return Source{}, &FatalError{Code: FatalSource, Fields: []string{FieldSource.String()}, Remedy: "name the sender with --source"}
		}
	}
	switch {
	case err != nil:
		return Source{}, err
	case !src.Active:
		return Source{}, inactive()
	case door == DoorOperator && src.Proof != proof.None:
		return Source{}, &FatalError{Code: FatalSourceProof, Remedy: "this source signs its batches: send the file with its signature to the API or the folder"}
	}
	return src, nil
}

func unknown() error {
	return &FatalError{Code: FatalSourceUnknown, Remedy: "register the sender with bailiff source put, or check its name or key"}
}

func inactive() error {
	return &FatalError{Code: FatalSourceInactive, Remedy: "the sender is switched off: an operator switches it on with bailiff source put NAME --active"}
}

// check refuses settings that could not work, before anything is stored.
func (s *Source) check() error {
	name, ok := tidy(s.Name)
	switch {
	case !ok || name == "" || name != s.Name || len(name) > longest[FieldSource]:
		return fmt.Errorf("intake: the name of a source has 1 to %d bytes without spaces around", longest[FieldSource])
	case len(s.Title) > longest[FieldIssuerName]:
		return errors.New("intake: the title of the source is too long")
	case s.WebhookURL != "" && !validWebhook(s.WebhookURL):
		return errors.New("intake: the webhook is an https address without user, query or fragment; http only to this machine")
	}
	_, err := s.Policy()
	return err
}

// validWebhook keeps secrets out of the address, since addresses come into logs, and plain HTTP on this machine.
func validWebhook(address string) bool {
	u, err := url.Parse(address)
	if err != nil || len(address) > 500 || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	switch u.Scheme {
	case "https":
		return true
	case "http":
		host, err := netip.ParseAddr(u.Hostname())
		return err == nil && host.IsLoopback()
	}
	return false
}

// keyPrefix makes a lost key recognisable, to people and to scanners for secrets.
const keyPrefix = "bailiff_"

// newAPIKey makes a key of at least 128 random bits.
func newAPIKey() string { return keyPrefix + rand.Text() }

// newWebhookSecret makes a secret in the form of Standard Webhooks.
func newWebhookSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: without randomness the program ends
	return "whsec_" + base64.StdEncoding.EncodeToString(secret)
}

// sealSubjects seals the identity numbers of persons among the subjects.
func (s *Sources) sealSubjects(subjects []string) []string {
	out := make([]string, len(subjects))
	for i, subject := range subjects {
		if out[i] = subject; strings.HasPrefix(subject, "IIN") {
			out[i] = sealedMark + base64.StdEncoding.EncodeToString(s.keys.Seal([]byte(subject), SealedSubject))
		}
	}
	return out
}

const sealedMark = "sealed:"

func (s *Sources) openSubjects(subjects []string) error {
	for i, subject := range subjects {
		text, sealed := strings.CutPrefix(subject, sealedMark)
		if !sealed {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("intake: a subject of the source: %w", err)
		}
		plain, err := s.keys.Open(raw, SealedSubject)
		if err != nil {
			return fmt.Errorf("intake: a subject of the source: %w", err)
		}
		subjects[i] = string(plain)
	}
	return nil
}
