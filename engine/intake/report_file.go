package intake

import (
	"context"
	"fmt"
	"io"
	"iter"
)

// RowReport is the file of a batch once more, with what became of each row. It reads the database while it is written.
type RowReport struct {
	Workbook bool // an XLSX; otherwise a CSV
	rows     RowReader
	verdicts iter.Seq2[RowVerdict, error]
	language string
}

// reportPage is how many verdicts are read at once.
const reportPage = 2000

// RowReport begins the report of a batch whose rows have verdicts. It is an error when the file was not kept.
func (in *Inbox) RowReport(ctx context.Context, id int64, language string) (*RowReport, error) {
	b, err := in.workBatch(ctx, id)
	if err != nil {
		return nil, err
	}
	if b.Size == 0 {
		return nil, fmt.Errorf("%w: the file of batch %d was not kept", ErrNoBatch, id)
	}
	rows, err := Open(in.content(ctx, b.ID, b.Size, b.proven), true)
	if err != nil {
		return nil, err
	}
	return &RowReport{Workbook: rows.layout().workbook, rows: rows, verdicts: in.verdicts(ctx, id), language: language}, nil
}

// Extension is that of the report's name.
func (r *RowReport) Extension() string {
	if r.Workbook {
		return ".xlsx"
	}
	return ".csv"
}

// Write writes the report, once.
func (r *RowReport) Write(w io.Writer) error {
	return WriteReport(w, r.rows, r.verdicts, ReportOptions{Language: r.language})
}

func (in *Inbox) verdicts(ctx context.Context, id int64) iter.Seq2[RowVerdict, error] {
	return func(yield func(RowVerdict, error) bool) {
		for after := 0; ; {
			page, err := in.Rows(ctx, id, RowQuery{After: after, Limit: reportPage})
			if err != nil {
				yield(RowVerdict{}, err)
				return
			}
			for i := range page {
				if r := &page[i]; !yield(RowVerdict{Row: r.Row, Verdict: r.Verdict, Code: r.Code, Field: r.Field}, nil) {
					return
				}
			}
			if len(page) < reportPage {
				return
			}
			after = page[len(page)-1].Row
		}
	}
}
