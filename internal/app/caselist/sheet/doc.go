// Package sheet writes a table as a file that office programs open: nothing in it is a formula to any of them, digits that lead with zeros
// keep them, and every letter of Kazakh stays what it is.
//
// It must not know what the table is about. Pure: it writes where it is told.
//
// Entry points: [CSV], [XLSX].
package sheet
