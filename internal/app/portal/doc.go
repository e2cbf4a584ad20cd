// Package portal holds what a debtor may do: come in by the personal link or by the number of the case, see the own case, pay,
// refuse the simplified procedure and take the refusal back, say how to be told, and let a helper in, who may look and pay.
//
// It must not import River or net/http, know HTML, write a case other than by a command to the engine, or give any
// personal data to somebody who has not passed the gate.
//
// The entry point is [New].
package portal
