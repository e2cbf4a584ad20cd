// Package bankapi speaks the ministry's side of the bank protocol, version 1, over HTTP: one bank as an orders.Peer, and the address
// where banks hint that something is worth a query. openapi.json is the contract, deploy/docs/bank-protocol.md explains it.
//
// Charter: every request leaves once, to the one host that was configured, under TLS with a certificate of each side, signed over its
// raw bytes. An answer counts only when it is signed by the bank, is to this very request, is read in one way, and agrees with what
// was ordered; all else leaves the outcome unknown and is reported. What counts is kept as evidence before it is given on. A
// callback changes nothing: it names orders that are to be queried.
//
// It must not repeat a request, decide what an answer changes, open a transaction, log, or put an IIN, an account or a key into an
// error, a report or an address.
//
// Entry points: [New] for a bank, [NewHints] for the callbacks, [Why] for words about a failed call.
package bankapi
