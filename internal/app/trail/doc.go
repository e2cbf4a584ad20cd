// Package trail is what auditors ask of what was recorded: which events there were and what each changed, what people did at the desk, and
// who saw whose data; and it asks for runs of the verifier of the record.
//
// It must not change anything that it reads, count or skip through a table, know HTML or HTTP, or show more of a person than the record
// does, which holds none. It writes two things: that a run was asked for, and that a list has left the house.
//
// Entry points: [New], [ParseEvents], [ParseActs].
package trail
