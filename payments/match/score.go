package match

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"robotbailiff/rules/money"
)

// Why says what speaks for a case that may be meant. Shown to people; the words are stable.
type Why string

// Reasons, the strongest first.
const (
	WhyNumber   Why = "number"    // its number stands in the words, among others
	WhyNear     Why = "near"      // a number in the words is its number but for one digit, or two swapped
	WhyPayer    Why = "payer"     // the payer is its debtor, as the bank says
	WhySum      Why = "sum"       // the sum is to the tiyn what it asks for
	WhyTogether Why = "together"  // with other cases of its debtor the sums add up exactly
	WhyName     Why = "name"      // the debtor's name stands in the words: never enough alone
	WhyEnded    Why = "ended"     // it has ended: the money would go back
	WhyLarge    Why = "too_large" // the payment is more than it asks for
)

// weights make a score: two reasons of which one alone says little outweigh one of them, and a name adds to others only.
var weights = map[Why]int{WhyNumber: 60, WhyNear: 50, WhyPayer: 40, WhySum: 25, WhyTogether: 30, WhyName: 10, WhyEnded: -30, WhyLarge: -5}

// MaxCandidates is how many cases are offered for one payment.
const MaxCandidates = 5

// Known is a case that may be meant, with what is known of it.
type Known struct {
	CaseID      int64
	DebtorID    int64
	Outstanding money.Amount
	Ended       bool
	Debtor      string // the debtor's name: personal data, only compared here
}

// Evidence is what a payment in suspense says.
type Evidence struct {
	Amount  money.Amount // that lies in suspense
	Words   string       // of the payer
	Payer   string       // his name, as the bank says
	Debtor  int64        // the payer is this debtor; 0: none that we know
	Numbers []int64      // sound case numbers in the words
	Near    []int64      // what mistyped ones may have been meant as
}

// Candidate is a case that may be meant, and why.
type Candidate struct {
	CaseID int64
	Score  int
	Whys   []Why
	Pays   money.Amount // what it would take of the sum
}

// Proposal is what a person may want to do: the candidates, the likeliest first, and, where the open cases of one debtor add up exactly
// to the sum, how to split it.
type Proposal struct {
	Candidates []Candidate
	Split      []Open // two cases or more; nil: no such thing, or more than one way
}

// Score weighs cases that may be meant. It decides nothing: a person looks. Cases for which nothing but a name or a sum speaks are left out.
func Score(e Evidence, cases []Known) Proposal {
	var p Proposal
	together := addUp(e.Amount, cases)
	if len(together) > 1 {
		p.Split = together
	}
	words := letters(e.Words + " " + e.Payer)
	for _, c := range cases {
		whys := weigh(e, c, words, together)
		if !enough(whys) {
			continue
		}
		score := 0
		for _, w := range whys {
			score += weights[w]
		}
		p.Candidates = append(p.Candidates, Candidate{CaseID: c.CaseID, Score: max(score, 1), Whys: whys, Pays: money.Min(e.Amount, c.Outstanding)})
	}
	slices.SortFunc(p.Candidates, func(a, b Candidate) int { return cmp.Or(b.Score-a.Score, cmp.Compare(a.CaseID, b.CaseID)) })
	p.Candidates = p.Candidates[:min(len(p.Candidates), MaxCandidates)]
	return p
}

func weigh(e Evidence, c Known, words []string, together []Open) (whys []Why) {
	add := func(is bool, w Why) {
		if is {
			whys = append(whys, w)
		}
	}
	add(slices.Contains(e.Numbers, c.CaseID), WhyNumber)
	add(slices.Contains(e.Near, c.CaseID), WhyNear)
	add(e.Debtor != 0 && e.Debtor == c.DebtorID, WhyPayer)
	add(e.Amount.Equal(c.Outstanding), WhySum)
	add(len(together) > 1 && slices.ContainsFunc(together, func(o Open) bool { return o.CaseID == c.CaseID }), WhyTogether)
	add(namesDebtor(words, c.Debtor), WhyName)
	add(c.Ended, WhyEnded)
	add(!c.Ended && c.Outstanding.Less(e.Amount), WhyLarge)
	return whys
}

// enough says whether something points at the case that is not merely a name or a sum.
func enough(whys []Why) bool {
	return slices.ContainsFunc(whys, func(w Why) bool { return w == WhyNumber || w == WhyNear || w == WhyPayer })
}

// mostTogether bounds how many cases of one debtor are tried together.
const mostTogether = 12

// addUp finds the open cases of one debtor whose sums add up exactly; nil when there are none, or several ways.
func addUp(sum money.Amount, cases []Known) []Open {
	of := map[int64][]Open{}
	for _, c := range cases {
		if !c.Ended && c.Outstanding.IsPositive() && len(of[c.DebtorID]) < mostTogether {
			of[c.DebtorID] = append(of[c.DebtorID], Open{CaseID: c.CaseID, Outstanding: c.Outstanding})
		}
	}
	var found []Open
	ways := 0
	for _, open := range of {
		for set := 1; set < 1<<len(open); set++ {
			var some []Open
			total := int64(0)
			for i, o := range open {
				if set&(1<<i) != 0 {
					some, total = append(some, o), total+o.Outstanding.Tiyn()
				}
			}
			if total == sum.Tiyn() {
				found, ways = some, ways+1
			}
		}
	}
	if ways != 1 {
		return nil
	}
	return found
}

// namesDebtor says whether the first two parts of a name, of two letters or more, stand in the words.
func namesDebtor(words []string, name string) bool {
	parts := letters(name)
	if len(parts) < 2 {
		return false
	}
	for _, p := range parts[:2] {
		if len([]rune(p)) < 2 || !slices.Contains(words, p) {
			return false
		}
	}
	return true
}

func letters(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
}
