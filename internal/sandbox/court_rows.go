package sandbox

import (
	"strconv"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// Kinds of writs and the systems that send them.
const (
	kindPrescription = iota
	kindAuthority
	kindCourt
	kindTax
)

var (
	kindNames   = []string{"fine_prescription", "authority_ruling", "court_ruling", "tax_order"}
	kindWeights = []int{55, 25, 13, 7}
	sources     = []string{"erap", "erap", "torelik", "kgd"}
	multiples   = []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 19} // of the MCI
	fineWeights = []int{10, 14, 20, 6, 34, 2, 6, 2, 7, 2, 1}
)

// body is an issuing body with its claimant.
type body struct{ bin, name, claimantBIN, claimant, iban string }

var issuerNames = []string{"Управление полиции: ", "Департамент полиции: ", "Суд по административным правонарушениям: ", "Управление государственных доходов: "}

func makeBodies(seed uint64) [][]body {
	out := make([][]body, len(kindNames))
	for k := range kindNames {
		for _, region := range regions {
			d := roll(seed, "body", strconv.Itoa(k)+"/"+region.code)
			b := body{
				bin: makeBIN(&d), claimantBIN: makeBIN(&d), name: issuerNames[k] + region.name,
				claimant: "Департамент казначейства: " + region.name, iban: iban("900", &d, false),
			}
			out[k] = append(out[k], b)
		}
	}
	return out
}

func makeBIN(d *dice) string {
	for {
		first := strconv.Itoa(10_00+d.between(0, 14)*100+d.between(1, 12)) + "40" + strconv.Itoa(d.between(10_000, 99_999))
		if c, ok := rules.IINCheckDigit(first); ok {
			return first + string(c)
		}
	}
}

// Row is one row of the batch as written; an empty field is not there.
type Row struct {
	Source, DocumentNumber, DocumentDate, InForceDate, Kind, IssuerBIN, IssuerName         string
	DebtorIIN, DebtorName, DebtorBirthDate, DebtorPhone, DebtorLanguage, Region            string
	Amount, Currency, ClaimantBIN, ClaimantName, IBAN, KBK, KNP, UnpaidConfirmedOn, Wanted string // Wanted: the verdict, not written
	DebtorAddress                                                                          string
}

func (c *Court) number(i int) string {
	s := strconv.Itoa(i)
	return c.numbers + "00000000"[:max(0, 8-len(s))] + s
}

func (c *Court) kind(i int) int {
	d := rollNumber(c.seed, 'k', uint64(i))
	return d.pick(kindWeights)
}

// sum is what a good row asks for, in tiyn: multiples of the index mostly, some close below the threshold, a few with
// tiyn, among them the magic ones.
func (c *Court) sum(i int) int64 {
	d := rollNumber(c.seed, 'a', uint64(i))
	n := d.below(whole)
	switch {
	case c.kind(i) == kindTax:
		return min(int64(d.between(100_000, 3_500_000)), c.limit)
	case n < 20:
		return c.limit
	case n < 50:
		return c.limit - int64(d.between(1, 500))*100
	}
	sum := c.mci * int64(multiples[d.pick(fineWeights)])
	switch {
	case n < 110:
		sum += magicLost + int64(n-50)/20 // 13, 14, 15: 0.2 % each
	case n < 300:
		sum += int64(d.below(100))
	}
	return min(sum, c.limit)
}

// owner is the person of a row.
func (c *Court) owner(i int) int {
	d := rollNumber(c.seed, 'o', uint64(i))
	if d.in(c.opt.Recurring) {
		if j, ok := c.earlier(i, &d); ok {
			return j
		}
	}
	return i
}

// Row makes a row.
func (c *Court) Row(i int) Row {
	code, of := c.verdict(i)
	switch code {
	case Good, Duplicate:
		r := c.good(of, c.owner(of), false)
		r.Wanted = code
		return r
	case CodeConflict:
		r := c.good(of, c.owner(of), false)
		r.Amount, r.Wanted = tenge(c.mci*2+100), code
		if r.Amount == tenge(c.sum(of)) {
			r.Amount = tenge(c.mci*2 + 200)
		}
		return r
	}
	r := c.good(i, i, code == rules.CodeMinor)
	c.spoil(&r, i, code)
	r.Wanted = code
	return r
}

func (c *Court) good(i, owner int, minor bool) Row {
	p := c.people.person(owner, minor)
	d := rollNumber(c.seed, 'd', uint64(i))
	k := c.kind(i)
	b := &c.bodies[k][p.region]
	inForce := d.between(46, 110)
	r := Row{
		Source: sources[k], DocumentNumber: c.number(i), DocumentDate: c.day(inForce + d.between(10, 14)), InForceDate: c.day(inForce),
		Kind: kindNames[k], IssuerBIN: b.bin, IssuerName: b.name, DebtorIIN: p.IIN, DebtorName: p.Name, DebtorPhone: p.Phone,
		DebtorLanguage: p.Language, Region: p.Region, Amount: tenge(c.sum(i)), Currency: "KZT", ClaimantBIN: b.claimantBIN,
		ClaimantName: b.claimant, IBAN: b.iban, KBK: "204000", KNP: "900", UnpaidConfirmedOn: c.day(d.between(1, 5)),
		DebtorAddress: c.address(owner, p.region, minor),
	}
	if minor {
		r.DebtorBirthDate = p.Born.String()
	} else {
		r.DebtorBirthDate = c.people.written[p.Born.Sub(c.people.first)]
	}
	return r
}

// spoil makes a good row bad for one reason.
func (c *Court) spoil(r *Row, i int, code string) {
	d := rollNumber(c.seed, 's', uint64(i))
	switch code {
	case rules.CodeAboveThreshold:
		r.Amount = tenge(c.limit + []int64{1, 2, 100, c.mci, 3 * c.limit}[d.below(5)])
	case rules.CodeAmountInvalid:
		r.Amount = []string{"0.00", "-500.00", "12345.678", "1e4"}[d.below(4)]
	case rules.CodeIINInvalid:
		last := r.DebtorIIN[11]
		r.DebtorIIN = r.DebtorIIN[:11] + string('0'+(last-'0'+1+byte(d.below(8)))%10)
	case rules.CodeNotNaturalPerson:
		r.DebtorIIN, r.DebtorName, r.DebtorBirthDate = makeBIN(&d), "ТОО Саяхат "+strconv.Itoa(i), ""
	case rules.CodeKindNotSimplified:
		r.Kind = []string{"writ_of_execution", "alimony_order", "notarial_inscription"}[d.below(3)]
	case rules.CodeTooEarly:
		n := d.between(3, 25)
		r.Kind, r.DocumentDate, r.InForceDate, r.UnpaidConfirmedOn = kindNames[d.below(3)], c.day(n+12), c.day(n), c.day(1)
	case rules.CodeTooLate:
		n := d.between(420, 700)
		r.Kind, r.DocumentDate, r.InForceDate = kindNames[d.below(3)], c.day(n+12), c.day(n)
	case rules.CodeNotInForce:
		r.DocumentDate, r.InForceDate = c.day(2), c.day(-d.between(1, 30))
	case rules.CodeFieldMissing:
		*[]*string{&r.DebtorName, &r.Region, &r.InForceDate, &r.UnpaidConfirmedOn, &r.Amount, &r.DebtorIIN}[d.below(6)] = ""
	case rules.CodeFieldInvalid:
		switch d.below(4) {
		case 0:
			r.InForceDate = "31.12.2025"
		case 1:
			r.Region = "ZZ"
		case 2:
			r.Currency = "USD"
		default:
			r.UnpaidConfirmedOn = c.day(-d.between(1, 30))
		}
	case rules.CodeIdentityConflict:
		born, err := calendar.ParseDate(r.DebtorBirthDate)
		if err == nil {
			r.DebtorBirthDate = born.AddDays(d.between(1, 300)).String()
		}
	case rules.CodeMinor: // the person is the fault
	}
}
