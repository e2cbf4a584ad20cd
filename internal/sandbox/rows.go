package sandbox

import (
	"time"

	"github.com/google/uuid"
)

// The rows of the books. The JSON names are the names of the columns. Sums are tiyn.

// Instruction is an order as a bank recorded it, with the answer it gave for good.
type Instruction struct {
	ID       uuid.UUID `json:"id"`
	CaseID   int64     `json:"case_id"`
	Purpose  string    `json:"purpose"`
	Person   string    `json:"person"`
	Amount   int64     `json:"amount"`
	Parts    string    `json:"parts"` // account=tiyn, separated by spaces
	Of       uuid.UUID `json:"of_id"`
	Answer   string    `json:"answer"`
	Sum      int64     `json:"sum"`
	Done     string    `json:"done"` // of the sum, by account, as parts
	Bank     string    `json:"bank"`
	Detail   string    `json:"detail"`
	At       time.Time `json:"at"`
	AnswerAt time.Time `json:"answer_at"` // before it the bank says only that it has the order
	Seen     int       `json:"seen"`      // how often it came
}

// Arrest is money held for a case on one account.
type Arrest struct {
	Key     string    `json:"key"` // id/account
	ID      uuid.UUID `json:"id"`  // of the order, as the bank knows it
	CaseID  int64     `json:"case_id"`
	Account string    `json:"account"`
	Person  string    `json:"person"`
	Bank    string    `json:"bank"`
	Held    int64     `json:"held"`
	Taken   int64     `json:"taken"`
	At      time.Time `json:"at"`
	Ended   string    `json:"ended"` // empty, lifted or collected
	EndedAt time.Time `json:"ended_at,omitzero"`
}

// Live says whether the arrest still binds the account.
func (a *Arrest) Live() bool { return a.Ended == "" }

// Account is an account of a debtor. Opening = Balance + Taken, and Held is never more than Balance.
type Account struct {
	IBAN    string `json:"iban"`
	Person  string `json:"person"`
	Bank    string `json:"bank"`
	Kind    string `json:"kind"` // current, or a protected type
	Opening int64  `json:"opening"`
	Balance int64  `json:"balance"`
	Held    int64  `json:"held"`
	Taken   int64  `json:"taken"`
}

// Debtor is the debtor's side of one case: what he knows, means to do, paid and suffered.
type Debtor struct {
	CaseID     int64     `json:"case_id"`
	Token      string    `json:"token"` // of his newest personal link
	Owed       int64     `json:"owed"`  // as first told; 0: not told
	Plan       string    `json:"plan"`
	FirstAt    time.Time `json:"first_at,omitzero"` // the first message left
	AwareAt    time.Time `json:"aware_at,omitzero"` // the first message was read
	LastAt     time.Time `json:"last_at,omitzero"`  // he last paid, or a bank last took something
	Paid       int64     `json:"paid"`
	Taken      int64     `json:"taken"`
	Reversed   int64     `json:"reversed"`
	Held       int64     `json:"held"`
	Peak       int64     `json:"peak"`     // the highest sum ever held at once
	Arrests    int       `json:"arrests"`  // accounts ever arrested for the case
	LiveNow    int       `json:"live_now"` // accounts arrested now
	Messages   int       `json:"messages"` // that reached him
	ArrestedAt time.Time `json:"arrested_at,omitzero"`
	LiftedAt   time.Time `json:"lifted_at,omitzero"` // the last arrest ended
}

// Message is what left physically under one reference of ours.
type Message struct {
	Key     string    `json:"key"` // channel/ref
	Channel string    `json:"channel"`
	Ref     string    `json:"ref"`
	To      string    `json:"to_hash"`
	CaseID  int64     `json:"case_id"`
	Token   string    `json:"token"`
	Owed    int64     `json:"owed"` // the sum the text names
	Count   int       `json:"count"`
	At      time.Time `json:"at"`
	Fate    string    `json:"fate"`             // delivered, failed or unknown
	DoneAt  time.Time `json:"done_at,omitzero"` // delivered or failed
	Words   string    `json:"words"`            // of a code; empty: what a notice says is known elsewhere
}

// Payment is money that somebody in the world paid, or that a bank took.
type Payment struct {
	Key        string    `json:"key"` // source/txn
	Source     string    `json:"source"`
	TxnID      string    `json:"txn_id"`
	CaseID     int64     `json:"case_id"` // 0: nobody can tell from the reference
	Reference  string    `json:"reference"`
	Amount     int64     `json:"amount"`
	ValueDate  string    `json:"value_date"`
	At         time.Time `json:"at"`
	Reported   bool      `json:"reported"`           // false: its message is lost for ever, only a statement tells
	HandedAt   time.Time `json:"handed_at,omitzero"` // our side answered 2xx to its message
	Reversed   int64     `json:"reversed"`
	ReversedAt time.Time `json:"reversed_at,omitzero"` // our side answered 2xx to the reversal
}

// Item is something that will happen: inside the world (Inner), or towards our side.
type Item struct {
	Key      string    `json:"key"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Inner    bool      `json:"inner"`
	CaseID   int64     `json:"case_id"`
	Body     string    `json:"body"`
	HandedAt time.Time `json:"handed_at,omitzero"`
	Tries    int       `json:"tries"`
	Note     string    `json:"note"`
}

// Wrong is something our side did that it must never do, as the world saw it.
type Wrong struct {
	Key       string    `json:"key"`
	Invariant string    `json:"invariant"` // of reliability.md
	CaseID    int64     `json:"case_id"`
	Detail    string    `json:"detail"`
	At        time.Time `json:"at"`
}
