package proof

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"time"

	"github.com/smallstep/pkcs7"
)

// maxSignature bounds a CMS signature with its certificates, time stamps and revocation answers, which take about 20 KB.
const maxSignature = 64 << 10

// maxNesting bounds how deep its encoding goes; real ones need about 15 levels. Without it 64 KB of brackets keep the
// parser busy for a second.
const maxNesting = 40

const placeSignature = "signature"

// VerifyCMS verifies a detached CMS signature over content as it is, in DER, BER, PEM or base64, and says who made it. The
// content is read once, to its end, and never kept: memory stays flat. It is read only after the certificate was found
// trusted. The signature must have exactly one signer, with signed attributes, since who of several counts would be
// somebody's guess; and it must carry no content of its own, since there would be two documents to choose from.
//
// Any error that is no *[Error] is one of reading the content.
func VerifyCMS(p Policy, at time.Time, content io.Reader, signature []byte) (Signer, error) {
	if p.kind != CMS {
		return Signer{}, refuse(CodeKind, "policy of the source")
	}
	p7, err := parseCMS(signature)
	if err != nil {
		return Signer{}, err
	}
	leaf, hash, err := soleSigner(p7)
	if err != nil {
		return Signer{}, err
	}
	if err := p.trust(leaf, p7.Certificates, at); err != nil {
		return Signer{}, err
	}
	signer := signerOf(leaf)
	_ = p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &signer.SignedAt) // stays zero when it is not said
	// The library compares the digest attribute with what our hasher says, then checks the signature of the attributes.
	// It is given no roots: the chain was looked at above, at our instant and with codes that tell the cases apart.
	reading := &streamed{content: content, hash: hash}
	p7.Content, p7.Hasher = nil, reading
	switch err := p7.VerifyWithChainAtTime(nil, at); {
	case reading.err != nil:
		return Signer{}, reading.err
	case errors.As(err, new(*pkcs7.MessageDigestMismatchError)):
		return Signer{}, refuse(CodeMismatch, "message digest")
	case errors.As(err, new(*pkcs7.SigningTimeNotValidError)):
		return Signer{}, validAtOr(leaf, signer.SignedAt)
	case err != nil:
		return Signer{}, refuse(CodeInvalid, placeSignature)
	}
	signer.Content = reading.sum
	return signer, nil
}

// validAtOr says in which direction the stated time lies outside of the certificate's.
func validAtOr(leaf *x509.Certificate, said time.Time) error {
	if err := validAt(leaf, said, "signing time"); err != nil {
		return err
	}
	return refuse(CodeMalformed, "signing time")
}

// streamed gives the library the digest of the content instead of the content.
type streamed struct {
	content io.Reader
	hash    crypto.Hash
	sum     [sha256.Size]byte
	err     error
}

// Hash implements pkcs7.Hasher. What the library hands over is its own copy of the content, which is empty.
func (s *streamed) Hash(crypto.Hash, io.Reader) ([]byte, error) {
	sum, asked := sha256.New(), s.hash.New()
	if _, s.err = io.Copy(io.MultiWriter(sum, asked), s.content); s.err != nil {
		return nil, s.err
	}
	sum.Sum(s.sum[:0])
	return asked.Sum(nil), nil
}

// parseCMS reads a signature in any of its encodings.
func parseCMS(signature []byte) (*pkcs7.PKCS7, error) {
	der, err := decodeCMS(signature)
	if err != nil {
		return nil, err
	}
	if rest, ok := skip(der, maxNesting); !ok || len(rest) > 0 {
		return nil, refuse(CodeMalformed, placeSignature)
	}
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return nil, refuse(CodeMalformed, placeSignature)
	}
	if len(p7.Content) > 0 {
		return nil, refuse(CodeAttached, placeSignature)
	}
	if len(p7.Certificates) > maxCertificates {
		return nil, refuse(CodeTooLarge, "certificates")
	}
	return p7, nil
}

func decodeCMS(signature []byte) ([]byte, error) {
	s := bytes.TrimSpace(signature)
	switch {
	case len(s) == 0:
		return nil, refuse(CodeMissing, placeSignature)
	case len(signature) > maxSignature*3/2: // base64 with its lines
		return nil, refuse(CodeTooLarge, placeSignature)
	case len(s) > 1 && s[0] == 0x30 && s[1] >= 0x80: // a long or open SEQUENCE; no text has such bytes
		s = signature
	case bytes.HasPrefix(s, []byte("-----BEGIN ")):
		block, rest := pem.Decode(s)
		if block == nil || len(bytes.TrimSpace(rest)) > 0 || block.Type != "CMS" && block.Type != "PKCS7" {
			return nil, refuse(CodeMalformed, placeSignature)
		}
		s = block.Bytes
	default:
		raw, err := base64.StdEncoding.DecodeString(string(s)) // skips the ends of lines
		if err != nil {
			return nil, refuse(CodeMalformed, placeSignature)
		}
		s = raw
	}
	if len(s) > maxSignature {
		return nil, refuse(CodeTooLarge, placeSignature)
	}
	return s, nil
}

// skip gives what follows the first BER value, and false when it is broken or holds more levels than depth. It builds
// nothing, so that only what is shallow reaches the parser, which copies everything once per level.
func skip(ber []byte, depth int) (rest []byte, ok bool) {
	if depth == 0 || len(ber) < 2 || ber[0]&0x1f == 0x1f { // no signature has tags of several bytes
		return nil, false
	}
	constructed, length := ber[0]&0x20 != 0, uint64(ber[1])
	ber = ber[2:]
	if length == 0x80 { // open: ends by two zero bytes
		for !bytes.HasPrefix(ber, []byte{0, 0}) {
			if ber, ok = skip(ber, depth-1); !ok {
				return nil, false
			}
		}
		return ber[2:], constructed
	}
	if n := int(length & 0x7f); length > 0x80 {
		if n > 4 || n > len(ber) {
			return nil, false
		}
		length = 0
		for _, b := range ber[:n] {
			length = length<<8 | uint64(b)
		}
		ber = ber[n:]
	}
	if length > uint64(len(ber)) {
		return nil, false
	}
	inner, rest := ber[:length], ber[length:]
	for constructed && len(inner) > 0 {
		if inner, ok = skip(inner, depth-1); !ok {
			return nil, false
		}
	}
	return rest, true
}

// soleSigner gives the certificate of the one signer and the hash that he used.
func soleSigner(p7 *pkcs7.PKCS7) (*x509.Certificate, crypto.Hash, error) {
	if len(p7.Signers) != 1 {
		return nil, 0, refuse(CodeMalformed, "number of signers")
	}
	info := p7.Signers[0]
	method, digest := info.DigestEncryptionAlgorithm.Algorithm, info.DigestAlgorithm.Algorithm
	leaf := p7.GetOnlySigner()
	switch {
	case isGOST(method) || isGOST(digest):
		return nil, 0, refuse(CodeGOST, placeSignature)
	case leaf == nil:
		return nil, 0, refuse(CodeMalformed, placeCertificate)
	}
	hash := digests[digest.String()]
	if hash == 0 || !matches(leaf, method, hash) {
		return nil, 0, refuse(CodeAlgorithm, placeSignature)
	}
	kinds := map[string]bool{}
	for _, a := range info.AuthenticatedAttributes {
		kind := a.Type.String()
		if kinds[kind] {
			return nil, 0, refuse(CodeMalformed, "signed attributes")
		}
		kinds[kind] = true
	}
	var content asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &content); err != nil || !content.Equal(pkcs7.OIDData) {
		return nil, 0, refuse(CodeMalformed, "signed attributes") // also when there are none
	}
	return leaf, hash, nil
}

var digests = map[string]crypto.Hash{
	pkcs7.OIDDigestAlgorithmSHA256.String(): crypto.SHA256,
	pkcs7.OIDDigestAlgorithmSHA384.String(): crypto.SHA384,
	pkcs7.OIDDigestAlgorithmSHA512.String(): crypto.SHA512,
}

// matches says whether the method of signing fits the key and the hash.
func matches(leaf *x509.Certificate, method asn1.ObjectIdentifier, hash crypto.Hash) bool {
	switch leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		return method.Equal(pkcs7.OIDEncryptionAlgorithmRSA) || method.Equal(map[crypto.Hash]asn1.ObjectIdentifier{
			crypto.SHA256: pkcs7.OIDEncryptionAlgorithmRSASHA256,
			crypto.SHA384: pkcs7.OIDEncryptionAlgorithmRSASHA384,
			crypto.SHA512: pkcs7.OIDEncryptionAlgorithmRSASHA512,
		}[hash])
	case *ecdsa.PublicKey:
		return method.Equal(ecdsaMethods[hash])
	}
	return false
}

var ecdsaMethods = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: pkcs7.OIDDigestAlgorithmECDSASHA256,
	crypto.SHA384: pkcs7.OIDDigestAlgorithmECDSASHA384,
	crypto.SHA512: pkcs7.OIDDigestAlgorithmECDSASHA512,
}
