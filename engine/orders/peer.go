package orders

import (
	"context"
	"time"

	"github.com/google/uuid"

	"robotbailiff/rules/money"
)

// Peer is one bank. Its orders have ids of their own, see [LegID]; each call works on a set, and an id without a reply has an
// unknown outcome.
type Peer interface {
	Bank
	// Accounts tells what the persons have at this bank, by IIN; a person without accounts is left out. It reads only.
	Accounts(ctx context.Context, iins []string) (map[string][]Account, error)
	// Holds lists the arrests that this bank has in force for us, by ascending id after a cursor ("" begins); an empty next ends it.
	Holds(ctx context.Context, after string, limit int) (holds []Hold, next string, err error)
}

type asking struct{}

// Asking lets a query know what it asks about, so that what the bank says is held against the orders before it is given on.
func Asking(ctx context.Context, about []Instruction) context.Context {
	return context.WithValue(ctx, asking{}, about)
}

// Asked gives what a query asks about, as far as its caller knows it.
func Asked(ctx context.Context) []Instruction {
	about, _ := ctx.Value(asking{}).([]Instruction)
	return about
}

// Account is one account of a person.
type Account struct {
	ID        string // the bank's name for it: an IBAN
	Kind      string // "current", or a type that the rule pack protects; unknown types are protected
	Available money.Amount
}

// Part is a sum on one account.
type Part struct {
	Account string
	Amount  money.Amount
}

// Hold is an arrest as the bank has it.
type Hold struct {
	ID     uuid.UUID // of the leg
	CaseID int64
	Amount money.Amount // held now
	Since  time.Time
}

// legs is the name space of [LegID].
var legs = uuid.MustParse("5f0b0d6a-5e0c-4a53-9d0e-3c1f4b7a9e21")

// LegID is the id under which one bank gets its part of an order: one for ever for each order and bank (INV-A6).
func LegID(order uuid.UUID, bank string) uuid.UUID {
	return uuid.NewSHA1(legs, append(order[:], bank...))
}
