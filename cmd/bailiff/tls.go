package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// tlsFiles are PEM files. Without a certificate the pages are served in the clear, for a proxy in front of them that does TLS.
type tlsFiles struct {
	cert, key string // of this server, with its intermediates
	clients   string // roots of the certificates by which sources may show who they are; empty: by API key alone
}

func (e *env) tlsFlags() *tlsFiles {
	f := &tlsFiles{}
	e.flags.StringVar(&f.cert, "tls-cert", "", "`FILE` with the server's certificate and its intermediates, PEM; empty: no TLS, for a proxy in front")
	e.flags.StringVar(&f.key, "tls-key", "", "`FILE` with the key of --tls-cert, PEM")
	e.flags.StringVar(&f.clients, "tls-clients", "", "`FILE` with the roots of sources' certificates, PEM: who connects with one needs no API key (see source put --tls-cert)")
	return f
}

// config reads the files; nil means no TLS. A client without a certificate is let in, since debtors and operators have none;
// one with a certificate that none of the roots stands for is not.
func (f tlsFiles) config() (*tls.Config, error) {
	if f.cert == "" && f.key == "" {
		if f.clients != "" {
			return nil, usagef("--tls-clients needs --tls-cert and --tls-key: only a TLS server can ask for certificates")
		}
		return nil, nil //nolint:nilnil // no TLS is no error
	}
	if f.cert == "" || f.key == "" {
		return nil, usagef("--tls-cert and --tls-key go together")
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w: both are PEM files, the first begins with the server's own certificate", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.clients == "" {
		return c, nil
	}
	roots, err := os.ReadFile(f.clients)
	if err != nil {
		return nil, fmt.Errorf("--tls-clients: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !c.ClientCAs.AppendCertsFromPEM(roots) {
		return nil, fmt.Errorf("--tls-clients: %w", errNoCertificate)
	}
	return c, nil
}

var errNoCertificate = errors.New("there is no certificate in the file: it has to be PEM")
