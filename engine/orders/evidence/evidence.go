// Package evidence keeps what banks have signed, whole and sealed, so that it can be shown later that a bank has said it.
//
// Charter: a message is kept before it is believed, once for ever under its bank and id; what comes again is the same message or is
// refused. It must not judge what a message says, delete anything, or put a part of a message into an error.
//
// Entry point: [Store.Keep].
package evidence

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/seal"
)

// Store is the register of evidence.
type Store struct {
	pool *pgxpool.Pool
	keys *seal.Keys
}

// NewStore opens the register.
func NewStore(pool *pgxpool.Pool, keys *seal.Keys) *Store { return &Store{pool: pool, keys: keys} }

// ErrChanged says that a bank used the id of a message for another one. Neither of the two can be told from the other by it, so the
// second is not kept.
var ErrChanged = errors.New("evidence: the bank has used the id of this message for another one before")

// sealed is where bodies are sealed to.
const sealed = "bank_evidence.body"

// Keep keeps a message with its signature. The same message again is no error; when it returns one, the message is not to be believed.
func (s *Store) Keep(ctx context.Context, e wire.Evidence) error {
	var request *uuid.UUID
	if e.Request != uuid.Nil {
		request = &e.Request
	}
	legs := e.Orders
	if legs == nil {
		legs = []uuid.UUID{}
	}
	mark := s.keys.Blind(sealed, string(e.Body))
	t, err := s.pool.Exec(ctx, keepSQL, e.Bank, e.Message, string(e.Kind), request, e.At, e.Key, string(e.Encoding), e.Signature, s.keys.Seal(e.Body, sealed), mark, legs)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if t.RowsAffected() > 0 {
		return nil
	}
	var same bool
	if err := s.pool.QueryRow(ctx, sameSQL, e.Bank, e.Message, mark).Scan(&same); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if !same {
		return ErrChanged
	}
	return nil
}

// ErrNone says that no such message was kept.
var ErrNone = errors.New("evidence: there is no such message")

// Read gives a message as it was kept, to be shown to who asks for the proof.
func (s *Store) Read(ctx context.Context, bank string, message uuid.UUID) (wire.Evidence, error) {
	e := wire.Evidence{Bank: bank, Message: message}
	var (
		request *uuid.UUID
		body    []byte
	)
	err := s.pool.QueryRow(ctx, readSQL, bank, message).Scan(&e.Kind, &request, &e.At, &e.Key, &e.Encoding, &e.Signature, &body, &e.Orders)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return wire.Evidence{}, ErrNone
	case err != nil:
		return wire.Evidence{}, fmt.Errorf("evidence: %w", err)
	}
	if request != nil {
		e.Request = *request
	}
	e.At = e.At.UTC()
	if e.Body, err = s.keys.Open(body, sealed); err != nil {
		return wire.Evidence{}, fmt.Errorf("evidence: %w", err)
	}
	return e, nil
}

const keepSQL = `INSERT INTO bank_evidence (bank, message_id, direction, kind, request_id, at, key, encoding, signature, body, body_mark, orders)
VALUES ($1, $2, 'in', $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (bank, message_id) DO NOTHING`

const sameSQL = `SELECT body_mark = $3 FROM bank_evidence WHERE bank = $1 AND message_id = $2`

const readSQL = `SELECT kind, request_id, at, key, encoding, signature, body, orders FROM bank_evidence WHERE bank = $1 AND message_id = $2`
