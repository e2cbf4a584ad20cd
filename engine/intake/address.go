package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// fillAddressesSQL gives persons who came without an address the one that a later writ of theirs says. One that is known stays:
// which of two is right, nobody here can tell.
const fillAddressesSQL = `UPDATE debtors d SET address_sealed = u.sealed
  FROM unnest($1::bigint[], $2::bytea[]) AS u(id, sealed) WHERE d.id = u.id AND d.address_sealed IS NULL`

// fillAddresses does so for the winners, in the order of the persons.
func (r *run) fillAddresses(ctx context.Context, tx pgx.Tx, winners []*item, k *known) error {
	var told []*item
	for _, it := range winners {
		if p := k.persons[it.person]; it.writ.DebtorAddress != "" && !p.mail {
			p.mail = true
			told = append(told, it)
		}
	}
	if len(told) == 0 {
		return nil
	}
	slices.SortFunc(told, func(a, b *item) int { return cmp.Compare(k.persons[a.person].id, k.persons[b.person].id) })
	ids, sealed := make([]int64, len(told)), make([][]byte, len(told))
	for i, it := range told {
		ids[i], sealed[i] = k.persons[it.person].id, r.im.keys.Seal([]byte(it.writ.DebtorAddress), SealedAddress)
	}
	if _, err := tx.Exec(ctx, fillAddressesSQL, ids, sealed); err != nil {
		return fmt.Errorf("intake: write addresses: %w", err)
	}
	return nil
}

// reachableByMail says whether the debtor of a row has an address, by the row or by an earlier writ.
func (it *item) reachableByMail(k *known) bool {
	if it.writ.DebtorAddress != "" {
		return true
	}
	p := k.persons[it.person]
	return it.blind != nil && p != nil && p.mail
}
