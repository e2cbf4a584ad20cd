// Package intake takes court batches in: it reads files of writs in their encodings, checks every row, stages a verdict
// for each of them and has the engine open a case for each writ that qualifies. Every row gets exactly one verdict:
// accepted, duplicate, rejected or quarantined; the first stays in the case, the others stay in the batch with their
// reason, and what was not accepted keeps its sealed content.
//
// It must not state a rule of law (package rules decides), write a case (only engine.Store does), send anything, or put
// personal data into errors, traces or logs.
//
// The entry point is [Inbox], the one way in for the command, the API and the drop folder: it keeps the file, looks at it,
// stops at the gate, and takes it in. [Importer] is the pipeline behind it, which benches and the demo feed directly; [Open]
// gives the rows of a file, [WriteReport] the same file with what became of each row, and [Check] proves the invariants.
//
// A row asks for one of four actions: open a case, withdraw or cancel a writ that has one, or correct it. A correction may
// lower the sum and change requisites; a higher sum is refused, which is the debtor's favour where the law says nothing.
//
// A row that waits since its person is doubtful gets a later verdict by the word of two people: [Inbox.LetIn] takes it the way of any other
// row, [Inbox.SendBack] leaves it to its court.
//
// A further encoding is one file with one [RowReader] and one line in the table of encodings.
package intake
