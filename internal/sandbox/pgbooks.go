package sandbox

import (
	"context"
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/internal/pg"
)

//go:embed schema.sql
var schemaSQL string

// installLock is the advisory lock under which the schema is made, penLock the one that makes changes follow each other:
// the world has one pen.
const (
	installLock int64 = 0x73616e64626f78
	penLock     int64 = 0x73616e6470656e
)

// Install makes the schema of the books and the clock's table in a database; what is there stays.
func Install(ctx context.Context, pool *pgxpool.Pool) error {
	err := pg.InTx(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, installLock); err != nil {
			return err
		}
		for _, statement := range strings.Split(schemaSQL, ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sandbox: install: %w", err)
	}
	return nil
}

// postgres keeps the books in the schema sandbox.
type postgres struct{ pool *pgxpool.Pool }

// NewPGBooks gives the books that [Install] made. The pool should be the world's own, so that our side's transactions
// and the world's never wait for one connection.
func NewPGBooks(pool *pgxpool.Pool) Books { return &postgres{pool} }

// table is one table of the books. Rows go both ways as JSON, whose names are the columns: all values are texts, whole
// numbers, booleans and instants, for which JSON is exact.
type table struct {
	selectSQL, insertSQL, updateSQL string
	keyed                           string // selectSQL with its condition
}

func newTable(name, key, wanted string, columns ...string) table {
	quoted := make([]string, len(columns))
	sets := make([]string, 0, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
		if c != key {
			sets = append(sets, quoted[i]+" = n."+quoted[i])
		}
	}
	list := strings.Join(quoted, ", ")
	t := table{
		selectSQL: "SELECT to_json(t)::text FROM (SELECT " + list + " FROM sandbox." + name + ") t",
		insertSQL: "INSERT INTO sandbox." + name + " (" + list + ") SELECT " + list +
			" FROM json_populate_recordset(NULL::sandbox." + name + ", $1::json) ON CONFLICT DO NOTHING",
		updateSQL: "UPDATE sandbox." + name + " o SET " + strings.Join(sets, ", ") +
			" FROM json_populate_recordset(NULL::sandbox." + name + ", $1::json) n WHERE o." + key + " = n." + key,
	}
	t.keyed = t.selectSQL + " WHERE t." + wanted + " = ANY($1)"
	return t
}

var entryColumns = []string{"id", "case_id", "purpose", "of_id", "content", "executor", "answer", "detail", "at", "answer_at", "seen", "stands", "ended_at"}

var (
	instructionsTable = newTable("instructions", "id", "id", "id", "case_id", "purpose", "person", "amount", "parts", "of_id", "answer",
		"sum", "done", "bank", "detail", "at", "answer_at", "seen")
	arrestsTable = newTable("arrests", "key", "case_id", "key", "id", "case_id", "account", "person", "bank", "held", "taken", "at",
		"ended", "ended_at")
	accountsTable = newTable("accounts", "iban", "person", "iban", "person", "bank", "kind", "opening", "balance", "held", "taken")
	debtorsTable  = newTable("debtors", "case_id", "case_id", "case_id", "token", "owed", "plan", "first_at", "aware_at",
		"last_at", "paid", "taken", "reversed", "held", "peak", "arrests", "live_now", "messages", "arrested_at", "lifted_at")
	messagesTable = newTable("messages", "key", "key", "key", "channel", "ref", "to_hash", "case_id", "token", "owed", "count",
		"at", "fate", "done_at", "words")
	paymentsTable = newTable("payments", "key", "key", "key", "source", "txn_id", "case_id", "reference", "amount", "value_date",
		"at", "reported", "handed_at", "reversed", "reversed_at")
	itemsTable  = newTable("items", "key", "key", "key", "at", "kind", "inner", "case_id", "body", "handed_at", "tries", "note")
	wrongsTable = newTable("wrongs", "key", "key", "key", "invariant", "case_id", "detail", "at")

	entriesTable   = newTable("entries", "id", "id", entryColumns...)
	entriesByCase  = newTable("entries", "id", "case_id", entryColumns...)
	checkoutsTable = newTable("checkouts", "id", "id", "id", "case_id", "amount", "back", "lang", "at", "state", "reason", "key")
)

// penSQL takes the pen, however long others hold it: on a busy machine the world is slow, not broken. Every statement of a
// change goes by a key, so plans that read a whole table are never wanted; tables that grow from nothing within a minute
// would get them.
const penSQL = `SELECT set_config('lock_timeout', '0', true), pg_advisory_xact_lock($1), set_config('enable_seqscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

var (
	dueSQL = `SELECT to_json(t)::text FROM (SELECT key, at, kind, "inner", case_id, body, handed_at, tries, note FROM sandbox.items
 WHERE handed_at IS NULL AND "inner" = $1 AND at <= $2 AND (at, key COLLATE "C") > ($3, $4::text COLLATE "C")
 ORDER BY at, key COLLATE "C" LIMIT $5) t`
	nextSQL = `SELECT min(at) FROM (
(SELECT at FROM sandbox.items WHERE handed_at IS NULL AND "inner" ORDER BY at LIMIT 1) UNION ALL
(SELECT at FROM sandbox.items WHERE handed_at IS NULL AND NOT "inner" ORDER BY at LIMIT 1)) t`
	arrestedSQL  = accountsTable.selectSQL + ` WHERE t.iban IN (SELECT a.account FROM sandbox.arrests a WHERE a.case_id = ANY($1))`
	openItemsSQL = itemsTable.selectSQL + " WHERE handed_at IS NULL"
)

// Change implements Books.
func (b *postgres) Change(ctx context.Context, want Want, f func(*Page) error) error {
	err := pg.InTx(ctx, b.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, penSQL, penLock); err != nil {
			return err
		}
		p := newPage()
		if err := p.fetch(ctx, tx, want); err != nil {
			return err
		}
		if err := f(p); err != nil {
			return err
		}
		return p.store(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("sandbox: books: %w", err)
	}
	return nil
}

func (p *Page) fetch(ctx context.Context, tx pgx.Tx, want Want) error {
	b := &pgx.Batch{}
	queue(b, &p.Instructions, instructionsTable, want.Instructions)
	queue(b, &p.Debtors, debtorsTable, want.Cases)
	queue(b, &p.Arrests, arrestsTable, want.Cases)
	queue(b, &p.Accounts, accountsTable, want.Persons)
	if len(want.Persons) > 0 { // an order may name another person than its arrest: load the arrest's account too
		b.Queue(arrestedSQL, want.Cases).Query(p.Accounts.read)
	}
	queue(b, &p.Messages, messagesTable, want.Messages)
	queue(b, &p.Payments, paymentsTable, want.Payments)
	queue(b, &p.Items, itemsTable, want.Items)
	queue(b, &p.Entries, entriesTable, want.Entries)
	queue(b, &p.Entries, entriesByCase, want.EntryCases)
	queue(b, &p.Checkouts, checkoutsTable, want.Checkouts)
	return tx.SendBatch(ctx, b).Close()
}

func queue[K, V comparable, W any](b *pgx.Batch, s *Shelf[K, V], t table, keys []W) {
	if len(keys) > 0 {
		b.Queue(t.keyed, keys).Query(s.read)
	}
}

// read puts rows of JSON on the shelf.
func (s *Shelf[K, V]) read(rows pgx.Rows) error {
	_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		v, err := fromJSON[V](row)
		if err == nil {
			s.load(v)
		}
		return struct{}{}, err
	})
	return err
}

func fromJSON[V any](row pgx.CollectableRow) (v V, err error) {
	var text []byte
	if err = row.Scan(&text); err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}

func (p *Page) store(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	var errs [10]error
	errs[0] = save(b, &p.Instructions, instructionsTable)
	errs[1] = save(b, &p.Arrests, arrestsTable)
	errs[2] = save(b, &p.Accounts, accountsTable)
	errs[3] = save(b, &p.Debtors, debtorsTable)
	errs[4] = save(b, &p.Messages, messagesTable)
	errs[5] = save(b, &p.Payments, paymentsTable)
	errs[6] = save(b, &p.Items, itemsTable)
	errs[7] = save(b, &p.Wrongs, wrongsTable)
	errs[8] = save(b, &p.Entries, entriesTable)
	errs[9] = save(b, &p.Checkouts, checkoutsTable)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return tx.SendBatch(ctx, b).Close()
}

// save queues what changed. A new row never replaces one that is there.
func save[K, V comparable](b *pgx.Batch, s *Shelf[K, V], t table) error {
	var fresh, old []V
	for _, v := range s.changed() {
		if _, known := s.was[s.key(&v)]; known {
			old = append(old, v)
		} else {
			fresh = append(fresh, v)
		}
	}
	for _, part := range []struct {
		rows []V
		sql  string
	}{{fresh, t.insertSQL}, {old, t.updateSQL}} {
		if len(part.rows) == 0 {
			continue
		}
		text, err := json.Marshal(part.rows)
		if err != nil {
			return err
		}
		b.Queue(part.sql, text)
	}
	return nil
}

// Due implements Books.
func (b *postgres) Due(ctx context.Context, q DueQuery) ([]Item, error) {
	rows, err := b.pool.Query(ctx, dueSQL, q.Inner, q.Now, q.AfterAt, q.AfterKey, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("sandbox: due: %w", err)
	}
	items, err := pgx.CollectRows(rows, fromJSON[Item])
	if err != nil {
		return nil, fmt.Errorf("sandbox: due: %w", err)
	}
	return items, nil
}

// Next implements Books.
func (b *postgres) Next(ctx context.Context) (time.Time, bool, error) {
	var at *time.Time
	if err := b.pool.QueryRow(ctx, nextSQL).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("sandbox: next: %w", err)
	}
	if at == nil {
		return time.Time{}, false, nil
	}
	return at.UTC(), true, nil
}

// All implements Books.
func (b *postgres) All(ctx context.Context) (*Page, error) {
	p := newPage()
	batch := &pgx.Batch{}
	batch.Queue(instructionsTable.selectSQL).Query(p.Instructions.read)
	batch.Queue(arrestsTable.selectSQL).Query(p.Arrests.read)
	batch.Queue(accountsTable.selectSQL).Query(p.Accounts.read)
	batch.Queue(debtorsTable.selectSQL).Query(p.Debtors.read)
	batch.Queue(messagesTable.selectSQL).Query(p.Messages.read)
	batch.Queue(paymentsTable.selectSQL).Query(p.Payments.read)
	batch.Queue(openItemsSQL).Query(p.Items.read)
	batch.Queue(wrongsTable.selectSQL).Query(p.Wrongs.read)
	batch.Queue(entriesTable.selectSQL).Query(p.Entries.read)
	batch.Queue(checkoutsTable.selectSQL).Query(p.Checkouts.read)
	// One snapshot, so that the parts agree with each other.
	err := pgx.BeginTxFunc(ctx, b.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return nil, fmt.Errorf("sandbox: read the books: %w", err)
	}
	return p, nil
}
