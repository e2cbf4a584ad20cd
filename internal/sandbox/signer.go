package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// What the certificates of a sandbox are called, so that nobody takes them for real ones.
const (
	signerName    = "SANDBOX signer, not a real one"
	authorityName = "SANDBOX authority, not a real one"
)

// Signer gives the certificate under which a sandbox signs decrees, that of the authority that issued it, and its key. Two seeds of 32 secret
// bytes always give the same ones, so that all processes of an installation sign alike.
func Signer(authority, signer []byte) (chain []*x509.Certificate, key crypto.Signer, err error) {
	root, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), authority)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: authority: %w", err)
	}
	own, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: signer: %w", err)
	}
	from := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC) // before every sandbox begins, and until after its legal time
	named := func(name string, usage x509.KeyUsage, public *ecdsa.PublicKey) (*x509.Certificate, error) {
		point, err := public.Bytes()
		if err != nil {
			return nil, err
		}
		return &x509.Certificate{
			SerialNumber: new(big.Int).SetBytes(point[1:9]), Subject: pkix.Name{Organization: []string{"Sandbox"}, CommonName: name},
			NotBefore: from, NotAfter: from.AddDate(100, 0, 0), KeyUsage: usage, BasicConstraintsValid: true,
		}, nil
	}
	a, err := named(authorityName, x509.KeyUsageCertSign, &root.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: authority: %w", err)
	}
	a.IsCA = true
	s, err := named(signerName, x509.KeyUsageDigitalSignature, &own.PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: signer: %w", err)
	}
	for _, x := range []struct {
		cert   *x509.Certificate
		public *ecdsa.PublicKey
	}{{s, &own.PublicKey}, {a, &root.PublicKey}} {
		der, err := x509.CreateCertificate(nil, x.cert, a, x.public, root) // no chance: the same bytes each time (RFC 6979)
		if err != nil {
			return nil, nil, fmt.Errorf("sandbox: certificate: %w", err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, fmt.Errorf("sandbox: certificate: %w", err)
		}
		chain = append(chain, c)
	}
	return chain, own, nil
}
