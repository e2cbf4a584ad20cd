package jobs

import (
	"context"
	"errors"
	"iter"
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

// statementWorkers is how many pages are taken at the same time.
const statementWorkers = 2

// Statement takes the lines of one statement whose sums were checked: each gets one verdict for ever, and what pays a case pays it. It
// returns how many lines have which verdict, of all runs together. A killed run goes on where it was when the same file comes again; a
// statement that was taken whole gives done, and nothing is done.
func (r *Robot) Statement(ctx context.Context, st payments.Statement, lines iter.Seq2[source.Line, error]) (counts map[payments.Verdict]int, done bool, err error) {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return nil, false, err
	}
	err = pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		st.ID, done, err = r.Payments.BeginStatement(ctx, tx, st, now)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if !done {
		if err := r.takeStatement(ctx, st, lines); err != nil {
			return nil, false, err
		}
	}
	counts, err = r.Payments.CountLines(ctx, r.cfg.Pool, st.ID)
	return counts, done, err
}

func (r *Robot) takeStatement(ctx context.Context, st payments.Statement, lines iter.Seq2[source.Line, error]) error {
	taken, err := r.Payments.Taken(ctx, r.cfg.Pool, st.ID)
	if err != nil {
		return err
	}
	gateways, err := r.Payments.GatewayAccounts(ctx, r.cfg.Pool)
	if err != nil {
		return err
	}
	pages := make(chan []statementLine, statementWorkers)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(pages)
		name := newNamer(st.Account)
		var page []statementLine
		send := func() error {
			select {
			case pages <- page:
				page = nil
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		no := 0
		for l, err := range lines {
			if err != nil {
				return err
			}
			no++
			id := name.of(&l)
			if _, known := taken[no]; known {
				continue
			}
			if page = append(page, statementLine{no: no, txn: id, line: l, gateway: gateways[l.Payer.IBAN]}); len(page) == statementPage {
				if err := send(); err != nil {
					return err
				}
			}
		}
		if len(page) > 0 {
			return send()
		}
		return nil
	})
	for range statementWorkers {
		g.Go(func() error {
			for page := range pages {
				if err := r.takePage(ctx, st, page); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return r.endStatement(ctx, st.ID)
}

func (r *Robot) endStatement(ctx context.Context, id int64) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error { return r.Payments.EndStatement(ctx, tx, id, now) })
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
	doubtful bool   // no case may be asked
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
	debtors   map[string]person // by IIN: payers who are debtors
}

func (p *linePage) take(ctx context.Context) error {
	p.verdicts = make([]payments.LineVerdict, len(p.lines))
	var payouts, incoming, back, out []int
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
	if err := p.leave(ctx, append(out, lost...)); err != nil {
		return err
	}
	for i := range p.verdicts {
		p.cfg.Observe("statement", string(p.verdicts[i].Verdict), 1)
	}
	return p.Payments.TakeLines(ctx, p.tx, p.statement, p.verdicts)
}
