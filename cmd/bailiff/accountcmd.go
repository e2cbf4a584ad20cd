package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"robotbailiff/internal/pg"
	"robotbailiff/payments"
	"robotbailiff/payments/ledger"
	"robotbailiff/rules"
)

// accountRow is one registered bank account as account prints it.
type accountRow struct {
	IBAN    string `json:"iban"`
	Gateway string `json:"gateway,omitempty"` // whose payments are paid out from it; none: our own
	Net     bool   `json:"net,omitempty"`     // less a fee
	AddedBy string `json:"added_by"`
	AddedAt string `json:"added_at"`
}

// runAccount registers bank accounts: our own, whose statements are taken, and those of gateways, whose payouts stand for payments.
func runAccount(ctx context.Context, e *env, args []string) error {
	gateway := e.flags.String("gateway", "", "`SOURCE` of payments that are paid out from this account; without it the account is our own")
	net := e.flags.Bool("net", false, "the gateway pays out less its fee, which it tells with each payment or in its list of the day")
	as := e.actorFlag()
	rest, err := e.parse(args)
	switch {
	case err != nil:
		return err
	case len(rest) == 1 && rest[0] == "list":
		return e.onDatabase(ctx, func(db *database) error { return e.listAccounts(ctx, db) }, pg.WithName("bailiff-account"))
	case len(rest) != 2 || rest[0] != "put":
		return usagef("account list | put IBAN [--gateway SOURCE [--net]]")
	case *net && *gateway == "":
		return usagef("--net is said of an account of a gateway: give --gateway too")
	case rules.CheckIBAN(rest[1]) != nil:
		return usagef("%q is no IBAN: two letters, two check digits and the rest without spaces; look at the agreement with the bank", rest[1])
	case *gateway != "" && (!ledger.ValidSource(*gateway) || *gateway == ledger.SourceTreasury):
		return usagef("--gateway is the name of a source of payments, as in /hooks/payments/NAME: small Latin letters, digits, dot, dash, underscore")
	}
	return e.onDatabase(ctx, func(db *database) error {
		p, err := e.join(ctx, db, wiring{})
		if err != nil {
			return err
		}
		defer p.close()
		now, err := p.clock.Now(ctx)
		if err != nil {
			return err
		}
		err = pg.InTx(ctx, db.pool, func(tx pgx.Tx) error {
			return p.robot.Payments.RegisterAccount(ctx, tx, payments.Account{IBAN: rest[1], Gateway: *gateway, Net: *net, AddedBy: *as, AddedAt: now})
		})
		if errors.Is(err, payments.ErrAccountKnown) {
			return errors.New("this account is registered already; see bailiff account list")
		}
		if err != nil {
			return err
		}
		return e.listAccounts(ctx, db)
	}, pg.WithName("bailiff-account"))
}

func (e *env) listAccounts(ctx context.Context, db *database) error {
	list, err := payments.New().Accounts(ctx, db.pool)
	if err != nil {
		return err
	}
	out := struct {
		Accounts []accountRow `json:"accounts"`
	}{Accounts: []accountRow{}}
	for _, a := range list {
		out.Accounts = append(out.Accounts, accountRow{a.IBAN, a.Gateway, a.Net, a.AddedBy, a.AddedAt.Format("2006-01-02 15:04")})
	}
	return e.print(out, func() {
		for _, a := range out.Accounts {
			what := "our own account"
			if a.Gateway != "" {
				what = "account of gateway " + a.Gateway
			}
			if a.Net {
				what += ", which pays out less its fee"
			}
			e.sayf("%s  %s, registered by %s at %s\n", a.IBAN, what, a.AddedBy, a.AddedAt)
		}
		if len(out.Accounts) == 0 {
			e.sayf("No account is registered: bailiff account put IBAN\n")
		}
	})
}
