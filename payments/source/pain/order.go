package pain

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"robotbailiff/payments/source"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Version is the version of pain.001 that a bank takes.
type Version string

// The versions that we write.
const (
	V03 Version = "001.03"
	V09 Version = "001.09"
)

// Party is one side of a transfer with its account.
type Party struct {
	Name string
	ID   string // IIN or BIN; may be empty for a receiver
	Body bool   // a legal person, so that ID is a BIN
	IBAN string
	BIC  string // may be empty: the bank knows it by the IBAN
}

// Transfer is one order to pay.
type Transfer struct {
	EndToEnd string // ours, unique in the file; the statement brings it back
	Amount   money.Amount
	To       Party
	KNP      string // three digits
	KBK      string // six digits, for budget money
	Purpose  string
}

// Order is a file of transfers from one of our accounts on one day.
type Order struct {
	Version   Version
	ID        string // of the message, unique for ever
	Created   time.Time
	From      Party
	On        calendar.Date // day on which the bank shall pay
	Transfers []Transfer
}

const (
	maxID      = 35
	maxText    = 140
	maxPurpose = 3 * maxText
)

// Sum is the control sum; ok is false when it is more than an amount can hold.
func (o *Order) Sum() (sum money.Amount, ok bool) {
	for i := range o.Transfers {
		var err error
		if sum, err = sum.CheckedAdd(o.Transfers[i].Amount); err != nil {
			return sum, false
		}
	}
	return sum, true
}

// checker gathers what is wrong with an order, and makes texts plain.
type checker struct {
	format string
	place  int
	faults []*source.Fault
}

func (c *checker) add(code, field, detail string) {
	c.faults = append(c.faults, &source.Fault{Format: c.format, Place: c.place, Code: code, Field: field, Detail: detail})
}

// check gives a copy of the order with plain texts, and all that is wrong with it.
func check(o *Order) (*Order, []*source.Fault) {
	c := &checker{format: "pain.001." + string(o.Version)}
	out := *o
	if o.Version != V03 && o.Version != V09 {
		c.add(source.CodeVersion, "", string(o.Version))
	}
	c.identifier("MsgId", o.ID)
	if o.Created.IsZero() {
		c.add(source.CodeOrder, "CreDtTm", "no time")
	}
	if !o.On.Valid() {
		c.add(source.CodeOrder, "ReqdExctnDt", "no date")
	}
	out.From = c.party("Dbtr", o.From)
	if o.From.ID == "" {
		c.add(source.CodeOrder, "Dbtr/Id", "empty")
	}
	if len(o.Transfers) == 0 {
		c.add(source.CodeOrder, "CdtTrfTxInf", "no transfers")
	}
	out.Transfers = make([]Transfer, len(o.Transfers))
	seen := make(map[string]bool, len(o.Transfers))
	for i, t := range o.Transfers {
		c.place = i + 1
		out.Transfers[i] = c.transfer(t)
		if seen[t.EndToEnd] {
			c.add(source.CodeOrder, "EndToEndId", "there twice")
		}
		seen[t.EndToEnd] = true
	}
	c.place = 0
	if _, ok := o.Sum(); !ok {
		c.add(source.CodeOrder, "CtrlSum", "beyond any account")
	}
	return &out, c.faults
}

func (c *checker) transfer(t Transfer) Transfer {
	c.identifier("EndToEndId", t.EndToEnd)
	if t.EndToEnd == "NOTPROVIDED" {
		c.add(source.CodeOrder, "EndToEndId", "a word that means nothing")
	}
	if !t.Amount.IsPositive() {
		c.add(source.CodeOrder, "InstdAmt", "not more than zero")
	}
	t.To = c.party("Cdtr", t.To)
	t.Purpose = c.text("RmtInf/Ustrd", t.Purpose, maxPurpose)
	if len(t.KNP) != 3 || !source.Digits(t.KNP) {
		c.add(source.CodeOrder, "Purp", "KNP is not three digits")
	}
	if t.KBK != "" && (len(t.KBK) != 6 || !source.Digits(t.KBK)) {
		c.add(source.CodeOrder, "Tax/Rcrd/Ctgy", "KBK is not six digits")
	}
	return t
}

func (c *checker) party(role string, p Party) Party {
	p.Name = c.text(role+"/Nm", p.Name, maxText)
	if rules.CheckIBAN(p.IBAN) != nil {
		c.add(source.CodeAccount, role+"Acct", "")
	}
	if p.ID != "" {
		check := rules.CheckIIN
		if p.Body {
			check = rules.CheckBIN
		}
		if check(p.ID) != nil {
			c.add(source.CodeOrder, role+"/Id", "not the IIN or BIN that it should be")
		}
	}
	if p.BIC != "" && !isBIC(p.BIC) {
		c.add(source.CodeOrder, role+"Agt", "not a BIC")
	}
	return p
}

func isBIC(s string) bool {
	if len(s) != 8 && len(s) != 11 {
		return false
	}
	for i := range len(s) {
		letter := s[i] >= 'A' && s[i] <= 'Z'
		if !letter && (i >= 4 && i < 6 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// identifier sees that a name made by a program survives every system between banks.
func (c *checker) identifier(field, s string) {
	switch {
	case s == "":
		c.add(source.CodeOrder, field, "empty")
	case len(s) > maxID:
		c.add(source.CodeOrder, field, "longer than "+strconv.Itoa(maxID))
	case strings.ContainsFunc(s, func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/-?:().,'+ ", r)
	}), strings.HasPrefix(s, "/"), strings.HasSuffix(s, "/"), strings.Contains(s, "//"), strings.TrimSpace(s) != s:
		c.add(source.CodeOrder, field, "characters that banks do not keep")
	}
}

var plain = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "‘", "'", "’", "'", "ʼ", "'", "`", "'", "–", "-", "—", "-", "‑", "-", "−", "-",
	"\u00A0", " ", "\u202F", " ", "\t", " ", "\r\n", " ", "\n", " ")

// marks are what may stand between letters and digits.
const marks = ` .,;:-/()'"«»№&+_@#%*=!?₸§<>`

// text makes a text plain and sees that it can be written.
func (c *checker) text(field, s string, most int) string {
	if !utf8.ValidString(s) {
		c.add(source.CodeOrder, field, "not UTF-8")
		return ""
	}
	s = strings.Join(strings.Fields(plain.Replace(norm.NFC.String(s))), " ")
	switch {
	case s == "":
		c.add(source.CodeOrder, field, "empty")
	case utf8.RuneCountInString(s) > most:
		c.add(source.CodeOrder, field, "longer than "+strconv.Itoa(most))
	case strings.ContainsFunc(s, func(r rune) bool { return !writable(r) }):
		c.add(source.CodeOrder, field, "characters that banks do not keep")
	}
	return s
}

func writable(r rune) bool {
	return unicode.Is(unicode.Latin, r) || unicode.Is(unicode.Cyrillic, r) && unicode.IsLetter(r) || r >= '0' && r <= '9' || strings.ContainsRune(marks, r)
}

// Wrong names the first field of a transfer that no bank would take; "" when there is none. Whoever collects many transfers leaves out those,
// since one of them would refuse the file.
func Wrong(t Transfer) string {
	c := &checker{}
	c.transfer(t)
	if len(c.faults) == 0 {
		return ""
	}
	return c.faults[0].Field
}

// Clean gives a text in the letters and marks that banks keep; a question mark stands for each other one.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !writable(r) {
			return '?'
		}
		return r
	}, strings.Join(strings.Fields(plain.Replace(norm.NFC.String(strings.ToValidUTF8(s, "?")))), " "))
}
