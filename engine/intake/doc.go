// Package intake takes court batches in: it reads files of writs in their encodings, checks every row, stages a verdict
// for each of them and has the engine open a case for each writ that qualifies. Every row gets exactly one verdict:
// accepted, duplicate, rejected or quarantined; the first stays in the case, the others stay in the batch with their
// reason, and what was not accepted keeps its sealed content.
//
// It must not state a rule of law (package rules decides), write a case (only engine.Store does), send anything, or put
// personal data into errors, traces or logs.
//
// The entry points are [Importer.Import] for a file, [Open] for the rows of one, [WriteReport] for the same file with what
// became of each row, and [Check] for the invariants.
// A further encoding is one file with one [RowReader] and one line in the table of encodings.
package intake
