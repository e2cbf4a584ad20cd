package camt

import (
	"strconv"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
	"robotbailiff/rules/money"
)

// tally is how many entries there are and what they come to, whatever their direction.
type tally struct {
	count int
	sum   money.Amount
}

func (t *tally) add(sum money.Amount) (err error) {
	t.count++
	t.sum, err = t.sum.CheckedAdd(sum)
	return err
}

// The summaries of a statement.
const (
	ofAll = iota
	ofCredits
	ofDebits
)

var summaryNames = [3]string{"TtlNtries", "TtlCdtNtries", "TtlDbtNtries"}

// totals compare what was read with what the bank says. Banks differ in whether they count entries that are not booked.
type totals struct {
	booked, every [3]tally
	said          [3]struct {
		count, sum bool
		tally
	}
}

// add counts an entry.
func (t *totals) add(e *entryRecord) error {
	which := ofDebits
	if e.credit {
		which = ofCredits
	}
	for _, i := range [...]int{ofAll, which} {
		if err := t.every[i].add(e.amount); err != nil {
			return err
		}
		if e.booked() {
			if err := t.booked[i].add(e.amount); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *reader) totalValue(f iso.Field, text []byte) error {
	var err error
	said := &x.sums.said[(f-totalCount)/2]
	if (f-totalCount)%2 == 0 {
		if said.tally.count, err = strconv.Atoi(string(text)); err != nil {
			return x.doc.Fault(source.CodeInvalid, "NbOfNtries", "")
		}
		said.count = true
		return nil
	}
	var code string
	if said.tally.sum, code = source.ParseAmount(string(text)); code != "" {
		return x.doc.Fault(code, "Sum", "")
	}
	said.sum = true
	return nil
}

func (x *reader) checkTotals() error {
	for i, said := range x.sums.said {
		booked, every := x.sums.booked[i], x.sums.every[i]
		if said.count && said.tally.count != booked.count && said.tally.count != every.count {
			return x.doc.Fault(source.CodeTotals, summaryNames[i]+"/NbOfNtries", strconv.Itoa(said.tally.count)+" is said, "+strconv.Itoa(booked.count)+" are there")
		}
		if said.sum && !said.tally.sum.Equal(booked.sum) && !said.tally.sum.Equal(every.sum) {
			return x.doc.Fault(source.CodeTotals, summaryNames[i]+"/Sum", said.tally.sum.String()+" is said, "+booked.sum.String()+" is there")
		}
	}
	return nil
}
