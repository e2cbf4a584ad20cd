package bankapi

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"robotbailiff/internal/outcall"
)

// Files are PEM texts by which both sides of a connection know each other.
type Files struct {
	Cert, Key []byte // ours, with its intermediates
	Roots     []byte // of the bank's certificate; those of the system do not count
}

// TLS makes the configuration of connections to a bank.
func (f Files) TLS() (*tls.Config, error) {
	for what, text := range map[string][]byte{"certificate": f.Cert, "key": f.Key, "roots of the bank": f.Roots} {
		if len(bytes.TrimSpace(text)) == 0 {
			return nil, fmt.Errorf("bank: the %s for TLS: the file is empty", what)
		}
	}
	pair, err := tls.X509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, errors.New("bank: certificate and key for TLS: they do not go together, or are not PEM; the first certificate has to be that of the key")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(f.Roots) {
		return nil, errors.New("bank: the roots of the bank's certificate: there is no certificate in PEM")
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// errElsewhere says that a connection was going to another place than the one configured.
var errElsewhere = errors.New("address_not_allowed")

// transport reaches one host and no other, and goes through no proxy of the environment.
func transport(base *url.URL, cfg *tls.Config, abreast int) *http.Transport {
	t := outcall.Transport(abreast)
	t.Proxy, t.TLSClientConfig = nil, cfg.Clone()
	port := base.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[base.Scheme]
	}
	allowed := net.JoinHostPort(base.Hostname(), port)
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != allowed {
			return nil, errElsewhere
		}
		return dialer.DialContext(ctx, network, address)
	}
	return t
}
