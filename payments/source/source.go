// Package source is what all readers of bank statements have in common: a statement as a bank tells it, and what is wrong with
// one.
//
// Charter: the words between the formats (camt, MT940, the 1C exchange text) and the books. It must not read a format, open a
// file, know a case, or decide what a line pays for.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Statement is one account over one period, as the bank tells it. Sums are tenge with two decimals; a balance may be negative.
type Statement struct {
	Format   string // as found by looking: "camt.053.001.08", "camt.054.001.02", "mt940", "1c"
	ID       string // of the message, unique at the bank; may be empty (1C)
	Number   string // of the statement within the year; empty when the format has none
	Account  string // IBAN
	Currency string // ISO 4217
	From, To calendar.Date
	Created  string // as the bank wrote it; for the file only

	// Balanced says that the statement tells its balances: a notification (camt.054) does not.
	Balanced         bool
	Opening, Closing money.Amount

	// Skipped counts entries that are announced but not booked: no line tells of them, and no money moved.
	Skipped int

	Lines []Line // empty while a reader streams
}

// Line is one booked movement.
type Line struct {
	Place int // line of the text, or number of the entry in XML, from 1: for the report of faults

	Ref      string // the bank's own reference, unique within the account; empty when the bank gives none
	EndToEnd string // the payer's reference that travelled with the money; empty, never NOTPROVIDED
	Credit   bool   // to us
	Reversal bool   // takes back an earlier movement
	Amount   money.Amount
	Currency string
	Booked   calendar.Date
	Value    calendar.Date // value date; the booking date where the bank gives none

	Purpose string // the payer's words, parts joined by a space
	Payer   Party  // the other side of the movement
	KNP     string // payment purpose code, three digits; empty when unknown
	KBK     string // budget classification code, six digits; empty when unknown
}

// Party is the other side of a movement. All of it is personal data: never logged.
type Party struct {
	Name string
	IIN  string // or BIN, twelve digits; empty when unknown
	IBAN string
	BIC  string
}

// Key identifies a movement within its account: the bank's reference, or else a digest of all that the bank tells of it.
// Taking a movement back is a movement of its own, though banks may give it the same reference.
func (l *Line) Key() string {
	key := l.Ref
	if key == "" {
		h := sha256.New()
		for _, part := range []string{
			l.EndToEnd, strconv.FormatBool(l.Credit), l.Amount.String(), l.Currency, l.Booked.String(), l.Value.String(),
			l.Purpose, l.Payer.Name, l.Payer.IIN, l.Payer.IBAN, l.Payer.BIC, l.KNP, l.KBK,
		} {
			h.Write(strconv.AppendQuote(nil, part))
		}
		key = "~" + hex.EncodeToString(h.Sum(nil)[:16])
	}
	if l.Reversal {
		key += "~reversal"
	}
	return key
}

// Net is what the lines change the balance by.
func (s *Statement) Net() money.Amount {
	net := money.Zero
	for i := range s.Lines {
		if l := &s.Lines[i]; l.Credit {
			net = net.Add(l.Amount)
		} else {
			net = net.Sub(l.Amount)
		}
	}
	return net
}
