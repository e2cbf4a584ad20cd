package jobs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/source"
)

// statementPage is how many lines of a statement one transaction takes.
const statementPage = 5000

// statementWorkers is how many pages are taken at the same time: one more than keep two processors busy, since each waits for its commit.
const statementWorkers = 3

// Taking takes the lines of the statements of one file. Their sums were checked before: each line gets one verdict for ever, and what
// pays a case pays it. A killed run goes on where it was when the same file comes again.
type Taking struct {
	robot *Robot
	parts []*takenPart
	pages chan fullPage
	group *errgroup.Group
	ctx   context.Context //nolint:containedctx // of the workers, which live as long as the taking
}

// takenPart is one statement of the file.
type takenPart struct {
	payments.Statement
	done     bool             // taken whole before
	taken    map[int]struct{} // lines that have their verdict
	name     *namer
	no       int
	page     []statementLine
	gateways map[string]payments.Account
}

type fullPage struct {
	of    *takenPart
	lines []statementLine
}

// Take begins to take statements; the lines follow by [Taking.Line]. [payments.ErrStatementChanged] refuses all of them.
func (r *Robot) Take(ctx context.Context, statements []payments.Statement) (*Taking, error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	gateways, err := r.Payments.GatewayAccounts(ctx, r.cfg.Pool)
	if err != nil {
		return nil, err
	}
	t := &Taking{robot: r, pages: make(chan fullPage)}
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		t.parts = nil
		for _, st := range statements {
			p := &takenPart{Statement: st, name: newNamer(st.Account), gateways: gateways}
			if p.ID, p.done, err = r.Payments.BeginStatement(ctx, tx, st, now); err != nil {
				return err
			}
			if p.taken, err = r.Payments.Taken(ctx, tx, p.ID); err != nil {
				return err
			}
			t.parts = append(t.parts, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.group, t.ctx = errgroup.WithContext(ctx)
	for range statementWorkers {
		t.group.Go(func() error {
			for p := range t.pages {
				if err := r.takePage(t.ctx, p.of.Statement, p.lines); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return t, nil
}

// Line takes the next line of one of the statements, by its place in the file from 1.
func (t *Taking) Line(part int, l *source.Line) error {
	p := t.parts[part-1]
	if p.done {
		return nil
	}
	p.no++
	id := p.name.of(l)
	if _, known := p.taken[p.no]; known {
		return nil
	}
	p.page = append(p.page, statementLine{no: p.no, txn: id, line: *l, gateway: p.gateways[l.Payer.IBAN].Gateway, net: p.gateways[l.Payer.IBAN].Net})
	if len(p.page) < t.robot.cfg.LinesAtOnce {
		return nil
	}
	return t.flush(p)
}

func (t *Taking) flush(p *takenPart) error {
	select {
	case t.pages <- fullPage{p, p.page}:
		p.page = nil
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}

// StatementResult is what became of one statement.
type StatementResult struct {
	payments.Statement
	Again  bool // it was taken whole before
	Counts map[payments.Verdict]int
}

// End waits until every line has its verdict. With a cause it only stops: what has no verdict may be taken later.
func (t *Taking) End(ctx context.Context, cause error) ([]StatementResult, error) {
	for _, p := range t.parts {
		if cause == nil && len(p.page) > 0 {
			cause = t.flush(p)
		}
	}
	close(t.pages)
	if err := t.group.Wait(); err != nil || cause != nil {
		return nil, cmp.Or(err, cause)
	}
	r := t.robot
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, err
	}
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		for _, p := range t.parts {
			if err := r.Payments.EndStatement(ctx, tx, p.ID, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	results := make([]StatementResult, len(t.parts))
	for i, p := range t.parts {
		results[i] = StatementResult{Statement: p.Statement, Again: p.done}
		if results[i].Counts, err = r.Payments.CountLines(ctx, r.cfg.Pool, p.ID); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// takePage takes lines in one transaction. A page that the database refuses is halved until the one bad line is found; that one goes
// into suspense without asking any case.
func (r *Robot) takePage(ctx context.Context, st payments.Statement, page []statementLine) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	work := func(tx pgx.Tx) error {
		p := linePage{Robot: r, tx: tx, now: now, statement: st.ID, account: st.Account, lines: slices.Clone(page)}
		return p.take(ctx)
	}
	err = pg.InTx(ctx, r.cfg.Pool, work)
	for tries := 1; errors.Is(err, payments.ErrRaced) && tries < maxRaces; tries++ {
		err = pg.InTx(ctx, r.cfg.Pool, work)
	}
	switch {
	case err == nil || ctx.Err() != nil || !ofOneMessage(err):
		return err
	case len(page) > 1:
		half := len(page) / 2
		return errors.Join(r.takePage(ctx, st, page[:half]), r.takePage(ctx, st, page[half:]))
	case page[0].doubtful:
		return err
	}
	r.cfg.Log.ErrorContext(ctx, "a line of a statement cannot be booked to its case", "statement", st.ID, "line", page[0].no, "error", err)
	page[0].doubtful = true
	return r.takePage(ctx, st, page)
}

// statementLine is a line on its way.
type statementLine struct {
	no       int
	txn      string // its identity, see namer
	line     source.Line
	gateway  string // whose account the money came from, or went to
	net      bool   // which pays out less its fee
	doubtful bool   // no case may be asked
	unsaid   bool   // its gateway has still to tell of its payment
	unmet    bool   // its payment is known, and it is not all of it
}

// linePage is a page of lines in its transaction.
type linePage struct {
	*Robot
	tx        pgx.Tx
	now       time.Time
	statement int64
	account   string // ours
	lines     []statementLine
	verdicts  []payments.LineVerdict
	debtors   map[string]person            // by IIN: payers who are debtors
	ours      []string                     // references that we made
	payouts   map[string]payments.PayOrder // the payment orders of ours that have them
}

func (p *linePage) take(ctx context.Context) error {
	p.verdicts = make([]payments.LineVerdict, len(p.lines))
	var payouts, incoming, back, out []int
	var err error
	for i := range p.lines {
		l := &p.lines[i].line
		p.verdicts[i] = payments.LineVerdict{LineNo: p.lines[i].no, Amount: signed(l), Payer: p.sealPayer(&l.Payer)}
		switch {
		case l.Credit && p.lines[i].gateway != "" && !l.Reversal:
			payouts = append(payouts, i)
		case l.Credit:
			incoming = append(incoming, i)
		case l.Reversal && l.Ref != "":
			back = append(back, i)
		default:
			out = append(out, i)
		}
	}
	if err := p.findDebtors(ctx); err != nil {
		return err
	}
	incoming, returned, err := p.findPayouts(ctx, incoming)
	if err != nil {
		return err
	}
	arrived, err := p.meet(ctx, payouts)
	if err != nil {
		return err
	}
	if err := p.takeIn(ctx, append(incoming, arrived...)); err != nil {
		return err
	}
	lost, err := p.giveBack(ctx, back)
	if err != nil {
		return err
	}
	if err := p.comeBack(ctx, returned); err != nil {
		return err
	}
	if err := p.leave(ctx, append(out, lost...)); err != nil {
		return err
	}
	for i := range p.verdicts {
		p.cfg.Observe("statement", string(p.verdicts[i].Verdict), 1)
	}
	return p.Payments.TakeLines(ctx, p.tx, p.statement, p.verdicts)
}
