package main

import (
	"fmt"
	"os"
	"strings"

	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/sandbox"
	"robotbailiff/payments/ledger"
	"robotbailiff/payments/source/gateway"
)

// tills are the payment gateways of this process: as it asks them, and as debtors choose them.
type tills struct {
	drivers map[string]gateway.Driver
	offered []portal.Till
	world   *sandbox.Till // the sandbox's own; nil in production
}

// joinTills makes the clients of the payment gateways that BAILIFF_TILLS names, "source=https://HOST,…"; the secret by which each knows us
// is in BAILIFF_TILL_SECRETS, "source=whsec_…,…", and the name that debtors read in BAILIFF_TILL_TITLES, "source=Title,…". A sandbox has its
// own gateway, and no other.
func joinTills(world *sandbox.World) (tills, error) {
	if world != nil {
		t := world.Till()
		return tills{
			drivers: map[string]gateway.Driver{sandbox.SourceGateway: t}, offered: []portal.Till{{Source: sandbox.SourceGateway, Title: "Sandbox Pay"}}, world: t,
		}, nil
	}
	secrets, titles := pairsOf("BAILIFF_TILL_SECRETS"), map[string]string{}
	for pair := range strings.SplitSeq(os.Getenv("BAILIFF_TILL_TITLES"), ",") {
		if source, title, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			titles[source] = title
		}
	}
	t := tills{drivers: map[string]gateway.Driver{}}
	for _, pair := range strings.FieldsFunc(os.Getenv("BAILIFF_TILLS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		source, address, ok := strings.Cut(pair, "=")
		if !ok || !ledger.ValidSource(source) || source == ledger.SourceTreasury {
			return t, usagef("BAILIFF_TILLS is a list of SOURCE=https://HOST, separated by commas; a source has small Latin letters, digits, dot, dash and underscore")
		}
		if t.drivers[source] != nil {
			return t, usagef("BAILIFF_TILLS names %s twice", source)
		}
		c, err := gateway.NewClient(gateway.ClientConfig{Endpoint: address, Secret: secrets[source]})
		if err != nil {
			return t, usagef("BAILIFF_TILLS or BAILIFF_TILL_SECRETS, %s: %v", source, err)
		}
		title := titles[source]
		if title == "" {
			title = source
		}
		t.drivers[source], t.offered = c, append(t.offered, portal.Till{Source: source, Title: title})
	}
	return t, nil
}

func pairsOf(name string) map[string]string {
	out := map[string]string{}
	for _, pair := range secretsOf(name) {
		key, value, _ := strings.Cut(pair, "=")
		out[key] = value
	}
	return out
}

// sandboxRequisites are invented ones; the account is the example of the standard.
const sandboxRequisites = `[{"from":"2020-01-01","beneficiary":"Департамент юстиции (песочница)","bin":"971240001315","iban":"KZ86125KZT5004100100",
"bic":"KKMFKZ2A","bank":"Комитет казначейства (песочница)","kbe":"11","knp":"911","kbk":"204109"}]`

// requisites reads what those who pay by a transfer need, from the file that BAILIFF_REQUISITES_FILE names; without it the portal shows none.
func requisites(isSandbox bool) (portal.Timetable, error) {
	name := os.Getenv("BAILIFF_REQUISITES_FILE")
	if name == "" {
		if isSandbox {
			return portal.ParseRequisites([]byte(sandboxRequisites))
		}
		return portal.Timetable{}, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return portal.Timetable{}, fmt.Errorf("BAILIFF_REQUISITES_FILE: %w", err)
	}
	t, err := portal.ParseRequisites(raw)
	if err != nil {
		return t, usagef("BAILIFF_REQUISITES_FILE: %v", err)
	}
	return t, nil
}
