package orders

import (
	"context"
	"time"

	"github.com/google/uuid"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// RegisterName is the name under which the register of debtors stands beside the banks; no bank may have it.
const RegisterName = "register"

// Entry is one order about the public register of debtors (EL 36), as the register gets it. An entry names no sum: what is owed moves,
// and the law asks for the content of the duty alone.
type Entry struct {
	ID      uuid.UUID // deterministic; the register does the same id once, however often it comes
	CaseID  int64
	Purpose engine.Purpose // register, deregister or entrust
	Of      uuid.UUID      // the entry meant, for deregister and entrust

	IIN, Name string        // of the debtor, for register; never logged
	Issuer    string        // the body that issued the writ
	IssuedOn  calendar.Date // the date of the writ
	Duty      string        // the kind of the writ, a word of ours
	Executor  Executor      // for register and entrust
}

// Executor is who executes: the territorial body of a region, or a private bailiff by name and licence.
type Executor struct{ Region, Name, Licence string }

// Listed is one entry that stands in the register.
type Listed struct {
	ID     uuid.UUID // of the order that made it
	CaseID int64
	Since  time.Time
}

// Register is the port to the register of debtors. Each call works on a set; an id without a reply has an unknown outcome, and so has
// every id when the call returns an error.
type Register interface {
	Submit(ctx context.Context, batch []Entry) ([]Reply, error)
	Query(ctx context.Context, ids []uuid.UUID) ([]Reply, error)
	// List gives the entries that stand there by our orders, by ascending id after a cursor ("" begins); an empty next ends it.
	List(ctx context.Context, after string, limit int) (listed []Listed, next string, err error)
}

// Reply is the answer to an order about an entry by who got it.
func (e Entry) Reply(a engine.Answer, detail string) Reply {
	return Reply{ID: e.ID, CaseID: e.CaseID, Known: true, Answer: a, Bank: RegisterName, Detail: detail}
}
