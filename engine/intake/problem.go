package intake

import (
	"fmt"
	"strings"

	"robotbailiff/rules"
)

// Codes of rows besides those of rules.Eligibility.
const (
	CodeRowMalformed = "row_malformed" // the row's structure is broken: columns, quotes, JSON
	CodeDuplicate    = "duplicate"     // this writ was received before, with the same content
	CodeConflict     = "conflict"      // a writ with this source and number was received before, with other content
	CodeRowFailed    = "row_failed"    // the row could not be stored; an engineer must look

	CodeWritUnknown      = "writ_unknown"      // there is no case of the writ that the row corrects
	CodeCaseEnded        = "case_ended"        // its case has ended for ever: nothing is left to correct
	CodeCorrectionRaises = "correction_raises" // the corrected sum is higher than what is claimed now
	CodeCorrectionField  = "correction_field"  // the correction changes what only a person may change

	CodeIdentityRefused = "identity_refused" // two people found that the writ does not say whom it means
	CodeSentBack        = "sent_back"        // two people looked at a row that waited for them, and do not take it
)

// Problem is why a row is not accepted. It holds no value of the row.
type Problem struct {
	Code  string
	Field string // name of the field, or ""
}

// Codes of [FatalError]: the file as a whole cannot be read, and nothing of it was stored.
const (
	FatalEmpty         = "file_empty"
	FatalFormat        = "format_unknown"
	FatalHeaderUnknown = "header_unknown"
	FatalHeaderMissing = "header_missing"
	FatalHeaderTwice   = "header_duplicate"
	FatalColumns       = "too_many_columns"
	FatalRows          = "too_many_rows"
	FatalQuote         = "quote_unclosed"
	FatalTooLong       = "record_too_long"
	FatalSource        = "source_missing"
	FatalXML           = "xml_invalid"        // not well formed, or with parts that data does not need
	FatalWorkbook      = "workbook_invalid"   // an XLSX whose parts do not fit together
	FatalArchive       = "archive_invalid"    // damaged, cut off or encrypted
	FatalEntries       = "archive_entries"    // not exactly one file in an archive
	FatalNested        = "archive_nested"     // an archive in an archive
	FatalUnpacked      = "unpacked_too_large" // more comes out of an archive than a batch can need
	FatalSize          = "file_too_large"
	FatalChanged       = "file_changed" // the one fatal error that may come late: the file was altered while it was read
)

// FatalError says that a file cannot be taken at all: where, why, and what to do. It holds no value of a row.
type FatalError struct {
	Row    int    // as a spreadsheet numbers it; 0 when the whole file is meant
	Code   string // one of the Fatal constants
	Fields []string
	Remedy string
}

// Error names place, code and remedy in one line.
func (e *FatalError) Error() string {
	var b strings.Builder
	b.WriteString("the file cannot be taken in")
	if e.Row > 0 {
		fmt.Fprintf(&b, ": row %d", e.Row)
	}
	b.WriteString(": " + e.Code)
	if len(e.Fields) > 0 {
		b.WriteString(" (" + strings.Join(e.Fields, ", ") + ")")
	}
	return b.String() + ": " + e.Remedy
}

// Verdict is what became of a row.
type Verdict string

// The verdicts; each row has exactly one.
const (
	Accepted    Verdict = "accepted"
	Duplicate   Verdict = "duplicate"
	Rejected    Verdict = "rejected"
	Quarantined Verdict = "quarantined" // a person must look before anything happens
)

// verdictOf says which verdict a code means.
func verdictOf(code string) Verdict {
	switch code {
	case "":
		return Accepted
	case CodeDuplicate:
		return Duplicate
	case CodeConflict, CodeRowFailed, CodeCorrectionField, rules.CodeIdentityConflict, rules.CodeMinor, rules.CodeRuleMissing:
		return Quarantined
	}
	return Rejected
}
