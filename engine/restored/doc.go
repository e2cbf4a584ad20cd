// Package restored notices that the database is an older copy of itself, so that banks and payment systems are ahead of it, and
// keeps coercion off until every bank was compared and two people have looked.
//
// A restored copy cannot know by itself that it is one. So whoever works with a database keeps the furthest beat of it in a file
// outside of it ([Mark]); a database whose beat lies behind the file was restored. A person may say so ([Declare]), and so may
// the daily compare, when a bank knows an order that is newer than all we know.
//
// It must not call banks, adopt orders (engine/orders does) or let coercion go on by itself. Its entry points are [Mark.Beat] and
// [Declare].
package restored
