// Package papers says which documents of a case there are, and makes them: the decrees, the notices as they were sent, the
// confirmation of a refusal, the payment slip. The portal and the desk share it. A document is made of the events of the case, of the
// rules of their day and of what never changes, so that one that is made again is the same bytes.
//
// It must not decide anything, write anything, read a clock, or say that a decree is signed when nobody has said so.
//
// The entry point is [New].
package papers
