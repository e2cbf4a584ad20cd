package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"robotbailiff/engine/intake"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	"robotbailiff/internal/sandbox/egov"
	webportal "robotbailiff/internal/web/portal"
	"robotbailiff/notify/text"
)

// providerOf is how the variables of one room's identity provider begin.
type providerOf string

const providerOfDebtors providerOf = "BAILIFF_EGOV"

// read adds to a configuration what the environment says: _ISSUER, _CLIENT, _SECRET_FILE and _SCOPES. Without an issuer there is no provider.
func (name providerOf) read(cfg oidc.Config) (oidc.Config, error) {
	get := func(what string) string { return os.Getenv(string(name) + what) }
	cfg.Issuer, cfg.ClientID, cfg.Scopes = get("_ISSUER"), get("_CLIENT"), strings.Fields(cmp.Or(get("_SCOPES"), "profile"))
	file := get("_SECRET_FILE")
	if file == "" {
		return cfg, nil
	}
	if err := private(file); err != nil {
		return cfg, usagef("%s_SECRET_FILE: %v", name, err)
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return cfg, fmt.Errorf("%s_SECRET_FILE: %w", name, err)
	}
	cfg.ClientSecret = string(bytes.TrimSpace(secret))
	return cfg, nil
}

// join makes our side of a provider; nil: there is none. Tokens are measured by the computer's own clock, also in a sandbox: the
// provider's does not leap.
func (name providerOf) join(p *parts, cfg oidc.Config) (*oidc.Party, error) {
	if cfg.Issuer == "" {
		return nil, nil
	}
	cfg.Clock, cfg.Seal = clock.System(), p.keys
	party, err := oidc.New(cfg)
	if err != nil {
		return nil, usagef("%s_ISSUER and %s_CLIENT: %v", name, name, err)
	}
	return party, nil
}

// signInOfDebtors joins the portal with the identity provider that BAILIFF_EGOV_ISSUER names. A sandbox has one of its own, and shows
// its pages; base is the address of the portal.
func (p *parts) signInOfDebtors(mux *http.ServeMux, base string, pages *webportal.Config) error {
	pages.IINClaim = cmp.Or(os.Getenv("BAILIFF_EGOV_IIN"), "iin")
	cfg := oidc.Config{Room: "portal", Redirect: base + "/p/signin/return", Bye: base + "/p/", Wants: []string{pages.IINClaim}}
	var err error
	if p.sandbox != nil {
		pages.IINClaim = "iin"
		cfg, err = p.sandboxProvider(mux, base, cfg)
	} else {
		cfg, err = providerOfDebtors.read(cfg)
	}
	if err == nil {
		pages.SignIn, err = providerOfDebtors.join(p, cfg)
	}
	return err
}

// sandboxProvider shows the pages of the sandbox's provider, and tells how the portal is known there.
func (p *parts) sandboxProvider(mux *http.ServeMux, host string, cfg oidc.Config) (oidc.Config, error) {
	cfg.ClientID, cfg.ClientSecret = "portal", hex.EncodeToString(p.keys.Blind("sandbox.egov", "portal"))
	theirs, err := egov.New(egov.Config{Host: host, Clock: clock.System(), Clients: []egov.Client{
		{ID: cfg.ClientID, Secret: cfg.ClientSecret, Redirect: cfg.Redirect, Bye: cfg.Bye, People: p.sandboxPeople},
	}})
	if err != nil {
		return cfg, err
	}
	mux.Handle(egov.Path+"/", theirs)
	cfg.Issuer, cfg.Transport = theirs.Issuer(), theirs
	return cfg, nil
}

// sandboxPeopleSQL finds those who have the most cases.
const sandboxPeopleSQL = `SELECT d.iin_sealed, d.name FROM debtors d JOIN (SELECT debtor_id, count(*) AS n FROM writs GROUP BY debtor_id ORDER BY 2 DESC, 1 LIMIT 12) w
    ON w.debtor_id = d.id ORDER BY w.n DESC, d.id`

// nobodysIIN is a number that no court of the sandbox has ever written.
const nobodysIIN = "000101500001"

// sandboxPeople are who can sign in at the provider of a sandbox: some debtors, and somebody who is none.
func (p *parts) sandboxPeople(ctx context.Context) ([]egov.Person, error) {
	rows, err := p.db.pool.Query(ctx, sandboxPeopleSQL)
	if err != nil {
		return nil, err
	}
	people, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (egov.Person, error) {
		var sealed []byte
		var name string
		if err := r.Scan(&sealed, &name); err != nil {
			return egov.Person{}, err
		}
		iin, err := p.keys.Open(sealed, intake.SealedIIN)
		return p.sandboxPerson(string(iin), text.Initials(name)), err
	})
	return append(people, p.sandboxPerson(nobodysIIN, "–")), err
}

func (p *parts) sandboxPerson(iin, initials string) egov.Person {
	tail := iin[max(0, len(iin)-4):]
	return egov.Person{
		Subject: hex.EncodeToString(p.keys.Blind("sandbox.egov.person", iin)[:12]), Shown: initials + " ········" + tail,
		Claims: map[string]any{"iin": iin, "amr": []string{"click"}},
	}
}
