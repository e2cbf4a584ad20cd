package sandbox

import (
	"fmt"
	"strconv"

	"robotbailiff/engine/orders"
)

// banks are the banks of this world, with the three digits they have in an IBAN.
var banks = []struct{ name, code string }{
	{"altyn", "901"}, {"dala", "902"}, {"jetisu", "903"}, {"tulpar", "904"}, {"samruk", "905"},
}

const current = orders.KindCurrent

// protectedKinds are accounts that no order may touch (EL 62(3), 98).
var protectedKinds = []string{"social_benefit", "housing_payment", "education_savings", "alimony_for_children", "condominium_savings"}

// wealth is what a person has at banks.
type wealth int

const (
	noAccount     wealth = iota // 10 %
	protectedOnly               // 8 %
	empty                       // 8 %: an account, its number ends in 9, without money
	poor                        // 17 %: about what the law leaves to everybody, so little or nothing can be taken
	solvent                     // 45 %
	spread                      // 12 %: enough, in small sums at several banks
)

var wealthWeights = []int{10, 8, 8, 17, 45, 12}

// person gives the key under which the books know an IIN. The IIN itself is kept nowhere.
func (w *World) person(iin string) string {
	d := roll(w.seed, "person", iin)
	return d.name()
}

// accountsOf opens the accounts of a person, as they were in the beginning, sorted by number.
func (w *World) accountsOf(person string) []Account {
	d := roll(w.seed, "accounts", person)
	var out []Account
	add := func(kind string, opening int64) {
		b := banks[d.below(len(banks))]
		out = append(out, Account{
			IBAN: iban(b.code, &d, opening == 0), Person: person, Bank: b.name, Kind: kind,
			Opening: opening, Balance: opening,
		})
	}
	protected := func() {
		add(protectedKinds[d.below(len(protectedKinds))], int64(d.between(20_000, 200_000))*100)
	}
	switch wealth(d.pick(wealthWeights)) {
	case noAccount:
	case protectedOnly:
		protected()
	case empty:
		add(current, 0)
	case poor:
		add(current, int64(d.between(3_000_000, 7_500_000))) // 30 000 to 75 000 tenge, with tiyn
		if d.in(2000) {
			protected()
		}
	case solvent:
		add(current, int64(d.between(90_000, 900_000))*100)
		if d.in(2500) {
			add(current, int64(d.between(0, 60_000))*100)
		}
		if d.in(2500) {
			protected()
		}
	case spread:
		for range d.between(2, 5) {
			add(current, int64(d.between(2_000_000, 5_500_000)))
		}
	}
	return out
}

// iban makes a number with its check digits. It ends in 9 exactly when there is no money.
func iban(bank string, d *dice, noMoney bool) string {
	body := make([]byte, 0, 13)
	for len(body) < 12 {
		body = append(body, '0'+byte(d.below(10)))
	}
	last := byte('0' + d.below(9))
	if noMoney {
		last = '9'
	}
	bban := bank + string(append(body, last))
	mod := 0
	for _, c := range bban + "203500" { // KZ = 20 35, check digits 00
		mod = (mod*10 + int(c-'0')) % 97
	}
	return "KZ" + fmt.Sprintf("%02d", 98-mod) + bban
}

// tenge writes tiyn as 12345.67; the sum is not negative.
func tenge(tiyn int64) string {
	var b [24]byte
	out := strconv.AppendInt(b[:0], tiyn/100, 10)
	cents := byte(tiyn % 100)
	return string(append(out, '.', '0'+cents/10, '0'+cents%10))
}
