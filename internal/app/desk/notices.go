package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/notify"
)

// NoticeFilter chooses notices. An empty word means all.
type NoticeFilter struct {
	Days              int // up to now, in legal time; 1 to 30
	Channel, Language string
}

// NoticeList is how the notices of some days have fared.
type NoticeList struct {
	Now    time.Time
	Filter NoticeFilter
	Rows   []NoticeRow // by channel and language
	Faults []NoticeFault
}

// NoticeRow counts the notices of one channel in one language by what has become of them.
type NoticeRow struct {
	Channel, Language                              string
	Wanted, OnTheWay, Delivered, Failed, TimeIsOut int64
}

// NoticeFault is one reason for which notices did not arrive, or are not known to have.
type NoticeFault struct {
	Channel string
	Class   string // one of FaultClasses: what it means, and what to do next
	Detail  string // the provider's or our own code; never personal data
	Count   int64
	Last    time.Time
	Number  string // of a case with it
}

// FaultClasses are the reasons that the pages explain.
var FaultClasses = []string{"no_address", "no_device", "no_chat", "no_gateway", "trial", "superseded", notify.NotNeeded, "unsure", "late", "undeliverable"}

// faultClass sorts a notice that did not arrive by what an operator can do about it.
func faultClass(status notify.Status, detail string) string {
	switch detail {
	case "no_address", "no_device", "no_chat", "no_gateway", "trial", "superseded", notify.NotNeeded:
		return detail
	}
	switch status {
	case notify.StatusUnknown, notify.StatusSending:
		return "unsure"
	case notify.StatusExpired:
		return "late"
	case notify.StatusCreated, notify.StatusSent, notify.StatusDelivered, notify.StatusFailed:
	}
	return "undeliverable"
}

var (
	noticeCountsSQL = `SELECT channel, language, status, count(*) FROM notices
 WHERE created_at >= $1 AND ($2 = '' OR channel = $2) AND ($3 = '' OR language = $3) AND ` + noticeInScope + ` GROUP BY 1, 2, 3`

	noticeFaultsSQL = `SELECT channel, status, detail, count(*), max(created_at), max(case_id) FROM notices
 WHERE created_at >= $1 AND ($2 = '' OR channel = $2) AND ($3 = '' OR language = $3) AND status IN ('failed', 'expired', 'unknown') AND ` + noticeInScope + `
 GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 50`

	noticeInScope = `($4::text[] IS NULL OR EXISTS (SELECT FROM cases c WHERE c.id = notices.case_id AND ` + inScope(4) + `))`
)

// Notices counts what was sent in the last days, and why what did not arrive has not.
func (s *Service) Notices(ctx context.Context, actor Actor, f NoticeFilter) (l NoticeList, err error) {
	if err := actor.check(); err != nil {
		return l, err
	}
	f.Days = min(max(f.Days, 1), 30)
	if l.Now, err = s.cfg.Cases.Now(ctx); err != nil {
		return l, err
	}
	l.Filter = f
	since := l.Now.AddDate(0, 0, -f.Days)
	err = s.read(ctx, func(tx pgx.Tx) error {
		if l.Rows, err = readNoticeRows(ctx, tx, since, f, actor.Regions); err != nil {
			return err
		}
		l.Faults, err = readNoticeFaults(ctx, tx, since, f, actor.Regions)
		return err
	})
	if err != nil {
		return l, fmt.Errorf("desk: notices: %w", err)
	}
	return l, nil
}

func readNoticeRows(ctx context.Context, tx pgx.Tx, since time.Time, f NoticeFilter, regions []string) ([]NoticeRow, error) {
	rows, err := tx.Query(ctx, noticeCountsSQL, since, f.Channel, f.Language, regions)
	if err != nil {
		return nil, err
	}
	found := map[[2]string]*NoticeRow{}
	var channel, language, status string
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&channel, &language, &status, &n}, func() error {
		r := found[[2]string{channel, language}]
		if r == nil {
			r = &NoticeRow{Channel: channel, Language: language}
			found[[2]string{channel, language}] = r
		}
		r.Wanted += n
		switch notify.Status(status) {
		case notify.StatusDelivered:
			r.Delivered += n
		case notify.StatusFailed:
			r.Failed += n
		case notify.StatusExpired:
			r.TimeIsOut += n
		case notify.StatusCreated, notify.StatusSending, notify.StatusSent, notify.StatusUnknown:
			r.OnTheWay += n
		}
		return nil
	})
	out := make([]NoticeRow, 0, len(found))
	for _, r := range found {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b NoticeRow) int {
		return strings.Compare(b.Channel+"/"+a.Language, a.Channel+"/"+b.Language) // SMS first
	})
	return out, err
}

func readNoticeFaults(ctx context.Context, tx pgx.Tx, since time.Time, f NoticeFilter, regions []string) ([]NoticeFault, error) {
	rows, err := tx.Query(ctx, noticeFaultsSQL, since, f.Channel, f.Language, regions)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (NoticeFault, error) {
		var x NoticeFault
		var status string
		var caseID int64
		err := row.Scan(&x.Channel, &status, &x.Detail, &x.Count, &x.Last, &caseID)
		x.Class, x.Number = faultClass(notify.Status(status), x.Detail), caseno.Format(caseID)
		return x, err
	})
}
