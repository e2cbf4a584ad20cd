package main

import (
	"context"
	"encoding/hex"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/channel/telegram"
	"robotbailiff/notify/channel/trial"
)

// joinTelegram connects the bot of BAILIFF_TELEGRAM_TOKEN. The secret that Telegram shows with each update is derived from the
// installation's, so that every process knows it.
func (e *env) joinTelegram(p *parts, w wiring, c *channels) error {
	token := os.Getenv("BAILIFF_TELEGRAM_TOKEN")
	if token == "" {
		return nil
	}
	secret := hex.EncodeToString(p.keys.Blind("telegram.hook", "1"))
	name := os.Getenv("BAILIFF_TELEGRAM_BOT")
	g, err := telegram.New(telegram.Config{
		Token: token, Name: name, Hook: os.Getenv("BAILIFF_TELEGRAM_HOOK"), Secret: secret, Endpoint: os.Getenv("BAILIFF_TELEGRAM_URL"),
		Gone: p.chatGone, Clock: p.clock, Log: e.log, Observe: p.metrics.observe,
	})
	if err != nil {
		return usagef("BAILIFF_TELEGRAM_TOKEN, BAILIFF_TELEGRAM_BOT, BAILIFF_TELEGRAM_HOOK or BAILIFF_TELEGRAM_URL: %v", err)
	}
	c.bot = name
	c.ready["telegram"] = g.Ready
	c.run = append(c.run, g.Run)
	c.hooks[telegramPath] = telegram.NewHook(telegram.HookConfig{Secret: secret, Link: p.linkChat, Left: p.leftChat, Log: e.log, Observe: p.metrics.observe})
	return c.reach(p, w, notify.Telegram, g, "BAILIFF_TELEGRAM_ONLY", trial.Chats)
}

func (p *parts) chatGone(ctx context.Context, chat int64) {
	p.gone(ctx, "chat", func(ctx context.Context, now time.Time) error {
		return p.contacts.ChatGone(ctx, p.db.pool, chat, true, now)
	})
}

func (p *parts) linkChat(ctx context.Context, code string, chat int64) (language string, ok bool, err error) {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return "", false, err
	}
	err = pg.InTx(ctx, p.db.pool, func(tx pgx.Tx) error {
		language, ok, err = p.contacts.LinkChat(ctx, tx, code, chat, now)
		return err
	})
	return language, ok, err
}

func (p *parts) leftChat(ctx context.Context, chat int64, blocked bool) error {
	now, err := p.clock.Now(ctx)
	if err != nil {
		return err
	}
	return p.contacts.ChatGone(ctx, p.db.pool, chat, blocked, now)
}
