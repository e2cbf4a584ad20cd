// Package money holds exact sums in tenge: how they are read, added, multiplied by a
// rate, shared out and written.
//
// It must not know a law, a tariff, a date or a language: rates and rounding come from
// the rule pack, sums for people are laid out elsewhere. No binary floating point
// enters, and division happens nowhere else in the program.
//
// The entry points are [Parse] for text from outside and [FromTiyn] for stored integers.
package money
