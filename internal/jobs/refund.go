package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/notify/text"
	"robotbailiff/payments"
	"robotbailiff/payments/acts"
	"robotbailiff/payments/queue"
	"robotbailiff/payments/source/pain"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
)

// House is who pays in payment orders, and what the bank must know of them. Its codes are reference data of the installation.
type House struct {
	Name    string
	BIN     string
	BIC     string
	KNP     string // payment purpose code of a refund, three digits
	Version pain.Version
}

// Codes of refusals about refunds, in [acts.Error].
const (
	CodeNotDue       = "not_due"        // nothing is due, or it is on its way already
	CodeNoRequisites = "no_requisites"  // nobody has said where it goes
	CodeRequisites   = "requisites_bad" // a name, an account or a number that cannot be
	CodeNoHouse      = "no_house"       // the installation does not say who pays
	CodeFile         = "file_refused"   // the bank would not take this file
	CodeGateway      = "gateway_pays"   // a gateway still has the money, and pays it back itself
	CodeReport       = "report_refused" // no answer of a bank to a file of ours
)

func masked(p payments.Payer) queue.Masked {
	m := queue.Masked{Initials: text.Initials(p.Name)}
	if len(p.IIN) == 12 {
		m.IIN = "******" + p.IIN[8:]
	}
	if len(p.IBAN) > 8 {
		m.IBAN = p.IBAN[:2] + "…" + p.IBAN[len(p.IBAN)-4:]
	}
	return m
}

// goesTo says where the money of a refund goes: what a person has said, else whom the bank named; nil: nobody knows.
func (r *Robot) goesTo(d *payments.Due) (*payments.Payer, error) {
	sealed, place := d.Given, payments.RequisitesPlace
	if sealed == nil {
		sealed, place = d.Payer, payments.PayerPlace
	}
	if sealed == nil {
		return nil, nil
	}
	p, err := r.openAt(sealed, place)
	if err != nil {
		return nil, err
	}
	if p.Name == "" || p.IBAN == "" {
		return nil, nil
	}
	return &p, nil
}

// CheckPayer says what is wrong with requisites; "" when money can go there.
func CheckPayer(p payments.Payer) string {
	switch {
	case p.Name == "" || len(p.Name) > 140:
		return "name"
	case rules.CheckIBAN(p.IBAN) != nil:
		return "iban"
	case p.IIN != "" && rules.CheckIIN(p.IIN) != nil && rules.CheckBIN(p.IIN) != nil:
		return "iin"
	}
	return ""
}

// GiveRequisites keeps where a person says that the refund of a payment goes.
func (r *Robot) GiveRequisites(ctx context.Context, payment int64, p payments.Payer, actor, reason string) error {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return err
	}
	if wrong := CheckPayer(p); wrong != "" {
		return &acts.Error{Code: CodeRequisites, Remedy: wrong}
	}
	return r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		due, err := r.Payments.DueByID(ctx, tx, []int64{payment})
		switch {
		case err != nil:
			return err
		case len(due) == 0:
			return &acts.Error{Code: CodeNotDue, Remedy: "look at the queue again"}
		}
		return r.Payments.GiveRequisites(ctx, tx, payment, r.sealAt(p, payments.RequisitesPlace), who, why, now)
	})
}

// CollectRefunds puts all that is due back of these payments into a file that another person may release.
func (r *Robot) CollectRefunds(ctx context.Context, ids []int64, account, actor, reason string) (file int64, err error) {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return 0, err
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		if err := r.Payments.LockDue(ctx, tx, ids); err != nil { // before it is read where they go
			return err
		}
		due, err := r.Payments.DueByID(ctx, tx, ids)
		if err != nil {
			return err
		}
		if len(due) != len(ids) || len(ids) == 0 {
			return &acts.Error{Code: CodeNotDue, Remedy: "look at the queue again"}
		}
		wanted := make([]payments.Wanted, len(due))
		for i := range due {
			d := &due[i]
			to, err := r.goesTo(d)
			switch {
			case err != nil:
				return err
			case !d.OnAccount:
				return &acts.Error{Code: CodeGateway, Remedy: "leave it to the gateway"}
			case to == nil:
				return &acts.Error{Code: CodeNoRequisites, Remedy: "say where the money goes"}
			case CheckPayer(*to) != "":
				return &acts.Error{Code: CodeRequisites, Remedy: CheckPayer(*to)}
			}
			wanted[i] = payments.Wanted{PaymentID: d.PaymentID, Amount: d.Amount, EndToEnd: r.payoutName, Requisites: r.sealAt(*to, payments.OrderPlace)}
		}
		file, err = r.Payments.Collect(ctx, tx, payments.RefundKind, account, wanted, who, why, now)
		return err
	})
	return file, err
}

func decidable(f *payments.PayoutFile, lapsedToo bool) error {
	if f.State == payments.FileOpen || lapsedToo && f.State == payments.FileLapsed {
		return nil
	}
	return &acts.Error{Code: acts.CodeNotOpen, Remedy: "it is " + string(f.State) + ", nothing was done"}
}

// ReleaseFile makes the file that another person has collected; from now on the bank may have it.
func (r *Robot) ReleaseFile(ctx context.Context, id int64, actor, reason string) error {
	who, why, err := acts.Who(actor, reason, false)
	if err != nil {
		return err
	}
	return r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		f, err := r.Payments.LockFile(ctx, tx, id, now)
		if err == nil {
			err = decidable(&f, false)
		}
		switch {
		case err != nil:
			return err
		case f.CollectedBy == who:
			return &acts.Error{Code: acts.CodeSamePerson, Remedy: "another person has to release what you have collected"}
		}
		if f.Kind == payments.RemittanceKind {
			if err := r.stillDue(ctx, tx, id); err != nil {
				return err
			}
		}
		body, err := r.makeFile(ctx, tx, &f, now)
		if err != nil {
			return err
		}
		return r.Payments.Release(ctx, tx, id, who, why, sha256.Sum256(body), r.cfg.Keys.Seal(body, payments.FilePlace), now)
	})
}

// DropFile makes the money of a file that nobody released due again.
func (r *Robot) DropFile(ctx context.Context, id int64, actor, reason string) error {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return err
	}
	return r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		f, err := r.Payments.LockFile(ctx, tx, id, now)
		if err == nil {
			err = decidable(&f, true)
		}
		if err != nil {
			return err
		}
		return r.Payments.Drop(ctx, tx, id, who, why, now)
	})
}

// fileNames begin the name of a file, by what it pays; the bank's answer says it back.
var fileNames = map[payments.PayoutKind]string{payments.RefundKind: "RB-REFUND-", payments.RemittanceKind: "RB-REMIT-"}

func fileName(kind payments.PayoutKind, id int64) string {
	return fmt.Sprintf("%s%06d", fileNames[kind], id)
}

// fileOf is the reverse of fileName.
func fileOf(name string) (kind payments.PayoutKind, id int64, ok bool) {
	for kind, prefix := range fileNames {
		if digits, is := strings.CutPrefix(name, prefix); is {
			id, err := strconv.ParseInt(digits, 10, 64)
			return kind, id, err == nil && fileName(kind, id) == name
		}
	}
	return "", 0, false
}

// makeFile writes the payment orders of a file as the bank takes them.
func (r *Robot) makeFile(ctx context.Context, tx pgx.Tx, f *payments.PayoutFile, now time.Time) ([]byte, error) {
	h := r.cfg.House
	if h.Name == "" || h.BIN == "" || h.KNP == "" && f.Kind == payments.RefundKind {
		return nil, &acts.Error{Code: CodeNoHouse, Remedy: "set who pays back"}
	}
	list, err := r.Payments.PayoutsOf(ctx, tx, f.ID)
	if err != nil {
		return nil, err
	}
	order := pain.Order{
		Version: h.Version, ID: fileName(f.Kind, f.ID), Created: now, On: calendar.DateOf(now),
		From: pain.Party{Name: h.Name, ID: h.BIN, Body: true, IBAN: f.Account, BIC: h.BIC},
	}
	for i := range list {
		transfer := r.refund
		if f.Kind == payments.RemittanceKind {
			transfer = r.remittance
		}
		t, err := transfer(&list[i])
		if err != nil {
			return nil, err
		}
		order.Transfers = append(order.Transfers, t)
	}
	var body bytes.Buffer
	faults, err := pain.Write(&body, &order)
	switch {
	case err != nil:
		return nil, err
	case len(faults) > 0:
		return nil, &acts.Error{Code: CodeFile, Remedy: fmt.Sprintf("order %d of the file: %s, %s", faults[0].Place, faults[0].Field, faults[0].Code)}
	}
	return body.Bytes(), nil
}

// refund opens where the money of an order goes back to.
func (r *Robot) refund(o *payments.PayOrder) (pain.Transfer, error) {
	to, err := r.openAt(o.Requisites, payments.OrderPlace)
	return pain.Transfer{
		EndToEnd: o.EndToEnd, Amount: o.Amount, KNP: r.cfg.House.KNP, Purpose: refundPurpose(o),
		To: pain.Party{Name: to.Name, ID: to.IIN, Body: rules.IsBIN(to.IIN), IBAN: to.IBAN, BIC: to.BIC},
	}, err
}

func refundPurpose(o *payments.PayOrder) string {
	if o.CaseID != 0 {
		return fmt.Sprintf("Возврат излишне уплаченной суммы по делу %s, платёж %d", caseno.Format(o.CaseID), o.PaymentID)
	}
	return fmt.Sprintf("Возврат ошибочно уплаченной суммы, платёж %d", o.PaymentID)
}

// PayoutFile gives a released file, the same bytes for ever, and writes down who took it and why.
func (r *Robot) PayoutFile(ctx context.Context, id int64, actor, reason string) (name string, body []byte, err error) {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return "", nil, err
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		sealed, sum, err := r.Payments.SealedFile(ctx, tx, id)
		if err != nil {
			return err
		}
		f, err := r.Payments.File(ctx, tx, id, now)
		if err != nil {
			return err
		}
		name = fileName(f.Kind, id) + ".xml"
		if body, err = r.cfg.Keys.Open(sealed, payments.FilePlace); err != nil {
			return errUnreadable
		}
		if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
			return fmt.Errorf("jobs: file %d is not what was released", id)
		}
		return r.Payments.NoteOpened(ctx, tx, payments.Opened{Actor: who, What: "payout_file", ID: id, Reason: why, At: now})
	})
	return name, body, err
}

// OpenPayer gives the payer's words, whom the bank named, and where a person says that the refund goes, and writes down who asked and why.
func (r *Robot) OpenPayer(ctx context.Context, payment int64, actor, reason string) (o queue.Opened, err error) {
	who, why, err := acts.Who(actor, reason, true)
	if err != nil {
		return o, err
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		o = queue.Opened{}
		known, err := r.Payments.ByID(ctx, tx, []int64{payment})
		if err != nil {
			return err
		}
		if known[payment].ID == 0 {
			return payments.ErrNoSuch
		}
		o.Words = known[payment].Reference
		found, err := r.Payments.SealedPayers(ctx, tx, []int64{payment})
		if err != nil {
			return err
		}
		due, err := r.Payments.DueByID(ctx, tx, []int64{payment})
		if err != nil {
			return err
		}
		if sealed := found[payment]; sealed != nil {
			p, err := r.openAt(sealed, payments.PayerPlace)
			if err != nil {
				return err
			}
			o.Payer = &p
		}
		if len(due) == 1 && due[0].Given != nil {
			p, err := r.openAt(due[0].Given, payments.RequisitesPlace)
			if err != nil {
				return err
			}
			o.Given = &p
		}
		return r.Payments.NoteOpened(ctx, tx, payments.Opened{Actor: who, What: "payer", ID: payment, Reason: why, At: now})
	})
	return o, err
}

// TakeReport books what a bank says of payment orders of ours (pain.002). The same answer again changes nothing.
func (r *Robot) TakeReport(ctx context.Context, report io.Reader) (told queue.Told, err error) {
	rep, err := pain.ReadStatus(report)
	if err != nil {
		return told, &acts.Error{Code: CodeReport, Remedy: err.Error()}
	}
	kind, file, ok := fileOf(rep.Original)
	if !ok {
		return told, &acts.Error{Code: CodeReport, Remedy: "it answers no file of ours"}
	}
	err = r.moneyTx(ctx, func(tx pgx.Tx, now time.Time) error {
		told = queue.Told{}
		list, err := r.Payments.PayoutsOf(ctx, tx, file)
		if err != nil {
			return err
		}
		names := make([]string, len(list))
		for i := range list {
			names[i] = list[i].EndToEnd
		}
		orders, err := r.Payments.LockPayouts(ctx, tx, names)
		if err != nil {
			return err
		}
		if len(orders) == 0 || list[0].Kind != kind {
			return &acts.Error{Code: CodeReport, Remedy: "it answers no file of ours"}
		}
		for _, name := range names {
			if err := r.take(ctx, tx, rep, orders[name], &told, now); err != nil {
				return err
			}
		}
		return nil
	})
	return told, err
}

func (r *Robot) take(ctx context.Context, tx pgx.Tx, rep *pain.Report, o payments.PayOrder, told *queue.Told, now time.Time) error {
	v, ok := rep.Of(o.EndToEnd)
	switch {
	case !ok || !v.Status.Done() && !v.Status.Failed():
		told.Waiting++
		return nil
	case o.State != payments.PayoutSent:
		told.Known++ // the first word stands: a statement, or an answer before
		return nil
	case v.Status.Done():
		told.Paid++
		return r.Payments.Paid(ctx, tx, &o, "bank", now)
	}
	told.Rejected++
	return r.Payments.Rejected(ctx, tx, &o, v.Reason, now)
}
