package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"robotbailiff/engine"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/sandbox"
	"robotbailiff/notify"
)

// frontDoor is how the simulated world reaches us: receipts and cancellations by call, payments by signed HTTP message,
// refusals by the personal link.
type frontDoor struct {
	parts  *parts
	client *http.Client
	base   string // http://host:port
}

var _ sandbox.Outbox = (*frontDoor)(nil)

// Receipts implements sandbox.Outbox.
func (f *frontDoor) Receipts(ctx context.Context, receipts []notify.Receipt) error {
	return f.parts.robot.Receipts(ctx, receipts)
}

// Webhook implements sandbox.Outbox.
func (f *frontDoor) Webhook(ctx context.Context, source string, header http.Header, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+"/hooks/payments/"+source, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	res, err := f.client.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// Refuse implements sandbox.Outbox.
func (f *frontDoor) Refuse(ctx context.Context, token string) error {
	return f.act(ctx, token, engine.RequestRefusal{})
}

// UndoRefusal implements sandbox.Outbox.
func (f *frontDoor) UndoRefusal(ctx context.Context, token string) error {
	return f.act(ctx, token, engine.UndoRefusal{})
}

func (f *frontDoor) act(ctx context.Context, token string, cmd engine.Command) error {
	id, _, err := f.parts.robot.Notices.CaseByToken(ctx, f.parts.db.pool, token)
	if errors.Is(err, notify.ErrNoLink) {
		return nil // a link that nobody gave out: the page would say so
	}
	if err != nil {
		return err
	}
	_, err = f.parts.robot.Engine.Apply(ctx, []engine.For{{CaseID: id, Actor: engine.ActorDebtor, Command: cmd}})
	return err
}

// Cancel implements sandbox.Outbox.
func (f *frontDoor) Cancel(ctx context.Context, acts []sandbox.CancelAct) error {
	withdrawals := make([]intake.Withdrawal, len(acts))
	for i, a := range acts {
		withdrawals[i] = intake.Withdrawal{Source: a.Source, DocumentNumber: a.DocumentNumber, Ground: a.Ground, Act: a.Act}
	}
	_, err := intake.Cancel(ctx, f.parts.robot.Engine, withdrawals)
	return err
}
