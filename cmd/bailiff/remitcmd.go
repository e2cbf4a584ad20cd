package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/rules/money"
)

const moneyUsage = `money takes no arguments, or one of
  claimants                   what is due to each claimant, what they owe, and the files
  remit [SCOPE]               collect what can be sent, of all or of one claimant, into a file: --account IBAN --why WHY
  release FILE | drop FILE    let another person's file go to the bank, or make its money due again: --why WHY
  file FILE                   write a released file for the bank: --out PATH --why WHY
  report PATH                 take the bank's answer (pain.002)
  requisites SCOPE            propose where a claimant's money goes: --name --bin --iban --kbk --knp --why WHY
  approve ID | reject ID      decide another person's requisites: --why WHY`

// moneyFlags are the flags of the verbs of money.
type moneyFlags struct {
	journal, as, why, account, out *string
	to                             payments.Requisites
}

func (e *env) moneyFlags() *moneyFlags {
	f := &moneyFlags{
		journal: e.flags.String("journal", "", "write the whole ledger to a new `FILE` that hledger and ledger read"),
		as:      e.actorFlag(),
		why:     e.flags.String("why", "", "`WHY` it is done; without personal data"),
		account: e.flags.String("account", "", "remit: our account, an `IBAN`, from which is paid; without it the only one that is registered"),
		out:     e.flags.String("out", "", "file: a new file at `PATH`; without it RB-REMIT-NNNNNN.xml here"),
	}
	e.flags.StringVar(&f.to.Name, "name", "", "requisites: the `NAME` of the claimant")
	e.flags.StringVar(&f.to.BIN, "bin", "", "requisites: its `BIN`")
	e.flags.StringVar(&f.to.IBAN, "iban", "", "requisites: its account, an `IBAN`")
	e.flags.StringVar(&f.to.KBK, "kbk", "", "requisites: six `DIGITS` of the budget classification")
	e.flags.StringVar(&f.to.KNP, "knp", "", "requisites: three `DIGITS` of the payment purpose")
	return f
}

// moneyVerb does what money was asked to do besides showing.
func (e *env) moneyVerb(ctx context.Context, rest []string, f *moneyFlags) error {
	id := func() (int64, error) {
		n, err := strconv.ParseInt(rest[1], 10, 64)
		if err != nil || n <= 0 {
			return 0, usagef("money %s: %q is not a number: bailiff money claimants shows them", rest[0], rest[1])
		}
		return n, nil
	}
	var do func(*parts) error
	var n int64
	var err error
	switch verb := rest[0]; {
	case verb == "claimants" && len(rest) == 1:
		do = func(p *parts) error { return e.tellClaimants(ctx, p) }
	case verb == "remit" && len(rest) <= 2:
		do = func(p *parts) error { return e.remit(ctx, p, append(rest, "")[1], f) }
	case verb == "report" && len(rest) == 2:
		do = func(p *parts) error { return e.bankAnswer(ctx, p, rest[1]) }
	case verb == "requisites" && len(rest) == 2:
		do = func(p *parts) error {
			id, err := p.robot.ProposeRequisites(ctx, rest[1], f.to, *f.as, *f.why)
			return e.done(err, "Requisites %d wait for another person, for 24 hours: bailiff money approve %d --as NAME\n", id, id)
		}
	case len(rest) == 2 && (verb == "release" || verb == "drop" || verb == "file" || verb == "approve" || verb == "reject"):
		if n, err = id(); err != nil {
			return err
		}
		do = func(p *parts) error { return e.onMoney(ctx, p, verb, n, f) }
	default:
		return usagef(moneyUsage)
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		err = do(p)
		if wrong, ok := errors.AsType[*acts.Error](err); ok {
			if wrong.Code == acts.CodeNoReason || wrong.Code == acts.CodeNoActor {
				return usagef("money: %s: give --why and --as", wrong.Code)
			}
			return fmt.Errorf("money: %s: %s", wrong.Code, wrong.Remedy)
		}
		return err
	}, pg.WithName("bailiff-money"))
}

// onMoney does what concerns a file or requisites by their number.
func (e *env) onMoney(ctx context.Context, p *parts, verb string, id int64, f *moneyFlags) error {
	switch verb {
	case "release":
		return e.done(p.robot.ReleaseFile(ctx, id, *f.as, *f.why), "File %d is released: bailiff money file %d --why WHY writes it\n", id, id)
	case "drop":
		return e.done(p.robot.DropFile(ctx, id, *f.as, *f.why), "File %d is dropped, its money is due again\n", id)
	case "approve":
		return e.done(p.robot.ApproveRequisites(ctx, id, *f.as, *f.why), "Requisites %d are in force\n", id)
	case "reject":
		return e.done(p.robot.RejectRequisites(ctx, id, *f.as, *f.why), "Requisites %d are rejected\n", id)
	}
	name, body, err := p.robot.PayoutFile(ctx, id, *f.as, *f.why)
	if err != nil {
		return err
	}
	path := name
	if *f.out != "" {
		path = *f.out
	}
	out, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(body)
	return e.done(errors.Join(err, out.Close()), "File %d is written to %s\n", id, path)
}

// done prints what was done, or gives the error.
func (e *env) done(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return e.print(struct {
		Done bool `json:"done"`
	}{true}, func() { e.sayf(format, args...) })
}

func (e *env) remit(ctx context.Context, p *parts, scope string, f *moneyFlags) error {
	account := *f.account
	if account == "" {
		list, err := p.robot.Payments.Accounts(ctx, p.db.pool)
		if err != nil {
			return err
		}
		if len(list) == 0 || list[0].Gateway != "" || len(list) > 1 && list[1].Gateway == "" {
			return usagef("money remit: give --account, one of ours: bailiff account list shows them")
		}
		account = list[0].IBAN
	}
	run, err := p.robot.CollectRemittances(ctx, scope, account, *f.as, *f.why)
	if err != nil {
		return err
	}
	report := struct {
		File   int64        `json:"file"`
		Orders int          `json:"orders"`
		Sum    money.Amount `json:"sum"`
		Left   int          `json:"left"` // requisites are missing or wrong
	}{run.File, run.Count, run.Sum, run.Left}
	return e.print(report, func() {
		e.sayf("File %d: %d orders of %s. Another person releases it within 24 hours: bailiff money release %d --as NAME\n", run.File, run.Count, run.Sum, run.File)
		if run.Left > 0 {
			e.sayf("%d payments were left: their requisites are missing or wrong. bailiff money claimants shows them\n", run.Left)
		}
	})
}

func (e *env) bankAnswer(ctx context.Context, p *parts, path string) error {
	in, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	told, err := p.robot.TakeReport(ctx, in)
	if err = errors.Join(err, in.Close()); err != nil {
		return err
	}
	report := struct {
		Paid     int `json:"paid"`
		Rejected int `json:"rejected"`
		Known    int `json:"known"`
		Waiting  int `json:"waiting"`
	}(told)
	return e.print(report, func() {
		e.sayf("Paid %d, rejected %d, known before %d, waiting %d\n", told.Paid, told.Rejected, told.Known, told.Waiting)
	})
}

type claimantRow struct {
	Scope    string       `json:"scope"`
	Name     string       `json:"name"`
	BIN      string       `json:"bin"`
	IBAN     string       `json:"iban"`
	KBK      string       `json:"kbk"`
	KNP      string       `json:"knp"`
	Case     string       `json:"case,omitempty"`     // the only one, when the writ names no claimant
	Wrong    string       `json:"wrong,omitempty"`    // what is missing or cannot be
	Proposed int64        `json:"proposed,omitempty"` // requisites that wait for a second person
	Ready    money.Amount `json:"ready"`
	Payments int64        `json:"payments"` // that are ready
	Later    money.Amount `json:"later"`    // the wait is not over, the money is not on our account, or the case is stopped
	Oldest   string       `json:"oldest,omitempty"`
}

type owedRow struct {
	Payment  int64        `json:"payment"`
	Case     string       `json:"case"`
	Claimant string       `json:"claimant"`
	Amount   money.Amount `json:"amount"`
}

type fileRow struct {
	ID        int64        `json:"id"`
	State     string       `json:"state"`
	Orders    int64        `json:"orders"`
	Sum       money.Amount `json:"sum"`
	Waiting   int64        `json:"waiting"`
	Failed    int64        `json:"failed"`
	Collected time.Time    `json:"collected_at"`
}

func rowOf(c *queue.Claimant) claimantRow {
	later := c.Young.With(c.Gateway).With(c.Withheld).With(c.Claimed)
	row := claimantRow{
		Scope: c.ID, Name: c.To.Name, BIN: c.To.BIN, IBAN: c.To.IBAN, KBK: c.To.KBK, KNP: c.To.KNP, Case: c.Number, Wrong: c.Wrong,
		Ready: c.Ready.Sum, Payments: c.Ready.Count, Later: later.Sum,
	}
	if c.Pending != nil {
		row.Proposed = c.Pending.ID
	}
	if !c.Oldest.IsZero() {
		row.Oldest = c.Oldest.String()
	}
	return row
}

// tellClaimants prints what is due to claimants. Requisites of a claimant are no personal data.
func (e *env) tellClaimants(ctx context.Context, p *parts) error {
	report := struct {
		Claimants []claimantRow `json:"claimants"`
		Owed      []owedRow     `json:"owed"`
		Files     []fileRow     `json:"files"`
	}{[]claimantRow{}, []owedRow{}, []fileRow{}}
	list, err := p.robot.Claimants(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		report.Claimants = append(report.Claimants, rowOf(&list[i]))
	}
	owed, err := p.robot.OwedByClaimants(ctx, 0, moneyMost)
	if err != nil {
		return err
	}
	for _, o := range owed {
		report.Owed = append(report.Owed, owedRow{o.PaymentID, o.Number, o.Claimant, o.Amount})
	}
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	files, err := p.robot.Payments.Files(ctx, p.db.pool, payments.RemittanceKind, 30, now)
	if err != nil {
		return err
	}
	for _, f := range files {
		report.Files = append(report.Files, fileRow{f.ID, string(f.State), f.Count, f.Sum, f.Waiting, f.Failed, f.CollectedAt})
	}
	return e.print(report, func() {
		for _, c := range report.Claimants {
			e.sayf("%16s now, %16s later  %s, BIN %s, %s, KBK %s, KNP %s\n", c.Ready, c.Later, c.Name, c.BIN, c.IBAN, c.KBK, c.KNP)
			if c.Wrong != "" {
				e.sayf("  %s is missing or wrong: bailiff money requisites %s --name … --bin … --iban … --kbk … --knp … --why WHY\n", c.Wrong, c.Scope)
			}
			if c.Proposed != 0 {
				e.sayf("  requisites %d wait for another person: bailiff money approve %d --as NAME\n", c.Proposed, c.Proposed)
			}
		}
		e.sayf("Claimants owe for %d payments\n", len(report.Owed))
		for _, o := range report.Owed {
			e.sayf("  %10d  %s  %16s  %s\n", o.Payment, o.Case, o.Amount, o.Claimant)
		}
		e.sayf("Files: %d\n", len(report.Files))
		for _, f := range report.Files {
			e.sayf("  %6d  %-9s %6d orders, %16s; %d not answered, %d failed\n", f.ID, f.State, f.Orders, f.Sum, f.Waiting, f.Failed)
		}
	})
}
