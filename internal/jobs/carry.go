package jobs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine"
	"robotbailiff/engine/handover"
	"robotbailiff/engine/intake"
	"robotbailiff/internal/pg"
	"robotbailiff/notify"
	"robotbailiff/notify/contact"
	"robotbailiff/notify/text"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
)

// carryNotices turns the notices that a batch asks for into rows of notify, in the same transaction.
func (r *Robot) carryNotices(ctx context.Context, tx pgx.Tx, effects []engine.Effect, _ time.Time) error {
	var wanted []engine.NoticeWanted
	var ids []int64
	for _, e := range effects {
		if n, ok := e.(engine.NoticeWanted); ok {
			wanted, ids = append(wanted, n), append(ids, n.CaseID)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	debtors, err := debtorsOf(ctx, tx, ids)
	if err != nil {
		return err
	}
	intents := make([]notify.Intent, len(wanted))
	for i, n := range wanted {
		d := debtors[n.CaseID]
		in := notify.Intent{
			CaseID: n.CaseID, Ordinal: n.Ordinal, Kind: notify.Kind(n.Kind), Rung: n.Rung, Language: n.Language,
			At: n.At, NotBefore: n.NotBefore, ExpiresAt: n.ExpiresAt,
			Params: notify.Params{
				Amount: n.Amount, Outstanding: n.Outstanding, Until: n.Until, UndoUntil: n.UndoUntil, Arrested: n.Arrested, Reason: n.Reason,
				Initials: text.Initials(d.name),
			},
		}
		for _, c := range n.Channels {
			in.Channels = append(in.Channels, notify.Channel(c))
		}
		if d.language != "" { // the debtor has said how he wishes to be told
			in.Language = d.language
			in.Prefer(d.channel)
		}
		intents[i] = in
	}
	return r.Notices.Create(ctx, tx, intents)
}

// carryMoney books what the engine decided about payments and debts, in the same transaction.
func (r *Robot) carryMoney(ctx context.Context, tx pgx.Tx, effects []engine.Effect, now time.Time) error {
	var allocations []payments.Allocation
	var moves []payments.DebtMove
	for _, e := range effects {
		switch e := e.(type) {
		case engine.MoneyAllocated:
			allocations = append(allocations, payments.Allocation{PaymentID: e.PaymentID, CaseID: e.CaseID, Allocated: e.Allocated, RefundDue: e.RefundDue})
		case engine.DebtMoved:
			moves = append(moves, payments.DebtMove{CaseID: e.CaseID, Kind: ledger.MoveKind(e.Move), Amount: e.Amount, Refund: e.Refund, Reason: e.Reason})
		}
	}
	if len(moves) > 0 {
		if err := r.Payments.MoveDebts(ctx, tx, moves, now); err != nil {
			return err
		}
	}
	if len(allocations) == 0 {
		return nil
	}
	return r.Payments.Allocate(ctx, tx, allocations, now)
}

// carryRecalls tells private bailiffs, in the same transaction, that cases are no longer theirs.
func carryRecalls(ctx context.Context, tx pgx.Tx, effects []engine.Effect, now time.Time) error {
	var recalls []engine.HandoverRecalled
	for _, e := range effects {
		if rec, ok := e.(engine.HandoverRecalled); ok {
			recalls = append(recalls, rec)
		}
	}
	return handover.Recall(ctx, tx, recalls, now)
}

// Receipts takes delivery receipts and starts the terms of what is now proven, in one transaction. Receipts that belong
// to no notice are counted and logged; they prove nothing.
func (r *Robot) Receipts(ctx context.Context, receipts []notify.Receipt) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error { return r.receipts(ctx, tx, receipts) })
}

// earlyReceipts takes up the receipts that came before their messages were known here.
func (r *Robot) earlyReceipts(ctx context.Context) error {
	return pg.InTx(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		receipts, err := r.Notices.Early(ctx, tx)
		if err != nil || len(receipts) == 0 {
			return err
		}
		return r.receipts(ctx, tx, receipts)
	})
}

func (r *Robot) receipts(ctx context.Context, tx pgx.Tx, receipts []notify.Receipt) error {
	now, err := r.cfg.Clock.Now(ctx)
	if err != nil {
		return err
	}
	receipts, codes, err := r.Codes.Sift(ctx, tx, receipts)
	if err != nil {
		return err
	}
	if codes > 0 {
		r.cfg.Observe("receipt", "code", codes)
	}
	delivered, strays, err := r.Notices.Receive(ctx, tx, receipts, now)
	if err != nil {
		return err
	}
	if len(strays) > 0 {
		r.cfg.Observe("receipt", "stray", len(strays))
		r.cfg.Log.WarnContext(ctx, "receipts without a notice", "n", len(strays))
	}
	r.cfg.Observe("receipt", "delivered", len(delivered))
	cmds := make([]engine.For, 0, len(delivered))
	for _, d := range delivered {
		if d.Channel == notify.Telegram {
			continue // no proof
		}
		if d.Kind == notify.KindObjectionDeclined {
			cmds = append(cmds, engine.For{CaseID: d.CaseID, Actor: engine.ActorNotice, Command: engine.Told{Answer: d.Ordinal, Channel: string(d.Channel), At: d.At}})
			continue
		}
		if d.Kind != notify.KindOpening {
			continue // proof for the file; no term starts from it
		}
		cmds = append(cmds, engine.For{CaseID: d.CaseID, Actor: engine.ActorNotice, Command: engine.NoticeDelivered{
			Ordinal: d.Ordinal, Opening: true, Channel: string(d.Channel), At: d.At,
		}})
	}
	if len(cmds) == 0 {
		return nil
	}
	_, err = r.Engine.ApplyTx(ctx, tx, cmds)
	return err
}

var errContact = errors.New("jobs: contact cannot be read")

// contacts opens where the debtors of cases can be reached. A push is addressed by a pseudonym of the person, or by a device, a letter by
// name and address, which are read for those alone who are to get one.
func (r *Robot) contacts(ctx context.Context, ids []int64) (map[int64]notify.Contact, error) {
	rows, err := r.cfg.Pool.Query(ctx, contactsSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("jobs: contacts: %w", err)
	}
	out := make(map[int64]notify.Contact, len(ids))
	debtors := make(map[int64]int64, len(ids))
	var (
		id, debtor    int64
		sealed, blind []byte
		address       []byte
		name          string
	)
	_, err = pgx.ForEachRow(rows, []any{&id, &debtor, &sealed, &blind, &name, &address}, func() error {
		debtors[id] = debtor
		c := notify.Contact{PushToken: hex.EncodeToString(blind)}
		if len(address) > 0 {
			plain, err := r.cfg.Keys.Open(address, intake.SealedAddress)
			if err != nil {
				return fmt.Errorf("case %d: %w", id, errContact)
			}
			c.Name, c.Address = name, string(plain)
		}
		if len(sealed) > 0 {
			phone, err := r.cfg.Keys.Open(sealed, "debtors.phone_sealed")
			if err != nil {
				return fmt.Errorf("case %d: %w", id, errContact)
			}
			c.Phone = string(phone)
		}
		out[id] = c
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: contacts: %w", err)
	}
	return out, errors.Join(r.addDevices(ctx, out, debtors), r.addChats(ctx, out, debtors))
}

// addDevices puts the newest device of each debtor in the place of his pseudonym, where pushes go to devices.
func (r *Robot) addDevices(ctx context.Context, contacts map[int64]notify.Contact, debtors map[int64]int64) error {
	if !r.cfg.Devices {
		return nil
	}
	tokens, err := r.reach.Tokens(ctx, r.cfg.Pool, slices.Collect(maps.Values(debtors)))
	for id, c := range contacts {
		c.PushToken = tokens[debtors[id]]
		contacts[id] = c
	}
	return blamed(err)
}

// addChats adds the chats of debtors who have linked one.
func (r *Robot) addChats(ctx context.Context, contacts map[int64]notify.Contact, debtors map[int64]int64) error {
	if r.cfg.Gateways[notify.Telegram] == nil {
		return nil
	}
	chats, err := r.reach.Chats(ctx, r.cfg.Pool, slices.Collect(maps.Values(debtors)))
	for id, c := range contacts {
		c.Chat = chats[debtors[id]]
		contacts[id] = c
	}
	return blamed(err)
}

// blamed marks what is the fault of one case.
func blamed(err error) error {
	if errors.Is(err, contact.ErrSealed) {
		return fmt.Errorf("%w: %w", errContact, err)
	}
	return err
}

// debtor is what a notice says and does by its debtor. Without a wish of his, language and channel are empty.
type debtor struct {
	name, language string
	channel        notify.Channel
}

func debtorsOf(ctx context.Context, tx pgx.Tx, ids []int64) (map[int64]debtor, error) {
	rows, err := tx.Query(ctx, debtorsSQL, ids)
	if err != nil {
		return nil, fmt.Errorf("jobs: debtors: %w", err)
	}
	out := make(map[int64]debtor, len(ids))
	var id int64
	var d debtor
	_, err = pgx.ForEachRow(rows, []any{&id, &d.name, &d.language, &d.channel}, func() error { out[id] = d; return nil })
	if err != nil {
		return nil, fmt.Errorf("jobs: debtors: %w", err)
	}
	return out, nil
}

// contactsSQL leaves out a number whose holder says that he is somebody else, and the address of those who get no letter now.
const contactsSQL = `SELECT c.id, c.debtor_id, CASE WHEN c.hold = '` + engine.HoldWrongPerson + `' THEN NULL ELSE d.phone_sealed END, d.iin_blind,
  CASE WHEN m.letter THEN d.name ELSE '' END, CASE WHEN m.letter THEN d.address_sealed END
  FROM cases c JOIN debtors d ON d.id = c.debtor_id
  CROSS JOIN LATERAL (SELECT c.mail AND EXISTS (SELECT 1 FROM notices n WHERE n.case_id = c.id AND n.channel = 'letter' AND n.status IN ('created', 'sending', 'unknown')) AS letter) m
 WHERE c.id = ANY($1)`

// debtorsSQL reads a wish beside the name: hardly anybody has one, and a look into a small index is all that it costs.
const debtorsSQL = `SELECT c.id, d.name, coalesce(p.language, ''), coalesce(p.channel, '') FROM cases c JOIN debtors d ON d.id = c.debtor_id
  LEFT JOIN contact_preferences p ON p.debtor_id = d.id WHERE c.id = ANY($1)`
