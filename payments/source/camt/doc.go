// Package camt reads bank statements (camt.053) and notifications of movements (camt.054) of ISO 20022, versions 001.02 to
// 001.13.
//
// Charter: booked entries as lines, in memory that does not grow with the file; a batch entry becomes the lines of its parts. It
// must not decide whether a statement is sound ([source.Check] does) or what a line pays for.
//
// What it makes of a statement:
//
//   - Entries that are not booked (PDNG, INFO, FUTR) are counted, and are no lines.
//   - The reference of a line is the bank's for the transaction, or else the bank's for the entry; parts of a batch without one
//     of their own get that of the entry with their number behind it.
//   - A reversal keeps the roles of the movement that it takes back: the other side is still the first payer.
//   - Without a period the balances tell it, and without balances the bookings.
//
// The entry point is [Read].
package camt
