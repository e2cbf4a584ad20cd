// Package gateway takes the messages of payment gateways: signed by Standard Webhooks, kept raw, read strictly.
//
// Charter: a message counts only when its signature over the raw bytes and its time are proven; it is kept before it is
// answered; the same bytes may come any number of times. Reading happens later and apart: what was signed but cannot be
// read is kept all the same and reported.
//
// It must not open a transaction, book money, look up a case, start a job, read a clock, or log: the inbox, the time and
// the observer are given to it. Secrets and bodies never appear in an error.
//
// Entry points: [Handler] for HTTP, [Parse] for the reading.
package gateway
