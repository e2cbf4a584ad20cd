// Package pg owns every connection to PostgreSQL: the pool with its timeouts, the one
// transaction helper, the start-up check of durability, and the private embedded server
// that the demo, the benches and the tests run on.
//
// It must not know a single table of the product, hold a business rule, or retry anything
// that may already have been committed.
//
// # Lock order
//
// Every transaction that locks more than one row takes the locks in this order, and rows of
// one kind by ascending id:
//
//	case → payment → notice
//
// An arrest, an order and an audit link belong to their case and are written under its lock.
// Whoever needs a case after it holds a payment must roll back and begin again from the case.
//
// The entry points are [Open], [InTx], [Together], [Copy], [Durable] and [StartEmbedded].
package pg
