// Package iso is what the messages of ISO 20022 have in common: the namespace that tells what a document is, and a walk through
// its elements without building a tree.
//
// Charter: the document's kind and version, the order of calls, one root, one namespace, nothing twice that may be there once. It
// must not know what a statement or a payment order means.
//
// The entry points are [Open] and [Document.Walk].
package iso
