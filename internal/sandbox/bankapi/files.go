package bankapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/bankfile"
)

// Files is a bank that has no service: it looks into the folder when it is told to, as a bank does at night.
type Files struct {
	bank     *Bank
	as       wire.Encoding
	from, to *bankfile.Box

	next     int
	answered map[uuid.UUID]bool // messages
	open     map[uuid.UUID]bool // orders that were taken and have no answer
}

const fileHolds = 1000 // arrests in one file

// OpenFiles opens the folder, from the bank's side, and reads what was answered before.
func OpenFiles(cfg Config, dir string, as wire.Encoding) (*Files, error) {
	f := &Files{bank: New(cfg), as: as, next: 1, answered: map[uuid.UUID]bool{}, open: map[uuid.UUID]bool{}}
	var err error
	if f.from, err = bankfile.OpenBox(dir, "out"); err != nil {
		return nil, err
	}
	if f.to, err = bankfile.OpenBox(dir, "in"); err != nil {
		return nil, errors.Join(err, f.from.Close())
	}
	for n := 1; ; n++ {
		m, ok, err := f.to.Read(n, cfg.Signer.Verifier())
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if !ok {
			return f, nil
		}
		f.note(m.Message)
	}
}

// Close closes the folder.
func (f *Files) Close() error { return errors.Join(f.from.Close(), f.to.Close()) }

func (f *Files) note(m wire.Message) {
	if m.About != uuid.Nil {
		f.answered[m.About] = true
	}
	for _, r := range m.Replies {
		if r.Answer == "" && r.Known {
			f.open[r.ID] = true
		} else {
			delete(f.open, r.ID)
		}
	}
}

// Run does what has come, tells what was open, and lists the arrests.
func (f *Files) Run(ctx context.Context) error {
	for ; ; f.next++ {
		m, ok, err := f.from.Read(f.next, f.bank.cfg.Ministry)
		switch {
		case err != nil:
			return err
		case !ok:
			return errors.Join(f.tell(ctx), f.holds(ctx))
		case m.Bank != f.bank.cfg.Name:
			return fmt.Errorf("sandbox: package %d is for another bank", f.next)
		case f.answered[m.ID]:
			continue
		}
		answer, err := f.bank.Answer(ctx, m.Message)
		if err == nil {
			err = f.put(answer)
		}
		if err != nil {
			return err
		}
	}
}

func (f *Files) put(answer wire.Message) error {
	if _, err := f.to.Put(answer, f.as, f.bank.cfg.Signer, 1); err != nil {
		return err
	}
	f.note(answer)
	return nil
}

// tell gives the answers to orders that were only taken at first.
func (f *Files) tell(ctx context.Context) error {
	var ids []uuid.UUID
	for id := range f.open {
		if ids = append(ids, id); len(ids) == wire.MaxOrders {
			break
		}
	}
	if len(ids) == 0 {
		return nil
	}
	answer, err := f.bank.Answer(ctx, wire.Message{Kind: wire.Query, IDs: ids})
	if err != nil {
		return err
	}
	return f.put(answer)
}

func (f *Files) holds(ctx context.Context) error {
	for after := ""; ; {
		page, err := f.bank.Answer(ctx, wire.Message{Kind: wire.AskHolds, After: after, Limit: fileHolds})
		if err == nil {
			err = f.put(page)
		}
		if err != nil || page.Next == "" {
			return err
		}
		after = page.Next
	}
}
