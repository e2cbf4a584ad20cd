package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strconv"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pg"
)

const batchUsage = "batch takes list, show ID, release ID or reject ID"

// waitingBatch is a batch that two people have to let in.
type waitingBatch struct {
	Batch   int64           `json:"batch"`
	Reasons []intake.Reason `json:"reasons"`
}

func waitingOf(b intake.Batch) waitingBatch { return waitingBatch{b.ID, b.Reasons} }

// batchReport is what batch show, release and reject print.
type batchReport struct {
	intake.Batch
	Acts   []intake.Act  `json:"acts"`
	Errors []importError `json:"errors"`
}

// actorFlag adds the flag for who acts. Whoever may run this program on the server says himself who he is: the pages of the
// desk know it better.
func (e *env) actorFlag() *string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return e.flags.String("as", name, "`NAME` of the person who acts")
}

func runBatch(ctx context.Context, e *env, args []string) error {
	as := e.actorFlag()
	reason := e.flags.String("reason", "", "`WHY` the batch is released or rejected; without personal data")
	source := e.flags.String("source", "", "list: only batches of this sender")
	state := e.flags.String("state", "", "list: only batches in this state, such as waiting")
	limit := e.flags.Int("limit", 50, "list: at most `N` batches, the newest first")
	lang := e.langFlag()
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	l, err := language(*lang)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usagef(batchUsage)
	}
	var id int64
	if rest[0] != "list" {
		if len(rest) != 2 {
			return usagef(batchUsage)
		}
		if id, err = strconv.ParseInt(rest[1], 10, 64); err != nil || id <= 0 {
			return usagef("%q is not the id of a batch: bailiff batch list shows them", rest[1])
		}
	}
	var do func(in *intake.Inbox) error
	switch rest[0] {
	case "list":
		do = func(in *intake.Inbox) error {
			return e.listBatches(ctx, in, intake.Filter{Source: *source, State: intake.State(*state), Limit: *limit})
		}
	case "show":
		do = func(in *intake.Inbox) error { return e.showBatch(ctx, in, id, l) }
	case "release":
		do = func(in *intake.Inbox) error { return e.releaseBatch(ctx, in, id, *as, *reason, l) }
	case "reject":
		do = func(in *intake.Inbox) error {
			if _, err := in.Reject(ctx, id, *as, *reason); err != nil {
				return err
			}
			return e.showBatch(ctx, in, id, l)
		}
	default:
		return usagef(batchUsage)
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		err = do(p.robot.Inbox.Local())
		if wrong, ok := errors.AsType[*intake.ActError](err); ok && (wrong.Code == intake.CodeNoReason || wrong.Code == intake.CodeNoActor) {
			return usagef("%s: give --reason and --as", wrong.Code)
		}
		return err
	}, pg.WithName("bailiff-batch"))
}

func (e *env) listBatches(ctx context.Context, in *intake.Inbox, f intake.Filter) error {
	found, err := in.List(ctx, f)
	if err != nil {
		return err
	}
	if found == nil {
		found = []intake.Batch{}
	}
	return e.print(map[string]any{"batches": found}, func() {
		for _, b := range found {
			e.sayf("%6d  %-9s  %s  %s: %s\n", b.ID, b.State, b.ReceivedAt.Format("2006-01-02 15:04"), b.Source,
				importCounts(b.Rows, b.Accepted, b.Duplicate, b.Rejected, b.Quarantined))
		}
	})
}

func (e *env) showBatch(ctx context.Context, in *intake.Inbox, id int64, lang i18n.Lang) error {
	b, err := in.Batch(ctx, id)
	if err != nil {
		return err
	}
	r := batchReport{Batch: b, Acts: []intake.Act{}, Errors: []importError{}}
	acts, err := in.Acts(ctx, id)
	if err != nil {
		return err
	}
	r.Acts = append(r.Acts, acts...)
	rep, err := in.Report(ctx, b, intake.DefaultMaxErrors, string(lang))
	if err != nil {
		return err
	}
	for _, x := range rep.Errors {
		r.Errors = append(r.Errors, importError{Row: x.Row, Code: x.Code, Field: x.Field, Message: x.Message})
	}
	return e.print(r, func() { e.printBatch(r, lang) })
}

func (e *env) printBatch(r batchReport, lang i18n.Lang) {
	b := r.Batch
	e.sayf("Batch %d of %s: %s, %s\n", b.ID, b.Source, b.State, importCounts(b.Rows, b.Accepted, b.Duplicate, b.Rejected, b.Quarantined))
	e.sayf("  received   %s by %s, file %s, %d bytes\n  sha256     %s\n", b.ReceivedAt.Format("2006-01-02 15:04"), b.Via, b.FileName, b.Size, b.SHA256)
	if b.Signer != "" {
		e.sayf("  signed by  %s\n", b.Signer)
	}
	if b.SameAs != 0 {
		e.sayf("  the same file as batch %d\n", b.SameAs)
	}
	if b.Fault != nil {
		e.sayf("  %s\n", b.Fault.Error())
	}
	for _, a := range r.Acts {
		e.sayf("  %-9s  %s by %s: %s\n", a.Kind, a.At.Format("2006-01-02 15:04"), a.Actor, a.Reason)
	}
	for i, x := range r.Errors {
		if i == shownRows {
			e.sayf("  and more; --json lists the first %d\n", intake.DefaultMaxErrors)
			break
		}
		e.sayf("  row %d: %s %s: %s\n", x.Row, x.Code, x.Field, x.Message)
	}
	if b.State == intake.StateWaiting {
		e.sayWaiting(b, string(lang))
	}
}

// releaseBatch is one person's word for a batch; the second one's lets it in, and this process takes it in.
func (e *env) releaseBatch(ctx context.Context, in *intake.Inbox, id int64, as, reason string, lang i18n.Lang) error {
	b, err := in.Release(ctx, id, as, reason)
	if err != nil {
		return err
	}
	if b.State == intake.StateStaging {
		if _, err = e.process(ctx, in, id, fmt.Sprintf("batch %d", id)); err != nil {
			return fmt.Errorf("batch %d: %w; nothing is lost: a worker goes on", id, err)
		}
	}
	return e.showBatch(ctx, in, id, lang)
}

// process takes a batch as far as it can go, and shows how far it is.
func (e *env) process(ctx context.Context, in *intake.Inbox, id int64, name string) (intake.Batch, error) {
	bar := e.rowBar(name)
	defer bar.done()
	return in.Process(ctx, id, bar.at)
}

// sayWaiting says why a batch waits and what two people do about it.
func (e *env) sayWaiting(b intake.Batch, lang string) {
	for _, r := range b.Reasons {
		e.sayf("  waits: %s: %s\n", r.Code, r.Text(lang))
	}
	if b.Proposal != nil {
		e.sayf("  %s has proposed to let it in; another person approves before %s:\n", b.Proposal.Actor, b.Proposal.At.Add(intake.ReleaseWithin).Format("2006-01-02 15:04 MST"))
	} else {
		e.sayf("  Two different people let it in, within 24 hours of each other, or one sends it away:\n")
	}
	e.sayf("    bailiff batch release %d --as NAME --reason WHY\n    bailiff batch reject %d --as NAME --reason WHY\n", b.ID, b.ID)
}
