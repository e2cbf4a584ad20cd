// Package passcode makes and checks the codes of six digits that a debtor gets by SMS and types before the simplified procedure is refused, or before
// money goes back to an account: whoever has the link and knows the answers of the gate need not have the telephone.
//
// It must not send anything, decide whether something may be done, or keep a code, a telephone or what somebody typed. What is kept is a
// random nonce; the code is an HMAC of it under a key of the installation, cut to six digits, and bound to its case
// and its purpose.
//
// # Rules
//
// A case has one code at a time, for one purpose: a new one ends the one before. A code is good for ten minutes of real time, by the clock of the
// database, whatever legal time does; it takes five tries, and is used once. There are three an hour and six a day, a minute apart. Who
// uses a code locks its row first, and the case after it.
//
// A message with a code leaves at most once, and is not repeated when its fate is unknown: the debtor asks for another one.
//
// The entry points are [Store.Ask], [Store.Claim] and [Store.Use].
package passcode
