// Package trial keeps the first arrests of whatever is new until people have looked at them: of a court source, of a format of batches, of
// a version of the rules. A person confirms each or rejects it; two people together confirm all that wait, and end the trial when enough
// is confirmed. Until then nothing of what is new leaves that nobody has confirmed, however many cases wait: what a person has not seen
// is not taken. Notices, payments, lifts and terms go on all the while.
//
// Held arrests are orders that nobody was sent; they are planned when they leave, and withdrawn when they lose their ground.
//
// It must not decide about a case, import the engine, or call anything outside the database. A database may have no trials at all, as
// sandboxes have, whose debtors are nobody. Its entry points are [Gate], which a sender asks, and [Store], with which people act.
package trial
