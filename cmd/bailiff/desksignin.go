package main

import (
	"os"
	"strings"

	"robotbailiff/internal/app/accounts"
	appdesk "robotbailiff/internal/app/desk"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/oidc"
	webdesk "robotbailiff/internal/web/desk"
)

// deskURL is the address of the desk as its people write it, BAILIFF_DESK_URL, without a slash at its end; empty: it is not known.
func deskURL() string { return strings.TrimRight(os.Getenv("BAILIFF_DESK_URL"), "/") }

// deskSignIn says how people come to the desk: by the provider of identities of BAILIFF_DESK_OIDC_ISSUER, or without it by accounts of this
// installation. It is one or the other, so that nobody is two people.
func deskSignIn(p *parts, into *appdesk.Config) (webdesk.Provider, error) {
	issuer := os.Getenv("BAILIFF_DESK_OIDC_ISSUER")
	if issuer == "" {
		into.Accounts = accounts.New(p.db.pool, p.keys)
		return nil, nil
	}
	if deskURL() == "" || os.Getenv("BAILIFF_DESK_OIDC_CLIENT_ID") == "" {
		return nil, usagef("BAILIFF_DESK_OIDC_ISSUER needs BAILIFF_DESK_URL, the address of the desk, and BAILIFF_DESK_OIDC_CLIENT_ID, by which the provider knows us")
	}
	rules, err := providerRules()
	if err != nil {
		return nil, err
	}
	cfg := oidc.Config{
		Room: "desk", Issuer: issuer, ClientID: os.Getenv("BAILIFF_DESK_OIDC_CLIENT_ID"), ClientSecret: os.Getenv("BAILIFF_DESK_OIDC_CLIENT_SECRET"),
		Redirect: deskURL() + "/desk/sign-in/return", Bye: deskURL() + "/desk/signed-out", Scopes: listOf("BAILIFF_DESK_OIDC_SCOPES", "profile"),
		ACR: rules.ACR, Clock: clock.System(), Seal: p.keys,
	}
	for _, claim := range []string{rules.Name, rules.Roles, rules.Regions} {
		if claim != "" {
			cfg.Wants = append(cfg.Wants, claim)
		}
	}
	party, err := oidc.New(cfg)
	if err != nil {
		return nil, usagef("BAILIFF_DESK_OIDC_*, BAILIFF_DESK_URL: %v", err)
	}
	into.Provider = &rules
	return party, nil
}

// providerRules reads how the desk reads what the provider says.
func providerRules() (r appdesk.ProviderRules, err error) {
	r = appdesk.ProviderRules{
		Name: os.Getenv("BAILIFF_DESK_OIDC_NAME_CLAIM"), Roles: orDefault("BAILIFF_DESK_OIDC_ROLES_CLAIM", "roles"), Of: map[string]appdesk.Role{},
		Regions: os.Getenv("BAILIFF_DESK_OIDC_REGIONS_CLAIM"), AMR: listOf("BAILIFF_DESK_OIDC_AMR", "mfa"), ACR: listOf("BAILIFF_DESK_OIDC_ACR", ""),
	}
	if len(r.AMR) == 1 && r.AMR[0] == "any" {
		if len(r.ACR) > 0 {
			return r, usagef("BAILIFF_DESK_OIDC_AMR=any asks for no second factor, and BAILIFF_DESK_OIDC_ACR for one: leave one of them out")
		}
		r.AMR = nil
	}
	pairs := listOf("BAILIFF_DESK_OIDC_ROLES", "")
	for _, pair := range pairs {
		group, word, _ := strings.Cut(pair, "=")
		role, ok := appdesk.ParseRole(word)
		if !ok || group == "" {
			return r, usagef("BAILIFF_DESK_OIDC_ROLES is a list of GROUP=ROLE, separated by commas; %q is none; roles are viewer, operator, supervisor, finance, auditor, administrator", pair)
		}
		r.Of[group] = role
	}
	if len(pairs) == 0 {
		for _, role := range appdesk.Roles {
			r.Of[string(role)] = role
		}
	}
	return r, nil
}

func orDefault(name, value string) string {
	if s := os.Getenv(name); s != "" {
		return s
	}
	return value
}

// listOf reads a list that is separated by commas.
func listOf(name, value string) (list []string) {
	for s := range strings.SplitSeq(orDefault(name, value), ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}
