package main

import (
	"context"
	"fmt"
	"time"

	"robotbailiff/engine/intake"
	"robotbailiff/engine/intake/drop"
	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/pg"
)

// dropEvery is how often a drop folder is looked at.
const dropEvery = 3 * time.Second

func runDrop(ctx context.Context, e *env, args []string) error {
	once := e.flags.Bool("once", false, "look once and end; files that are not complete stay where they are")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("drop takes one folder, with one folder in it for each sender")
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		f, err := e.dropFolder(p, p.robot.Inbox.Local(), rest[0], true)
		if err != nil {
			return err
		}
		if !*once {
			_, _ = fmt.Fprintf(e.stderr, "bailiff looks at %s every %s\n", rest[0], dropEvery)
			return f.Run(ctx, dropEvery)
		}
		n, err := f.Pass(ctx)
		if err != nil {
			return err
		}
		err = e.print(n, func() {
			e.sayf("%d taken, %d answered at their end, %d quarantined, %d waiting, %d failed\n", n.Taken, n.Finished, n.Quarantined, n.Waiting, n.Failed)
		})
		if err == nil && n.Failed > 0 {
			return errSilent
		}
		return err
	}, pg.WithName("bailiff-drop"))
}

// dropFolder opens a drop folder. Without process, the workers take its batches further.
func (e *env) dropFolder(p *parts, inbox *intake.Inbox, dir string, process bool) (*drop.Folder, error) {
	signer, err := receiptSigner(p)
	if err != nil {
		return nil, err
	}
	sign := func(ctx context.Context, content []byte) (proof.Signature, error) {
		now, err := p.clock.Now(ctx)
		if err != nil {
			return proof.Signature{}, err
		}
		return signer.Sign(now, content)
	}
	return drop.New(drop.Config{Inbox: inbox, Dir: dir, Process: process, Sign: sign, Log: e.log})
}
