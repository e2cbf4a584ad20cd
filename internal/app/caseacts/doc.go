// Package caseacts is what people do to cases by hand: what it would do is shown first, it takes one word or two, and is done to one case or
// to a list that never changes, each case once.
//
// An act is made as a draft with its list. Its maker looks at what it would do and asks for it; where it takes two, another one sees the same
// within a day and agrees or refuses. What a command does to a case is decided by the engine, before as a preview and then in earnest; cases
// that are not any more as they were when the list was made are left alone by acts of two, since nobody has seen what would happen to them.
// A list is done in parts, each in one transaction with what it did, so that whoever goes on after a crash does nothing twice.
//
// It must not decide what a command does, write a case otherwise than by the engine, know a person behind a case, HTML or HTTP. Who may say
// which word is for those who know roles; that nobody agrees to an act of his own is held here and in the database.
//
// Entry points: [New], [Kinds].
package caseacts
