// Package worklist is what waits for a person, thing by thing, and who works it: lists that are read from what waits itself, and above them
// what people did: took a thing, gave it to somebody, gave it back, closed it with an outcome.
//
// It must not decide about a case, or keep a list of its own that could differ from what waits. What is done about a thing is done in its own
// room, and then it is on no list any more; only what no room ends is closed here.
//
// The entry points are [Kinds] and [Store].
package worklist
