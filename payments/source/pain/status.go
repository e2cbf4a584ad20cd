package pain

import (
	"io"
	"strings"

	"robotbailiff/payments/source"
	"robotbailiff/payments/source/iso"
)

// Status is what a bank says of a transfer.
type Status string

// The statuses of pain.002.
const (
	Received       Status = "RCVD"
	AcceptedTech   Status = "ACTC" // the file is well formed
	AcceptedParty  Status = "ACCP" // the customer's data is right
	AcceptedSettle Status = "ACSP" // on its way
	AcceptedChange Status = "ACWC"
	AcceptedLater  Status = "ACWP"
	Settled        Status = "ACSC" // our account is debited
	Credited       Status = "ACCC" // the receiver's account is credited
	Pending        Status = "PDNG"
	Partial        Status = "PART" // of a group: its transfers differ
	Rejected       Status = "RJCT"
	Cancelled      Status = "CANC"
)

// Done says that the money has left our account.
func (s Status) Done() bool { return s == Settled || s == Credited }

// Failed says that the money will not go.
func (s Status) Failed() bool { return s == Rejected || s == Cancelled }

func (s Status) known() bool {
	switch s {
	case Received, AcceptedTech, AcceptedParty, AcceptedSettle, AcceptedChange, AcceptedLater, Settled, Credited, Pending, Partial, Rejected, Cancelled:
		return true
	}
	return false
}

// Verdict is a status with its reason.
type Verdict struct {
	Status Status
	Reason string // a code such as AC01; empty when there is none
	Info   string // the bank's words, which may hold personal data: not for logs
}

// Report is a pain.002. A verdict of the group or of a payment holds for each transfer that has none of its own.
type Report struct {
	Format    string
	ID        string
	Original  string // [Order.ID]
	Group     Verdict
	Payments  []Payment
	Transfers []TransferStatus
}

// Payment is what the report says of all transfers of one day and account.
type Payment struct {
	ID string
	Verdict
}

// TransferStatus is what the report says of one transfer.
type TransferStatus struct {
	Payment  string
	EndToEnd string
	Ref      string // the bank's reference; may be empty
	Verdict
}

// Of gives the verdict on a transfer: its own, or that of its payment, or that of the group. ok is false when there is none, or
// only one that says that transfers differ.
func (r *Report) Of(endToEnd string) (v Verdict, ok bool) {
	for i := range r.Transfers {
		if t := &r.Transfers[i]; t.EndToEnd == endToEnd {
			return t.Verdict, true
		}
	}
	v = r.Group
	if len(r.Payments) == 1 && r.Payments[0].Status != "" {
		v = r.Payments[0].Verdict
	}
	return v, v.Status != "" && v.Status != Partial
}

const (
	_ iso.Field = iota
	reportID
	originalID
	payment
	paymentID
	transfer
	endToEnd
	ref
	groupStatus // of each level: status, reason, words
	groupReason
	groupInfo
	paymentStatus
	paymentReason
	paymentInfo
	transferStatus
	transferReason
	transferInfo
)

var table = iso.NewTree(func() []iso.Path {
	const (
		top   = "CstmrPmtStsRpt"
		group = top + "/OrgnlGrpInfAndSts"
		pmt   = top + "/OrgnlPmtInfAndSts*"
		tx    = pmt + "/TxInfAndSts*"
	)
	paths := []iso.Path{
		{Path: top + "/GrpHdr/MsgId", Field: reportID},
		{Path: group + "/OrgnlMsgId", Field: originalID},
		{Path: pmt, Field: payment},
		{Path: pmt + "/OrgnlPmtInfId", Field: paymentID},
		{Path: tx, Field: transfer},
		{Path: tx + "/OrgnlEndToEndId", Field: endToEnd},
		{Path: tx + "/AcctSvcrRef", Field: ref},
	}
	for _, l := range []struct {
		path, status string
		first        iso.Field
	}{{group, "GrpSts", groupStatus}, {pmt, "PmtInfSts", paymentStatus}, {tx, "TxSts", transferStatus}} {
		paths = append(paths, iso.Path{Path: l.path + "/" + l.status, Field: l.first},
			iso.Path{Path: l.path + "/StsRsnInf*/Rsn/Cd|Prtry", Field: l.first + 1}, iso.Path{Path: l.path + "/StsRsnInf*/AddtlInf*", Field: l.first + 2})
	}
	return paths
}()...)

// maxTransfers bounds a report: it answers a file that we made.
const maxTransfers = 100_000

// ReadStatus reads a pain.002, versions 001.03 to 001.14.
func ReadStatus(r io.Reader) (*Report, error) {
	d, err := iso.Open(r)
	if err != nil {
		return nil, err
	}
	if d.Kind != "pain.002" {
		return nil, &source.Fault{Code: source.CodeFormat, Detail: "ISO 20022 message " + d.Format()}
	}
	if minor, ok := strings.CutPrefix(d.Version, "001."); !ok || len(minor) != 2 || !source.Digits(minor) || minor < "03" || minor > "14" {
		return nil, d.Fault(source.CodeVersion, "", d.Format())
	}
	x := &statusReader{doc: d, report: &Report{Format: d.Format()}, seen: map[string]bool{}}
	if err := d.Walk(table, x); err != nil {
		return nil, err
	}
	d.Place = 0
	if x.report.Original == "" {
		return nil, d.Fault(source.CodeMissing, "OrgnlMsgId", "")
	}
	return x.report, nil
}

type statusReader struct {
	doc    *iso.Document
	report *Report
	seen   map[string]bool
}

// Open implements iso.Handler.
func (x *statusReader) Open(f iso.Field) error {
	if f == payment {
		x.report.Payments = append(x.report.Payments, Payment{})
		return nil
	}
	if x.doc.Place++; x.doc.Place > maxTransfers {
		return x.doc.Fault(source.CodeSize, "TxInfAndSts", "")
	}
	x.report.Transfers = append(x.report.Transfers, TransferStatus{})
	return nil
}

// Close implements iso.Handler.
func (x *statusReader) Close(f iso.Field) error {
	if f == payment {
		return nil
	}
	t := &x.report.Transfers[len(x.report.Transfers)-1]
	t.Payment = x.report.Payments[len(x.report.Payments)-1].ID
	switch {
	case t.EndToEnd == "":
		return x.doc.Fault(source.CodeMissing, "OrgnlEndToEndId", "")
	case t.Status == "":
		return x.doc.Fault(source.CodeMissing, "TxSts", "")
	case x.seen[t.EndToEnd]:
		return x.doc.Fault(source.CodeTwice, "OrgnlEndToEndId", "")
	}
	x.seen[t.EndToEnd] = true
	return nil
}

// Value implements iso.Handler.
func (x *statusReader) Value(f iso.Field, text, _ []byte) error {
	s := string(text)
	switch f {
	case reportID:
		x.report.ID = s
	case originalID:
		x.report.Original = s
	case paymentID:
		x.report.Payments[len(x.report.Payments)-1].ID = s
	case endToEnd:
		x.report.Transfers[len(x.report.Transfers)-1].EndToEnd = s
	case ref:
		x.report.Transfers[len(x.report.Transfers)-1].Ref = s
	default:
		return x.verdict(f, s)
	}
	return nil
}

func (x *statusReader) verdict(f iso.Field, s string) error {
	v := &x.report.Group
	switch {
	case f >= transferStatus:
		v = &x.report.Transfers[len(x.report.Transfers)-1].Verdict
	case f >= paymentStatus:
		v = &x.report.Payments[len(x.report.Payments)-1].Verdict
	}
	switch (f - groupStatus) % 3 {
	case 0:
		if v.Status = Status(s); !v.Status.known() {
			return x.doc.Fault(source.CodeInvalid, "status", "none that we know")
		}
	case 1:
		if v.Reason == "" {
			v.Reason = s
		}
	default:
		v.Info = strings.TrimSpace(v.Info + " " + s)
	}
	return nil
}
