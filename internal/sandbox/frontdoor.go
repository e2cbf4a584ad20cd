package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/notify"
)

// FrontDoor is how the world reaches the product: receipts and cancellations by call, payments by signed HTTP message,
// refusals by the personal link.
type FrontDoor struct {
	Pool      *pgxpool.Pool
	Engine    *engine.Store
	Notices   *notify.Store
	OnReceipt func(ctx context.Context, receipts []notify.Receipt) error // what takes receipts
	Client    *http.Client
	Base      string // http://host:port
	// Insist turns an answer of 5xx into an error, so that the message comes again at the same legal instant; without it the
	// world's gateways come again minutes later, as real ones do.
	Insist bool
}

var _ Outbox = (*FrontDoor)(nil)

// Receipts implements Outbox.
func (f *FrontDoor) Receipts(ctx context.Context, receipts []notify.Receipt) error {
	return f.OnReceipt(ctx, receipts)
}

// Webhook implements Outbox.
func (f *FrontDoor) Webhook(ctx context.Context, source string, header http.Header, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.Base+"/hooks/payments/"+source, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	res, err := f.Client.Do(req)
	if err != nil {
		return 0, err
	}
	if f.Insist && res.StatusCode >= http.StatusInternalServerError {
		return 0, errors.Join(fmt.Errorf("sandbox: the product answered %s", res.Status), res.Body.Close())
	}
	return res.StatusCode, res.Body.Close()
}

// Refuse implements Outbox.
func (f *FrontDoor) Refuse(ctx context.Context, token string) error {
	return f.act(ctx, token, engine.RequestRefusal{})
}

// UndoRefusal implements Outbox.
func (f *FrontDoor) UndoRefusal(ctx context.Context, token string) error {
	return f.act(ctx, token, engine.UndoRefusal{})
}

func (f *FrontDoor) act(ctx context.Context, token string, cmd engine.Command) error {
	id, _, err := f.Notices.CaseByToken(ctx, f.Pool, token)
	if errors.Is(err, notify.ErrNoLink) {
		return nil // a link that nobody gave out: the page would say so
	}
	if err != nil {
		return err
	}
	_, err = f.Engine.Apply(ctx, []engine.For{{CaseID: id, Actor: engine.ActorDebtor, Command: cmd}})
	return err
}

// Cancel implements Outbox.
func (f *FrontDoor) Cancel(ctx context.Context, acts []CancelAct) error {
	withdrawals := make([]intake.Withdrawal, len(acts))
	for i, a := range acts {
		withdrawals[i] = intake.Withdrawal{Source: a.Source, DocumentNumber: a.DocumentNumber, Ground: a.Ground, Act: a.Act}
	}
	_, err := intake.Cancel(ctx, f.Engine, withdrawals)
	return err
}
