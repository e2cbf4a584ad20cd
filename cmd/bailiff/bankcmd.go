package main

import (
	"context"
	"errors"
	"os"
	"time"

	"robotbailiff/engine/orders/bankapi"
	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/engine/orders/bankfile"
)

// bankView is what a check says of one bank.
type bankView struct {
	Bank string `json:"bank"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
}

const bankWithin = 45 * time.Second

// runBank asks a bank for one arrest, which changes nothing, and says in words what is wrong with the way to it.
func runBank(ctx context.Context, e *env, args []string) error {
	rest, err := e.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 2 || rest[0] != "check" {
		return usagef("bank takes check NAME")
	}
	dir := os.Getenv("BAILIFF_BANKS")
	if dir == "" {
		return usagef("BAILIFF_BANKS is not set: the folder with NAME.json for each bank, see deploy/env.example")
	}
	banks, err := openBanks(dir, rest[1], bankHooks{keep: func(context.Context, wire.Evidence) error { return nil }}) // a question of a person proves nothing
	if err != nil {
		return usagef("BAILIFF_BANKS: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, bankWithin)
	defer cancel()
	for _, b := range banks {
		v := check(ctx, b)
		if err := errors.Join(b.close(), e.print(v, func() { e.sayf("%s\n", v.says()) })); err != nil {
			return err
		}
		if !v.OK {
			return errSilent
		}
	}
	return nil
}

func check(ctx context.Context, b bank) bankView {
	v := bankView{Bank: b.name, OK: true}
	_, _, err := b.peer.Holds(ctx, "", 1)
	fault, isFault := errors.AsType[*bankfile.Fault](err)
	switch {
	case err == nil:
	case isFault:
		v.OK, v.Why = false, fault.Error()
	case errors.Is(err, bankfile.ErrNotYet):
		v.OK, v.Why = false, "the folder is in order, and the bank has put no list of arrests of the last 24 hours into it"
	default:
		v.OK, v.Why = false, bankapi.Why(err)
	}
	return v
}

func (v bankView) says() string {
	if v.OK {
		return v.Bank + ": connected, certificates and signatures of both sides are good"
	}
	return v.Bank + ": " + v.Why
}
