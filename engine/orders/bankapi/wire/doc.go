// Package wire is how the ministry and a bank write to each other, version 1: what a message may hold, two encodings of it
// (JSON and XML) that mean the same, and the signature over its raw bytes. The contract for others is openapi.json in package
// bankapi and deploy/schema/bank.xsd.
//
// Charter: a message is read in one way or not at all. What the contract does not describe is refused, and so is what two readers
// could see differently: names twice or in another case, document types, entities, comments, a second root, sums and ids that are
// not in their one form. Both encodings come from one description of the messages ([Kind] has the list), so that they cannot
// drift apart.
//
// It must not speak HTTP, open a file, read a clock, or decide what an answer changes. Its errors name the place and never the value.
//
// Entry points: [Encode], [Decode], [Doubt], [NewSigner], [NewVerifier].
package wire
