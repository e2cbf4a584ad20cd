// Package pain writes payment orders for our bank (pain.001) and reads what became of them (pain.002).
//
// Charter: refunds to payers and remittances to claimants as a file, the same bytes for the same orders whenever they are asked
// for; the answers as plain values. It must not decide who gets money, release anything, or speak to a bank.
//
// Letters: identifiers are of the small set that every system between banks keeps; names and purposes may have Latin and Cyrillic
// letters with those of Kazakh, digits and common marks, in UTF-8 and composed form. Quotes and dashes of typesetters become
// plain ones, anything else is refused with its field named.
//
// Budget money: KNP is the code of the purpose (Purp/Prtry), KBK the category of the tax record (Tax/Rcrd/Ctgy).
//
// The entry points are [Write] and [ReadStatus].
package pain
