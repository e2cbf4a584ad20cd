package intake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/internal/pg"
	"robotbailiff/internal/seal"
)

// Entrances of a batch.
const (
	ViaCLI  = "cli"  // bailiff import
	ViaAPI  = "api"  // POST /api/v1/batches
	ViaDrop = "drop" // the drop folder
	ViaDesk = "desk" // an operator's upload
)

// Limits of what is taken at once from outside; somebody on the machine itself may bring more.
const (
	MaxUploadBytes = 50 << 20
	MaxUploadRows  = 100_000
	maxLocalBytes  = 4 << 30
)

// Inbox is the one way in for court batches, whatever the entrance: [Inbox.Receive] keeps the file, [Inbox.Process] looks
// at it, stops at the gate or opens its cases, [Inbox.Release] and [Inbox.Reject] are what people do with one that waits.
// It is safe for concurrent use, and by several processes on one database.
type Inbox struct {
	store   *engine.Store
	keys    *seal.Keys
	im      *Importer
	proof   Proof
	enqueue func(ctx context.Context, tx pgx.Tx, batchID int64) error
	chunk   int // rows of one transaction
}

// InboxConfig joins an inbox with what surrounds it. Both may be nil.
type InboxConfig struct {
	// Proof says from whom a file is; without one nobody asks.
	Proof Proof
	// Enqueue asks for Process in the transaction that makes a batch ready for it. Without it the caller processes, or the
	// pulse of a worker finds the batch by its state.
	Enqueue func(ctx context.Context, tx pgx.Tx, batchID int64) error
}

// NewInbox returns an inbox that opens cases in the store and seals personal data with the keys.
func NewInbox(store *engine.Store, keys *seal.Keys, c InboxConfig) *Inbox {
	return &Inbox{store: store, keys: keys, im: New(store, keys), proof: c.Proof, enqueue: c.Enqueue, chunk: DefaultChunkSize}
}

// Arrival says what comes, from whom and how.
type Arrival struct {
	// Source is the sender. Rows of another one are refused. Empty, which only somebody on the machine may leave it: each row
	// names its own, and the batch bears the first.
	Source    string
	FileName  string // only for people to recognise it
	Key       string // Idempotency-Key of the sender, or empty
	Via       string // one of the Via constants
	By        string // who brought it: an account, a key's name, never a person's data
	Signature []byte // detached, over the bytes of the file
	DryRun    bool   // tell what would happen and open nothing
	Language  string // of the sender: kk, ru or en; empty means ru
	// Promise is what the sender says of the file, or nil. [Inbox.Process] fails a batch that breaks it.
	Promise *Promise
}

// Proof says whether a file comes from whom it says. It is asked before anything of the file is parsed.
type Proof interface {
	// Prove reads the file as often as it likes. A *[ProofError] refuses the batch; any other error is trouble of ours, and
	// the sender may try again.
	Prove(ctx context.Context, a Arrival, file *File) (Proven, error)
}

// Proven is a proof that holds.
type Proven struct {
	Signer string // as a person recognises him, without his identity number
	// Content is what was signed, where that is not the file as it came, such as the canonical form of a signed part. Only
	// what was signed is parsed. nil: the file itself.
	Content io.Reader
}

// ProofError says why a file is not believed.
type ProofError struct {
	Code   string // signature_missing, signature_invalid, …
	Remedy string
}

// Error names code and remedy.
func (e *ProofError) Error() string {
	return "intake: the file is not believed: " + e.Code + ": " + e.Remedy
}

// KeyConflictError says that an Idempotency-Key was used for another content before.
type KeyConflictError struct{ BatchID int64 }

// Error names the batch that has the key.
func (e *KeyConflictError) Error() string {
	return fmt.Sprintf("intake: this Idempotency-Key was used for another file (batch %d): send a new key with a new file", e.BatchID)
}

// maxKey bounds an Idempotency-Key.
const maxKey = 200

// ArrivalError says that an arrival makes no sense: wrong use of ours, or of the sender's.
type ArrivalError struct{ Field, Problem string }

// Error names the field.
func (e *ArrivalError) Error() string { return "intake: arrival: " + e.Field + ": " + e.Problem }

func (a *Arrival) tidy() error {
	source, ok := tidy(a.Source)
	if !ok || len(source) > longest[FieldSource] {
		return &ArrivalError{"source", "one line of at most 100 bytes"}
	}
	a.Source, a.FileName = source, baseName(a.FileName)
	switch a.Via {
	case ViaCLI:
	case ViaAPI, ViaDrop, ViaDesk:
		if a.Source == "" {
			return &ArrivalError{"source", "a file from outside comes from somebody"}
		}
	default:
		return &ArrivalError{"via", "one of cli, api, drop, desk"}
	}
	if len(a.Key) > maxKey || strings.ContainsFunc(a.Key, func(r rune) bool { return r < '!' || r > '~' }) {
		return &ArrivalError{"key", "at most 200 visible ASCII characters"}
	}
	if len(a.By) > 200 || strings.ContainsFunc(a.By, unicode.IsControl) {
		return &ArrivalError{"by", "one line of at most 200 bytes"}
	}
	switch a.Language {
	case "":
		a.Language = "ru"
	case "kk", "ru", "en":
	default:
		return &ArrivalError{"language", "one of kk, ru, en"}
	}
	return nil
}

func (a *Arrival) limit() int64 {
	if a.Via == ViaCLI {
		return maxLocalBytes
	}
	return MaxUploadBytes
}

// Receive keeps a file and makes a batch of it: received, or refused when its proof fails. The file lies sealed in the
// database when Receive returns, so that nothing depends on the sender, on this process or on its disk any more.
//
// The same key with the same bytes, and the same bytes again while their batch is unfinished, give that batch again
// ([Batch.Again]). Bytes whose batch is done make a new batch of duplicates. The same key with other bytes is a
// *[KeyConflictError]; a file that is no batch at all, or too large, a *[FatalError]: nothing of it is kept.
func (in *Inbox) Receive(ctx context.Context, a Arrival, r io.Reader) (Batch, error) {
	if err := a.tidy(); err != nil {
		return Batch{}, err
	}
	now, err := in.store.Now(ctx)
	if err != nil {
		return Batch{}, fmt.Errorf("intake: legal time: %w", err)
	}
	n := arriving{in: in, a: a, now: now}
	b, err := n.receive(ctx, r)
	if err != nil || b.Again {
		return b, errors.Join(err, n.drop(ctx))
	}
	return b, nil
}

// arriving is a file on its way in.
type arriving struct {
	in  *Inbox
	a   Arrival
	now time.Time

	id           int64
	size, proven int64
	sum, sumOf   [sha256.Size]byte // of the file, and of what was proven
	signer       string
	state        State
	fault        *Fault
	source       string // of the batch
}

func (n *arriving) receive(ctx context.Context, r io.Reader) (Batch, error) {
	pool := n.in.store.Pool()
	if _, err := pool.Exec(ctx, dropOrphansSQL); err != nil {
		return Batch{}, fmt.Errorf("intake: receive: %w", err)
	}
	if err := pool.QueryRow(ctx, nextBatchSQL).Scan(&n.id); err != nil {
		return Batch{}, fmt.Errorf("intake: receive: %w", err)
	}
	h := sha256.New()
	var err error
	if n.size, err = (filing{n.in, n.id, false, n.a.limit()}).keep(ctx, io.TeeReader(r, h)); err != nil {
		return Batch{}, err
	}
	h.Sum(n.sum[:0])
	n.state = StateReceived
	if err := n.prove(ctx); err != nil {
		return Batch{}, err
	}
	if n.source = n.a.Source; n.state == StateReceived {
		if err := n.glance(ctx); err != nil {
			return Batch{}, err
		}
	}
	id, again, err := n.book(ctx)
	if err != nil {
		return Batch{}, err
	}
	b, err := n.in.Batch(ctx, id)
	b.Again = again
	return b, err
}

// prove asks for the proof and keeps what was proven.
func (n *arriving) prove(ctx context.Context) error {
	if n.in.proof == nil {
		return nil
	}
	p, err := n.in.proof.Prove(ctx, n.a, n.in.file(ctx, n.id, false, n.size))
	if refused, ok := errors.AsType[*ProofError](err); ok {
		n.state, n.fault = StateRefused, &Fault{Code: refused.Code, Remedy: refused.Remedy}
		return nil
	}
	if err != nil {
		return fmt.Errorf("intake: proof: %w", err)
	}
	n.signer = p.Signer
	if p.Content == nil {
		return nil
	}
	h := sha256.New()
	n.proven, err = filing{n.in, n.id, true, n.a.limit()}.keep(ctx, io.TeeReader(p.Content, h))
	h.Sum(n.sumOf[:0])
	return err
}

// glance reads the beginning of the file, so that one without any batch in it is refused while its sender waits, and finds
// the source that the first row names.
func (n *arriving) glance(ctx context.Context) error {
	rows, err := Open(n.in.content(ctx, n.id, n.size, n.proven), n.source != "")
	if err != nil || n.source != "" {
		return err
	}
	for {
		var row Row
		switch err := rows.Next(&row); {
		case errors.Is(err, io.EOF):
			return (&survey{rows: 1}).complete()
		case err != nil:
			return err
		}
		if name, ok := tidy(row.Values[FieldSource]); ok && name != "" && len(name) <= longest[FieldSource] {
			n.source = name
			return nil
		}
	}
}

// book makes the batch, or finds the one that this file has already. Locks on the content and on the key keep two uploaders
// from making two of it.
func (n *arriving) book(ctx context.Context) (id int64, again bool, err error) {
	err = pg.InTx(ctx, n.in.store.Pool(), func(tx pgx.Tx) error {
		id, again = n.id, false
		if _, err := tx.Exec(ctx, lockContentSQL, int64(binary.BigEndian.Uint64(n.sum[:]))); err != nil {
			return err
		}
		if n.a.Key != "" {
			if found, err := n.byKey(ctx, tx); err != nil || found != 0 {
				id, again = found, found != 0
				return err
			}
		}
		open, done, err := n.byContent(ctx, tx)
		if err != nil {
			return err
		}
		if open != 0 && n.state == StateReceived {
			id, again = open, true
		} else if err := n.insert(ctx, tx, done); err != nil {
			return err
		}
		if n.a.Key != "" && n.state == StateReceived { // a sender may use the key of a refused file again, with its signature
			if _, err := tx.Exec(ctx, insertKeySQL, n.source, n.a.Key, id, n.sum[:], n.now); err != nil {
				return err
			}
		}
		if again || n.state != StateReceived || n.in.enqueue == nil {
			return nil
		}
		return n.in.enqueue(ctx, tx, id)
	})
	var conflict *KeyConflictError
	if err != nil && !errors.As(err, &conflict) {
		err = fmt.Errorf("intake: receive: %w", err)
	}
	return id, again, err
}

func (n *arriving) byKey(ctx context.Context, tx pgx.Tx) (int64, error) {
	var (
		id  int64
		sum []byte
		dry bool
	)
	if _, err := tx.Exec(ctx, lockKeySQL, n.source, n.a.Key); err != nil {
		return 0, err
	}
	err := tx.QueryRow(ctx, findKeySQL, n.source, n.a.Key).Scan(&id, &sum, &dry)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	case [sha256.Size]byte(sum) != n.sum || dry != n.a.DryRun:
		return 0, &KeyConflictError{BatchID: id}
	}
	return id, nil
}

// byContent finds an unfinished batch of these bytes, and the first one that was done.
func (n *arriving) byContent(ctx context.Context, tx pgx.Tx) (open, done int64, err error) {
	err = tx.QueryRow(ctx, findContentSQL, n.sum[:], n.source, n.a.DryRun, n.a.Source != "").Scan(&open, &done)
	return open, done, err
}

func (n *arriving) insert(ctx context.Context, tx pgx.Tx, sameAs int64) error {
	var sumOf []byte
	if n.proven > 0 {
		sumOf = n.sumOf[:]
	}
	_, err := tx.Exec(ctx, insertInboxSQL, n.id, n.source, n.a.FileName, n.sum[:], string(n.state), n.now, n.a.Via, n.a.By, n.signer, n.a.Language,
		n.a.DryRun, n.a.Source != "", n.size, n.proven, sumOf, sameAs, n.fault, n.a.Promise)
	return err
}

// drop forgets the parts of a file that makes no batch, also when its sender has gone.
func (n *arriving) drop(ctx context.Context) error {
	if n.id == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := n.in.store.Pool().Exec(ctx, dropPartsSQL, n.id); err != nil {
		return fmt.Errorf("intake: drop the file: %w", err) // what stays is removed after a day
	}
	return nil
}
