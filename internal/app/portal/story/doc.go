// Package story tells a case in sentences: which text says what an event means, what came of an order, and on which
// articles a decision rests. The pages of debtors and of operators share it.
//
// It must not decide anything, write anything, or hold personal data; the texts themselves are in i18n, the rules in the
// pack that made the decision.
//
// The entry point is [Teller.Case].
package story
