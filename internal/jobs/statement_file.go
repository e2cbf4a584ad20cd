package jobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"robotbailiff/payments"
	"robotbailiff/payments/source"
	"robotbailiff/payments/source/statement"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// StatementFile is what became of a file with statements.
type StatementFile struct {
	Lines      int // booked movements
	Skipped    int // announced by the bank, not booked
	Statements []StatementResult

	// Refused are the faults for which nothing of the file was taken.
	Refused []*source.Fault
	// Noticed are faults that take nothing from what was taken: a day between two statements that nobody has sent.
	Noticed []*source.Fault
}

// TakeFile takes a file with statements of our accounts: it is read twice, since nothing of it is certain before its last byte. First all
// sums are checked, so that a file which is not whole or was edited pays nothing; then the lines are taken. open gives the file from its
// beginning each time.
func (r *Robot) TakeFile(ctx context.Context, open func() (io.ReadCloser, error)) (StatementFile, error) {
	s := survey{robot: r, at: map[*source.Statement]int{}}
	hash := sha256.New()
	err := s.pass(open, hash, source.Visitor{Line: s.line, End: s.end})
	var out StatementFile
	if fault, ok := errors.AsType[*source.Fault](err); ok {
		out.Refused = append(s.faults, fault)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if err := s.known(ctx); err != nil {
		return out, err
	}
	for i := range s.found {
		s.found[i].SHA256 = [32]byte(hash.Sum(nil))
		out.Lines += s.found[i].Lines
	}
	out.Skipped, out.Refused, out.Noticed = s.skipped, s.faults, s.noticed
	if len(out.Refused) > 0 {
		return out, nil
	}
	out.Statements, err = r.takeSurveyed(ctx, open, s)
	if errors.Is(err, payments.ErrStatementChanged) {
		out.Refused = append(out.Refused, &source.Fault{Format: s.found[0].Format, Code: source.CodeStatementChanged})
		return out, nil
	}
	return out, err
}

func (r *Robot) takeSurveyed(ctx context.Context, open func() (io.ReadCloser, error), s survey) ([]StatementResult, error) {
	t, err := r.Take(ctx, s.found)
	if err != nil {
		return nil, err
	}
	again := sha256.New()
	at := map[*source.Statement]int{}
	err = s.pass(open, again, source.Visitor{
		Line: func(head *source.Statement, l *source.Line) error { return t.Line(place(at, head), l) },
		End:  func(head *source.Statement) error { place(at, head); return nil },
	})
	if err == nil && [32]byte(again.Sum(nil)) != s.found[0].SHA256 {
		err = errFileMoved
	}
	return t.End(ctx, err)
}

var errFileMoved = errors.New("jobs: the file changed while it was read")

// place is which statement of the file a head is, from 1.
func place(at map[*source.Statement]int, head *source.Statement) int {
	n, ok := at[head]
	if !ok {
		n = len(at) + 1
		at[head] = n
	}
	return n
}

// survey is the first reading of a file.
type survey struct {
	robot   *Robot
	at      map[*source.Statement]int
	heads   []*source.Statement
	checks  []*source.Checker
	found   []payments.Statement
	faults  []*source.Fault
	noticed []*source.Fault
	skipped int
}

func (s *survey) pass(open func() (io.ReadCloser, error), hash io.Writer, v source.Visitor) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in := io.TeeReader(f, hash)
	if err := statement.Read(in, v); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in) // white space after the end belongs to the file all the same
	return err
}

func (s *survey) of(head *source.Statement) int {
	n := place(s.at, head)
	if n > len(s.found) {
		s.heads, s.checks = append(s.heads, head), append(s.checks, &source.Checker{})
		s.found = append(s.found, payments.Statement{Part: n, Credits: money.Zero, Debits: money.Zero})
	}
	return n - 1
}

func (s *survey) line(head *source.Statement, l *source.Line) error {
	i := s.of(head)
	s.checks[i].Line(head, l)
	f := &s.found[i]
	f.Lines++
	var err error
	if l.Credit {
		f.Credits, err = f.Credits.CheckedAdd(l.Amount)
	} else {
		f.Debits, err = f.Debits.CheckedAdd(l.Amount)
	}
	if err != nil {
		return &source.Fault{Format: head.Format, Statement: i + 1, Place: l.Place, Code: source.CodeBalance, Detail: "the sum of the lines is beyond any account"}
	}
	return nil
}

func (s *survey) end(head *source.Statement) error {
	i := s.of(head)
	for _, f := range s.checks[i].End(head) {
		f.Statement = i + 1
		s.faults = append(s.faults, f)
	}
	s.skipped += head.Skipped
	f := &s.found[i]
	f.Account, f.Format, f.Number = head.Account, head.Format, head.Number
	if strings.HasPrefix(head.Format, "camt") { // others say the same words in every file
		f.MessageID = head.Format + "/" + head.ID
	}
	f.From, f.To, f.Balanced, f.Opening, f.Closing = head.From, head.To, head.Balanced, head.Opening, head.Closing
	return nil
}

// known holds a sound file against what is known: whose accounts these are, and what the statements before and after say.
func (s *survey) known(ctx context.Context) error {
	if len(s.found) == 0 {
		s.faults = append(s.faults, &source.Fault{Code: source.CodeFormat, Detail: "no statement in it"})
		return nil
	}
	ours, err := s.robot.Payments.Accounts(ctx, s.robot.cfg.Pool)
	if err != nil {
		return err
	}
	own := map[string]bool{}
	for _, a := range ours {
		own[a.IBAN] = a.Gateway == ""
	}
	for i, head := range s.heads {
		if mine, registered := own[head.Account]; !mine && (registered || !s.robot.cfg.AnyAccount) {
			s.faults = append(s.faults, &source.Fault{Format: head.Format, Statement: i + 1, Code: source.CodeNotOurs})
			continue
		}
		other, err := s.robot.Payments.OtherFormat(ctx, s.robot.cfg.Pool, head.Account, head.Format, head.From, head.To)
		if err != nil {
			return err
		}
		if other {
			s.faults = append(s.faults, &source.Fault{Format: head.Format, Statement: i + 1, Code: source.CodeOtherFormat, Detail: head.From.String() + ".." + head.To.String()})
			continue
		}
		if !head.Balanced {
			continue
		}
		if err := s.neighbours(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// neighbours compares a statement with those around it. A day that is missing is told and refuses nothing: the money that came on the others
// counts. A balance that does not join though no day is missing says that one of the two was edited.
func (s *survey) neighbours(ctx context.Context, i int) error {
	head := s.heads[i]
	before, after, err := s.robot.Payments.Neighbours(ctx, s.robot.cfg.Pool, head.Account, 0, head.From)
	if err != nil {
		return err
	}
	for k := range s.heads[:i] { // statements of one file follow each other
		if h := s.heads[k]; h.Account == head.Account && h.Balanced && h.To.Before(head.From) && (before == nil || h.To.After(before.To)) {
			before = &s.found[k]
		}
	}
	working := s.robot.workingDay
	var faults []*source.Fault
	if before != nil {
		faults = append(faults, source.Follows(headOf(before), head, working)...)
	}
	if after != nil && after.From.After(head.To) {
		faults = append(faults, source.Follows(head, headOf(after), working)...)
	}
	torn := false
	for _, f := range faults {
		torn = torn || f.Code == source.CodeDayMissing || f.Code == source.CodeNumberGap || f.Code == source.CodeDayTwice
	}
	for _, f := range faults {
		f.Statement = i + 1
		if f.Code == source.CodeOpening && !torn {
			s.faults = append(s.faults, f)
		} else {
			s.noticed = append(s.noticed, f)
		}
	}
	return nil
}

func headOf(st *payments.Statement) *source.Statement {
	return &source.Statement{
		Format: st.Format, ID: strings.TrimPrefix(st.MessageID, st.Format+"/"), Number: st.Number, Account: st.Account, Currency: source.Currency, From: st.From, To: st.To,
		Balanced: st.Balanced, Opening: st.Opening, Closing: st.Closing,
	}
}

func (r *Robot) workingDay(d calendar.Date) bool {
	return r.cfg.Packs.Current().Calendar().IsWorking(d)
}

// String says what a file brought, for logs.
func (f *StatementFile) String() string {
	return fmt.Sprintf("%d lines in %d statements, %d faults", f.Lines, len(f.Statements), len(f.Refused)+len(f.Noticed))
}
