package pades

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"robotbailiff/internal/cms"
)

// Signature is what a signed PDF says of its signature.
type Signature struct {
	At          time.Time // by the signer's own word
	Certificate *x509.Certificate
}

// ErrChanged says that a PDF is not as it was signed.
var ErrChanged = errors.New("pades: the PDF is not as it was signed")

var (
	rangeEntry = regexp.MustCompile(`/ByteRange \[0 {10}([0-9]{1,10}) {1,10}([0-9]{1,10}) {1,10}([0-9]{1,10}) *\]`)
	timeEntry  = regexp.MustCompile(`>\n/M \(D:([0-9]{14})\+([0-9]{2})'([0-9]{2})'\)`)
)

// Verify looks whether a PDF that [Signer.Sign] made is still as it was signed, every byte of it, and says by whose certificate. Whether
// that is to be trusted is another question.
func Verify(pdf []byte) (Signature, error) {
	m := rangeEntry.FindAllSubmatch(pdf, -1)
	if len(m) == 0 {
		return Signature{}, ErrChanged
	}
	last := m[len(m)-1]
	open, shut, rest := number(last[1]), number(last[2]), number(last[3])
	if open+2 >= shut || shut > len(pdf) || shut+rest != len(pdf) || pdf[open] != '<' || pdf[shut-1] != '>' {
		return Signature{}, ErrChanged
	}
	place := pdf[open+1 : shut-1]
	padded, err := hex.DecodeString(string(place))
	if err != nil || !bytes.Equal(place, []byte(hex.EncodeToString(padded))) { // one way to write it, so that nothing can be hidden there
		return Signature{}, ErrChanged
	}
	var der asn1.RawValue
	padding, err := asn1.Unmarshal(padded, &der)
	if err != nil || len(bytes.Trim(padding, "\x00")) > 0 {
		return Signature{}, ErrChanged
	}
	p7, err := pkcs7.Parse(der.FullBytes)
	if err != nil || !cms.AsWritten(der.FullBytes) {
		return Signature{}, ErrChanged
	}
	p7.Content = covered(pdf, open, shut)
	if err := p7.Verify(); err != nil {
		return Signature{}, ErrChanged
	}
	leaf := p7.GetOnlySigner()
	if leaf == nil || !boundTo(p7, leaf) {
		return Signature{}, ErrChanged
	}
	at, err := signedAt(pdf[shut-1:])
	return Signature{At: at, Certificate: leaf}, err
}

// boundTo says whether the signature names the certificate that it was made under, and then every other one that goes along with it.
func boundTo(p7 *pkcs7.PKCS7, leaf *x509.Certificate) bool {
	var named struct{ Certs []struct{ Hash []byte } }
	if err := p7.UnmarshalSignedAttribute(cms.OIDSigningCertificateV2, &named); err != nil || len(named.Certs) != len(p7.Certificates) {
		return false
	}
	names := func(id struct{ Hash []byte }, c *x509.Certificate) bool {
		sum := sha256.Sum256(c.Raw)
		return bytes.Equal(id.Hash, sum[:])
	}
	for _, c := range p7.Certificates {
		if !slices.ContainsFunc(named.Certs, func(id struct{ Hash []byte }) bool { return names(id, c) }) {
			return false
		}
	}
	return names(named.Certs[0], leaf)
}

func signedAt(behind []byte) (time.Time, error) {
	m := timeEntry.FindSubmatch(behind)
	if m == nil || !bytes.HasPrefix(behind, m[0]) {
		return time.Time{}, ErrChanged
	}
	at, err := time.Parse("20060102150405-0700", strings.Join([]string{string(m[1]), "+", string(m[2]), string(m[3])}, ""))
	if err != nil {
		return time.Time{}, fmt.Errorf("pades: %w", ErrChanged)
	}
	return at.UTC(), nil
}
