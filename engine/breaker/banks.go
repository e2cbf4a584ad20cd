package breaker

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/stop"
	"robotbailiff/rules/calendar"
)

// banks compares the arrests that each bank was sent within an hour with its rate. What is over it is stopped at that bank alone: the
// others go on, and so does what gives back.
func (l *looker) banks(ctx context.Context) ([]Reading, error) {
	usual, ok := l.w.pack().BankArrests(calendar.DateOf(l.now))
	if !ok {
		return nil, nil
	}
	rows, err := l.w.pool.Query(ctx, sentSQL, engine.TallySent, l.now.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	banks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	if len(banks) == 0 {
		return []Reading{{Name: Bank, Figures: stop.Figures{Limit: int64(usual)}, Idle: true}}, nil
	}
	out := make([]Reading, 0, len(banks))
	for _, what := range banks {
		r := Reading{Name: Bank, Bank: strings.TrimPrefix(what, engine.TallySent), Figures: stop.Figures{Limit: int64(usual)}}
		if own, ok := l.w.rates[r.Bank]; ok {
			r.Limit = int64(own)
		}
		if r.Count, err = l.sum(ctx, what, l.sinceAt(Bank, r.Scope(), l.now.Add(-time.Hour)), l.now.Add(time.Second)); err != nil {
			return nil, err
		}
		r.Over = r.Count > r.Limit
		out = append(out, r)
	}
	return out, nil
}

// sentSQL names the banks to which arrests were sent, as they are counted.
const sentSQL = `SELECT DISTINCT what FROM tallies WHERE starts_with(what, $1) AND at > $2::timestamptz - interval '5 minutes' ORDER BY what`
