package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"

	"robotbailiff/engine"
	"robotbailiff/internal/seal"
)

// DefaultChunkSize is the number of rows of one transaction.
const DefaultChunkSize = 2000

// maxChunkSize bounds Options.ChunkSize.
const maxChunkSize = 5000

// DefaultMaxErrors is the number of rows that a report lists; the batch keeps all of them.
const DefaultMaxErrors = 1000

// Importer takes court batches in. It is safe for concurrent use.
type Importer struct {
	store *engine.Store
	keys  *seal.Keys
}

// New returns an importer that opens cases in the store and seals personal data with the keys.
func New(store *engine.Store, keys *seal.Keys) *Importer { return &Importer{store: store, keys: keys} }

// Options changes one import. The zero value is the usual one.
type Options struct {
	DryRun    bool   // decide everything, write nothing
	ChunkSize int    // rows of one transaction; 0 means DefaultChunkSize
	MaxErrors int    // rows that the report lists; 0 means DefaultMaxErrors
	Language  string // of the messages in the report: kk, ru or en; empty means ru
	// Progress is told the number of rows that have a verdict, after each chunk.
	Progress func(rows int)

	enough func() bool // asked after each chunk whether to stop here; may be nil
}

// Report says what became of a file. Rows is the sum of the four verdicts.
type Report struct {
	BatchID     int64 `json:"batch,omitempty"` // 0 for a dry run
	Rows        int   `json:"rows"`
	Accepted    int   `json:"accepted"`
	Duplicate   int   `json:"duplicate"`
	Rejected    int   `json:"rejected"`
	Quarantined int   `json:"quarantined"`
	// Errors lists the first rows that were not accepted: problems before duplicates, in the order of the file.
	Errors []RowError `json:"errors"`
	// SameAs is the batch in which this very file was received before.
	SameAs int64 `json:"same_as,omitempty"`
	// Resumed says that the batch had been begun by an import that did not end, or that another one works on it.
	Resumed bool `json:"resumed,omitempty"`
}

// RowError is one row that was not accepted.
type RowError struct {
	Row     int    `json:"row"` // as a spreadsheet shows it: the header is row 1
	Code    string `json:"code"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Import takes a file in, chunk by chunk, each in one transaction. A sender who is known speaks
// for himself alone: rows of another source are refused. With an empty source each row names its own, and the batch bears
// that of the first. A file that cannot be read as a whole gives a *[FatalError] and stores nothing. When Import
// is cut short, the same call goes on where it ended; a file that was received before gives duplicates only.
func (im *Importer) Import(ctx context.Context, source, fileName string, r io.Reader, o Options) (Report, error) {
	o = o.withDefaults()
	source, _ = tidy(source)
	c, err := im.seen(ctx, r, source, o)
	if c == nil && err == nil {
		c, err = keep(r, source)
	}
	if err != nil {
		return Report{}, err
	}
	c.suspects = c.look.crowd.suspects(im.keys)
	rep, err := im.take(ctx, baseName(fileName), c, o)
	return rep, errors.Join(err, c.close())
}

func (o Options) withDefaults() Options {
	if o.ChunkSize <= 0 {
		o.ChunkSize = DefaultChunkSize
	}
	o.ChunkSize = min(o.ChunkSize, maxChunkSize)
	if o.MaxErrors <= 0 {
		o.MaxErrors = DefaultMaxErrors
	}
	if o.Language == "" {
		o.Language = "ru"
	}
	if o.Progress == nil {
		o.Progress = func(int) {}
	}
	return o
}

func (im *Importer) take(ctx context.Context, fileName string, c *content, o Options) (Report, error) {
	if o.DryRun {
		return im.dryRun(ctx, c, o)
	}
	b, err := im.begin(ctx, c.look.source, fileName, c.sum[:])
	if err != nil {
		return Report{}, err
	}
	if b.sameAs != 0 {
		err = im.repeat(ctx, b, o)
	} else if c.seen {
		err = fmt.Errorf("intake: batch %d: the batch of the same file is gone: import it again", b.id)
	} else {
		err = im.stage(ctx, b, c, o)
		if _, fatal := errors.AsType[*FatalError](err); fatal {
			err = errors.Join(err, im.fail(ctx, b.id))
		}
	}
	if err != nil {
		return Report{BatchID: b.id}, err
	}
	if err := im.end(ctx, b, c.look.rows); err != nil {
		return Report{BatchID: b.id}, err
	}
	return im.report(ctx, b, o)
}

// stage runs the rows through the pipeline: one goroutine reads further while the lanes store what was read.
func (im *Importer) stage(ctx context.Context, b batch, c *content, o Options) error {
	again, err := c.again()
	if err != nil {
		return err
	}
	rows, err := Open(again, true)
	if err != nil {
		return err
	}
	if _, err := im.store.Pool().Exec(ctx, formatSQL, b.id, formatOf(rows)); err != nil {
		return fmt.Errorf("intake: batch %d: format: %w", b.id, err)
	}
	l := im.lanes(ctx, b.id, c.suspects)
	// Of the rows that have a verdict only those of the waves that were under way at the last end may be scattered.
	done := max(0, b.rows-maxWaves*laneCount*maxChunkSize)
	tell := func(w *wave) {
		if w != nil {
			done += w.rows
			o.Progress(done)
		}
	}
	read := chunking{skip: done, size: laneCount * o.ChunkSize, lag: maxWaves - 1, source: c.given, keys: im.keys}
	err = pipeline(ctx, rows, read, func(_ context.Context, items []item) error {
		before, err := l.store(items)
		if err != nil {
			return err
		}
		tell(before)
		if len(l.last.open) > 0 && o.enough != nil && o.enough() { // whoever comes back has something done each time
			return errPaused
		}
		return nil
	})
	last, failed := l.end() // what the lanes have begun ends well, whatever ails the rows behind it
	if failed != nil {
		return failed
	}
	if tell(last); err != nil {
		return err
	}
	return again.same()
}

// formatOf is how rows are written, whatever archive is around them: what is new of it is put on trial.
func formatOf(rows RowReader) string {
	if packed, ok := rows.(*packedRows); ok {
		return packed.RowReader.Format()
	}
	return rows.Format()
}

// baseName keeps what a person recognises of a name that came from outside.
func baseName(name string) string {
	if name == "" {
		return ""
	}
	name = filepath.Base(filepath.ToSlash(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/")))
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	if runes := []rune(name); len(runes) > 200 {
		name = string(runes[:200])
	}
	return name
}

// errRows says that the sums of a batch do not add up.
func errRows(batchID int64, want, got int) error {
	return fmt.Errorf("intake: batch %d: %d of %d rows have a verdict", batchID, got, want)
}
