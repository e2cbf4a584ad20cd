// Package accounts is the accounts of a small installation that has no provider of identities: a name, a password and the codes of a
// telephone, with the roles and regions that somebody has been given, by whom and why. At the desk two people give them: one proposes, another
// agrees within a day; one takes them away, at once. The command on the server gives them as long as there are not two administrators who could.
//
// It must not begin a visit, know HTML or HTTP, or tell whether an account exists to whoever cannot sign in. Times are the database's real
// time, also in a sandbox: the codes of a telephone go by it.
//
// Entry points: [New], [Check].
package accounts
