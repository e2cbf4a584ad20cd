package intake

import (
	"strings"
	"unicode"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// Parse reads the fields of a row. A row whose source is empty gets the given one; another source than the given one is
// refused, since a sender speaks for himself alone. The problem's code is empty when the row can be read.
func Parse(row *Row, source string) (Writ, Problem) {
	if row.Fault.Code != "" {
		return Writ{}, row.Fault
	}
	p := parser{row: row, must: &mustOpen}
	action := p.action()
	w := Writ{Action: action, Ground: p.ground(), Act: p.act()}
	if action == ActionWithdraw || action == ActionCancel { // whatever else such a row says has no effect
		w.Source, w.DocumentNumber, w.DebtorIIN = p.source(source), p.text(FieldDocumentNumber), p.text(FieldDebtorIIN)
		return w, p.problem()
	}
	w = Writ{
		Action: w.Action, Ground: w.Ground, Act: w.Act,
		Source:            p.source(source),
		DocumentNumber:    p.text(FieldDocumentNumber),
		DocumentDate:      p.date(FieldDocumentDate),
		InForceDate:       p.date(FieldInForceDate),
		Kind:              p.text(FieldKind),
		IssuerBIN:         p.code(FieldIssuerBIN, validBIN),
		IssuerName:        p.text(FieldIssuerName),
		DebtorIIN:         p.text(FieldDebtorIIN),
		DebtorName:        p.name(FieldDebtorName),
		DebtorBirthDate:   p.date(FieldDebtorBirthDate),
		DebtorPhone:       p.phone(FieldDebtorPhone),
		DebtorLanguage:    p.language(FieldDebtorLanguage),
		Region:            p.code(FieldRegion, func(s string) bool { return digits(s, 2) }),
		Amount:            p.amount(FieldAmount),
		Currency:          strings.ToUpper(p.text(FieldCurrency)),
		ClaimantBIN:       p.code(FieldClaimantBIN, validBIN),
		ClaimantName:      p.text(FieldClaimantName),
		IBAN:              p.iban(FieldIBAN),
		KBK:               p.code(FieldKBK, func(s string) bool { return digits(s, 6) }),
		KNP:               p.code(FieldKNP, func(s string) bool { return digits(s, 3) }),
		UnpaidConfirmedOn: p.date(FieldUnpaidConfirmedOn),
		DebtorAddress:     p.name(FieldDebtorAddress),
	}
	return w, p.problem()
}

// parser keeps the first problem of each sort; a missing field is told before an invalid one.
type parser struct {
	row     *Row
	must    *[FieldCount]bool // which fields may not be empty
	missing Problem
	invalid Problem
}

func (p *parser) problem() Problem {
	if p.missing.Code != "" {
		return p.missing
	}
	return p.invalid
}

func (p *parser) bad(f Field, code string) {
	if p.invalid.Code == "" {
		p.invalid = Problem{Code: code, Field: f.String()}
	}
}

// text gives the tidy value of a field.
func (p *parser) text(f Field) string {
	if len(p.row.Values[f]) > maxValue {
		p.bad(f, rules.CodeFieldInvalid)
		return ""
	}
	s, ok := tidy(p.row.Values[f])
	s = unmark(s)
	switch {
	case !ok || len(s) > longest[f]:
		p.bad(f, rules.CodeFieldInvalid)
		return ""
	case s == "" && p.missing.Code == "" && p.must[f]:
		p.missing = Problem{Code: rules.CodeFieldMissing, Field: f.String()}
	}
	return s
}

var mustOpen, mustCorrect, mustWithdraw = must(required[:]), must(required[:], FieldGround), must(withdrawing[:])

func must(fields []Field, more ...Field) (m [FieldCount]bool) {
	for _, f := range fields {
		m[f] = true
	}
	for _, f := range more {
		m[f] = true
	}
	return m
}

// action reads what the row asks for; an empty one opens a case.
func (p *parser) action() Action {
	switch a := Action(strings.ToLower(p.text(FieldAction))); a {
	case "", ActionOpen:
		return ActionOpen
	case ActionCorrect:
		p.must = &mustCorrect
		return a
	case ActionWithdraw, ActionCancel:
		p.must = &mustWithdraw
		return a
	}
	p.bad(FieldAction, rules.CodeFieldInvalid)
	return ActionOpen
}

// ground is one word of a list of the issuer's, such as amnesty. It stands in events for ever, so it can hold no name.
func (p *parser) ground() string {
	return p.code(FieldGround, func(s string) bool {
		for i := range len(s) {
			if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9' || i == 0) && c != '_' {
				return false
			}
		}
		return true
	})
}

// act is the number of the issuer's act: short, with a digit, and without anything that could be an identity number.
func (p *parser) act() string {
	return p.code(FieldAct, func(s string) bool {
		run, seen := 0, false
		for _, r := range s {
			switch {
			case r >= '0' && r <= '9':
				if run++; run == 12 {
					return false
				}
				seen = true
				continue
			case !unicode.IsLetter(r) && !strings.ContainsRune(" №./-_", r):
				return false
			}
			run = 0
		}
		return seen
	})
}

// code is a value that must pass a test unless it is empty.
func (p *parser) code(f Field, valid func(string) bool) string {
	s := p.text(f)
	if s != "" && !valid(s) {
		p.bad(f, rules.CodeFieldInvalid)
		return ""
	}
	return s
}

func (p *parser) source(given string) string {
	if given != "" && strings.TrimSpace(p.row.Values[FieldSource]) == "" {
		return given
	}
	s := p.text(FieldSource)
	if s != "" && given != "" && s != given {
		p.bad(FieldSource, rules.CodeFieldInvalid)
	}
	return s
}

func (p *parser) date(f Field) calendar.Date {
	s := p.text(f)
	if s == "" {
		return 0
	}
	d, err := calendar.ParseDate(s)
	if err != nil {
		p.bad(f, rules.CodeFieldInvalid)
	}
	return d
}

func (p *parser) amount(f Field) money.Amount {
	s := p.text(f)
	if s == "" {
		return money.Zero
	}
	a, err := money.Parse(s)
	if err != nil || !a.IsPositive() {
		p.bad(f, rules.CodeAmountInvalid)
	}
	return a
}

// name is a name or an address: it must have letters, and none that a wrong character set has turned into question marks.
func (p *parser) name(f Field) string {
	s := p.text(f)
	if s != "" && (strings.IndexByte(s, '?') >= 0 || strings.IndexFunc(s, unicode.IsLetter) < 0) {
		p.bad(f, rules.CodeFieldInvalid)
	}
	return s
}

func (p *parser) language(f Field) string {
	switch s := strings.ToLower(p.text(f)); s {
	case "":
		return "ru"
	case "kk", "ru", "en", "ky", "uz":
		return s
	}
	p.bad(f, rules.CodeFieldInvalid)
	return ""
}

// phone reads a telephone.
func (p *parser) phone(f Field) string {
	s := p.text(f)
	if s == "" {
		return ""
	}
	number, ok := Phone(s)
	if !ok {
		p.bad(f, rules.CodeFieldInvalid)
	}
	return number
}

// Phone writes a number of Kazakhstan as +7 and ten digits; 8 in front is the domestic way to dial.
func Phone(s string) (number string, ok bool) {
	var room [16]byte
	d := room[:0]
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && len(d) < 12:
			d = append(d, c)
		case c == '+' && i == 0, c == ' ', c == '-', c == '(', c == ')':
		default:
			return "", false
		}
	}
	switch {
	case len(d) == 11 && (d[0] == '7' || d[0] == '8' && s[0] != '+'):
		d = d[1:]
	case len(d) != 10 || s[0] == '+':
		return "", false
	}
	if d[0] != '7' { // area and mobile codes of Kazakhstan begin with 7
		return "", false
	}
	return "+7" + string(d), true
}

func (p *parser) iban(f Field) string {
	s := p.text(f)
	if s == "" {
		return ""
	}
	s = strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if rules.CheckIBAN(s) != nil {
		p.bad(f, rules.CodeFieldInvalid)
	}
	return s
}

func validBIN(s string) bool { return rules.CheckBIN(s) == nil }

func digits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
