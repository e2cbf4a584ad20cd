package proof

// Codes of [Error].
const (
	CodeMissing        = "signature_missing"
	CodeMalformed      = "signature_malformed"
	CodeTooLarge       = "signature_too_large"
	CodeAttached       = "signature_attached" // the signature carries content of its own
	CodeAlgorithm      = "signature_algorithm"
	CodeGOST           = "signature_gost"
	CodeMismatch       = "signature_mismatch" // other bytes than those that were signed
	CodeInvalid        = "signature_invalid"  // not made with the key of its certificate
	CodeWrapped        = "signature_wrapped"  // stands in a place, or speaks of an element, where it proves nothing
	CodeKind           = "signature_kind"     // the source proves itself in another way
	CodeUntrusted      = "signer_untrusted"
	CodeNotAllowed     = "signer_not_allowed"
	CodeUsage          = "certificate_usage"
	CodeExpired        = "certificate_expired"
	CodeNotYetValid    = "certificate_not_yet_valid"
	CodeDocument       = "document_malformed"
	CodeDocumentTooBig = "document_too_large"
)

// Error says that a proof is refused: where, why and, by its message, what to do. It holds nothing of the document and
// nothing that a certificate says of a person.
type Error struct {
	Code  string // one of the codes above
	Place string // part of the signature, the certificate or the document
}

// Error names place, code and remedy in one line.
func (e *Error) Error() string {
	return "the proof is refused: " + e.Place + ": " + e.Code + ": " + Message(e.Code, "en")
}

func refuse(code, place string) error { return &Error{Code: code, Place: place} }
