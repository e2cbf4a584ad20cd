package proof

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"time"
)

// Places of errors.
const (
	placeCertificate = "certificate of the signer"
	placeChain       = "chain of the certificate"
)

const minRSABits = 2048

// trust says whether the certificate belongs to somebody who may sign for the source at that instant.
func (p Policy) trust(leaf *x509.Certificate, others []*x509.Certificate, at time.Time) error {
	if p.roots == nil { // crypto/x509 would take the system's roots
		return refuse(CodeUntrusted, placeChain)
	}
	if err := strongKey(leaf); err != nil {
		return err
	}
	if leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return refuse(CodeUsage, placeCertificate)
	}
	if err := validAt(leaf, at, placeCertificate); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	for _, c := range slices.Concat(p.intermediates, others) {
		pool.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: p.roots, Intermediates: pool, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return validAt(invalid.Cert, at, placeChain)
	}
	if err != nil {
		return refuse(CodeUntrusted, placeChain)
	}
	if !slices.ContainsFunc(chains, strongChain) {
		return refuse(CodeAlgorithm, placeChain)
	}
	if !p.allows(leaf) {
		return refuse(CodeNotAllowed, placeCertificate)
	}
	return nil
}

// allows looks for the subject among those that may sign; without a list everybody whom the roots vouch for may.
func (p Policy) allows(leaf *x509.Certificate) bool {
	if len(p.subjects) == 0 {
		return true
	}
	return slices.ContainsFunc(p.subjects, func(s string) bool {
		switch {
		case strings.HasPrefix(s, "IIN"):
			return leaf.Subject.SerialNumber == s
		case strings.HasPrefix(s, "BIN"):
			return slices.Contains(leaf.Subject.OrganizationalUnit, s)
		}
		name, _ := strings.CutPrefix(s, "O=")
		return slices.Contains(leaf.Subject.Organization, name)
	})
}

func validAt(c *x509.Certificate, at time.Time, place string) error {
	switch {
	case at.Before(c.NotBefore):
		return refuse(CodeNotYetValid, place)
	case at.After(c.NotAfter):
		return refuse(CodeExpired, place)
	}
	return nil
}

// strongKey refuses weak keys, and those that Go cannot use.
func strongKey(c *x509.Certificate) error {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSABits {
			return nil
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() {
			return nil
		}
	case nil:
		if isGOST(publicKeyAlgorithm(c)) {
			return refuse(CodeGOST, placeCertificate)
		}
	}
	return refuse(CodeAlgorithm, placeCertificate)
}

func strongChain(chain []*x509.Certificate) bool {
	return !slices.ContainsFunc(chain, func(c *x509.Certificate) bool { return strongKey(c) != nil })
}

// publicKeyAlgorithm reads what crypto/x509 does not tell of a key that it does not know.
func publicKeyAlgorithm(c *x509.Certificate) asn1.ObjectIdentifier {
	var key struct {
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &key); err != nil {
		return nil
	}
	return key.Algorithm.ID
}

// The arcs of national cryptography: Kazakhstan's and Russia's.
var gostArcs = []asn1.ObjectIdentifier{{1, 2, 398}, {1, 2, 643}}

func isGOST(id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(gostArcs, func(arc asn1.ObjectIdentifier) bool {
		return len(id) > len(arc) && slices.Equal(id[:len(arc)], arc)
	})
}
