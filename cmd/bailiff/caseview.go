package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"robotbailiff/engine"
	"robotbailiff/internal/i18n"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// caseView is what case prints. It holds no full IIN, no full name, no phone and no working link.
type caseView struct {
	Number      string       `json:"number"`
	State       engine.State `json:"state"`
	Outstanding money.Amount `json:"outstanding"`
	Debt        money.Amount `json:"debt"`
	Paid        money.Amount `json:"paid"`
	Debtor      debtorView   `json:"debtor"`
	Region      string       `json:"region"`
	Kind        string       `json:"kind"`
	Document    string       `json:"document"`

	OpenedOn        calendar.Date `json:"opened_on"`
	TermEndsOn      calendar.Date `json:"term_ends_on"`
	NotifiedOn      calendar.Date `json:"notified_on,omitzero"`
	VoluntaryEndsOn calendar.Date `json:"voluntary_ends_on,omitzero"`
	EndedAt         time.Time     `json:"ended_at,omitzero"`
	ReleasedAt      time.Time     `json:"released_at,omitzero"`
	Hold            string        `json:"hold,omitempty"`
	Suspended       string        `json:"suspended,omitempty"`

	Events    []eventView    `json:"events"`
	Orders    []orderView    `json:"orders"`
	Notices   []noticeView   `json:"notices"`
	Payments  []paymentView  `json:"payments"`
	Decisions []decisionView `json:"decisions,omitempty"` // with --explain
}

type debtorView struct {
	IIN      string `json:"iin"` // masked
	Initials string `json:"initials"`
	Language string `json:"language"`
}

type eventView struct {
	Seq   int              `json:"seq"`
	Kind  engine.EventKind `json:"kind"`
	At    time.Time        `json:"at"`
	Actor string           `json:"actor"`
	Text  string           `json:"text"`

	Amount *money.Amount  `json:"amount,omitempty"`
	Left   *money.Amount  `json:"left,omitempty"`
	Date   *calendar.Date `json:"date,omitempty"`
	Until  *calendar.Date `json:"until,omitempty"`
	Reason string         `json:"reason,omitempty"`
}

type orderView struct {
	ID       string             `json:"id"`
	Purpose  engine.Purpose     `json:"purpose"`
	Ordinal  int                `json:"ordinal"`
	Status   engine.OrderStatus `json:"status"`
	Amount   money.Amount       `json:"amount"`
	Held     money.Amount       `json:"held"`
	Bank     string             `json:"bank,omitempty"`
	Detail   string             `json:"detail,omitempty"`
	Attempts int                `json:"attempts"`
	At       time.Time          `json:"requested_at"`
	Answered time.Time          `json:"answered_at,omitzero"`
}

type noticeView struct {
	Ordinal   int            `json:"ordinal"`
	Channel   notify.Channel `json:"channel"`
	Kind      notify.Kind    `json:"kind"`
	Language  string         `json:"language"`
	Status    notify.Status  `json:"status"`
	Attempts  int            `json:"attempts"`
	Created   time.Time      `json:"created_at"`
	Sent      *time.Time     `json:"sent_at,omitempty"`
	Delivered *time.Time     `json:"delivered_at,omitempty"`
	Text      string         `json:"text"` // without the link's token
}

type paymentView struct {
	ID        int64         `json:"id"`
	Source    string        `json:"source"`
	Amount    money.Amount  `json:"amount"`
	ValueDate calendar.Date `json:"value_date"`
	Received  time.Time     `json:"received_at"`
	Allocated money.Amount  `json:"allocated"`
	RefundDue money.Amount  `json:"refund_due"`
	Reversed  money.Amount  `json:"reversed"`
}

// pageOf writes one case as text, in words of the desk's pages.
type pageOf struct {
	p   *i18n.Printer
	b   strings.Builder
	err error
}

// printCase writes a case for a person.
func printCase(w io.Writer, p *i18n.Printer, v caseView) error {
	t := &pageOf{p: p}
	t.head(v)
	t.events(v.Events)
	t.orders(v.Orders)
	t.notices(v.Notices)
	t.payments(v.Payments)
	t.decisions(v.Decisions)
	if t.err != nil {
		return t.err
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

// label is a word of the pages.
func (t *pageOf) label(key string) string {
	s, err := t.p.T(key)
	if err != nil && t.err == nil {
		t.err = err
	}
	return s
}

// word is a word for one of our constants, or the constant where the pages have none.
func (t *pageOf) word(kind, value string) string {
	if key := kind + "." + value; t.p.Has(key) {
		return t.label(key)
	}
	return value
}

func (t *pageOf) line(format string, args ...any) { _, _ = fmt.Fprintf(&t.b, format+"\n", args...) }

// table writes rows with a heading, or says that there are none.
func (t *pageOf) table(heading string, rows [][]string) {
	t.line("\n%s", t.label(heading))
	if len(rows) == 0 {
		t.line("  %s", t.label("desk.case.none"))
		return
	}
	w := tabwriter.NewWriter(&t.b, 0, 8, 2, ' ', 0)
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "  %s\n", strings.Join(r, "\t"))
	}
	if err := w.Flush(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *pageOf) head(v caseView) {
	t.line("%s  %s", v.Number, t.word("state", string(v.State)))
	w := tabwriter.NewWriter(&t.b, 0, 8, 2, ' ', 0)
	row := func(key, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(w, "  %s\t%s\n", t.label("desk.case."+key), value)
		}
	}
	row("iin", v.Debtor.IIN+"  "+v.Debtor.Initials)
	row("document", v.Document)
	row("kind", t.word("kind", v.Kind))
	row("debt", t.p.Money(v.Debt))
	row("paid", t.p.Money(v.Paid))
	row("outstanding", t.p.Money(v.Outstanding))
	row("opened", t.day(v.OpenedOn))
	row("term", t.day(v.TermEndsOn))
	row("notified", t.day(v.NotifiedOn))
	row("voluntary", t.day(v.VoluntaryEndsOn))
	row("ended", t.stamp(v.EndedAt))
	row("released", t.stamp(v.ReleasedAt))
	row("hold", v.Hold)
	row("suspended", v.Suspended)
	if err := w.Flush(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *pageOf) day(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return t.p.Date(d)
}

func (t *pageOf) stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.p.Stamp(at)
}

func (t *pageOf) actor(a string) string {
	who, _, _ := strings.Cut(a, ":")
	return t.word("actor", who)
}

func (t *pageOf) events(list []eventView) {
	rows := make([][]string, 0, len(list))
	for _, x := range list {
		rows = append(rows, []string{fmt.Sprint(x.Seq), t.stamp(x.At), t.actor(x.Actor), x.Text})
	}
	t.table("desk.case.events", rows)
}

func (t *pageOf) orders(list []orderView) {
	rows := make([][]string, 0, len(list))
	for _, x := range list {
		rows = append(rows, []string{t.stamp(x.At), t.word("purpose", string(x.Purpose)), t.word("order", string(x.Status)), t.p.Money(x.Amount), t.p.Money(x.Held), x.Bank})
	}
	t.table("desk.case.orders", rows)
}

func (t *pageOf) notices(list []noticeView) {
	rows := make([][]string, 0, len(list))
	for _, x := range list {
		rows = append(rows, []string{t.stamp(x.Created), t.word("notice", string(x.Kind)), string(x.Channel) + ", " + x.Language, t.word("sending", string(x.Status))})
	}
	t.table("desk.case.notices", rows)
}

func (t *pageOf) payments(list []paymentView) {
	rows := make([][]string, 0, len(list))
	for _, x := range list {
		rows = append(rows, []string{t.stamp(x.Received), t.p.Money(x.Amount), t.label("desk.case.allocated") + " " + t.p.Money(x.Allocated), t.label("desk.case.refund") + " " + t.p.Money(x.RefundDue)})
	}
	t.table("desk.case.payments", rows)
}

// recomputed says in three languages what came of making a decision again; the English words stay, for whoever searches.
var recomputed = map[string]calendar.Names{
	recomputedSame:      {KK: "қайта есептелді: сол нәтиже (recomputed: same)", RU: "пересчитано заново: совпадает (recomputed: same)", EN: "recomputed: same"},
	recomputedDifferent: {KK: "қайта есептелді: БАСҚА нәтиже (recomputed: different)", RU: "пересчитано заново: ОТЛИЧАЕТСЯ (recomputed: different)", EN: "recomputed: DIFFERENT"},
}

// editionWord stands before the date of the edition of an act that was read.
var editionWord = calendar.Names{KK: "редакциясы:", RU: "редакция:", EN: "edition:"}

func (t *pageOf) decisions(list []decisionView) {
	if len(list) == 0 {
		return
	}
	t.line("\n%s", t.label("desk.case.why"))
	for _, d := range list {
		t.line("\n  %d. %s  %s  %s  [%s]", d.Seq, t.stamp(d.At), t.actor(d.Actor), d.Command, d.Pack)
		for _, x := range d.Events {
			t.line("     %s", x.Text)
		}
		for _, s := range d.Steps {
			rule := s.Rule
			if s.Text != "" {
				rule = s.Text
			}
			t.line("     - %s", rule)
			source := s.Citation
			if !s.Edition.IsZero() {
				source += " (" + editionWord.In(string(t.p.Lang())) + " " + t.p.Date(s.Edition) + ")"
			}
			if source != "" {
				t.line("       %s", source)
			}
			for _, f := range s.Facts {
				t.line("       %s: %s", f.Label, f.Text)
			}
			t.line("       => %s", s.Outcome)
		}
		t.line("     %s", recomputed[d.Recomputed].In(string(t.p.Lang())))
		if d.Got != "" {
			t.line("     %s", d.Got)
		}
	}
}
