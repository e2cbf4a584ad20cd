package notify

import (
	"context"
	"strings"
	"time"
)

// Notice is one notice on one channel, for people to look at.
type Notice struct {
	CaseID      int64
	Ordinal     int
	Channel     Channel
	Rung        int
	Kind        Kind
	Language    string
	TextVersion int
	Title       string // of a push or a letter
	Text        string // exactly as it was sent, with the personal link: for the debtor and for evidence
	Masked      string // the same without the link's token: for everybody else
	Status      Status
	Attempts    int
	Denied      int // attempts that were cut off before they left
	NotBefore   time.Time
	ExpiresAt   time.Time
	CreatedAt   time.Time
	SentAt      *time.Time // start of the last attempt
	DeliveredAt *time.Time
	ProviderRef string
	Detail      string
}

const ofCaseSQL = `SELECT ` + columnsSQL + `
FROM notices n
WHERE n.case_id = $1
ORDER BY n.ordinal, n.channel`

// OfCase returns the notices of a case, oldest first, with their texts made again from what
// was stored: the same bytes that were sent.
func (s *Store) OfCase(ctx context.Context, q Querier, caseID int64) ([]Notice, error) {
	rows, err := collect(ctx, q, ofCaseSQL, caseID)
	if err != nil {
		return nil, err
	}
	notices := make([]Notice, 0, len(rows))
	words := reader{Store: s, q: q}
	for _, r := range rows {
		t, token, err := words.words(ctx, r)
		if err != nil {
			return nil, err
		}
		n := r.notice()
		n.Title, n.Text = r.Channel.words(t)
		n.Masked = strings.ReplaceAll(n.Text, token, "…")
		notices = append(notices, n)
	}
	return notices, nil
}

// ListOf returns the notices of a case, oldest first, without their texts.
func (*Store) ListOf(ctx context.Context, q Querier, caseID int64) ([]Notice, error) {
	rows, err := collect(ctx, q, ofCaseSQL, caseID)
	notices := make([]Notice, len(rows))
	for i, r := range rows {
		notices[i] = r.notice()
	}
	return notices, err
}

// notice is a row without its texts.
func (r row) notice() Notice {
	return Notice{
		CaseID: r.CaseID, Ordinal: r.Ordinal, Channel: r.Channel, Rung: r.Rung, Kind: r.Kind, Language: r.Language,
		TextVersion: r.TextVersion, Status: r.Status, Attempts: r.Attempts, Denied: r.Denied, NotBefore: r.NotBefore,
		ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt, SentAt: r.SentAt, DeliveredAt: r.DeliveredAt,
		ProviderRef: r.ProviderRef, Detail: r.Detail,
	}
}
