package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/caseno"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/notify/text"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

// Contact is how a debtor is told, in all of his cases.
type Contact struct {
	Number, Name string
	Language     string // of the next notices
	Languages    []string
	Channel      notify.Channel // that is tried first
	Channels     []notify.Channel
	Devices      []contact.Device // that a push can go to, the first of them first
	Bot          string           // a chat can be linked with it; empty: there is none
	Chat         bool             // one is linked
	Quiet        *pack.Window     // in which nothing is sent; nil: there is none
}

// Contact shows how the debtor of a session is told.
func (s *Service) Contact(ctx context.Context, session string) (Contact, error) {
	who, c, err := s.contact(ctx, session)
	if err != nil {
		return Contact{}, err
	}
	c.Bot = s.cfg.Bot
	p, err := s.cfg.Contacts.Preference(ctx, s.cfg.Pool, who.DebtorID)
	if err != nil {
		return Contact{}, err
	}
	if p.Language != "" {
		c.Language, c.Channel = p.Language, p.Channel
	}
	if c.Devices, err = s.cfg.Contacts.Devices(ctx, s.cfg.Pool, who.DebtorID); err != nil {
		return Contact{}, err
	}
	now, err := s.now(ctx)
	if err != nil {
		return Contact{}, err
	}
	if w, ok := s.cfg.Cases.Pack().QuietHours(calendar.DateOf(now)); ok {
		c.Quiet = &w
	}
	return c, nil
}

// Prefer keeps the language and the channel that the debtor of a session wishes, for all of his cases. Notices cannot be switched
// off: what the channel that was chosen cannot prove goes by the others as well.
func (s *Service) Prefer(ctx context.Context, session, language, channel string) error {
	who, c, err := s.contact(ctx, session)
	if err != nil {
		return err
	}
	if !slices.Contains(c.Channels, notify.Channel(channel)) {
		return ErrChoice
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	err = s.cfg.Contacts.Prefer(ctx, s.cfg.Pool, who, contact.Preference{Language: language, Channel: notify.Channel(channel)}, now)
	if errors.Is(err, contact.ErrUnknown) {
		return ErrChoice
	}
	return err
}

// AddDevice registers the device on which the debtor of a session is, so that pushes can go to it. What is no registration is refused
// by the errors of package contact.
func (s *Service) AddDevice(ctx context.Context, session, platform, token string) error {
	who, _, err := s.contact(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.cfg.Pool, func(tx pgx.Tx) error { return s.cfg.Contacts.AddDevice(ctx, tx, who, platform, token, now) })
}

// RemoveDevice takes a device of the debtor of a session out of use.
func (s *Service) RemoveDevice(ctx context.Context, session string, id int64) error {
	who, _, err := s.contact(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	err = s.cfg.Contacts.RemoveDevice(ctx, s.cfg.Pool, who, id, now)
	if errors.Is(err, contact.ErrNoDevice) {
		return ErrNotFound
	}
	return err
}

// LinkTelegram gives the address at which the debtor of a session links a chat with our bot: it is good for one chat, and not for long.
func (s *Service) LinkTelegram(ctx context.Context, session string) (string, error) {
	who, _, err := s.contact(ctx, session)
	if err != nil {
		return "", err
	}
	if s.cfg.Bot == "" {
		return "", ErrNotPossible
	}
	code, err := s.cfg.Contacts.NewCode(ctx, s.cfg.Pool, who)
	return "https://t.me/" + s.cfg.Bot + "?start=" + code, err
}

// UnlinkTelegram ends the link of the chat of the debtor of a session.
func (s *Service) UnlinkTelegram(ctx context.Context, session string) error {
	who, _, err := s.contact(ctx, session)
	if err != nil {
		return err
	}
	now, err := s.now(ctx)
	if err != nil {
		return err
	}
	return s.cfg.Contacts.UnlinkChat(ctx, s.cfg.Pool, who, now)
}

func (s *Service) now(ctx context.Context) (time.Time, error) {
	now, err := s.cfg.Cases.Now(ctx)
	if err != nil {
		return now, fmt.Errorf("portal: legal time: %w", err)
	}
	return now, nil
}

// contact gives the debtor of a session, and how he is told if he has said nothing.
func (s *Service) contact(ctx context.Context, session string) (contact.Who, Contact, error) {
	id, err := s.caseOf(ctx, session)
	if err != nil {
		return contact.Who{}, Contact{}, err
	}
	debtor, language, name, err := readDebtor(ctx, s.cfg.Pool, id)
	if err != nil {
		return contact.Who{}, Contact{}, fmt.Errorf("portal: debtor of case %d: %w", id, err)
	}
	c := Contact{
		Number: caseno.Format(id), Name: name, Language: language, Languages: text.Languages,
		Channel: notify.SMS, Channels: []notify.Channel{notify.SMS, notify.Push},
	}
	if c.Chat, err = s.cfg.Contacts.HasChat(ctx, s.cfg.Pool, debtor); c.Chat {
		c.Channels = append(c.Channels, notify.Telegram)
	}
	return contact.Who{DebtorID: debtor, CaseID: id}, c, err
}
