package intake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"robotbailiff/engine/intake/proof"
	"robotbailiff/internal/clock"
	"robotbailiff/internal/testkit"
)

// rootPEM makes a self-signed authority.
func rootPEM(tb testing.TB) (string, *x509.Certificate) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root", SerialNumber: "BIN123456789021"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: testkit.Morning, NotAfter: testkit.Morning.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), c
}

func fatal(tb testing.TB, err error, code string) {
	tb.Helper()
	if e, ok := errors.AsType[*FatalError](err); !ok || e.Code != code || e.Remedy == "" {
		tb.Errorf("got %v, want %s", err, code)
	}
}

func TestSources_keepWhatWasPut(t *testing.T) {
	t.Parallel()
	pool := testkit.DB(t)
	s := NewSources(pool, testkit.Keys(t))
	ctx := t.Context()
	roots, cert := rootPEM(t)
	want := Source{
		Name: "court-7101", Title: "Районный суд", Proof: proof.CMS, Roots: roots, Subjects: []string{"IIN123456789012", "BIN123456789021"},
		TLSSubject: TLSSubject(cert), Active: true, GatesOn: true, WebhookURL: "https://court.example/hook",
	}
	same := func(got Source, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Source{}, "CreatedAt", "ChangedAt", "HasKey", "HasWebhookSecret")); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
	if err := s.Put(ctx, want, "cli:aida"); err != nil {
		t.Fatal(err)
	}
	want.ChangedBy = "cli:aida"
	same(s.Load(ctx, want.Name))
	same(s.ByTLSSubject(ctx, want.TLSSubject))
	key, err := s.NewAPIKey(ctx, want.Name, "cli:aida")
	if err != nil {
		t.Fatal(err)
	}
	same(s.ByAPIKey(ctx, key))
	secret, err := s.NewWebhookSecret(ctx, want.Name, "cli:aida")
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("%q, %v", secret, err)
	}
	if got, err := s.WebhookSecret(ctx, want.Name); err != nil || got != secret {
		t.Errorf("the secret came back as %q, %v", got, err)
	}
	// a change of the settings leaves key and secret alone
	want.Title, want.GatesOn, want.ChangedBy = "Суд", false, "cli:bolat"
	if err := s.Put(ctx, want, "cli:bolat"); err != nil {
		t.Fatal(err)
	}
	same(s.ByAPIKey(ctx, key))
	got, err := s.Load(ctx, want.Name)
	if err != nil || !got.HasKey || !got.HasWebhookSecret || got.ChangedAt.Before(got.CreatedAt) {
		t.Errorf("%v, %v", got.HasKey, err)
	}
	if _, err := got.Policy(); err != nil {
		t.Error(err)
	}
	// a new key ends the old one, and a source that is off has none
	next, err := s.NewAPIKey(ctx, want.Name, "cli:aida")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ByAPIKey(ctx, key)
	fatal(t, err, FatalSourceUnknown)
	want.Active, want.ChangedBy = false, "cli:aida"
	if err := s.Put(ctx, want, "cli:aida"); err != nil {
		t.Fatal(err)
	}
	_, err = s.ByAPIKey(ctx, next)
	fatal(t, err, FatalSourceInactive)
	_, err = s.ByTLSSubject(ctx, want.TLSSubject)
	fatal(t, err, FatalSourceInactive)
	same(s.Load(ctx, want.Name))
	if list, err := s.List(ctx); err != nil || len(list) != 1 {
		t.Errorf("%d listed, %v", len(list), err)
	}

	// neither secrets nor a person's number stand in the table
	var row string
	if err := pool.QueryRow(ctx, `SELECT sources::text FROM sources`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"IIN123456789012", key, next, secret, strings.TrimPrefix(secret, "whsec_")} {
		if strings.Contains(row, hidden) {
			t.Errorf("%q stands in the table", hidden)
		}
	}
}

func TestSources_refuseWhatCouldNotWork(t *testing.T) {
	t.Parallel()
	s := NewSources(testkit.DB(t), testkit.Keys(t))
	ctx := t.Context()
	roots, cert := rootPEM(t)
	good := Source{Name: "a", Proof: proof.CMS, Roots: roots, TLSSubject: TLSSubject(cert), Active: true}
	if err := s.Put(ctx, good, "cli"); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Source){
		"no name":            func(x *Source) { x.Name = "" },
		"space":              func(x *Source) { x.Name = " b" },
		"long name":          func(x *Source) { x.Name = strings.Repeat("b", 101) },
		"no proof":           func(x *Source) { x.Proof = "" },
		"unknown proof":      func(x *Source) { x.Proof = "gost" },
		"no roots":           func(x *Source) { x.Roots = "" },
		"no PEM":             func(x *Source) { x.Roots = "root" },
		"roots for nothing":  func(x *Source) { x.Proof = proof.None },
		"subject":            func(x *Source) { x.Subjects = []string{"123"} },
		"same TLS":           func(x *Source) {},
		"webhook, http":      func(x *Source) { x.WebhookURL = "http://court.example/" },
		"webhook, secret":    func(x *Source) { x.WebhookURL = "https://court.example/?key=1" },
		"webhook, password":  func(x *Source) { x.WebhookURL = "https://a:b@court.example/" },
		"webhook, no host":   func(x *Source) { x.WebhookURL = "https:///hook" },
		"webhook, no scheme": func(x *Source) { x.WebhookURL = "court.example" },
		"webhook, file":      func(x *Source) { x.WebhookURL = "file:///etc/passwd" },
	} {
		x := good
		x.Name = "b"
		change(&x)
		if err := s.Put(ctx, x, "cli"); err == nil || !strings.HasPrefix(err.Error(), "intake: ") && !strings.HasPrefix(err.Error(), "proof: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	local := Source{Name: "c", Proof: proof.None, Active: true, WebhookURL: "http://127.0.0.1:8080/hook"}
	if err := s.Put(ctx, local, "cli"); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"", "bailiff_", "bailiff_" + strings.Repeat("A", 26), strings.Repeat("A", 500)} {
		_, err := s.ByAPIKey(ctx, key)
		fatal(t, err, FatalSourceUnknown)
	}
	_, err := s.NewAPIKey(ctx, "nobody", "cli")
	fatal(t, err, FatalSourceUnknown)
	_, err = s.NewWebhookSecret(ctx, "nobody", "cli")
	fatal(t, err, FatalSourceUnknown)
	_, err = s.WebhookSecret(ctx, "nobody")
	fatal(t, err, FatalSourceUnknown)
	if secret, err := s.WebhookSecret(ctx, "c"); err != nil || secret != "" {
		t.Errorf("%q, %v", secret, err)
	}
}

func TestSources_admit(t *testing.T) {
	t.Parallel()
	roots, _ := rootPEM(t)
	for _, sandbox := range []bool{false, true} {
		t.Run(fmt.Sprintf("sandbox %v", sandbox), func(t *testing.T) {
			t.Parallel()
			pool := testkit.DB(t)
			if sandbox {
				if _, err := clock.MarkSandbox(t.Context(), pool, testkit.Morning); err != nil {
					t.Fatal(err)
				}
			}
			s := NewSources(pool, testkit.Keys(t))
			for _, x := range []Source{
				{Name: "plain", Proof: proof.None, Active: true},
				{Name: "signing", Proof: proof.CMS, Roots: roots, Active: true},
				{Name: "off", Proof: proof.None},
			} {
				if err := s.Put(context.Background(), x, "cli"); err != nil {
					t.Fatal(err)
				}
			}
			stranger, nameless := FatalSourceUnknown, FatalSource
			if sandbox {
				stranger, nameless = "", ""
			}
			for _, c := range []struct {
				name string
				door Door
				code string
			}{
				{"plain", DoorOperator, ""},
				{"plain", DoorDrop, ""},
				{"plain", DoorAPI, ""},
				{" plain ", DoorOperator, ""},
				{"signing", DoorOperator, FatalSourceProof},
				{"signing", DoorDrop, ""},
				{"signing", DoorAPI, ""},
				{"off", DoorOperator, FatalSourceInactive},
				{"off", DoorDrop, FatalSourceInactive},
				{"off", DoorAPI, FatalSourceInactive},
				{"stranger", DoorOperator, stranger},
				{"stranger", DoorDrop, stranger},
				{"stranger", DoorAPI, FatalSourceUnknown},
				{"", DoorOperator, nameless},
				{"", DoorAPI, FatalSourceUnknown},
			} {
				src, err := s.Admit(t.Context(), c.name, c.door)
				if c.code != "" {
					fatal(t, err, c.code)
					continue
				}
				if err != nil || src.Name != strings.TrimSpace(c.name) || !src.Active {
					t.Errorf("%q by %s: %v, %v", c.name, c.door, src.Name, err)
					continue
				}
				if p, err := src.Policy(); err != nil || p.Kind() != src.Proof {
					t.Errorf("%q: policy %s, %v", c.name, p.Kind(), err)
				}
			}
		})
	}
}
