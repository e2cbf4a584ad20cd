// Package contact knows how each debtor wishes to be reached, and by what: the language and the channel that he prefers, the
// devices that he has registered, the chat that he has linked. All of it belongs to the person and holds for all of his cases.
//
// It must not send anything, decide by which channels a notice goes, give anybody a right to change a wish (who asks has passed
// the gate), or write a token, a chat or a code in the clear. Every change leaves an act that says who changed what and when.
//
// The entry point is [New].
package contact
