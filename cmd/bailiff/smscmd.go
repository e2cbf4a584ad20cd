package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"robotbailiff/internal/clock"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/httpsms"
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
	receipts := e.flags.String("listen", "", "`HOST:PORT` where the receipts of BAILIFF_SMS_HTTP arrive, as BAILIFF_SMS_RECEIPTS leads to it")
	hex := e.flags.Bool("hex-ids", os.Getenv("BAILIFF_SMS_HEX_IDS") == "1", "the centre answers with hexadecimal numbers and writes receipts in decimal")
	within := e.flags.Duration("wait", time.Minute, "how long to wait for the receipt")
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "trial" || *to == "" {
		return usagef("sms takes trial --to NUMBER")
	}
	told := make(chan notify.Receipt, 256)
	g, run, err := e.trialGateway(*source, *receipts, *hex, func(_ context.Context, rs []notify.Receipt) error {
		for _, r := range rs {
			select {
			case told <- r:
			default: // somebody else's, left over from before
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run(running) }()
	v, err := e.trial(ctx, g, told, notify.Message{Ref: trialRef, Channel: notify.SMS, To: *to, Text: *words}, *within)
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

// trialRef is the reference of a trial's message. No notice has it.
const trialRef = "trial"

// readyGateway can say whether it is connected.
type readyGateway interface {
	notify.Gateway
	Ready(ctx context.Context) error
}

// trialGateway makes the gateway that the environment names, and what has to run beside it until its end.
func (e *env) trialGateway(source, receipts string, hex bool, receive func(context.Context, []notify.Receipt) error) (readyGateway, func(context.Context) error, error) {
	smpp, web := os.Getenv("BAILIFF_SMPP"), os.Getenv("BAILIFF_SMS_HTTP")
	if source == "" {
		source = os.Getenv("BAILIFF_SMS_SOURCE")
	}
	quiet := slog.New(slog.DiscardHandler)
	if web == "" {
		accounts, err := sms.ParseAccounts(smpp)
		if err != nil {
			return nil, nil, usagef("BAILIFF_SMPP: %v", err)
		}
		g, err := sms.New(sms.Config{Accounts: accounts, Source: source, HexIDs: hex, Clock: clock.System(), Log: quiet, Receive: receive})
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
		return g, g.Run, nil
	}
	if smpp != "" {
		return nil, nil, usagef("BAILIFF_SMPP and BAILIFF_SMS_HTTP are two ways for the same messages: set one of them")
	}
	key := make([]byte, 32) // the receipts of this trial are taken by nobody else
	_, _ = rand.Read(key)
	g, err := e.smsOverHTTP(web, key, httpsms.Config{Source: source, Clock: clock.System(), Log: quiet, Receive: receive})
	if err != nil || receipts == "" {
		return g, func(ctx context.Context) error { <-ctx.Done(); return nil }, err
	}
	return g, func(ctx context.Context) error {
		ln, err := listen(ctx, receipts)
		if err != nil {
			return err
		}
		return e.serveHTTP(ctx, ln, nil, g.Handler())
	}, nil
}

// bindPatience is how long a trial waits for a bind.
const bindPatience = 12 * time.Second

func (e *env) trial(ctx context.Context, g readyGateway, told <-chan notify.Receipt, m notify.Message, within time.Duration) (v smsView, err error) {
	watch := clock.StartStopwatch()
	for err = g.Ready(ctx); err != nil; err = g.Ready(ctx) {
		if !errors.Is(err, sms.ErrNotBound) {
			return v, fmt.Errorf("%w. %s", err, remedy(err.Error()))
		}
		if watch.Elapsed() > bindPatience {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	_, _ = fmt.Fprintln(e.stderr, "connected to the gateway; sending")
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
	under := ""
	if a.ProviderRef != "" {
		under = " as " + a.ProviderRef
	}
	_, _ = fmt.Fprintf(e.stderr, "the gateway took it%s, in %d parts; waiting for the receipt, up to %s\n", under, v.Parts, within)
	limit := time.NewTimer(within)
	defer limit.Stop()
	delivered := map[string]bool{}
	for {
		select {
		case r := <-told:
			if r.Ref != trialRef && !slices.Contains(a.Parts, r.ProviderRef) {
				continue
			}
			v.Detail, v.Seconds = r.Detail, watch.Elapsed().Seconds()
			if r.Status == notify.StatusFailed {
				v.Status = string(r.Status)
				return v, nil
			}
			if delivered[r.ProviderRef] = true; len(delivered) >= len(a.Parts) {
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
		number := ""
		if v.ProviderRef != "" {
			number = ", number " + v.ProviderRef + " there"
		}
		return fmt.Sprintf("Delivered after %.1f s%s. Look at the telephone: are all letters right?", v.Seconds, number)
	case string(notify.Accepted):
		return "The gateway took the message, and no receipt has come. Deadlines need proven delivery: ask the operator whether receipts are on for this account; " +
			"over SMPP try --hex-ids; over HTTP give --listen, and see that BAILIFF_SMS_RECEIPTS leads to it from the gateway's machine."
	case string(notify.StatusFailed):
		return fmt.Sprintf("The gateway could not deliver it (%s): is the telephone on, and the number right?", v.Detail)
	case string(notify.Rejected):
		return fmt.Sprintf("Refused for this number (%s): write it in the international form, such as +77011234567.", v.Detail)
	case string(notify.NotFound):
		return fmt.Sprintf("The gateway did not take it (%s), and nothing was sent. %s", v.Detail, remedy(v.Detail))
	default:
		return fmt.Sprintf("Nobody knows whether the message has left (%s): look at the telephone.", v.Detail)
	}
}

// remedy says what to do about a refusal that is not the number's.
func remedy(detail string) string {
	switch {
	case strings.Contains(detail, "0x0a"):
		return "This account may not use the source: give --source, or ask the operator."
	case strings.Contains(detail, "0x58"):
		return "Too fast: give the address a smaller rate, such as ?rate=10."
	case strings.Contains(detail, "authorization_failed"), strings.Contains(detail, "unauthorized"), strings.Contains(detail, "http_401"), strings.Contains(detail, "http_403"):
		return "The gateway does not know this name, password or token."
	case strings.Contains(detail, "not_routable"):
		return "The gateway has no connection that takes this number or this source."
	case strings.Contains(detail, "not_sent"):
		return "Nobody answers at this address: are host and port right, and does the gateway run?"
	}
	return "Ask the operator what that means."
}
