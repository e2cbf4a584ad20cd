// Package natapp takes notices to the push gateway of a national app, and takes its receipts.
//
// What the two sides say to each other is a contract of our own, version 1, since there is no other: openapi.json in this folder,
// also [Contract]. Both directions are JSON over HTTPS, signed after Standard Webhooks over the raw body, each with a secret of
// its own. A signature covers no address, so that each body names its kind, and what was signed for one purpose proves nothing
// for another.
//
// A [Gateway] sends many messages by one request and reads one result for each. The outcome is told as exactly as it can be
// known: what never left, or was not taken, is notify.NotFound; what may have been taken is notify.Unknown, and can be asked for,
// since the gateway knows a message by our reference; only what is said of the very recipient is notify.Rejected. A message that
// is sent again under its reference is not shown again.
//
// A [Receiver] is the http.Handler for receipts. It answers 204 only after they are kept, so that a gateway that heard nothing
// sends again. A push that was delivered to a device, or opened, is a notice delivered, and a term may begin by it: a receipt
// counts only when its signature and its time are proven, and only for a notice by push.
//
// It must not read a database, keep what a device is known by, or write that, a text or a secret anywhere. The signatures of
// package payments/source/gateway are the same in form; the domains do not import each other, and both use the library of
// Standard Webhooks.
package natapp
