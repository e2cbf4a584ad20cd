package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
	"robotbailiff/rules/pack"
)

// FeedOptions shape a court batch. Shares are basis points of the rows.
type FeedOptions struct {
	Opening   calendar.Date // the day on which the batch is taken in; the dates of the writs fit it
	Pack      *pack.Pack    // nil: pack.Default
	Bad       int           // rows that must be rejected or held, for every reason alike
	Duplicate int           // rows that came before in the same batch
	Recurring int           // rows on somebody who has a row before
	Addresses int           // persons whose address the courts know
	Cancelled int           // good writs that their issuer cancels in the following four weeks
}

// DefaultFeed is a batch of ordinary quality.
func DefaultFeed(opening calendar.Date) FeedOptions {
	return FeedOptions{Opening: opening, Bad: 200, Duplicate: 100, Recurring: 1200, Addresses: 7500, Cancelled: 100}
}

// Verdicts of rows besides the codes of package rules.
const (
	Good         = ""          // a case is opened
	Duplicate    = "duplicate" // the same writ again
	CodeConflict = "conflict"  // the same number on another writ
)

var badCodes = []string{
	rules.CodeAboveThreshold, rules.CodeAmountInvalid, rules.CodeIINInvalid, rules.CodeNotNaturalPerson, rules.CodeKindNotSimplified,
	rules.CodeTooEarly, rules.CodeTooLate, rules.CodeNotInForce, rules.CodeFieldMissing, rules.CodeFieldInvalid,
	rules.CodeIdentityConflict, rules.CodeMinor, CodeConflict,
}

// Court is a court batch: a pure function of the seed, the number of rows and the options, row by row.
type Court struct {
	seed    uint64
	n       int
	opt     FeedOptions
	people  *population
	mci     int64 // tiyn
	limit   int64 // the highest sum that qualifies
	days    []string
	bodies  [][]body // by kind and region
	numbers string   // prefix of document numbers
}

// Feed days reach from daysAhead after the opening day back to daysBack before it.
const (
	daysAhead = 40
	daysBack  = 1200
)

// NewCourt prepares a batch of n rows.
func NewCourt(seed uint64, n int, o FeedOptions) (*Court, error) {
	if o.Opening.IsZero() || n < 0 {
		return nil, errors.New("sandbox: feed: an opening day and a number of rows are needed")
	}
	if o.Pack == nil {
		o.Pack = pack.Default()
	}
	mci, ok1 := o.Pack.MCI(o.Opening, pack.General)
	limit, ok2 := o.Pack.Threshold(o.Opening)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("sandbox: feed: no index or threshold for %s", o.Opening)
	}
	name := roll(seed, "feed", o.Opening.String())
	c := &Court{seed: name.next(), n: n, opt: o, people: newPopulation(seed), mci: mci.Tiyn(), numbers: name.name()[:4] + "-"}
	c.limit = mci.MulInt(int64(limit.MCI)).Tiyn()
	if !limit.Inclusive {
		c.limit--
	}
	for i := range daysAhead + daysBack + 1 {
		c.days = append(c.days, o.Opening.AddDays(daysAhead-i).String())
	}
	c.bodies = makeBodies(seed)
	return c, nil
}

// day writes the day so many days before the opening day.
func (c *Court) day(before int) string { return c.days[daysAhead+before] }

// Len is the number of rows.
func (c *Court) Len() int { return c.n }

// verdict is what must become of a row; of is the row that a duplicate or a conflict repeats.
func (c *Court) verdict(i int) (code string, of int) {
	d := rollNumber(c.seed, 'v', uint64(i))
	n := d.below(whole)
	switch {
	case n < c.opt.Duplicate:
		code = Duplicate
	case n < c.opt.Duplicate+c.opt.Bad:
		code = badCodes[d.below(len(badCodes))]
	default:
		return Good, i
	}
	if code != Duplicate && code != CodeConflict {
		return code, i
	}
	if of, ok := c.earlier(i, &d); ok {
		return code, of
	}
	return Good, i
}

// earlier finds a good row before row i.
func (c *Court) earlier(i int, d *dice) (int, bool) {
	if i == 0 {
		return 0, false
	}
	for j := d.below(i); j >= 0; j-- {
		probe := rollNumber(c.seed, 'v', uint64(j))
		if probe.below(whole) >= c.opt.Duplicate+c.opt.Bad {
			return j, true
		}
	}
	return 0, false
}

// FeedTruth is what a right intake makes of a batch: the oracle of the import.
type FeedTruth struct {
	Rows      int            `json:"rows"`
	Good      int            `json:"good"`
	Duplicate int            `json:"duplicate"`
	Bad       map[string]int `json:"bad"` // by code; rejected or held for a person
	Sum       money.Amount   `json:"sum"` // of the good rows
	Cancelled int            `json:"cancelled"`
}

// Truth counts a batch without writing it.
func (c *Court) Truth() FeedTruth {
	t := FeedTruth{Rows: c.n, Bad: map[string]int{}}
	for i := range c.n {
		switch code, _ := c.verdict(i); code {
		case Good:
			t.Good++
			t.Sum = t.Sum.Add(money.FromTiyn(c.sum(i)))
			if _, cancelled := c.cancelled(i); cancelled {
				t.Cancelled++
			}
		case Duplicate:
			t.Duplicate++
		default:
			t.Bad[code]++
		}
	}
	return t
}

// cancelled says whether and when the issuer of a good row takes it back.
func (c *Court) cancelled(i int) (time.Time, bool) {
	d := rollNumber(c.seed, 'c', uint64(i))
	if !d.in(c.opt.Cancelled) {
		return time.Time{}, false
	}
	return c.opt.Opening.AddDays(d.between(1, 28)).Start().Add(d.after(9*time.Hour, 18*time.Hour)), true
}

var grounds = []string{"appeal_allowed", "amnesty", "limitation", "death"}

func (c *Court) cancelAct(i int) CancelAct {
	d := rollNumber(c.seed, 'g', uint64(i))
	return CancelAct{
		Source: sources[c.kind(i)], DocumentNumber: c.number(i), Ground: grounds[d.pick([]int{5, 3, 2, 1})],
		Act: "ACT-" + c.number(i),
	}
}

// CancelAct is an issuer's word that the decision behind a writ is cancelled (EL 10-5(1)(2)).
type CancelAct struct {
	Source         string `json:"source"`
	DocumentNumber string `json:"document_number"`
	Ground         string `json:"ground"`
	Act            string `json:"act"` // number of the issuer's act
}

// Cancellations lists what the issuers of this batch cancel on a day.
func (c *Court) Cancellations(day calendar.Date) []CancelAct {
	var out []CancelAct
	for i := range c.n {
		if at, ok := c.cancelled(i); ok && calendar.DateOf(at) == day {
			if code, _ := c.verdict(i); code == Good {
				out = append(out, c.cancelAct(i))
			}
		}
	}
	return out
}

// Announce puts the cancellations of a batch on the world's agenda. It may be repeated.
func (w *World) Announce(ctx context.Context, c *Court) error {
	var batch []Item
	flush := func() error {
		items := batch
		batch = nil
		return w.books.Change(ctx, Want{}, func(p *Page) error {
			for _, it := range items {
				p.schedule(it)
			}
			return nil
		})
	}
	for i := range c.n {
		at, ok := c.cancelled(i)
		if !ok {
			continue
		}
		if code, _ := c.verdict(i); code != Good {
			continue
		}
		a := c.cancelAct(i)
		batch = append(batch, Item{Key: "cancel/" + a.Source + "/" + a.DocumentNumber, At: at.UTC(), Kind: kindCancel, Body: encode(a)})
		if len(batch) == MaxBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
