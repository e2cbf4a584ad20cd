package uitest

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/orders"
	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/paper"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/rules"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Account is where every arrest of this world is planned to hold money.
const Account = "KZ86125KZT5004100100"

// Papers makes the documents of the cases of this world.
func (w *World) Papers(signed papers.Signatures) (*papers.Service, error) {
	return w.PapersWith(func(c *papers.Config) { c.Signatures = signed })
}

// PapersWith makes them with a configuration that the test changes.
func (w *World) PapersWith(change func(*papers.Config)) (*papers.Service, error) {
	notices, err := w.notices()
	if err != nil {
		return nil, err
	}
	c := papers.Config{
		Packs: w.Packs, Notices: notices, OpenIIN: w.OpenIIN, Codes: w.Keys, Base: "https://1414.gov.kz",
		Payee: func(string, calendar.Date) (paper.Payee, bool) {
			return paper.Payee{Name: "Департамент юстиции", BIN: "971240001315", IBAN: "KZ510700000000000001", BIC: "KKMFKZ2A", KBe: "11", KNP: "000"}, true
		},
		Plans: w.plans,
	}
	change(&c)
	return papers.New(c)
}

// plans says that the first arrest of every case was to hold two parts at two banks.
func (w *World) plans(context.Context, papers.Querier, int64) (map[int][]orders.Leg, error) {
	return map[int][]orders.Leg{1: {
		{Bank: "halyk", Parts: []orders.Part{{Account: Account, Amount: Tenge(20000)}}},
		{Bank: "kaspi", Parts: []orders.Part{{Account: "KZ21722S000012349876", Amount: Tenge(155)}}},
	}}, nil
}

func (w *World) notices() (*notify.Store, error) {
	return notify.NewStore(notify.Config{Links: w.Keys, Host: "1414.gov.kz", Window: func(t time.Time) (time.Time, time.Time) {
		return rules.SendWindow(pack.Default(), t)
	}})
}

// Sent keeps a notice of a case as sent now and delivered a minute later. Its personal link is another one than that of the person.
func (w *World) Sent(ctx context.Context, id int64, ordinal int) error {
	store, err := w.notices()
	if err != nil {
		return err
	}
	now, _ := w.Clock.Now(ctx)
	return pg.InTx(ctx, w.Pool, func(tx pgx.Tx) error {
		err := store.Create(ctx, tx, []notify.Intent{{
			CaseID: id, Ordinal: ordinal, Kind: notify.KindOpening, Rung: 1, Channels: []notify.Channel{notify.SMS}, Language: "kk", At: now, ExpiresAt: now.Add(72 * time.Hour),
			Params: notify.Params{Amount: Tenge(20155), Outstanding: Tenge(20155), Initials: "А.Д.", Until: calendar.MakeDate(2026, 4, 1)},
		}})
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE notices SET status = 'delivered', attempts = 1, sent_at = $3, delivered_at = $4, provider_ref = '7d2f00c1' WHERE case_id = $1 AND ordinal = $2`,
			id, ordinal, now, now.Add(time.Minute))
		return err
	})
}
