// Package fcm takes notices to Firebase Cloud Messaging (HTTP v1), which takes them to the debtor's phone.
//
// A [Gateway] signs in as a service account, sends each message by a request of its own, so many at a time and in a second, and
// keeps still while FCM wants it. A message says how many seconds are left until its end, so that a phone that was off shows
// nothing in the quiet hours; its reference is the tag, the collapse key and the field "ref" of what the app gets.
//
// The outcome of a request is told as exactly as it can be known. What never left, or was refused for our own fault, is
// notify.NotFound; what may have been taken is notify.Unknown; only what FCM says of the very registration token is
// notify.Rejected. A token that belongs to nobody any more is reported to its owner, see [Config.Gone].
//
// FCM tells neither whether a phone has shown a message nor what became of one: notify.Accepted is no delivery, no receipt
// ever comes, and no term begins by this channel. Its documentation adds that it keeps no more than four collapsible messages
// for a phone that is off, and that it takes every message with a title and a text for one of those.
//
// It must not read a database, keep a registration token or write one anywhere. Access tokens come by golang.org/x/oauth2/jwt.
package fcm
