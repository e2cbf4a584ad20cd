// Package sms takes notices to an SMS centre over SMPP 3.4 and brings its receipts back.
//
// A [Gateway] keeps one or several binds (bind_transceiver), each with a window of requests under way and a rate. A message goes
// out in one part or several (UDH concatenation), in the GSM alphabet where that is enough and in UCS-2 otherwise, with a
// validity period, so that a late queue of the centre delivers nothing in the quiet hours, and with a request for receipts.
// Receipts speak of parts, by the centre's own numbers; package notify puts them together again.
//
// The outcome of a submission is told as exactly as it can be known: what never left is notify.NotFound, what may have left is
// notify.Unknown, and only what the centre says of the very number is notify.Rejected: a fault of our own settings must not
// cost a debtor his notice.
//
// The codec is that of github.com/linxGnu/gosmpp. Its session is not used: it does not tell whether a request that failed had
// been written, and it takes a refusal without a body, which the standard allows, for a broken stream.
package sms
