package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Account is a bank account that a person has registered.
type Account struct {
	IBAN    string
	Gateway string // whose payments are paid out from it; empty: our own account at the treasury
	Net     bool   // of a gateway: it pays out less its fee
	AddedBy string
	AddedAt time.Time
}

const registerAccountSQL = `INSERT INTO money_accounts (iban, gateway, net, added_by, added_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (iban) DO NOTHING`

// ErrAccountKnown says that an account is registered already: what it is never changes by a second word.
var ErrAccountKnown = fmt.Errorf("payments: this account is registered already")

// RegisterAccount keeps an account. Money from a gateway's account stands for the payments that the gateway tells of, so whoever
// registers one is written down.
func (s *Store) RegisterAccount(ctx context.Context, tx pgx.Tx, a Account) error {
	tag, err := tx.Exec(ctx, registerAccountSQL, a.IBAN, a.Gateway, a.Net, a.AddedBy, a.AddedAt)
	switch {
	case err != nil:
		return fmt.Errorf("payments: account: %w", err)
	case tag.RowsAffected() == 0:
		return ErrAccountKnown
	}
	return nil
}

const accountsSQL = `SELECT iban, gateway, net, added_by, added_at FROM money_accounts ORDER BY gateway, iban`

// Accounts lists the registered accounts, our own ones first.
func (s *Store) Accounts(ctx context.Context, q Querier) ([]Account, error) {
	rows, err := q.Query(ctx, accountsSQL)
	if err != nil {
		return nil, fmt.Errorf("payments: accounts: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Account])
	if err != nil {
		return nil, fmt.Errorf("payments: accounts: %w", err)
	}
	return list, nil
}

// GatewayAccounts gives the accounts from which gateways pay out, by IBAN.
func (s *Store) GatewayAccounts(ctx context.Context, q Querier) (map[string]Account, error) {
	list, err := s.Accounts(ctx, q)
	out := map[string]Account{}
	for _, a := range list {
		if a.Gateway != "" {
			out[a.IBAN] = a
		}
	}
	return out, err
}

const knownDeparturesSQL = `SELECT txn_id FROM departures WHERE txn_id = ANY($1)`

// Departed says which of these lines went from our account.
func (s *Store) Departed(ctx context.Context, q Querier, txns []string) (map[string]bool, error) {
	return named(ctx, q, knownDeparturesSQL, txns)
}
