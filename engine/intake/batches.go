package intake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/rules"
)

// State is where a batch stands.
type State string

// States of a batch. Previewed, refused, rejected, failed and done are final.
const (
	StateReceived  State = "received"  // kept; nobody has looked yet
	StateWaiting   State = "waiting"   // the gate is shut: two people let it in, or one sends it away; no case is open
	StateStaging   State = "staging"   // its rows are being taken in
	StateDone      State = "done"      // every row has its verdict
	StatePreviewed State = "previewed" // a dry run: every row has its verdict, no case was opened
	StateRefused   State = "refused"   // its proof failed
	StateRejected  State = "rejected"  // a person sent it away
	StateFailed    State = "failed"    // the file cannot be read as a whole
)

// Final says whether nothing will happen to the batch any more.
func (s State) Final() bool { return s != StateReceived && s != StateWaiting && s != StateStaging }

// Batch is one court batch, without its rows.
type Batch struct {
	ID       int64  `json:"id"`
	Source   string `json:"source"`
	FileName string `json:"file_name"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"` // bytes of the file; 0: it was not kept
	Via      string `json:"via"`
	By       string `json:"by,omitempty"`
	Signer   string `json:"signer,omitempty"`
	Language string `json:"language"`
	DryRun   bool   `json:"dry_run"`
	State    State  `json:"state"`

	// The verdicts so far; Rows is their sum. Of a batch that waits, was sent away or is a dry run they say what would
	// happen, and no case was opened.
	Rows        int `json:"rows"`
	Accepted    int `json:"accepted"`
	Duplicate   int `json:"duplicate"`
	Rejected    int `json:"rejected"`
	Quarantined int `json:"quarantined"`

	Expected int      `json:"expected"`           // rows of the file; 0 before the first look
	Figures  *Figures `json:"figures,omitempty"`  // of the first look
	Reasons  []Reason `json:"reasons,omitempty"`  // why it waits, or has waited
	Fault    *Fault   `json:"fault,omitempty"`    // why it was refused or has failed
	SameAs   int64    `json:"same_as,omitempty"`  // the batch in which this very file was taken in before
	Proposal *Act     `json:"proposal,omitempty"` // a release that one person has proposed and another may still approve

	ReceivedAt time.Time  `json:"received_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`

	Again bool `json:"again,omitempty"` // Receive has found it: the file, or its key, had come before
}

// Fault is why a file as a whole is not taken in: where, what, and what to do. It holds no value of a row.
type Fault struct {
	Row    int      `json:"row,omitempty"`
	Code   string   `json:"code"`
	Fields []string `json:"fields,omitempty"`
	Remedy string   `json:"remedy"`
}

// ErrNoBatch says that there is no batch with that id.
var ErrNoBatch = errors.New("intake: there is no such batch")

// Batch reads one batch.
func (in *Inbox) Batch(ctx context.Context, id int64) (Batch, error) {
	found, err := in.batches(ctx, readInboxSQL+` WHERE b.id = $1`, id)
	switch {
	case err != nil:
		return Batch{}, err
	case len(found) == 0:
		return Batch{}, fmt.Errorf("%w: %d", ErrNoBatch, id)
	}
	return found[0], nil
}

// Filter chooses batches; the zero value means all.
type Filter struct {
	Source string
	State  State
	Via    string
	Before int64 // only ids below: the last one of the page before; 0: the first page
	Limit  int   // 0: 50
}

// List reads batches, the newest first.
func (in *Inbox) List(ctx context.Context, f Filter) ([]Batch, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return in.batches(ctx, readInboxSQL+` WHERE ($1 = '' OR b.source = $1) AND ($2 = '' OR b.state = $2) AND ($3 = '' OR b.via = $3)
   AND ($4::bigint = 0 OR b.id < $4) ORDER BY b.id DESC LIMIT $5`, f.Source, string(f.State), f.Via, f.Before, f.Limit)
}

func (in *Inbox) batches(ctx context.Context, sql string, args ...any) ([]Batch, error) {
	now, err := in.store.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("intake: legal time: %w", err)
	}
	rows, err := in.store.Pool().Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("intake: read batches: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Batch, error) {
		var (
			b   Batch
			sum []byte
			p   Act
		)
		var actor, reason *string
		var at *time.Time
		err := row.Scan(&b.ID, &b.Source, &b.FileName, &sum, &b.Size, &b.Via, &b.By, &b.Signer, &b.Language, &b.DryRun, &b.State,
			&b.Rows, &b.Accepted, &b.Duplicate, &b.Rejected, &b.Quarantined, &b.Expected, &b.Figures, &b.Reasons, &b.Fault, &b.SameAs,
			&b.ReceivedAt, &b.FinishedAt, &actor, &reason, &at)
		b.SHA256 = hex.EncodeToString(sum)
		if actor != nil && b.State == StateWaiting && now.Before(at.Add(ReleaseWithin)) {
			p = Act{BatchID: b.ID, Kind: ActProposed, Actor: *actor, Reason: *reason, At: at.UTC()}
			b.Proposal = &p
		}
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("intake: read batches: %w", err)
	}
	return found, nil
}

// RowQuery chooses rows of a batch.
type RowQuery struct {
	After    int       // only rows below this number of the file; 0: from the first
	Limit    int       // 0: DefaultMaxErrors
	Verdicts []Verdict // none: all
	Code     string    // empty: all
	Language string    // of the messages: kk, ru or en; empty means ru
}

// RowResult is what became of one row, or of a preview: what would.
type RowResult struct {
	Row            int         `json:"row"` // as a spreadsheet shows it: the header is row 1
	Action         Action      `json:"action"`
	Verdict        Verdict     `json:"verdict"`
	Code           string      `json:"code,omitempty"`
	Field          string      `json:"field,omitempty"`
	Message        string      `json:"message,omitempty"`
	DocumentNumber string      `json:"document_number,omitempty"`
	CaseID         int64       `json:"case,omitempty"` // opened or corrected by the row, or the one that has its document
	Trace          rules.Trace `json:"trace,omitempty"`
}

// Rows reads verdicts in the order of the file.
func (in *Inbox) Rows(ctx context.Context, id int64, q RowQuery) ([]RowResult, error) {
	if q.Limit <= 0 {
		q.Limit = DefaultMaxErrors
	}
	if q.Language == "" {
		q.Language = "ru"
	}
	verdicts := make([]string, len(q.Verdicts))
	for i, v := range q.Verdicts {
		verdicts[i] = string(v)
	}
	rows, err := in.store.Pool().Query(ctx, readRowsSQL, id, q.After, verdicts, q.Limit, q.Code)
	if err != nil {
		return nil, fmt.Errorf("intake: rows of batch %d: %w", id, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (RowResult, error) {
		var r RowResult
		err := row.Scan(&r.Row, &r.Action, &r.Verdict, &r.Code, &r.Field, &r.DocumentNumber, &r.CaseID, &r.Trace)
		if r.Code != "" {
			r.Message = Message(r.Code, q.Language)
		}
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("intake: rows of batch %d: %w", id, err)
	}
	return found, nil
}

// File opens the bytes of a batch as they came, for as long as the context lives. It is an error when they were not kept.
func (in *Inbox) File(ctx context.Context, id int64) (*File, error) {
	b, err := in.Batch(ctx, id)
	if err != nil {
		return nil, err
	}
	if b.Size == 0 {
		return nil, fmt.Errorf("%w: the file of batch %d was not kept", ErrNoBatch, id)
	}
	return in.file(ctx, id, false, b.Size), nil
}

func (in *Inbox) file(ctx context.Context, id int64, kind bool, size int64) *File {
	return &File{ctx: ctx, in: in, id: id, kind: kind, size: size}
}

// content is what of a file is parsed: what was proven, or the file as it came.
func (in *Inbox) content(ctx context.Context, id, size, proven int64) *File {
	if proven > 0 {
		return in.file(ctx, id, true, proven)
	}
	return in.file(ctx, id, false, size)
}

// Report is the batch as [Importer.Import] reports a file: the counts, and the first rows that were not accepted.
func (in *Inbox) Report(ctx context.Context, b Batch, maxErrors int, language string) (Report, error) {
	return in.im.report(ctx, batch{id: b.ID, sameAs: b.SameAs, resumed: b.Again}, Options{MaxErrors: maxErrors, Language: language}.withDefaults())
}

// Local returns an inbox whose caller processes himself what he receives or releases: no worker is asked.
func (in *Inbox) Local() *Inbox {
	out := *in
	out.enqueue = nil
	return &out
}

// Error writes a fault as the error of a file.
func (f *Fault) Error() string {
	return (&FatalError{Row: f.Row, Code: f.Code, Fields: f.Fields, Remedy: f.Remedy}).Error()
}
