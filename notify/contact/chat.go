package contact

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	chatPlace = "telegram_chats.chat_sealed"
	chatBlind = "telegram.chat"
	codeBlind = "telegram.code"
	codeFor   = 15 * time.Minute // real time
)

const newCodeSQL = `WITH old AS (DELETE FROM telegram_codes WHERE expires_at < now())
INSERT INTO telegram_codes (code_hash, debtor_id, case_id, expires_at) VALUES ($1, $2, $3, now() + $4::interval)`

// NewCode gives a code that links a chat to a debtor for a quarter of an hour. Only its blind index is kept.
func (s *Store) NewCode(ctx context.Context, q Querier, who Who) (string, error) {
	raw := make([]byte, 18)
	_, _ = rand.Read(raw) // never fails: without randomness the program ends
	code := base64.RawURLEncoding.EncodeToString(raw)
	if _, err := q.Exec(ctx, newCodeSQL, s.keys.Blind(codeBlind, code), who.DebtorID, who.CaseID, codeFor); err != nil {
		return "", fmt.Errorf("contact: code of debtor %d: %w", who.DebtorID, err)
	}
	return code, nil
}

const (
	takeCodeSQL = `UPDATE telegram_codes SET chat_blind = $2 WHERE code_hash = $1 AND expires_at > now() AND (chat_blind IS NULL OR chat_blind = $2)
RETURNING debtor_id, case_id, coalesce((SELECT p.language FROM contact_preferences p WHERE p.debtor_id = telegram_codes.debtor_id), '')`

	linkSQL = `WITH l AS (
    INSERT INTO telegram_chats AS c (debtor_id, chat_blind, chat_sealed, since) VALUES ($1, $3, $4, $5)
    ON CONFLICT (debtor_id) DO UPDATE SET chat_blind = $3, chat_sealed = $4, since = $5 WHERE c.chat_blind <> $3
    RETURNING debtor_id)
INSERT INTO contact_acts (debtor_id, case_id, actor, act, data, at) SELECT debtor_id, $2, 'debtor', 'telegram_linked', '{}', $5 FROM l`
)

// LinkChat links a chat by a code, and gives the language of the debtor's wish if he has one. ok is false when the code is none, is
// too old, or has led to another chat; the same chat may use it again, since our answer may have been lost.
func (s *Store) LinkChat(ctx context.Context, tx pgx.Tx, code string, chat int64, now time.Time) (language string, ok bool, err error) {
	number := strconv.FormatInt(chat, 10)
	blind := s.keys.Blind(chatBlind, number)
	var who Who
	err = tx.QueryRow(ctx, takeCodeSQL, s.keys.Blind(codeBlind, code), blind).Scan(&who.DebtorID, &who.CaseID, &language)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, linkSQL, who.DebtorID, who.CaseID, blind, s.keys.Seal([]byte(number), chatPlace), now)
	}
	if err != nil {
		return "", false, fmt.Errorf("contact: chat: %w", err)
	}
	return language, true, nil
}

// chatGoneSQL ends the link of chats, whose condition follows, and with it the wish to be told there. $1 is now, $2 who says so, $3
// why, $4 the case.
const chatGoneSQL = `WITH c AS (DELETE FROM telegram_chats WHERE %s RETURNING debtor_id),
p AS (UPDATE contact_preferences p SET channel = 'sms', changed_at = $1 FROM c WHERE p.debtor_id = c.debtor_id AND p.channel = 'telegram')
INSERT INTO contact_acts (debtor_id, case_id, actor, act, data, at)
SELECT debtor_id, $4, $2, 'telegram_gone', json_build_object('reason', $3::text), $1 FROM c`

var (
	chatGoneByChatSQL   = fmt.Sprintf(chatGoneSQL, `chat_blind = $5`)
	chatGoneByDebtorSQL = fmt.Sprintf(chatGoneSQL, `debtor_id = $5`)
)

// ChatGone ends every link of a chat: its person has blocked the bot, or has asked for it there. Whoever wished to be told there is
// told by SMS from now on.
func (s *Store) ChatGone(ctx context.Context, q Querier, chat int64, blocked bool, now time.Time) error {
	actor, reason := "debtor", "stopped"
	if blocked {
		actor, reason = "gateway", "blocked"
	}
	if _, err := q.Exec(ctx, chatGoneByChatSQL, now, actor, reason, nil, s.keys.Blind(chatBlind, strconv.FormatInt(chat, 10))); err != nil {
		return fmt.Errorf("contact: a chat that is gone: %w", err)
	}
	return nil
}

// UnlinkChat ends the link of a debtor's chat, since he says so.
func (s *Store) UnlinkChat(ctx context.Context, q Querier, who Who, now time.Time) error {
	if _, err := q.Exec(ctx, chatGoneByDebtorSQL, now, "debtor", "removed", who.CaseID, who.DebtorID); err != nil {
		return fmt.Errorf("contact: chat of debtor %d: %w", who.DebtorID, err)
	}
	return nil
}

const hasChatSQL = `SELECT EXISTS (SELECT 1 FROM telegram_chats WHERE debtor_id = $1)`

// HasChat says whether a debtor has linked a chat.
func (s *Store) HasChat(ctx context.Context, q Querier, debtorID int64) (linked bool, err error) {
	if err := q.QueryRow(ctx, hasChatSQL, debtorID).Scan(&linked); err != nil {
		return false, fmt.Errorf("contact: chat of debtor %d: %w", debtorID, err)
	}
	return linked, nil
}

const chatsSQL = `SELECT debtor_id, chat_sealed FROM telegram_chats WHERE debtor_id = ANY ($1)`

// Chats gives the chat of each debtor who has linked one.
func (s *Store) Chats(ctx context.Context, q Querier, debtorIDs []int64) (map[int64]string, error) {
	return s.opened(ctx, q, chatsSQL, chatPlace, debtorIDs)
}
