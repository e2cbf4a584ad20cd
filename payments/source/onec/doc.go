// Package onec reads the exchange text between banks and 1C accounting, 1CClientBankExchange.
//
// Charter: statements out of the sections of accounts, lines out of the sections of documents; the keys of Kazakhstan's banks and
// of the format's first edition mean the same. It must not decide whether a statement is sound ([source.Check] does).
//
// The format gives a movement no reference of the bank; the number of the document, which the payer gave it, is what travelled
// with the money. A file may hold several accounts, and one account may have a section for each day.
//
// The entry point is [Read].
package onec
