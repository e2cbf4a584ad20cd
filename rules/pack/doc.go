// Package pack reads the rule pack: the dated parameters of the law, each with its unit,
// validity, citation and a note in Kazakh, Russian and English.
//
// It must not decide anything about a writ or a case, read the clock, or open a database:
// it answers what value was in force on a day. A fault in the data is reported at load
// time with file, line and reason, never patched over.
//
// The entry points are [Default] for the embedded pack and [Load] for any other.
package pack
