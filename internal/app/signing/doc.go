// Package signing has the decrees of cases signed, each once, and keeps them as they were signed: what the head of a territorial body has
// signed cannot be made again, under another certificate or at another instant, so the bytes are kept, sealed.
//
// It must not decide which decrees there are or what they say (package papers does), change or drop one that was signed, or say that one is
// signed before its signature was verified. It never signs when somebody reads: only workers do.
//
// The entry points are [NewKept], which says what was signed, and [Signing.Run].
package signing
