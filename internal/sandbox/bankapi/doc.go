// Package bankapi is a bank's side of the bank protocol, version 1, for the sandbox and the tests: over HTTP, and by files. It speaks for
// any orders.Peer, so that the books of the sandbox's banks can be reached as a real bank is.
//
// Charter: it believes nobody. A request is taken only when it is signed by the ministry, of now, for this bank, and as the contract
// says; otherwise nothing of it is. It can be told to fail in every way that a bank fails ([Fault]).
//
// It must not be reachable in a production configuration or know what an order is for. It shares the encodings with the client, which
// peers of others check (a validating proxy, xmllint, openssl); everything else is its own.
//
// Entry points: [New] for HTTP, [Files] for a bank without it, [Bank.Hint] for callbacks.
package bankapi
