// Package bench measures the product: how many cases a second go through their whole life, and how fast a court batch is
// taken in, each beside a floor and a rival that are measured in the same run, on the same machine, with the same rows.
//
// It must not take a way that the product does not have: it calls what workers, the pulse and the web hooks call, on a
// durable database of its own, and a run whose result is not right is an error and no figure. It knows no sandbox; the
// court batch is handed in, and the bank and the message centres here answer at once and keep books.
//
// Its entry points are [Lifecycle], [Import], [Reconcile], [Notices], [Web] and [Desk].
package bench
