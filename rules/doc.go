// Package rules says what the law and the tariff require on a given day: whether a writ
// qualifies for the simplified procedure, when a term ends, what hand-over costs, when a
// notice may leave. Every answer comes with its [Trace]: facts, rule, outcome.
//
// It must not read the clock, touch a database or a network, know a case or its state, or
// hold a figure of its own: figures live in the rule pack, dates come from the caller.
//
// The entry point for writs is [Eligibility].
package rules
