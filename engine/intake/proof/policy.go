package proof

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Kind is the proof that a source needs.
type Kind string

// The kinds of proof.
const (
	None   Kind = "none"    // nothing is proven, by explicit choice
	CMS    Kind = "cms"     // a detached CMS signature over the raw bytes
	XMLSig Kind = "xmldsig" // an enveloped XML signature
)

// Kinds lists every kind once.
var Kinds = []Kind{None, CMS, XMLSig}

// maxPEM bounds the text of a trust store; maxCertificates how many certificates a signature or a store may carry.
const (
	maxPEM          = 256 << 10
	maxCertificates = 32
)

// Policy is what a source must prove and whom it trusts. Its zero value trusts nobody.
type Policy struct {
	kind          Kind
	roots         *x509.CertPool
	intermediates []*x509.Certificate
	subjects      []string
}

// NewPolicy reads the settings of a source. The PEM text holds the trusted roots, which are the self-signed certificates
// in it, and may hold intermediates, which are only used to find a way to a root. Subjects narrow down who may sign, any
// one of them being enough: IIN and twelve digits is a person (serialNumber of the subject), BIN and twelve digits an
// organisation (organizationalUnit, as in certificates of the national authority), O= an organisation by its name.
func NewPolicy(kind Kind, rootsPEM string, subjects []string) (Policy, error) {
	p := Policy{kind: kind, subjects: slices.Clone(subjects)}
	if !slices.Contains(Kinds, kind) {
		return Policy{}, fmt.Errorf("proof: the kind %q is not known: use none, cms or xmldsig", kind)
	}
	for _, s := range subjects {
		if !validSubject(s) {
			return Policy{}, errors.New("proof: a subject is IIN or BIN with twelve digits, or O= with the name of an organisation")
		}
	}
	if kind == None {
		if strings.TrimSpace(rootsPEM) != "" || len(subjects) > 0 {
			return Policy{}, errors.New("proof: a source that proves nothing has no roots and no subjects: choose cms or xmldsig, or leave them out")
		}
		return p, nil
	}
	certs, err := ParseCertificates([]byte(rootsPEM))
	if err != nil {
		return Policy{}, err
	}
	p.roots = x509.NewCertPool()
	found := false
	for _, c := range certs {
		if bytes.Equal(c.RawSubject, c.RawIssuer) {
			p.roots.AddCert(c)
			found = true
			continue
		}
		p.intermediates = append(p.intermediates, c)
	}
	if !found {
		return Policy{}, errors.New("proof: there is no self-signed root among the trusted certificates: add that of the certification authority")
	}
	return p, nil
}

// Kind tells which proof the policy asks for.
func (p Policy) Kind() Kind { return p.kind }

var numberedSubject = regexp.MustCompile(`^(IIN|BIN)[0-9]{12}$`)

func validSubject(s string) bool {
	if name, ok := strings.CutPrefix(s, "O="); ok {
		return strings.TrimSpace(name) == name && name != "" && len(name) <= 300
	}
	return numberedSubject.MatchString(s)
}

// ParseCertificates reads PEM text that holds certificates and nothing else.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("proof: more than %d KB of certificates", maxPEM>>10)
	}
	var certs []*x509.Certificate
	for rest := bytes.TrimSpace(text); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("proof: what follows the certificates is not PEM")
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("proof: the PEM text may hold certificates only, and never a key")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("proof: certificate %d cannot be read", len(certs)+1)
		}
		if certs = append(certs, c); len(certs) > maxCertificates {
			return nil, fmt.Errorf("proof: more than %d certificates", maxCertificates)
		}
	}
	if len(certs) == 0 {
		return nil, errors.New("proof: there is no certificate: give the PEM text of the certification authority")
	}
	return certs, nil
}
