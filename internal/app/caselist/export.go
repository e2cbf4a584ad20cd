package caselist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/app/caselist/sheet"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/person"
	"robotbailiff/internal/pg"
	"robotbailiff/rules/calendar"
)

// Format is how a list is written to a file.
type Format string

// Formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

const (
	// MostAlone is how many cases one person may take out of the house without another one.
	MostAlone = 100
	// MostExported is the most that a file has.
	MostExported = sheet.MaxRows
	// ExportLife is for how long one may agree to an export, and then take it.
	ExportLife = 24 * time.Hour
)

// Errors of exports. Each means what it says to the one who asked.
var (
	ErrNeedsTwo     = errors.New("caselist: so many cases leave the house only when another person agrees")
	ErrTooMany      = errors.New("caselist: a file has no room for so many cases")
	ErrTooSlow      = errors.New("caselist: the list is too wide to be walked through at once")
	ErrNothing      = errors.New("caselist: the list is empty")
	ErrFormat       = errors.New("caselist: there is no such format")
	ErrOwnExport    = errors.New("caselist: nobody agrees to an export of his own")
	ErrExportClosed = errors.New("caselist: the export was decided, has expired, or was taken")
)

// File is an export.
type File struct {
	Name, MediaType string
	Body            []byte
	Rows            int
}

// Export is what somebody asked for.
type Export struct {
	ID        int64
	Actor     string
	Reason    string
	Format    Format
	Filter    Filter
	Cases     int
	Made      time.Time
	DecidedBy string
	Agreed    bool
	Decided   time.Time
	Taken     time.Time
	Expired   bool // nobody decided in time, or it was not taken in time
	Mine      bool
}

// Open says whether the export waits for another person.
func (e Export) Open() bool { return e.DecidedBy == "" && !e.Expired }

// Ready says whether it can be taken.
func (e Export) Ready() bool { return e.Agreed && e.Taken.IsZero() && !e.Expired }

// Status is where it stands, as a word of the catalogs.
func (e Export) Status() string {
	switch {
	case !e.Taken.IsZero():
		return "taken"
	case e.DecidedBy != "" && !e.Agreed:
		return "refused"
	case e.Expired:
		return "expired"
	case e.Agreed:
		return "ready"
	}
	return "open"
}

// collect lists the cases of a filter to the end, at most so many and one.
func (s *Store) collect(ctx context.Context, who Who, f Filter, most int) ([]int64, error) {
	f.After, f.Before = Cursor{}, Cursor{}
	w := walk{f: f, regions: who.Regions, scan: max(s.Scan, 1000), most: most + 1}
	if f.Search != "" {
		found, err := s.searched(ctx, who, f.Search)
		if err != nil {
			return nil, err
		}
		w.ids = found.ids
	}
	if err := s.bounds(ctx, &w); err != nil {
		return nil, err
	}
	var all []int64
	for {
		at, end, err := s.walk(ctx, w)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, ErrTooSlow
		}
		if err != nil {
			return nil, fmt.Errorf("caselist: walk: %w", err)
		}
		all = append(all, ids(at)...)
		if w.most -= len(at); !end.set() || w.most <= 0 {
			break
		}
		w.from = end
	}
	if len(all) == 0 {
		return nil, ErrNothing
	}
	return all, nil
}

// walkFor is for how long a list is walked through before it is called too wide.
const walkFor = 20 * time.Second

// Take writes the list of a filter at once, when it is short enough for one person.
func (s *Store) Take(ctx context.Context, who Who, f Filter, format Format, lang i18n.Lang) (File, error) {
	if format != CSV && format != XLSX {
		return File{}, ErrFormat
	}
	walking, cancel := context.WithTimeout(ctx, walkFor)
	defer cancel()
	all, err := s.collect(walking, who, f, MostAlone)
	if err != nil {
		return File{}, err
	}
	if len(all) > MostAlone {
		return File{}, ErrNeedsTwo
	}
	file, err := s.write(ctx, all, f, format, lang, who.Name)
	if err != nil {
		return File{}, err
	}
	return file, s.note(ctx, access{actor: who.Name, what: "export", kind: string(format), hits: &file.Rows, reason: f.Lasting().Query().Encode()})
}

const insertExportSQL = `INSERT INTO desk_exports (actor, reason, format, query, case_ids, regions)
VALUES ($1, $2, $3, $4, $5, (SELECT array_agg(DISTINCT region ORDER BY region) FROM cases WHERE id = ANY($5))) RETURNING id`

// Ask asks for a list that is too long for one person. The cases are those of this instant.
func (s *Store) Ask(ctx context.Context, who Who, f Filter, format Format, reason string) (id int64, err error) {
	reason, ok := person.Reason(reason)
	switch {
	case format != CSV && format != XLSX:
		return 0, ErrFormat
	case !ok || reason == "":
		return 0, ErrNoReason
	}
	walking, cancel := context.WithTimeout(ctx, walkFor)
	defer cancel()
	all, err := s.collect(walking, who, f, MostExported)
	if err != nil {
		return 0, err
	}
	if len(all) > MostExported {
		return 0, ErrTooMany
	}
	err = pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, insertExportSQL, who.Name, reason, format, f.Lasting().Query().Encode(), all).Scan(&id); err != nil {
			return err
		}
		n := len(all)
		return note(ctx, tx, access{actor: who.Name, what: "export_wanted", kind: string(format), hits: &n, reason: reason})
	})
	if err != nil {
		return 0, fmt.Errorf("caselist: ask for export: %w", err)
	}
	return id, nil
}

const exportColumnsSQL = `id, actor, reason, format, query, cardinality(case_ids), made_at, coalesce(decided_by, ''), coalesce(agreed, false), coalesce(decided_at, 'epoch'), coalesce(taken_at, 'epoch'),
       CASE WHEN decided_at IS NULL THEN made_at ELSE decided_at END <= clock_timestamp() - interval '24 hours' AND taken_at IS NULL AND agreed IS DISTINCT FROM false`

// seenExportSQL hides exports with cases of regions that one does not see.
const seenExportSQL = ` ($1::text[] IS NULL OR regions <@ $1) `

const listExportsSQL = `SELECT ` + exportColumnsSQL + ` FROM desk_exports WHERE` + seenExportSQL + `ORDER BY made_at DESC, id DESC LIMIT $2`

const readExportSQL = `SELECT ` + exportColumnsSQL + ` FROM desk_exports WHERE` + seenExportSQL + `AND id = $2`

const mostExports = 50

// Exports lists the latest exports that were asked for.
func (s *Store) Exports(ctx context.Context, who Who) ([]Export, error) {
	rows, err := s.pool.Query(ctx, listExportsSQL, who.Regions, mostExports)
	if err != nil {
		return nil, fmt.Errorf("caselist: exports: %w", err)
	}
	return pgx.CollectRows(rows, exportOf(who))
}

// Export reads one, with the first cases of its list.
func (s *Store) Export(ctx context.Context, who Who, id int64) (e Export, first []Row, err error) {
	rows, err := s.pool.Query(ctx, readExportSQL, who.Regions, id)
	if err != nil {
		return e, nil, fmt.Errorf("caselist: export %d: %w", id, err)
	}
	e, err = pgx.CollectExactlyOneRow(rows, exportOf(who))
	if errors.Is(err, pgx.ErrNoRows) {
		return e, nil, ErrNoExport
	}
	if err != nil {
		return e, nil, fmt.Errorf("caselist: export %d: %w", id, err)
	}
	var some []int64
	if err := s.pool.QueryRow(ctx, firstOfExportSQL, id, PageSize).Scan(&some); err != nil {
		return e, nil, fmt.Errorf("caselist: export %d: %w", id, err)
	}
	first, err = s.Rows(ctx, some)
	return e, first, err
}

const firstOfExportSQL = `SELECT case_ids[1:$2] FROM desk_exports WHERE id = $1`

func exportOf(who Who) pgx.RowToFunc[Export] {
	return func(row pgx.CollectableRow) (e Export, err error) {
		var query string
		err = row.Scan(&e.ID, &e.Actor, &e.Reason, &e.Format, &query, &e.Cases, &e.Made, &e.DecidedBy, &e.Agreed, &e.Decided, &e.Taken, &e.Expired)
		if e.Decided.Unix() == 0 {
			e.Decided = time.Time{}
		}
		if e.Taken.Unix() == 0 {
			e.Taken = time.Time{}
		}
		values, parseErr := url.ParseQuery(query)
		e.Filter, _ = ParseFilter(values) // what this version does not know any more is left out
		e.Mine = e.Actor == who.Name
		return e, errors.Join(err, parseErr)
	}
}

const lockExportSQL = readExportSQL + ` FOR UPDATE`

const decideExportSQL = `UPDATE desk_exports SET decided_by = $2, agreed = $3, decided_at = clock_timestamp() WHERE id = $1`

// Decide agrees to an export of another person, or refuses it.
func (s *Store) Decide(ctx context.Context, who Who, id int64, agree bool) error {
	return s.onExport(ctx, who, id, func(tx pgx.Tx, e Export) error {
		switch {
		case e.Mine:
			return ErrOwnExport
		case !e.Open():
			return ErrExportClosed
		}
		if _, err := tx.Exec(ctx, decideExportSQL, id, who.Name, agree); err != nil {
			return err
		}
		what := "export_refused"
		if agree {
			what = "export_agreed"
		}
		return note(ctx, tx, access{actor: who.Name, what: what, kind: string(e.Format), hits: &e.Cases})
	})
}

const idsOfExportSQL = `SELECT case_ids FROM desk_exports WHERE id = $1`

const takeExportSQL = `UPDATE desk_exports SET taken_at = clock_timestamp() WHERE id = $1`

// TakeExport writes the file of an export that was agreed to, once, for the one who asked.
func (s *Store) TakeExport(ctx context.Context, who Who, id int64, lang i18n.Lang) (file File, err error) {
	err = s.onExport(ctx, who, id, func(tx pgx.Tx, e Export) error {
		switch {
		case !e.Mine:
			return ErrNoExport
		case !e.Ready():
			return ErrExportClosed
		}
		var all []int64
		if err := tx.QueryRow(ctx, idsOfExportSQL, id).Scan(&all); err != nil {
			return err
		}
		if file, err = s.write(ctx, all, e.Filter, e.Format, lang, fmt.Sprintf("%s, %d", who.Name, id)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, takeExportSQL, id); err != nil {
			return err
		}
		return note(ctx, tx, access{actor: who.Name, what: "export", kind: string(e.Format), hits: &file.Rows, reason: e.Reason})
	})
	return file, err
}

func (s *Store) onExport(ctx context.Context, who Who, id int64, f func(tx pgx.Tx, e Export) error) error {
	err := pg.InTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, lockExportSQL, who.Regions, id)
		if err != nil {
			return err
		}
		e, err := pgx.CollectExactlyOneRow(rows, exportOf(who))
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNoExport
		}
		if err != nil {
			return err
		}
		return f(tx, e)
	})
	for _, known := range []error{ErrNoExport, ErrOwnExport, ErrExportClosed} {
		if errors.Is(err, known) {
			return known
		}
	}
	if err != nil {
		return fmt.Errorf("caselist: export %d: %w", id, err)
	}
	return nil
}

// readAtOnce is how many cases of a file are read with one statement.
const readAtOnce = 2000

// write makes the file. Its columns are those of the list.
func (s *Store) write(ctx context.Context, all []int64, f Filter, format Format, lang i18n.Lang, taker string) (File, error) {
	p, columns := i18n.For(lang), f.Chosen()
	head, err := heads(p, columns)
	if err != nil {
		return File{}, err
	}
	title, err := p.T("cases.title")
	if err != nil {
		return File{}, err
	}
	var page []Row
	rest := slices.Chunk(all, readAtOnce)
	next, stop := iter.Pull(rest)
	defer stop()
	t := sheet.Table{Title: title, About: taker, Head: head, Rows: func() ([]sheet.Cell, error) {
		for len(page) == 0 {
			ids, ok := next()
			if !ok {
				return nil, nil
			}
			var err error
			if page, err = s.Rows(ctx, ids); err != nil {
				return nil, err
			}
		}
		r := page[0]
		page = page[1:]
		return cells(p, r, columns)
	}}
	var out bytes.Buffer
	file := File{Name: "cases." + string(format), MediaType: "text/csv; charset=utf-8"}
	writer := sheet.CSV
	if format == XLSX {
		writer, file.MediaType = sheet.XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	if file.Rows, err = writer(&out, t); err != nil {
		return File{}, fmt.Errorf("caselist: write %s: %w", format, err)
	}
	file.Body = out.Bytes()
	return file, nil
}

func heads(p *i18n.Printer, columns []Column) ([]string, error) {
	number, err := p.T("cases.col.number")
	if err != nil {
		return nil, err
	}
	out := []string{number}
	for _, c := range columns {
		name, err := p.T("cases.col." + c.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}

// cells are the columns of a case in words.
func cells(p *i18n.Printer, r Row, columns []Column) ([]sheet.Cell, error) {
	out := []sheet.Cell{{Text: r.Number}}
	for _, c := range columns {
		var cell sheet.Cell
		var err error
		switch c.Name {
		case "state":
			cell.Text, err = word(p, "state", r.State)
		case "flags":
			cell.Text, err = flagWords(p, r)
		case "initials":
			cell.Text = r.Initials
		case "iin":
			cell.Text = r.IIN
		case "region":
			cell.Text, err = word(p, "region", r.Region)
		case "source":
			cell.Text = r.Source
		case "document":
			cell.Text = r.Document
		case "kind":
			cell.Text, err = word(p, "kind", r.Kind)
		case "opened":
			cell.Text = day(r.Opened)
		case "voluntary":
			cell.Text = day(r.Voluntary)
		case "term":
			cell.Text = day(r.Term)
		case "debt":
			cell = sheet.Cell{Sum: r.Debt, IsSum: true}
		case "paid":
			cell = sheet.Cell{Sum: r.Paid, IsSum: true}
		case "left":
			cell = sheet.Cell{Sum: r.Left, IsSum: true}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, cell)
	}
	return out, nil
}

func day(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// word is a value of the database in words; one that the catalogs do not know is shown as it is.
func word(p *i18n.Printer, family, value string) (string, error) {
	if key := family + "." + value; p.Has(key) {
		return p.T(key)
	}
	return value, nil
}
