package telegram

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-telegram/bot/models"
)

// HookConfig is what a hook needs.
type HookConfig struct {
	Secret string // that [Config.Secret] gave to Telegram
	// Link links a chat to the debtor whose code it is, and gives his language if it is known; false: the code is not good. The
	// same code from the same chat is good again.
	Link func(ctx context.Context, code string, chat int64) (language string, ok bool, err error)
	// Left ends the link of a chat: blocked says that the person has blocked the bot, and otherwise that he has asked for it.
	Left    func(ctx context.Context, chat int64, blocked bool) error
	Log     *slog.Logger
	Observe func(what, outcome string, n int)
}

// Hook is the http.Handler that Telegram tells updates to.
type Hook struct{ cfg HookConfig }

// NewHook makes a hook.
func NewHook(cfg HookConfig) *Hook {
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, int) {}
	}
	return &Hook{cfg}
}

const maxUpdate = 256 << 10 // a message has 4096 characters at most, and much around them

// update is what a hook understands of one: everything else is nothing.
type update struct {
	kind     string // start, stop, blocked, or empty
	chat     int64
	code     string
	language string // of the person's own Telegram
}

// read understands an update, which may be anything that somebody writes to a bot.
func read(body []byte) (u update, ok bool) {
	var said models.Update
	if json.Unmarshal(body, &said) != nil {
		return u, false
	}
	switch {
	case said.MyChatMember != nil && said.MyChatMember.Chat.Type == models.ChatTypePrivate:
		if t := said.MyChatMember.NewChatMember.Type; t == models.ChatMemberTypeBanned || t == models.ChatMemberTypeLeft {
			u.kind, u.chat = "blocked", said.MyChatMember.Chat.ID
		}
	case said.Message != nil && said.Message.Chat.Type == models.ChatTypePrivate: // notices are for one person, never for a group
		words := strings.Fields(said.Message.Text)
		if said.Message.From != nil {
			u.language = said.Message.From.LanguageCode
		}
		switch {
		case len(words) == 2 && words[0] == "/start":
			u.kind, u.chat, u.code = "start", said.Message.Chat.ID, words[1]
		case len(words) == 1 && words[0] == "/stop":
			u.kind, u.chat = "stop", said.Message.Chat.ID
		}
	}
	return u, true
}

// ServeHTTP implements http.Handler.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Telegram-Bot-Api-Secret-Token")), []byte(h.cfg.Secret)) != 1 {
		h.cfg.Observe("telegram_hook", "refused", 1)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpdate))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	u, ok := read(body)
	if !ok {
		h.cfg.Observe("telegram_hook", "unreadable", 1) // it would be told again and again otherwise
		w.WriteHeader(http.StatusOK)
		return
	}
	words, err := h.do(r.Context(), u)
	if err != nil {
		h.cfg.Observe("telegram_hook", "failed", 1)
		h.cfg.Log.ErrorContext(r.Context(), "update of Telegram not kept", "kind", u.kind, "error", err)
		w.WriteHeader(http.StatusInternalServerError) // then Telegram tells it again
		return
	}
	if words == "" {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"method": "sendMessage", "chat_id": u.chat, "text": words}) // nobody is left to be told
}

// do keeps what an update says, and gives the words of the answer.
func (h *Hook) do(ctx context.Context, u update) (words string, err error) {
	outcome := u.kind
	switch u.kind {
	case "start":
		language, ok, err := h.cfg.Link(ctx, u.code, u.chat)
		if err != nil {
			return "", err
		}
		if language == "" {
			language = u.language
		}
		words = say(linked, language)
		if !ok {
			outcome, words = "bad_code", say(badCode, language)
		}
	case "stop":
		words, err = say(stopped, u.language), h.cfg.Left(ctx, u.chat, false)
	case "blocked":
		err = h.cfg.Left(ctx, u.chat, true)
	default:
		outcome = "ignored"
	}
	if err == nil {
		h.cfg.Observe("telegram_hook", outcome, 1)
	}
	return words, err
}
