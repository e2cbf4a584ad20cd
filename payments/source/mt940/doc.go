// Package mt940 reads the customer statement message of SWIFT, MT940, bare or in its envelope, several in one file.
//
// Charter: statements and lines out of fields. It must not take interim reports (MT942) for statements, nor decide whether a
// statement is sound ([source.Check] does).
//
// Letters are UTF-8 or CP1251. What stands in :86: is free, so three habits are understood: numbered parts (?20, ?32), codes
// between slashes (/REMI/, /ASSIGN/, /IDN/), and plain words.
//
// The entry point is [Read].
package mt940
