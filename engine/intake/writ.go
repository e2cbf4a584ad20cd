package intake

import (
	"crypto/sha256"
	"encoding/binary"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Writ is one row of a court batch after its fields were read. Unset dates and empty texts mean that the row does not say.
type Writ struct {
	Source            string
	DocumentNumber    string
	DocumentDate      calendar.Date
	InForceDate       calendar.Date
	Kind              string
	IssuerBIN         string
	IssuerName        string
	DebtorIIN         string
	DebtorName        string
	DebtorBirthDate   calendar.Date
	DebtorPhone       string // +7XXXXXXXXXX
	DebtorLanguage    string // kk, ru, en, ky or uz
	Region            string // two digits
	Amount            money.Amount
	Currency          string
	ClaimantBIN       string
	ClaimantName      string
	IBAN              string
	KBK               string
	KNP               string
	UnpaidConfirmedOn calendar.Date
	DebtorAddress     string // for letters, on one line

	Action Action
	Ground string // of a row that is not Open: one word, such as amnesty
	Act    string // number of the issuer's act, if it says so
}

// Action is what a row asks for.
type Action string

// The actions. A row without one opens a case. No action ever makes a second case of a writ.
const (
	ActionOpen     Action = "open"     // open a case on the writ
	ActionWithdraw Action = "withdraw" // the issuer takes the writ back: the case ends as cancelled
	ActionCancel   Action = "cancel"   // the decision behind the writ is void (EL 10-5(1)(2)), by an amnesty for example (CAO 889-1)
	ActionCorrect  Action = "correct"  // the same writ, with a lower sum or other requisites
)

// facts is what the rules need to know of the writ.
func (w *Writ) facts() rules.WritFacts {
	return rules.WritFacts{
		Kind: w.Kind, DebtorIIN: w.DebtorIIN, DebtorBirthDate: w.DebtorBirthDate, Amount: w.Amount, Currency: w.Currency,
		InForce: w.InForceDate, DocumentDate: w.DocumentDate, UnpaidConfirmedOn: w.UnpaidConfirmedOn,
	}
}

// Hash is the content of the writ in 32 bytes: the same for the same writ in any encoding, order and spacing.
func (w *Writ) Hash() [sha256.Size]byte {
	var room [1024]byte
	b := append(room[:0], "writ 1"...)
	text := func(values ...string) {
		for _, v := range values {
			b = binary.AppendUvarint(b, uint64(len(v)))
			b = append(b, v...)
		}
	}
	date := func(dates ...calendar.Date) {
		for _, d := range dates {
			b = binary.BigEndian.AppendUint32(b, uint32(d))
		}
	}
	text(w.Source, w.DocumentNumber, w.Kind, w.IssuerBIN, w.IssuerName, w.DebtorIIN, w.DebtorName, w.DebtorPhone, w.DebtorLanguage,
		w.Region, w.Currency, w.ClaimantBIN, w.ClaimantName, w.IBAN, w.KBK, w.KNP)
	date(w.DocumentDate, w.InForceDate, w.DebtorBirthDate, w.UnpaidConfirmedOn)
	b = binary.BigEndian.AppendUint64(b, uint64(w.Amount.Tiyn()))
	if w.Action != ActionOpen && w.Action != "" {
		text(string(w.Action), w.Ground, w.Act)
	}
	if w.DebtorAddress != "" { // writs of before the address was a field keep their hash
		text("address", w.DebtorAddress)
	}
	return sha256.Sum256(b)
}
