package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine/audit"
	"robotbailiff/internal/sandbox"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

// summary is the JSON of the demo.
type summary struct {
	Imported    int          `json:"imported"`
	Accepted    int          `json:"accepted"`
	Duplicate   int          `json:"duplicate"`
	Rejected    int          `json:"rejected"`
	Quarantined int          `json:"quarantined"`
	Opened      int          `json:"opened"`
	Notified    int          `json:"notified"`
	Arrested    int          `json:"arrested"` // cases for which a bank held money
	Paid        int          `json:"paid"`
	Lifted      int          `json:"lifted"`    // arrests of cases that ended by payment
	Entered     int          `json:"entered"`   // into the register of debtors
	TakenOut    int          `json:"taken_out"` // of it
	Refused     int          `json:"refused"`
	HandedOver  int          `json:"handed_over"`
	Cancelled   int          `json:"cancelled"`
	Open        int          `json:"open"`        // cases that have not ended
	Unreleased  int          `json:"unreleased"`  // ended, but an order is not confirmed
	RefundsDue  money.Amount `json:"refunds_due"` // tenge
	Remitted    money.Amount `json:"remitted"`    // sent to claimants, and arrived, tenge
	Saved       money.Amount `json:"saved"`       // private bailiffs' fees that debtors who paid were spared, tenge
	Violations  int          `json:"violations"`
	WallSeconds int          `json:"wall_seconds"`

	found []foundViolation
}

func (d *demo) summarise(ctx context.Context, court *sandbox.Court, bank *sandbox.Treasury) (*summary, error) {
	r := d.report
	s := &summary{Imported: r.Rows, Accepted: r.Accepted, Duplicate: r.Duplicate, Rejected: r.Rejected, Quarantined: r.Quarantined}
	var refunds int64
	err := d.parts.db.pool.QueryRow(ctx, summarySQL).Scan(&s.Opened, &s.Notified, &s.Arrested, &s.Paid, &s.Lifted, &s.Refused, &s.HandedOver, &s.Cancelled, &s.Open, &s.Unreleased, &refunds)
	if err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	s.RefundsDue = money.FromTiyn(refunds)
	if s.Entered, s.TakenOut, err = d.parts.world.Published(ctx); err != nil {
		return nil, err
	}
	if s.Saved, err = d.saved(ctx); err != nil {
		return nil, err
	}
	if s.found, err = allViolations(ctx, d.parts); err != nil {
		return nil, err
	}
	s.sumsAddUp(court.Truth())
	if err := d.remitted(ctx, s, bank); err != nil {
		return nil, err
	}
	chain, err := audit.Verify(ctx, d.parts.db.pool)
	if err != nil {
		return nil, err
	}
	if chain.FirstBad != nil {
		s.find("AUDIT", fmt.Sprintf("case %d, event %d: %s", chain.FirstBad.CaseID, chain.FirstBad.Seq, chain.FirstBad.Why))
	}
	s.Violations = len(s.found)
	s.WallSeconds = int(d.watch.Elapsed().Seconds() + 0.5)
	return s, nil
}

func (s *summary) find(id, detail string) {
	s.found = append(s.found, foundViolation{ID: id, Detail: detail})
}

// sumsAddUp compares the counts with each other and with what the court feed made.
func (s *summary) sumsAddUp(truth sandbox.FeedTruth) {
	if s.Imported != s.Accepted+s.Duplicate+s.Rejected+s.Quarantined {
		s.find("INV-I1", "the rows do not add up")
	}
	if s.Opened != s.Paid+s.HandedOver+s.Cancelled+s.Open || s.Opened != s.Accepted {
		s.find("INV-S3", "the ends do not add up")
	}
	if s.Open > 0 || s.Unreleased > 0 {
		s.find("INV-X1", fmt.Sprintf("%d cases have not ended, %d are not released", s.Open, s.Unreleased))
	}
	if s.Accepted != truth.Good {
		s.find("INV-I1", fmt.Sprintf("the court sent %d good writs, %d were accepted", truth.Good, s.Accepted))
	}
}

// saved sums the fees that a private bailiff would have taken from those who paid, by the scale of the day they paid.
func (d *demo) saved(ctx context.Context) (money.Amount, error) {
	rows, err := d.parts.db.pool.Query(ctx, paidDebtsSQL)
	if err != nil {
		return money.Zero, fmt.Errorf("saved: %w", err)
	}
	sum := money.Zero
	var debt int64
	var on pgtype.Date
	_, err = pgx.ForEachRow(rows, []any{&debt, &on}, func() error {
		fee, _ := rules.Fee(d.parts.packs.Current(), money.FromTiyn(debt), calendar.MakeDate(on.Time.Date()))
		sum = sum.Add(fee)
		return nil
	})
	return sum, err
}

func (s *summary) write(w io.Writer) {
	_, _ = fmt.Fprintf(w, `
The court sent     %6d rows: %d accepted, %d duplicate, %d rejected, %d quarantined
Cases opened       %6d
Notified           %6d   delivery proven
Arrests            %6d   of money, never above the debt
Paid               %6d   %d arrests lifted without a paper shown
Register           %6d   entries where banks held too little, %d taken out again
Refused            %6d   by the debtor's own link
Handed over        %6d   to private bailiffs
Cancelled          %6d   by the issuer
Refunds due        %9s ₸
Sent to claimants  %9s ₸   by files that two people released
Saved for debtors  %9s ₸   private bailiffs' fees
Violations         %6d   of the promises, by the independent check
Time               %6d   seconds
`, s.Imported, s.Accepted, s.Duplicate, s.Rejected, s.Quarantined, s.Opened, s.Notified, s.Arrested, s.Paid, s.Lifted, s.Entered, s.TakenOut, s.Refused,
		s.HandedOver, s.Cancelled, s.RefundsDue, s.Remitted, s.Saved, s.Violations, s.WallSeconds)
}

// standing is one line about the cases for those who watch.
func standing(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	rows, err := pool.Query(ctx, standingSQL)
	if err != nil {
		return "", err
	}
	out := ""
	var state string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		out += fmt.Sprintf("%s %d  ", state, n)
		return nil
	})
	return out, err
}

const standingSQL = `SELECT state, sum(cases)::bigint FROM case_totals GROUP BY state HAVING sum(cases) > 0
 ORDER BY array_position(ARRAY['opened', 'notified', 'enforcing', 'paid', 'cancelled', 'handed_over'], state)`

const summarySQL = `WITH held AS (SELECT DISTINCT o.case_id, o.status FROM orders o WHERE o.purpose = 'arrest' AND o.status IN ('active', 'lift_requested', 'lifted', 'handed_over'))
SELECT count(*), count(*) FILTER (WHERE notified_on IS NOT NULL), count(*) FILTER (WHERE h.case_id IS NOT NULL),
       count(*) FILTER (WHERE state = 'paid'), count(*) FILTER (WHERE state = 'paid' AND h.status = 'lifted'),
       count(*) FILTER (WHERE state = 'handed_over' AND refusal_at IS NOT NULL),
       count(*) FILTER (WHERE state = 'handed_over'), count(*) FILTER (WHERE state = 'cancelled'),
       count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE ended_at IS NOT NULL AND released_at IS NULL),
       (SELECT COALESCE(sum(refund_due), 0)::bigint FROM payments)
  FROM cases c LEFT JOIN held h ON h.case_id = c.id`

const paidDebtsSQL = `SELECT debt, (ended_at AT TIME ZONE 'Asia/Almaty')::date FROM cases WHERE state = 'paid'`
