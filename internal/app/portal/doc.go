// Package portal holds what a debtor may do: come in by the personal link, see the own case, pay, refuse the simplified
// procedure and take the refusal back, and say how to be told.
//
// It must not import River or net/http, know HTML, write a case other than by a command to the engine, or give any
// personal data to somebody who has not passed the gate.
//
// The entry point is [New].
package portal
