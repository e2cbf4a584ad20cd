// Package engine is the case: its states, the commands that may reach it, the events that change it and the effects
// that follow. [Decide] says what happens and touches nothing: no clock, no database, no map order. [Store.Apply] is the
// only writer of a case; it takes a batch.
//
// It must not call anything outside the database, import another domain, River or net/http, or state a rule of law
// (those live in rules).
package engine
