package intake

import (
	"slices"
	"strconv"
	"strings"
)

// fieldOfReport stands for a column of [WriteReport]: such a file comes back corrected, and the column is passed over.
const fieldOfReport = FieldCount

// checkHeader maps columns to fields: every column known, none twice, every required one there.
func checkHeader(titles []string, row int, sourceKnown bool) ([]Field, error) {
	if len(titles) > maxColumns {
		return nil, &FatalError{Row: row, Code: FatalColumns, Remedy: "a batch has at most " + strconv.Itoa(maxColumns) + " columns"}
	}
	columns := make([]Field, len(titles))
	var seen [FieldCount]bool
	var unknown, twice, missing []string
	for i, title := range titles {
		f, ok := fieldNamed(title)
		switch {
		case !ok && slices.Contains(reportColumns, strings.ToLower(strings.TrimSpace(title))):
			columns[i] = fieldOfReport
		case !ok:
			unknown = append(unknown, "column "+strconv.Itoa(i+1))
		case seen[f]:
			twice = append(twice, f.String())
		}
		if ok {
			columns[i], seen[f] = f, true
		}
	}
	for _, f := range required {
		if !seen[f] && (f != FieldSource || !sourceKnown) && (!seen[FieldAction] || mustWithdraw[f]) { // a list of withdrawals needs no more
			missing = append(missing, f.String())
		}
	}
	switch {
	case len(unknown) == len(titles): // nothing is known: most likely there is no header
		return nil, &FatalError{Row: row, Code: FatalHeaderMissing, Fields: missing, Remedy: "begin the file with a row of column names: " + strings.Join(fieldNames[:], ", ")}
	case len(unknown) > 0:
		return nil, &FatalError{Row: row, Code: FatalHeaderUnknown, Fields: unknown, Remedy: "rename or remove the column; known names: " + strings.Join(fieldNames[:], ", ")}
	case len(twice) > 0:
		return nil, &FatalError{Row: row, Code: FatalHeaderTwice, Fields: twice, Remedy: "keep each column once"}
	case len(missing) > 0:
		return nil, &FatalError{Row: row, Code: FatalHeaderMissing, Fields: missing, Remedy: "add the columns"}
	}
	return columns, nil
}
