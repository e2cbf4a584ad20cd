// Package httpsms takes notices to an SMS gateway over HTTP and takes its delivery reports in.
//
// A [Gateway] speaks one of two dialects: that of Kannel, whose sendsms interface many aggregators offer, and a JSON interface of
// our own, which contract.json describes for whoever wants to build it. [Parse] reads which one, [Gateway.Handler] serves the
// reports.
//
// The outcome of a request is told as exactly as it can be known. What never left, or was refused for our own fault, is
// notify.NotFound; what may have been taken is notify.Unknown; only what is said of the very number is notify.Rejected: a wrong
// password must not cost a debtor his notice. A message says how long it is worth sending, so that a late queue delivers nothing
// in the quiet hours.
//
// To Kannel a message goes by POST, part by part, each with its own header of concatenation and its own address for reports.
// The POST, since in the address of a GET the number, the text and the password would stand in the log of every proxy. The parts,
// since Kannel cuts off, without a word, what is longer than its max-messages, which is one; and since a message whose first part
// has arrived has not arrived. Kannel must not add a header or a footer to texts, must not answer before its bearerbox has
// (immediate-sendsms-reply), and must fetch reports again that were not taken (http-request-retry, which is zero otherwise).
//
// A report is answered with success only after it is kept. Whoever reports to us proves himself: to Kannel by a token in the
// address, which fits one part of one message, in JSON by a signature after Standard Webhooks.
//
// It must not read a database, follow a redirect, repeat a request, or write a number, a text or a secret anywhere.
package httpsms
