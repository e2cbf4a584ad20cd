package intake

import (
	"context"
	"io"
	"iter"
)

// FileReport is the file of a batch given back, each row with what became of it.
type FileReport struct {
	MediaType string
	Extension string // with its dot

	rows     RowReader
	verdicts iter.Seq2[RowVerdict, error]
	language string
}

// Write writes the report, once. See [WriteReport].
func (r *FileReport) Write(w io.Writer) error {
	return WriteReport(w, r.rows, r.verdicts, ReportOptions{Language: r.language})
}

// FileReport opens the report of a batch for as long as the context lives, whatever the batch's state: rows without a
// verdict yet come without one. A file that cannot be read as a whole is a *[FatalError], one that was not kept
// [ErrNoBatch].
func (in *Inbox) FileReport(ctx context.Context, id int64, language string) (*FileReport, error) {
	if _, err := in.File(ctx, id); err != nil {
		return nil, err
	}
	b, err := in.workBatch(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, err := Open(in.content(ctx, id, b.Size, b.proven), b.given() != "")
	if err != nil {
		return nil, err
	}
	r := &FileReport{MediaType: "text/csv; charset=utf-8", Extension: ".csv", rows: rows, verdicts: in.verdicts(ctx, id), language: language}
	if rows.layout().workbook {
		r.MediaType, r.Extension = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"
	}
	return r, nil
}

// verdictsAtOnce is how many verdicts one query of a report brings.
const verdictsAtOnce = 2000

func (in *Inbox) verdicts(ctx context.Context, id int64) iter.Seq2[RowVerdict, error] {
	return func(yield func(RowVerdict, error) bool) {
		for after := 0; ; {
			page, err := in.Rows(ctx, id, RowQuery{After: after, Limit: verdictsAtOnce})
			if err != nil {
				yield(RowVerdict{}, err)
				return
			}
			for _, r := range page {
				if !yield(RowVerdict{Row: r.Row, Verdict: r.Verdict, Code: r.Code, Field: r.Field}, nil) {
					return
				}
				after = r.Row
			}
			if len(page) < verdictsAtOnce {
				return
			}
		}
	}
}
