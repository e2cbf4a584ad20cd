package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/jobs"
	"robotbailiff/payments"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/statement"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// ReconcileResult is what [Reconcile] found.
type ReconcileResult struct {
	Name      string  `json:"name"`
	N         int     `json:"n"` // lines, and open cases
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"` // lines taken: read, checked, matched, booked, decided

	Matched  int `json:"matched"`
	Suspense int `json:"suspense"`

	ReadPerSecond  float64 `json:"read_per_second"`          // the same file read and checked alone
	AgainPerSecond float64 `json:"again_per_second"`         // the same movements in another file
	NaivePerSecond float64 `json:"one_at_a_time_per_second"` // the same code, a transaction for each line, two at a time
	TimesNaive     float64 `json:"times_one_at_a_time"`

	PeakMB    float64 `json:"peak_mb"`
	WALBytes  float64 `json:"wal_bytes_per_line"`
	CPUMicros float64 `json:"cpu_us_per_line"`
	OwnMicros float64 `json:"own_cpu_us_per_line"`

	Goals []Goal `json:"goals"`
	Met   bool   `json:"goals_met"`
}

// ourAccount is the account whose statements are taken.
const ourAccount = "KZ510700000000000001"

// Reconcile takes a statement of N lines (camt.053) that pay N open cases: nine of ten the whole debt, every tenth a part of it; with
// every hundredth no case is named. It compares that with the same code that takes one line in a transaction, and with a COPY of the
// rows that are left behind.
func Reconcile(ctx context.Context, o Options) (res ReconcileResult, err error) {
	if o, err = o.withDefaults(1_000_000); err != nil {
		return res, err
	}
	res.Name, res.N = "reconcile", o.N
	p, err := openPlace(ctx, o)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	pool, err := p.database(ctx, "reconcile")
	if err != nil {
		return res, err
	}
	defer pool.Close()
	r, err := newRig(ctx, p, pool, rigOptions{})
	if err != nil {
		return res, err
	}
	o.say("reconcile: %d cases are opened", o.N+o.NaiveN)
	batch, err := r.batch(o, o.N+o.NaiveN, true, "court.csv")
	if err != nil {
		return res, err
	}
	if _, err := r.take(ctx, batch, 0); err != nil {
		return res, err
	}
	debts, err := r.debts(ctx)
	if err != nil {
		return res, err
	}
	if len(debts) != o.N+o.NaiveN {
		return res, fmt.Errorf("bench: reconcile: %d cases were opened, want %d", len(debts), o.N+o.NaiveN)
	}
	return res, r.reconcile(ctx, o, debts, &res)
}

func (r *rig) reconcile(ctx context.Context, o Options, debts []debt, res *ReconcileResult) error {
	one, err := r.oneLineAtATime(ctx, o, debts[o.N:])
	if err != nil {
		return err
	}
	file, again, err := r.statements(debts[:o.N])
	if err != nil {
		return err
	}
	if err := tended(ctx, r.pool); err != nil {
		return err
	}
	if err := checkpoint(ctx, r.pool); err != nil {
		return err
	}
	o.say("reconcile: the statement is read alone")
	read, err := measure(ctx, r.pool, r.place, func() error { return readAlone(file) })
	if err != nil {
		return err
	}
	o.say("reconcile: %d lines", o.N)
	resetPeak()
	var got, twice jobs.StatementFile
	var first cost
	err = o.profiled(ctx, r.place, r.pool, func() error {
		first, err = measure(ctx, r.pool, r.place, func() error { got, err = r.robot.TakeFile(ctx, opener(file)); return err })
		return err
	})
	if err != nil {
		return fmt.Errorf("bench: reconcile: %w", err)
	}
	res.PeakMB = peakMemory()
	o.say("reconcile: the same movements in another file")
	second, err := measure(ctx, r.pool, r.place, func() error { twice, err = r.robot.TakeFile(ctx, opener(again)); return err })
	if err != nil {
		return fmt.Errorf("bench: reconcile again: %w", err)
	}
	if err := r.verifyReconcile(ctx, o.N, got, twice, res); err != nil {
		return err
	}
	res.fill(o, first, second, read, one)
	return nil
}

func (r *ReconcileResult) fill(o Options, first, second, read, one cost) {
	r.Seconds, r.PerSecond = first.seconds, first.perSecond(r.N)
	r.ReadPerSecond, r.AgainPerSecond = read.perSecond(r.N), second.perSecond(r.N)
	r.NaivePerSecond = one.perSecond(o.NaiveN)
	r.TimesNaive = r.PerSecond / r.NaivePerSecond
	r.WALBytes, r.CPUMicros, r.OwnMicros = first.walPer(r.N), first.microsPer(r.N), first.oursPer(r.N)
	r.Goals = []Goal{
		atLeast("lines a second", r.PerSecond, 25_000),
		atLeast("times one line at a time", r.TimesNaive, 15),
	}
	r.Met = met(r.Goals)
}

// Table prints the result for people.
func (r ReconcileResult) Table(w io.Writer) {
	line := liner(w)
	line("reconcile: %d lines against %d open cases: %d paid a case, %d wait in suspense", r.N, r.N, r.Matched, r.Suspense)
	line("  %-44s %12s", "", "lines/s")
	line("  %-44s %12.0f", "read, checked, matched, booked, decided", r.PerSecond)
	line("  %-44s %12.0f", "the same, one line in a transaction", r.NaivePerSecond)
	line("  %-44s %12.0f", "the same movements in another file", r.AgainPerSecond)
	line("  %-44s %12.0f", "reading alone", r.ReadPerSecond)
	line("  %.0f bytes of log and %.1f µs of CPU a line, %.1f of them our own; %.0f MB of memory at most", r.WALBytes, r.CPUMicros, r.OwnMicros, r.PeakMB)
	printGoals(w, r.Goals)
}

type debt struct{ id, tiyn int64 }

func (r *rig) debts(ctx context.Context) ([]debt, error) {
	rows, err := r.pool.Query(ctx, `SELECT id, outstanding FROM cases ORDER BY id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d debt, err error) { return d, row.Scan(&d.id, &d.tiyn) })
}

// oneLineAtATime takes a statement with a transaction for each line.
func (r *rig) oneLineAtATime(ctx context.Context, o Options, debts []debt) (cost, error) {
	o.say("reconcile: %d lines, one at a time", len(debts))
	file := filepath.Join(r.place.dir, "one.xml")
	if err := writeStatement(file, "ONE", debts); err != nil {
		return cost{}, err
	}
	one, err := newRig(ctx, r.place, r.pool, rigOptions{lines: 1})
	if err != nil {
		return cost{}, err
	}
	var got jobs.StatementFile
	c, err := measure(ctx, r.pool, r.place, func() error { got, err = one.robot.TakeFile(ctx, opener(file)); return err })
	if err == nil && (got.Lines != len(debts) || len(got.Refused) > 0) {
		err = fmt.Errorf("bench: reconcile, one at a time: %s %v", got.String(), got.Refused)
	}
	return c, err
}

func (r *rig) statements(debts []debt) (file, again string, err error) {
	file, again = filepath.Join(r.place.dir, "day.xml"), filepath.Join(r.place.dir, "again.xml")
	return file, again, errors.Join(writeStatement(file, "DAY", debts), writeStatement(again, "AGAIN", debts))
}

func opener(file string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return os.Open(file) }
}

func readAlone(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return statement.Read(f, source.Visitor{
		Line: func(*source.Statement, *source.Line) error { return nil },
		End:  func(*source.Statement) error { return nil },
	})
}

// writeStatement writes a camt.053 of one day as a bank would: references of its own, the payer's words around the number.
func writeStatement(path, id string, debts []debt) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	day := calendar.DateOf(opening).String()
	w := bufio.NewWriterSize(f, 1<<20)
	total := int64(0)
	for i, d := range debts {
		total += payOf(i, d)
	}
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>%[1]s</MsgId><CreDtTm>%[2]sT23:00:00+05:00</CreDtTm></GrpHdr>
<Stmt><Id>%[1]s</Id><CreDtTm>%[2]sT23:00:00+05:00</CreDtTm><FrToDt><FrDtTm>%[2]sT00:00:00+05:00</FrDtTm><ToDtTm>%[2]sT23:59:59+05:00</ToDtTm></FrToDt><Acct><Id><IBAN>%[3]s</IBAN></Id><Ccy>KZT</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>%[2]s</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">%[4]s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>%[2]s</Dt></Dt></Bal>
`, id, day, ourAccount, money.FromTiyn(total))
	for i, d := range debts {
		words := "Оплата штрафа по делу " + caseno.Format(d.id)
		if i%100 == 99 {
			words = "Оплата штрафа"
		}
		_, _ = fmt.Fprintf(w, `<Ntry><Amt Ccy="KZT">%s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%[2]s</Dt></BookgDt><ValDt><Dt>%[2]s</Dt></ValDt><AcctSvcrRef>R%[3]d</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>АХМЕТОВ ДАНИЯР</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>KZ940700000000000003</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>%[4]s</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
`, money.FromTiyn(payOf(i, d)), day, d.id, words)
	}
	_, _ = w.WriteString("</Stmt></BkToCstmrStmt></Document>\n")
	return errors.Join(w.Flush(), f.Close())
}

// payOf is what the payer of a line pays.
func payOf(i int, d debt) int64 {
	if i%10 == 9 {
		return d.tiyn / 2
	}
	return d.tiyn
}

func (r *rig) verifyReconcile(ctx context.Context, n int, got, twice jobs.StatementFile, res *ReconcileResult) error {
	if len(got.Refused)+len(twice.Refused) > 0 || len(got.Statements) != 1 || len(twice.Statements) != 1 {
		return fmt.Errorf("bench: reconcile: %s %v, again %s %v", got.String(), got.Refused, twice.String(), twice.Refused)
	}
	counts := got.Statements[0].Counts
	res.Matched, res.Suspense = counts[payments.Matched], counts[payments.Held]
	if res.Matched+res.Suspense != n || res.Suspense != n/100 || twice.Statements[0].Counts[payments.Duplicate] != n {
		return fmt.Errorf("bench: reconcile: %v, again %v", counts, twice.Statements[0].Counts)
	}
	return r.checkAll(ctx)
}
