package intake

import (
	"fmt"

	"robotbailiff/rules/money"
)

// FatalManifest is the code of a file that is not what its sender has announced.
const FatalManifest = "manifest_mismatch"

// Promise is what a sender says of his batch besides its bytes. A batch that breaks it fails before anything is opened.
type Promise struct {
	Rows int `json:"rows"`
	// Sum is over the sums of all rows. A row whose sum cannot be read counts as nothing, and then the promise may only be
	// more than what was read: one bad row must not stop the others.
	Sum money.Amount `json:"amount_sum"`
}

// control adds up what a file holds, to be compared with what was promised of it.
type control struct {
	sum    money.Amount
	unread bool // a row has no sum that can be read
	beyond bool // no promise can be as large
}

func (c *control) add(it *item) {
	if it.writ.Action == ActionWithdraw || it.writ.Action == ActionCancel {
		return
	}
	if it.writ.Amount.IsZero() {
		c.unread = true
		return
	}
	sum, err := c.sum.CheckedAdd(it.writ.Amount)
	if err != nil {
		c.beyond = true
		return
	}
	c.sum = sum
}

// rowsKept compares the rows alone: the very same file as one that was taken in is not read again.
func (p *Promise) rowsKept(rows int) error {
	if p == nil || p.Rows == rows {
		return nil
	}
	return &FatalError{Code: FatalManifest, Fields: []string{"rows"}, Remedy: fmt.Sprintf("%d rows were announced and the file has %d: send the file with its own manifest", p.Rows, rows)}
}

// kept compares a promise, which may be nil, with what a first look has found.
func (p *Promise) kept(rows int, c control) error {
	if err := p.rowsKept(rows); p == nil || err != nil {
		return err
	}
	if order := p.Sum.Cmp(c.sum); !c.beyond && (order == 0 || order > 0 && c.unread) {
		return nil
	}
	return &FatalError{Code: FatalManifest, Fields: []string{FieldAmount.String()}, Remedy: "the sum of the file is not the one that was announced: send the file with its own manifest"}
}
