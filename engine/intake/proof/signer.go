package proof

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"
)

// Signer is who signed, as the certificate says, and what. All but the fingerprint may be personal data: it prints and
// logs as the fingerprint alone.
type Signer struct {
	CommonName   string
	SerialNumber string // of the subject: IIN and twelve digits, for a person
	Organization string
	BIN          string // of the organisation: BIN and twelve digits, or ""
	Issuer       string
	Fingerprint  string    // SHA-256 of the certificate, in hex
	SignedAt     time.Time // what the signer says; nobody proves it. Zero when not said
	Content      [sha256.Size]byte
}

func signerOf(c *x509.Certificate) Signer {
	sum := sha256.Sum256(c.Raw)
	s := Signer{
		CommonName: c.Subject.CommonName, SerialNumber: c.Subject.SerialNumber,
		Issuer: c.Issuer.String(), Fingerprint: hex.EncodeToString(sum[:]),
	}
	if len(c.Subject.Organization) > 0 {
		s.Organization = c.Subject.Organization[0]
	}
	for _, unit := range c.Subject.OrganizationalUnit {
		if strings.HasPrefix(unit, "BIN") && numberedSubject.MatchString(unit) {
			s.BIN = unit
		}
	}
	return s
}

// String names the certificate by its fingerprint.
func (s Signer) String() string { return "sha256:" + s.Fingerprint }

// GoString is as short as String.
func (s Signer) GoString() string { return s.String() }

// LogValue is as short as String.
func (s Signer) LogValue() slog.Value { return slog.StringValue(s.String()) }
