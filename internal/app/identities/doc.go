// Package identities is what people say of whom a row of a court batch means, where the row itself leaves that open: one says that it is the
// person of its IIN, or that the court has to send it again; another, never the same one, agrees within a day. With the second word the row
// gets its verdict: let in, by the way of any other row, or sent back. Before it nothing happens to anybody.
//
// It must not decide about a row otherwise than by package intake, write a case, or show a person without a reason that is kept. Who may say
// which word is for those who know roles; that nobody agrees with himself is held here and in the database.
//
// Entry point: [New].
package identities
