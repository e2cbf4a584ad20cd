package money_test

import (
	"fmt"

	"robotbailiff/rules/money"
)

func ExampleSplit() {
	total, _ := money.Parse("100.00")
	shares, _ := money.Split(total, []int64{1, 1, 1})
	fmt.Println(shares)
	// Output: [33.34 33.33 33.33]
}

func ExampleAmount_MulRate() {
	sum, _ := money.Parse("86500")
	rate, _ := money.ParseRate("25 %")
	fmt.Println(sum.MulRate(rate, money.HalfUp))
	// Output: 21625.00
}
