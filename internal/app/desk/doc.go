// Package desk holds what an operator may see: how all cases stand, and one case with everything that happened to it and why.
//
// It must not import River or net/http, know HTML, change a case, or show more of a person than initials and a masked IIN.
// Counts of cases and debts come from the running totals, so they are exact and cost the same at any size.
//
// The entry point is [New].
package desk
