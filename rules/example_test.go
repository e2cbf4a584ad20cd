package rules_test

import (
	"fmt"
	"time"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

func ExampleEligibility() {
	amount, _ := money.Parse("86500.00")
	writ := rules.WritFacts{
		Kind:              "fine_prescription",
		DebtorIIN:         "000101500001", // synthetic
		Amount:            amount,
		InForce:           calendar.MakeDate(2026, time.January, 5),
		UnpaidConfirmedOn: calendar.MakeDate(2026, time.February, 15),
	}
	opening := calendar.MakeDate(2026, time.February, 25)
	verdict := rules.Eligibility(pack.Default(), writ, opening)
	fmt.Println(verdict.Outcome, verdict.Code, verdict.Field)

	steps := verdict.Trace.Explain(pack.Default(), opening, "en")
	last := steps[len(steps)-1]
	fmt.Println(last.Citation+":", last.Outcome)
	for _, f := range last.Facts {
		fmt.Printf("  %s: %s\n", f.Label, f.Text)
	}
	// Output:
	// reject above_threshold amount
	// EL 10-1(1): not met
	//   sum, tenge: 86500.00
	//   limit, tenge: 86500.00
	//   limit, MCI: 20
	//   a sum at the limit qualifies: no
}

func ExampleTermEnd() {
	last, step := rules.TermEnd(pack.Default(), calendar.MakeDate(2024, time.August, 20))
	fmt.Println(last, last.End().Format(time.RFC3339))
	fmt.Println(string(rules.Trace{step}.AppendJSON(nil)))
	// Output:
	// 2024-09-19 2024-09-20T00:00:00+05:00
	// [["term.days",2,"opening_day=2024-08-20","length=30","last_day=2024-09-19"]]
}

func ExampleFee() {
	sum, _ := money.Parse("86500")
	fee, _ := rules.Fee(pack.Default(), sum, calendar.MakeDate(2026, time.June, 1))
	fmt.Println(fee)
	// Output: 21625.00
}

func ExampleCheckIIN() {
	fmt.Println(rules.CheckIIN("000101500206")) // agrees on the second pass
	fmt.Println(rules.CheckIIN("971240001315"))
	// Output:
	// <nil>
	// rules: the number is a BIN, not an IIN
}
