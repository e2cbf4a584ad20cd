package intake

import (
	"crypto/sha256"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"robotbailiff/internal/seal"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Where sealed values live: the second argument of seal.Keys.Seal and the first of seal.Keys.Blind.
const (
	SealedIIN     = "debtors.iin_sealed"
	SealedPhone   = "debtors.phone_sealed"
	SealedAddress = "debtors.address_sealed"
	SealedRow     = "batch_rows.sealed"
	BlindIIN      = "debtors.iin_blind"
)

type (
	docKey    [16]byte // of a source and a document number
	personKey [16]byte // of an IIN, under its blind index
)

func keyOfDocument(source, number string) docKey {
	sum := sha256.Sum256([]byte(source + "\x00" + number))
	return docKey(sum[:16])
}

// item is one row on its way to a verdict.
type item struct {
	row     Row
	writ    Writ
	problem Problem // of reading the fields, or of storing the row
	cause   rules.Trace
	hash    [sha256.Size]byte
	doc     docKey
	blind   []byte // nil when the number cannot be an IIN: the rules will say so
	person  personKey
	caseID  int64 // the id that its case would get

	newDebtor int64 // the id that its debtor would get

	by string // two people who found that the writ means the person of its IIN; empty: nobody has looked

	// The verdict; of is the case that a duplicate, a conflict or a correction points at.
	verdict     Verdict
	code, field string
	trace       rules.Trace
	of          int64
}

// prepare reads the fields and computes what needs no database.
func (it *item) prepare(keys *seal.Keys, source string) {
	it.writ, it.problem = Parse(&it.row, source)
	it.blind, it.caseID, it.cause = nil, 0, nil
	if it.problem.Code != "" {
		return
	}
	it.hash = it.writ.Hash()
	it.doc = keyOfDocument(it.writ.Source, it.writ.DocumentNumber)
	if rules.CheckIIN(it.writ.DebtorIIN) == nil {
		it.blind = keys.Blind(BlindIIN, it.writ.DebtorIIN)
		it.person = personKey(it.blind[:16])
	}
}

// action is what the row asks for; one that cannot be read asks for nothing special.
func (it *item) action() Action {
	if it.writ.Action == "" {
		return ActionOpen
	}
	return it.writ.Action
}

// needsCase says whether the row may begin a case and has no id for it yet.
func (it *item) needsCase() bool {
	return it.problem.Code == "" && it.caseID == 0 && it.writ.Action == ActionOpen
}

// clear forgets the verdict: a transaction that is repeated begins from nothing.
func (it *item) clear() {
	it.verdict, it.code, it.field, it.trace, it.of = "", "", "", nil, 0
}

func (it *item) settle(p Problem) {
	it.verdict, it.code, it.field = verdictOf(p.Code), p.Code, p.Field
}

// repeats settles a row whose document number is known already.
func (it *item) repeats(seen document) {
	it.of = seen.caseID
	if [16]byte(it.hash[:16]) == seen.content {
		it.settle(Problem{Code: CodeDuplicate})
		return
	}
	it.settle(Problem{Code: CodeConflict, Field: FieldDocumentNumber.String()})
}

// document is a writ that has a case.
type document struct {
	content [16]byte
	caseID  int64
}

// person is who an IIN belongs to: the debtor in the table, or the first one of that IIN among the rows.
type person struct {
	id     int64
	birth  calendar.Date
	words  [6]uint32 // hashes of the words of the name
	n      uint8
	stored bool // the words and the date are known
	fresh  bool // the id is new: the person is not in the table yet
	mail   bool // the table has an address
}

func (p *person) learn(name string, birth calendar.Date) {
	p.stored, p.birth = true, birth
	p.words, p.n = nameWords(name)
}

// other says whether the row means clearly another person: another birth date, or a name without one common word.
func (p *person) other(name string, birth calendar.Date) bool {
	if !p.birth.IsZero() && !birth.IsZero() && p.birth != birth {
		return true
	}
	words, n := nameWords(name)
	for _, w := range words[:n] {
		for _, have := range p.words[:p.n] {
			if w == have {
				return false
			}
		}
	}
	return n > 0 && p.n > 0
}

// nameWords hashes the words of a name: no initials, no difference of case, of Ё and Е, or of Kazakh letters and those
// that programs without them write instead.
func nameWords(name string) (words [6]uint32, n uint8) {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if utf8.RuneCountInString(word) < 2 {
			continue
		}
		h := fnv.New32a()
		for _, r := range word {
			r = unicode.ToUpper(r)
			if plain, ok := alike[r]; ok {
				r = plain
			}
			_, _ = h.Write([]byte{byte(r >> 8), byte(r)}) // a hash never fails
		}
		if words[n] = h.Sum32(); int(n) == len(words)-1 {
			return words, n + 1
		}
		n++
	}
	return words, n
}

var alike = map[rune]rune{
	'Ё': 'Е', 'Ә': 'А', 'Ғ': 'Г', 'Қ': 'К', 'Ң': 'Н', 'Ө': 'О', 'Ұ': 'У', 'Ү': 'У', 'Һ': 'Х', 'І': 'И', 'Й': 'И',
}

// birthDate is the stated one, else the one inside the IIN.
func (w *Writ) birthDate() calendar.Date {
	if !w.DebtorBirthDate.IsZero() {
		return w.DebtorBirthDate
	}
	if born, _, ok := rules.IINBirthDate(w.DebtorIIN); ok {
		return born
	}
	return 0
}
