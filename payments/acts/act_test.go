package acts_test

import (
	"errors"
	"fmt"
	"testing"

	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	tiyn := money.FromTiyn
	known := map[int64]payments.Payment{
		1: {ID: 1, Source: ledger.SourceTreasury, Amount: tiyn(100), Suspense: tiyn(100)},
		2: {ID: 2, Source: ledger.SourceTreasury, Amount: tiyn(100), Suspense: tiyn(40), CaseID: 8},
		3: {ID: 3, Source: "kaspi", Amount: tiyn(100), CaseID: 7},
		4: {ID: 4, Source: "kaspi", Amount: tiyn(99), CaseID: 7},
		6: {ID: 6, Source: "kaspi", Amount: tiyn(103), Fee: tiyn(3), CaseID: 7},
		7: {ID: 7, Source: "kaspi", Amount: tiyn(103), Fee: tiyn(4), CaseID: 7},
		8: {ID: 8, Source: ledger.SourceTreasury, Amount: tiyn(100), CaseID: 7, Allocated: tiyn(90), Remitting: tiyn(10), Remitted: tiyn(20)},
		5: {ID: 5, Source: ledger.SourceSplit, Amount: tiyn(100), CaseID: 7},
	}
	part := func(payment, caseID, sum int64) acts.Part {
		return acts.Part{PaymentID: payment, CaseID: caseID, Amount: tiyn(sum)}
	}
	same := func(payment, of, sum int64) acts.Part {
		return acts.Part{PaymentID: payment, Known: of, Amount: tiyn(sum)}
	}
	many := make([]acts.Part, acts.MaxParts+1)
	for i := range many {
		many[i] = part(1, int64(i+1), 1)
	}
	for name, c := range map[string]struct {
		act  acts.Act
		want string
	}{
		"all of it":                 {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 7, 100)}}, ""},
		"a part":                    {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 7, 1)}}, ""},
		"a tiyn too much":           {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 7, 101)}}, acts.CodeTooMuch},
		"nothing":                   {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 7, 0)}}, acts.CodeShape},
		"less than nothing":         {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 7, -1)}}, acts.CodeShape},
		"to no case":                {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(1, 0, 1)}}, acts.CodeShape},
		"of no payment":             {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(9, 7, 1)}}, acts.CodeNoPayment},
		"more to its own case":      {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(2, 8, 40)}}, ""},
		"to another case":           {acts.Act{Kind: acts.Assign, Parts: []acts.Part{part(2, 7, 40)}}, acts.CodeOtherCase},
		"the rest split off":        {acts.Act{Kind: acts.Split, Parts: []acts.Part{part(2, 7, 10), part(2, 6, 30)}}, ""},
		"split too far":             {acts.Act{Kind: acts.Split, Parts: []acts.Part{part(1, 7, 60), part(1, 6, 41)}}, acts.CodeTooMuch},
		"split into one":            {acts.Act{Kind: acts.Split, Parts: []acts.Part{part(1, 7, 60)}}, acts.CodeShape},
		"split to one case twice":   {acts.Act{Kind: acts.Split, Parts: []acts.Part{part(1, 7, 60), part(1, 7, 1)}}, acts.CodeShape},
		"split of two":              {acts.Act{Kind: acts.Split, Parts: []acts.Part{part(1, 7, 60), part(2, 6, 1)}}, acts.CodeShape},
		"split into too many":       {acts.Act{Kind: acts.Split, Parts: many}, acts.CodeShape},
		"merged":                    {acts.Act{Kind: acts.Merge, Parts: []acts.Part{part(1, 8, 100), part(2, 8, 40)}}, ""},
		"merged in part":            {acts.Act{Kind: acts.Merge, Parts: []acts.Part{part(1, 8, 99), part(2, 8, 40)}}, acts.CodeShape},
		"merged with itself":        {acts.Act{Kind: acts.Merge, Parts: []acts.Part{part(1, 8, 100), part(1, 8, 100)}}, acts.CodeShape},
		"merged into two cases":     {acts.Act{Kind: acts.Merge, Parts: []acts.Part{part(1, 7, 100), part(2, 8, 40)}}, acts.CodeShape},
		"merged into another case":  {acts.Act{Kind: acts.Merge, Parts: []acts.Part{part(1, 7, 100), part(2, 7, 40)}}, acts.CodeOtherCase},
		"back to the payer":         {acts.Act{Kind: acts.Refund, Parts: []acts.Part{part(1, 0, 50)}}, ""},
		"back, for a case":          {acts.Act{Kind: acts.Refund, Parts: []acts.Part{part(1, 7, 50)}}, acts.CodeShape},
		"one transfer":              {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 3, 100)}}, ""},
		"another sum":               {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 4, 100)}}, acts.CodeNotSame},
		"less its fee":              {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 6, 100)}}, ""},
		"less another fee":          {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 7, 100)}}, acts.CodeNotSame},
		"sent by hand":              {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance, Parts: []acts.Part{part(8, 7, 60)}}, ""},
		"sent, nobody named":        {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance}, acts.CodeUnnamed},
		"sent, a tiyn too much":     {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance, Parts: []acts.Part{part(8, 7, 61)}}, acts.CodeSentMore},
		"sent, of another case":     {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance, Parts: []acts.Part{part(8, 6, 60)}}, acts.CodeOtherCase},
		"sent, of no case":          {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance, Parts: []acts.Part{part(8, 0, 60)}}, acts.CodeOtherCase},
		"sent, named twice":         {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.Remittance, Parts: []acts.Part{part(8, 7, 1), part(8, 7, 1)}}, acts.CodeShape},
		"a fee of a payment":        {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.BankFee, Parts: []acts.Part{part(8, 7, 1)}}, acts.CodeShape},
		"in part":                   {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 3, 99)}}, acts.CodeNotSame},
		"used already":              {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(2, 3, 40)}}, acts.CodeNotSame},
		"two lines":                 {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 2, 100)}}, acts.CodeNotSame},
		"a part of another payment": {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 5, 100)}}, acts.CodeNotSame},
		"the same as nothing":       {acts.Act{Kind: acts.SameAs, Parts: []acts.Part{same(1, 9, 100)}}, acts.CodeNotSame},
		"a fee":                     {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: ledger.BankFee}, ""},
		"a fee of nothing":          {acts.Act{Kind: acts.Explain, Meaning: ledger.BankFee}, acts.CodeShape},
		"no meaning":                {acts.Act{Kind: acts.Explain, TxnID: "x", Meaning: "gift"}, acts.CodeShape},
		"no such act":               {acts.Act{Kind: "burn", Parts: []acts.Part{part(1, 0, 1)}}, acts.CodeShape},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := acts.Check(&c.act, known); err != nil {
				got = fmt.Sprint(err)
				if e, ok := errors.AsType[*acts.Error](err); ok {
					got = e.Code
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What a person saw and what is done differ by any of its sums.
func TestEffect_hasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	one := acts.Effect{Parts: []acts.PartEffect{{PaymentID: 1, CaseID: 7, Amount: money.FromTiyn(5), Allocated: money.FromTiyn(5), State: "opened"}}}
	seen := map[string]bool{one.Seen(): true}
	for _, change := range []func(*acts.PartEffect){
		func(p *acts.PartEffect) { p.CaseID = 8 }, func(p *acts.PartEffect) { p.Allocated = money.FromTiyn(4) }, func(p *acts.PartEffect) { p.RefundDue = money.FromTiyn(1) },
		func(p *acts.PartEffect) { p.Left = money.FromTiyn(1) }, func(p *acts.PartEffect) { p.State = "paid" }, func(p *acts.PartEffect) { p.Lifts = 1 },
		func(p *acts.PartEffect) { p.Reduces = 1 }, func(p *acts.PartEffect) { p.Recalls = 1 },
	} {
		other := acts.Effect{Parts: []acts.PartEffect{one.Parts[0]}}
		change(&other.Parts[0])
		if seen[other.Seen()] {
			t.Errorf("%+v has the name of another", other.Parts[0])
		}
		seen[other.Seen()] = true
	}
}

// The oldest payment by value date goes first, whatever its number, and what is in a file or sent is left out.
func TestSentParts_oldestFirst(t *testing.T) {
	t.Parallel()
	tiyn := money.FromTiyn
	pay := func(id int64, day int, allocated, remitted int64) payments.Payment {
		return payments.Payment{ID: id, CaseID: 7, ValueDate: calendar.MakeDate(2026, 9, day), Allocated: tiyn(allocated), Remitted: tiyn(remitted)}
	}
	paid := map[int64][]payments.Payment{7: {pay(1, 3, 50, 0), pay(2, 1, 30, 10), pay(3, 2, 40, 40), pay(4, 3, 5, 0)}}
	got, err := acts.SentParts([]acts.Named{{CaseID: 7}}, tiyn(71), paid)
	if want := "[{2 7 0 0.20} {1 7 0 0.50} {4 7 0 0.01}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	if _, err := acts.SentParts([]acts.Named{{CaseID: 7}}, tiyn(76), paid); err == nil {
		t.Error("more than is due")
	}
}
