// Package notes keeps what those who handle a case write down about it: for good, in order, and without the person's number.
//
// It must not change a note, decide who may write or read one, or look at a case.
//
// The entry point is [New].
package notes
