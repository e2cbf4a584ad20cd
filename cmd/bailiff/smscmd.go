package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/sms"
	"robotbailiff/notify/text"
)

// trialText has the letters that Russian lacks, so that an eye sees at once whether the centre keeps them.
const trialText = "1414: сынақ хабарлама, әғқңөұүһі. Жауап қажет емес. Пробное сообщение, отвечать не нужно."

// smsView is what a trial says.
type smsView struct {
	Status      string  `json:"status"` // delivered, accepted, failed, rejected, unknown, not_found
	Detail      string  `json:"detail,omitempty"`
	ProviderRef string  `json:"provider_ref,omitempty"`
	Parts       int     `json:"parts"`
	Seconds     float64 `json:"seconds"`
}

// runSMS sends one message to a number of one's own, by the same way by which debtors are told.
func runSMS(ctx context.Context, e *env, args []string) error {
	to := e.flags.String("to", "", "`NUMBER` in the international form, such as +77011234567: your own, it gets a real message")
	words := e.flags.String("text", trialText, "`TEXT` to send")
	source := e.flags.String("source", "", "`NAME` or number it comes from (default: BAILIFF_SMS_SOURCE, or 1414)")
	hex := e.flags.Bool("hex-ids", os.Getenv("BAILIFF_SMS_HEX_IDS") == "1", "the centre answers with hexadecimal numbers and writes receipts in decimal")
	within := e.flags.Duration("wait", time.Minute, "how long to wait for the receipt")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "trial" || *to == "" {
		return usagef("sms takes trial --to NUMBER")
	}
	accounts, err := sms.ParseAccounts(os.Getenv("BAILIFF_SMPP"))
	if err != nil {
		return usagef("BAILIFF_SMPP: %v", err)
	}
	if *source == "" {
		*source = os.Getenv("BAILIFF_SMS_SOURCE")
	}
	told := make(chan notify.Receipt, 256)
	g, err := sms.New(sms.Config{
		Accounts: accounts, Source: *source, HexIDs: *hex, Clock: clock.System(), Log: slog.New(slog.DiscardHandler),
		Receive: func(_ context.Context, rs []notify.Receipt) error {
			for _, r := range rs {
				select {
				case told <- r:
				default: // somebody else's, left over from before
				}
			}
			return nil
		},
	})
	if err != nil {
		return usagef("%v", err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(running) }()
	v, err := e.trial(ctx, g, told, notify.Message{Ref: "trial", Channel: notify.SMS, To: *to, Text: *words}, *within)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	if err := e.print(v, func() { e.sayf("%s\n", v.says()) }); err != nil {
		return err
	}
	if v.Status != string(notify.StatusDelivered) && v.Status != string(notify.Accepted) {
		return errSilent
	}
	return nil
}

// bindPatience is how long a trial waits for a bind.
const bindPatience = 12 * time.Second

func (e *env) trial(ctx context.Context, g *sms.Gateway, told <-chan notify.Receipt, m notify.Message, within time.Duration) (v smsView, err error) {
	watch := clock.StartStopwatch()
	for err = g.Ready(ctx); err != nil; err = g.Ready(ctx) {
		if !errors.Is(err, sms.ErrNotBound) || watch.Elapsed() > bindPatience {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	_, _ = fmt.Fprintln(e.stderr, "bound to the SMS centre; sending")
	answers, err := g.Send(ctx, []notify.Message{m})
	if err != nil {
		return v, err
	}
	a := answers[0]
	v = smsView{Status: string(a.Status), Detail: a.Detail, ProviderRef: a.ProviderRef, Parts: text.Parts(m.Text)}
	if a.Status != notify.Accepted {
		v.Seconds = watch.Elapsed().Seconds()
		return v, nil
	}
	_, _ = fmt.Fprintf(e.stderr, "the centre took it as %s, in %d parts; waiting for the receipt, up to %s\n", a.ProviderRef, v.Parts, within)
	limit := time.NewTimer(within)
	defer limit.Stop()
	delivered := map[string]bool{}
	for {
		select {
		case r := <-told:
			if !slices.Contains(a.Parts, r.ProviderRef) {
				continue
			}
			v.Detail, v.Seconds = r.Detail, watch.Elapsed().Seconds()
			if r.Status == notify.StatusFailed {
				v.Status = string(r.Status)
				return v, nil
			}
			if delivered[r.ProviderRef] = true; len(delivered) == len(a.Parts) {
				v.Status = string(r.Status)
				return v, nil
			}
		case <-limit.C:
			v.Seconds = watch.Elapsed().Seconds()
			return v, nil
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}

// says tells what a trial has shown, and what to do about it.
func (v smsView) says() string {
	switch v.Status {
	case string(notify.StatusDelivered):
		return fmt.Sprintf("Delivered after %.1f s, number %s at the centre. Look at the telephone: are all letters right?", v.Seconds, v.ProviderRef)
	case string(notify.Accepted):
		return "The centre took the message, and no receipt has come. Deadlines need proven delivery: ask the operator whether receipts are on for this account, and try --hex-ids."
	case string(notify.StatusFailed):
		return fmt.Sprintf("The centre could not deliver it (%s): is the telephone on, and the number right?", v.Detail)
	case string(notify.Rejected):
		return fmt.Sprintf("Refused for this number (%s): write it in the international form, such as +77011234567.", v.Detail)
	case string(notify.NotFound):
		return fmt.Sprintf("The centre did not take it (%s), and nothing was sent: 0x0a means that this account may not use the source, 0x58 that it is too fast, 0x08 that the centre has a fault.", v.Detail)
	default:
		return fmt.Sprintf("Nobody knows whether the message has left (%s): look at the telephone.", v.Detail)
	}
}
