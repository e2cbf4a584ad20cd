// Package caseno writes, reads and finds the numbers of cases.
//
// Charter: one number, one spelling: YY-NNNNNNN-C. YY are the last two digits of the year, NNNNNNN is the serial
// number in that year, C is a check digit by Damm's method (H. Michael Damm, "Total anti-symmetrische Quasigruppen",
// dissertation, Philipps-Universität Marburg, 2004; the quasigroup of its page 111). It catches every error in one
// digit and every swap of two neighbours, 09 and 90 included, which the method of Luhn lets pass.
//
// A person copies this number by hand into a bank's form, so reading is lenient about dashes and spaces and strict
// about digits; the check digit decides. The id in the database is YY * 10 000 000 + serial.
//
// The package must not know what a case is, must not touch the database, and must never repeat the text it was given
// in an error: people type their identification number into the wrong field.
//
// Entry points: [Format], [Parse], [ParseTyped], [FindAll].
package caseno
