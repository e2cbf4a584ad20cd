package main

import (
	"os"
	"strings"

	"robotbailiff/payments/ledger"
	"robotbailiff/payments/source/gateway"
)

// joinTills makes the clients of the payment gateways that BAILIFF_TILLS names, "source=https://HOST,…"; the secret by which each knows us
// is in BAILIFF_TILL_SECRETS, "source=whsec_…,…".
func joinTills() (map[string]gateway.Driver, error) {
	secrets := map[string]string{}
	for _, pair := range secretsOf("BAILIFF_TILL_SECRETS") {
		source, secret, _ := strings.Cut(pair, "=")
		secrets[source] = secret
	}
	tills := map[string]gateway.Driver{}
	for _, pair := range strings.FieldsFunc(os.Getenv("BAILIFF_TILLS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		source, address, ok := strings.Cut(pair, "=")
		if !ok || !ledger.ValidSource(source) || source == ledger.SourceTreasury {
			return nil, usagef("BAILIFF_TILLS is a list of SOURCE=https://HOST, separated by commas; a source has small Latin letters, digits, dot, dash and underscore")
		}
		if tills[source] != nil {
			return nil, usagef("BAILIFF_TILLS names %s twice", source)
		}
		c, err := gateway.NewClient(gateway.ClientConfig{Endpoint: address, Secret: secrets[source]})
		if err != nil {
			return nil, usagef("BAILIFF_TILLS or BAILIFF_TILL_SECRETS, %s: %v", source, err)
		}
		tills[source] = c
	}
	return tills, nil
}
