// Package acts keeps what people want to do with money that the robot cannot place, and who decided it: one person proposes, another
// does it within 24 hours, and what was said once is never changed.
//
// Charter: it knows whether an act can be meant at all, from the payments alone, and holds the rule of two people together with
// the database. What an act does to a case is decided by the engine and told here as an [Effect], so that both people see the
// same thing and nothing else happens than what the second one saw.
//
// It must not change a case, a payment or the ledger, look at a purpose text, or know a name.
//
// Entry point: [Store].
package acts
