package intake

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"robotbailiff/engine"
	"robotbailiff/rules/calendar"
)

// Person is a debtor as the cases so far know him, beside a row that waits.
type Person struct {
	DebtorID int64
	IIN      string
	Name     string
	Born     calendar.Date
	Phone    string

	SameIIN   bool // as the row has it
	SamePhone bool
	// The row says another name, without one common word, another birth date, or another telephone, where both are known.
	OtherName, OtherBirth, OtherPhone bool

	Cases []int64 // the newest of his cases that who looks sees
	Other bool    // he has cases that who looks does not see
}

// mostSimilar bounds how many persons are shown beside a row, and how many cases of each.
const mostSimilar = 10

// personsSQL finds the debtor of an IIN, whoever may look, and those of a name or a telephone who have a case that he may see.
const personsSQL = `WITH seen AS MATERIALIZED (
    (SELECT id, true AS same FROM debtors WHERE iin_blind = $1)
    UNION ALL (SELECT d.id, false FROM debtors d WHERE (d.name_key = $2 OR d.phone_blind = $3) AND d.iin_blind <> $1
       AND EXISTS (SELECT 1 FROM writs w JOIN cases c ON c.id = w.case_id WHERE w.debtor_id = d.id AND ($4::text[] IS NULL OR c.region = ANY ($4))) LIMIT $5))
SELECT d.id, s.same, d.iin_sealed, d.name, d.birth_date, d.phone_sealed, d.phone_blind IS NOT NULL AND d.phone_blind = $3,
       (SELECT coalesce(array_agg(x.id ORDER BY x.id DESC), '{}') FROM (SELECT c.id FROM writs w JOIN cases c ON c.id = w.case_id
         WHERE w.debtor_id = d.id AND ($4::text[] IS NULL OR c.region = ANY ($4)) ORDER BY c.id DESC LIMIT $5) x),
       EXISTS (SELECT 1 FROM writs w JOIN cases c ON c.id = w.case_id WHERE w.debtor_id = d.id AND NOT ($4::text[] IS NULL OR c.region = ANY ($4)))
  FROM seen s JOIN debtors d ON d.id = s.id ORDER BY s.same DESC, d.id`

// persons finds those whom a row may mean besides.
func (in *Inbox) persons(ctx context.Context, q engine.Querier, it *item, regions []string) ([]Person, error) {
	var phone []byte
	if it.writ.DebtorPhone != "" {
		phone = PhoneBlind(in.keys, it.writ.DebtorPhone)
	}
	rows, err := q.Query(ctx, personsSQL, it.blind, NameKey(it.writ.DebtorName), phone, regions, mostSimilar)
	if err != nil {
		return nil, fmt.Errorf("intake: similar persons: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Person, err error) {
		var iin, phone []byte
		var born pgtype.Date
		if err := row.Scan(&p.DebtorID, &p.SameIIN, &iin, &p.Name, &born, &phone, &p.SamePhone, &p.Cases, &p.Other); err != nil {
			return p, err
		}
		plain, err := in.keys.Open(iin, SealedIIN)
		if err != nil {
			return p, err
		}
		p.IIN, p.Born = string(plain), fromDate(born)
		if plain, err := in.keys.Open(phone, SealedPhone); err == nil { // one that cannot be opened is none
			p.Phone = string(plain)
		}
		var who person
		who.learn(p.Name, 0)
		stated := it.writ.birthDate()
		p.OtherName = who.other(it.writ.DebtorName, 0)
		p.OtherBirth = !p.Born.IsZero() && !stated.IsZero() && p.Born != stated
		p.OtherPhone = p.Phone != "" && it.writ.DebtorPhone != "" && p.Phone != it.writ.DebtorPhone
		return p, nil
	})
	if err != nil {
		return nil, fmt.Errorf("intake: similar persons: %w", err)
	}
	return found, nil
}
