// Package pades puts an electronic signature into a PDF that internal/paper has made (PAdES-B: a detached CMS signature over all bytes but its
// own place), and says of a signed one whether it is as it was signed.
//
// The signature is added behind the bytes of before, so these stay as they were. Its time stands in its dictionary and not in the CMS,
// as ETSI EN 319 142-1 wants it.
//
// It must not read a clock, a file or a database, and must not judge whether a certificate is to be trusted: who configures one does that,
// and whoever reads the paper does it again.
//
// The entry points are [Parse], [Signer.Sign] and [Verify].
package pades

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"robotbailiff/internal/cms"
	"robotbailiff/rules/calendar"
)

// Signer signs under one certificate. It is safe for concurrent use.
type Signer struct {
	chain []*x509.Certificate
	key   crypto.Signer
}

// Parse reads a certificate, followed by its intermediates, and its key in PKCS #8, from PEM text.
func Parse(certPEM, keyPEM []byte) (*Signer, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(certPEM); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("pades: among the certificates is PEM of another kind: %s", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("pades: a certificate cannot be read (GOST is not supported)")
		}
		chain = append(chain, c)
	}
	block, _ := pem.Decode(keyPEM)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("pades: the key is not PEM of an unencrypted PKCS #8 key: openssl pkcs8 -topk8 -nocrypt makes one, openssl pkcs12 -nodes takes it out of a PKCS #12 file")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("pades: the key cannot be read")
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("pades: the key cannot sign")
	}
	return New(chain, key)
}

// New signs under the first certificate of a chain; the others go along for the verifier.
func New(chain []*x509.Certificate, key crypto.Signer) (*Signer, error) {
	if len(chain) == 0 {
		return nil, errors.New("pades: there is no certificate")
	}
	leaf := chain[0]
	switch public := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < 2048 {
			return nil, errors.New("pades: an RSA key has 2048 bits or more")
		}
	case *ecdsa.PublicKey:
		if bits := public.Params().BitSize; bits != 256 && bits != 384 {
			return nil, errors.New("pades: an ECDSA key is of P-256 or P-384")
		}
	default:
		return nil, errors.New("pades: the key of the certificate is neither RSA nor ECDSA")
	}
	if leaf.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return nil, errors.New("pades: the certificate is not for signing documents (key usage)")
	}
	if leaf.Subject.CommonName == "" {
		return nil, errors.New("pades: the certificate names nobody")
	}
	public, ok := leaf.PublicKey.(interface{ Equal(x crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, errors.New("pades: the key is not that of the certificate")
	}
	return &Signer{chain: chain, key: key}, nil
}

// Name is who signs, by the certificate.
func (s *Signer) Name() string { return s.chain[0].Subject.CommonName }

// Post is the post of who signs, by the certificate; empty: it names none.
func (s *Signer) Post() string {
	for _, n := range s.chain[0].Subject.Names {
		if post, ok := n.Value.(string); ok && n.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 12}) {
			return post
		}
	}
	return ""
}

// Serial is the number of the certificate.
func (s *Signer) Serial() string { return s.chain[0].SerialNumber.Text(16) }

// String hides the key.
func (s *Signer) String() string { return "pades.Signer(" + s.Serial() + ")" }

// ErrExpired says that the certificate is not valid at the instant of the signature.
var ErrExpired = errors.New("pades: the certificate is not valid at this time")

const (
	rangeForm = "/ByteRange [%-10d %-10d %-10d %-10d]"
	contents  = "/Contents <"
)

// Sign gives the PDF with a signature of an instant, which is the one that the paper itself says.
func (s *Signer) Sign(pdf []byte, at time.Time) ([]byte, error) {
	leaf := s.chain[0]
	if at.Before(leaf.NotBefore) || at.After(leaf.NotAfter) {
		return nil, ErrExpired
	}
	d, err := read(pdf)
	if err != nil {
		return nil, err
	}
	catalog, err := d.object(d.root)
	if err != nil {
		return nil, err
	}
	page, err := d.object(d.page)
	if err != nil {
		return nil, err
	}
	room := 1024 + len(leaf.RawIssuer) // what a signature takes besides its certificates, and more
	for _, c := range s.chain {
		room += len(c.Raw) + sha256.Size + 8 // and its hash among what is signed
	}
	signature, field := d.size, d.size+1
	u := update{offsets: map[int]int{}}
	u.out.Write(pdf)
	u.put(signature, "<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n"+fmt.Sprintf(rangeForm, 0, 0, 0, 0)+"\n"+
		contents+strings.Repeat("00", room)+">\n/M ("+instant(at)+") /Name "+text(s.Name())+">>")
	u.put(field, fmt.Sprintf("<</Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V %d 0 R /P %d 0 R /F 132 /Rect [0 0 0 0]>>", signature, d.page))
	u.put(d.root, with(catalog, fmt.Sprintf("/Version /1.7\n/AcroForm <</Fields [%d 0 R] /SigFlags 3>>\n", field)))
	u.put(d.page, with(page, fmt.Sprintf("\n/Annots [%d 0 R]", field)))
	u.end(&d, []int{signature, field, d.root, d.page})
	out := u.out.Bytes()

	open := u.offsets[signature] + bytes.Index(out[u.offsets[signature]:], []byte(contents)) + len(contents) - 1 // of the <
	shut := open + 2 + 2*room
	ranges := u.offsets[signature] + bytes.Index(out[u.offsets[signature]:], []byte("/ByteRange"))
	copy(out[ranges:], fmt.Sprintf(rangeForm, 0, open, shut, len(out)-shut))
	der, err := cms.Sign(s.chain, s.key, covered(out, open, shut), cms.SigningCertificate(s.chain...))
	if err != nil {
		return nil, fmt.Errorf("pades: %w", err)
	}
	if len(der) > room {
		return nil, fmt.Errorf("pades: the signature takes %d bytes, and has room for %d", len(der), room)
	}
	hex.Encode(out[open+1:], der)
	return out, nil
}

// covered is all of a PDF but the place of its signature.
func covered(pdf []byte, open, shut int) []byte {
	all := make([]byte, 0, len(pdf))
	return append(append(all, pdf[:open]...), pdf[shut:]...)
}

// instant writes a moment as PDF does, to the second.
func instant(at time.Time) string {
	zoned := at.In(calendar.Almaty).Format("20060102150405-0700")
	return "D:" + zoned[:len(zoned)-2] + "'" + zoned[len(zoned)-2:] + "'"
}

// text writes a text in the letters of any language.
func text(s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return "<" + hex.EncodeToString(b) + ">"
}
