// Package caselist finds cases and lists them for those who work at the desk: by what was typed into one box, by filters that are in the
// address, a page at a time, and as files. It keeps who has looked for what, and at whom.
//
// It must not change a case, know HTML or HTTP, show more of a person than initials and four digits except in [Store.Unmask], or put
// anything personal into an address: what was typed is kept sealed under a random word. Nothing here counts or skips through a table: a
// walk looks at a bounded number of cases and says how far it got.
//
// Entry points: [ParseFilter], [Guess], [New].
package caselist
