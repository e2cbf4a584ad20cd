// Package jobs drives the work: every River job kind and queue, the pulse that heals what jobs lose, and the bridge that
// carries effects of the engine to notices and money and their news back to the engine. It is the only package that knows
// all three domains.
//
// It must not decide anything about a case, a notice or a payment: it carries. Jobs hold ids of chunks, never personal
// data, and may run any number of times; what is true is in the tables of the domains. Its entry point is [New].
package jobs
