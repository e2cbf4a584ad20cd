package main

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	"robotbailiff/internal/paper"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/fcm"
	"robotbailiff/notify/channel/httpsms"
	"robotbailiff/notify/channel/letter"
	"robotbailiff/notify/channel/natapp"
	"robotbailiff/notify/channel/sms"
	"robotbailiff/notify/channel/trial"
)

// Where gateways tell receipts; the address of the first is BAILIFF_SMS_RECEIPTS as seen from outside.
const (
	smsReceiptsPath  = "/hooks/sms"
	pushReceiptsPath = "/hooks/push"
	telegramPath     = "/hooks/telegram"
)

// channels are the ways to people outside that the environment names. What it does not name stays in the sandbox.
type channels struct {
	ways  map[notify.Channel]notify.Gateway
	ready map[string]func(context.Context) error
	run   []func(context.Context) error
	hooks map[string]http.Handler // of receipts, by their path

	devices bool   // pushes go to devices
	codes   bool   // SMS leave the house: a code comes to a telephone
	bot     string // that chats can be linked with
}

// joinChannels connects them. Receipts are taken in every process that serves pages, messages leave from those that work.
func (e *env) joinChannels(p *parts, w wiring) (c channels, err error) {
	c = channels{ways: map[notify.Channel]notify.Gateway{}, ready: map[string]func(context.Context) error{}, hooks: map[string]http.Handler{}}
	if !w.reach {
		return c, nil
	}
	if err := e.joinSMS(p, w, &c); err != nil {
		return c, err
	}
	if err := e.joinPush(p, w, &c); err != nil {
		return c, err
	}
	if err := e.joinTelegram(p, w, &c); err != nil {
		return c, err
	}
	return c, e.joinLetters(p, w, &c)
}

func (e *env) joinSMS(p *parts, w wiring, c *channels) error {
	smpp, web := os.Getenv("BAILIFF_SMPP"), os.Getenv("BAILIFF_SMS_HTTP")
	switch {
	case smpp == "" && web == "":
		return nil
	case smpp != "" && web != "":
		return usagef("BAILIFF_SMPP and BAILIFF_SMS_HTTP are two ways for the same messages: set one of them")
	}
	c.codes = true // also in a process that serves pages alone: it is told here what those that work have
	switch {
	case web != "":
		g, err := e.smsOverHTTP(web, p.keys.Blind("sms.receipts", "kannel"), httpsms.Config{Clock: p.clock, Receive: p.receipts, Observe: p.metrics.observe})
		if err != nil {
			return err
		}
		c.hooks[smsReceiptsPath] = g.Handler()
		c.ready["sms"] = g.Ready
		return c.reach(p, w, notify.SMS, g, "BAILIFF_SMS_ONLY", trial.Numbers)
	case !w.work:
		return nil
	}
	accounts, err := sms.ParseAccounts(smpp)
	if err != nil {
		return usagef("BAILIFF_SMPP: %v", err)
	}
	g, err := sms.New(sms.Config{
		Accounts: accounts, Source: os.Getenv("BAILIFF_SMS_SOURCE"), HexIDs: os.Getenv("BAILIFF_SMS_HEX_IDS") == "1", Clock: p.clock, Log: e.log,
		Receive: p.receipts, Observe: p.metrics.observe,
	})
	if err != nil {
		return usagef("%v", err)
	}
	c.ready["sms"] = g.Ready
	c.run = append(c.run, g.Run)
	return c.reach(p, w, notify.SMS, g, "BAILIFF_SMS_ONLY", trial.Numbers)
}

// smsOverHTTP makes the gateway of BAILIFF_SMS_HTTP with what else the environment says of it.
func (e *env) smsOverHTTP(address string, key []byte, cfg httpsms.Config) (*httpsms.Gateway, error) {
	var err error
	if cfg.Account, err = httpsms.Parse(address); err != nil {
		return nil, usagef("BAILIFF_SMS_HTTP: %v", err)
	}
	cfg.ReceiptURL, cfg.Key, cfg.Secrets = os.Getenv("BAILIFF_SMS_RECEIPTS"), key, secretsOf("BAILIFF_SMS_RECEIPT_SECRETS")
	if cfg.Source == "" {
		cfg.Source = os.Getenv("BAILIFF_SMS_SOURCE")
	}
	if cfg.Log == nil {
		cfg.Log = e.log
	}
	g, err := httpsms.New(cfg)
	if err != nil {
		return nil, usagef("BAILIFF_SMS_HTTP, BAILIFF_SMS_RECEIPTS or BAILIFF_SMS_RECEIPT_SECRETS: %v", err)
	}
	return g, nil
}

func (e *env) joinPush(p *parts, w wiring, c *channels) error {
	address, key := os.Getenv("BAILIFF_PUSH_URL"), os.Getenv("BAILIFF_FCM_KEY_FILE")
	switch {
	case address != "" && key != "":
		return usagef("BAILIFF_PUSH_URL and BAILIFF_FCM_KEY_FILE are two ways for the same messages: set one of them")
	case key != "":
		return e.joinFCM(key, p, w, c)
	case address == "":
		return nil
	}
	g, err := natapp.New(natapp.Config{Endpoint: address, Secret: os.Getenv("BAILIFF_PUSH_SECRET"), Clock: p.clock, Log: e.log, Observe: p.metrics.observe})
	if err != nil {
		return usagef("BAILIFF_PUSH_URL or BAILIFF_PUSH_SECRET: %v", err)
	}
	receiver, err := natapp.NewReceiver(natapp.ReceiverConfig{
		Secrets: secretsOf("BAILIFF_PUSH_RECEIPT_SECRETS"), Receive: p.receipts, Log: e.log, Observe: p.metrics.observe,
	})
	if err != nil {
		return usagef("BAILIFF_PUSH_RECEIPT_SECRETS: %v", err)
	}
	c.hooks[pushReceiptsPath] = receiver
	c.ready["push"] = g.Ready
	return c.reach(p, w, notify.Push, g, "BAILIFF_PUSH_ONLY", trial.Tokens)
}

// joinFCM connects Firebase Cloud Messaging, which reaches devices that debtors have registered. It tells no receipts, so that
// only the processes that send need it.
func (e *env) joinFCM(keyFile string, p *parts, w wiring, c *channels) error {
	if !w.work {
		return nil
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return usagef("BAILIFF_FCM_KEY_FILE: %v", err)
	}
	g, err := fcm.New(fcm.Config{
		Key: key, Project: os.Getenv("BAILIFF_FCM_PROJECT"), Endpoint: os.Getenv("BAILIFF_FCM_URL"), Gone: p.deviceGone,
		Clock: p.clock, Log: e.log, Observe: p.metrics.observe,
	})
	if err != nil {
		return usagef("BAILIFF_FCM_KEY_FILE, BAILIFF_FCM_PROJECT or BAILIFF_FCM_URL: %v", err)
	}
	c.devices = true
	c.ready["push"] = g.Ready
	return c.reach(p, w, notify.Push, g, "BAILIFF_PUSH_ONLY", trial.Tokens)
}

// keepGone is for how long it is tried to keep that a device is gone, whatever becomes of the sending. What is not kept is told
// again by the next message.
const keepGone = 5 * time.Second

func (p *parts) deviceGone(ctx context.Context, token string) {
	p.gone(ctx, "device", func(ctx context.Context, now time.Time) error {
		return p.contacts.DeviceGone(ctx, p.db.pool, token, now)
	})
}

func (p *parts) gone(ctx context.Context, what string, keep func(context.Context, time.Time) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepGone)
	defer cancel()
	now, err := p.clock.Now(ctx)
	if err == nil {
		err = keep(ctx, now)
	}
	outcome := "gone"
	if err != nil {
		outcome = "failed"
		p.log.WarnContext(ctx, "it was not kept that somebody cannot be reached any more", "what", what, "error", err)
	}
	p.metrics.observe(what, outcome, 1)
}

// joinLetters has letters put into the folder of BAILIFF_LETTERS, from which a hybrid-mail provider fetches them.
func (e *env) joinLetters(p *parts, w wiring, c *channels) error {
	dir := os.Getenv("BAILIFF_LETTERS")
	if dir == "" || !w.work {
		return nil
	}
	g, err := letter.New(letter.Config{
		Dir: dir, Clock: p.clock, Print: printLetter(os.Getenv("BAILIFF_LETTERS_SENDER")), Receive: p.receipts, Observe: p.metrics.observe, Log: e.log,
	})
	if err != nil {
		return usagef("BAILIFF_LETTERS names a folder that exists and that this process may write into: %v", err)
	}
	c.ready["letters"] = g.Ready
	c.run = append(c.run, g.Run)
	return c.reach(p, w, notify.Letter, g, "BAILIFF_LETTERS_ONLY", trial.Cases)
}

// printLetter lays a letter out. The sender is whom the post returns it to.
func printLetter(sender string) func(letter.Sheet) ([]byte, int, error) {
	return func(s letter.Sheet) ([]byte, int, error) {
		return paper.Letter(paper.LetterPaper{
			Lang: s.Language, Case: s.Case, Ref: s.Ref, On: s.On, Sender: sender, Addressee: s.Addressee, Address: s.Address,
			Heading: s.Heading, Text: s.Text,
		})
	}
}

// reach lets a gateway tell those whom the list in the environment names. The debtors of a sandbox are made up, but what they are
// reached by may be somebody's: there nobody goes live.
func (c *channels) reach(p *parts, w wiring, channel notify.Channel, g notify.Gateway, name string, read func(string) (trial.List, error)) error {
	if !w.work {
		return nil
	}
	list, err := read(os.Getenv(name))
	if err != nil {
		return usagef("%s says who may get messages while they can leave: %v", name, err)
	}
	if list.Live() && p.world != nil {
		return usagef("%s: a sandbox never goes live, its debtors are made up but what they are reached by may be somebody's; name your own", name)
	}
	c.ways[channel] = trial.Only(g, list)
	return nil
}

// receipts takes what gateways tell later. It is asked only while the program runs, when there is a robot.
func (p *parts) receipts(ctx context.Context, receipts []notify.Receipt) error {
	return p.robot.Receipts(ctx, receipts)
}

// secretsOf reads secrets separated by commas.
func secretsOf(name string) []string {
	return strings.FieldsFunc(os.Getenv(name), func(r rune) bool { return r == ',' || r == ' ' })
}
