// Package proof says whether a court batch comes from whom it claims and arrived as it was sent: detached CMS signatures
// over raw bytes, enveloped XML signatures, and the policy of a source that says which of them it needs and whom it
// trusts. It also signs what we send back.
//
// It must not read a clock (the instant is an argument), a database or the network, parse a batch, or put what a
// certificate says of a person into an error or a log. Whether a certificate was revoked is not looked at: that needs the
// network; who lost a key is taken out of the subjects of the source.
//
// The entry points are [NewPolicy], [VerifyCMS], [VerifyXML] and, for signing, [NewSigner]. The caller parses the bytes
// that were verified and no others: for CMS those whose SHA-256 is in [Signer], for XML those that VerifyXML returns.
//
// Accepted are RSA from 2048 bits with PKCS #1 v1.5 and ECDSA on P-256 and P-384, with SHA-256, SHA-384 or SHA-512. SHA-1
// and MD5 are refused. GOST is refused under a code of its own, since a verifier outside this program can check it.
package proof
