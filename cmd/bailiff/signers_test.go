package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"robotbailiff/internal/app/papers"
	"robotbailiff/internal/app/portal"
	"robotbailiff/internal/i18n"
	"robotbailiff/internal/pades"
	"robotbailiff/internal/sandbox"
)

// signerFiles writes a certificate and its key as operators keep them.
func signerFiles(t *testing.T, dir, name string, seed byte) {
	t.Helper()
	chain, key, err := sandbox.Signer(bytes.Repeat([]byte{seed}, 32), bytes.Repeat([]byte{seed + 1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	var certs []byte
	for _, c := range chain {
		certs = append(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, name+".pem"), certs, 0o644)
	put(t, filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o400)
}

func put(t *testing.T, path string, body []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, body, mode); err != nil {
		t.Fatal(err)
	}
}

func TestReadSigners(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	signerFiles(t, dir, "75", 1)
	signerFiles(t, dir, "all", 3)
	all, err := readSigners(dir)
	if err != nil || len(all) != 2 || all["75"].Serial() == all["all"].Serial() {
		t.Fatalf("%v, %v", all, err)
	}

	bad := t.TempDir()
	signerFiles(t, bad, "almaty", 1)
	signerFiles(t, bad, "10", 1)
	signerFiles(t, bad, "11", 3)
	signerFiles(t, bad, "15", 5)
	for path, do := range map[string]func(string) error{"10.key": os.Remove, "11.key": func(p string) error { return os.Chmod(p, 0o644) }} {
		if err := do(filepath.Join(bad, path)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(bad, "15.pem"), []byte("nothing"), 0o644)
	_, err = readSigners(bad)
	for _, want := range []string{"almaty.pem: a signer is named after a region", "10.pem: ", "11.key has mode 0644, others may read it: chmod 0400", "15.pem: pades: there is no certificate"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	if _, err := readSigners(t.TempDir()); err == nil || !strings.Contains(err.Error(), "all.pem is wanted") {
		t.Errorf("an empty folder: %v", err)
	}
}

// A PKCS #12 file comes in as deploy/env.example says.
func TestReadSigners_outOfPKCS12(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	signerFiles(t, dir, "all", 1)
	script := `set -e; cd "$0"; openssl pkcs12 -export -in all.pem -inkey all.key -passout pass:x -out F.p12; rm -f all.pem all.key
openssl pkcs12 -in F.p12 -passin pass:x -nokeys -out all.pem
openssl pkcs12 -in F.p12 -passin pass:x -nocerts -nodes | openssl pkcs8 -topk8 -nocrypt -out all.key; chmod 0400 all.key`
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", script, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if all, err := readSigners(dir); err != nil || all["all"] == nil {
		t.Errorf("%v, %v", all, err)
	}
}

// The workers of a sandbox sign under a certificate that says what it is, and its papers lead to its own pages.
func TestSigners_aSandboxSignsAsItself(t *testing.T) {
	s := newShell(t)
	ids := s.cases(2)
	p := s.parts()
	const here = "http://127.0.0.1:8080"
	x, err := p.signer(here)
	if err != nil {
		t.Fatal(err)
	}
	for settled := false; !settled; { // the other tests use the same server
		if err := s.pool.QueryRow(t.Context(), `SELECT max(tx) < pg_snapshot_xmin(pg_current_snapshot()) FROM events`).Scan(&settled); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := x.Run(t.Context()); n != len(ids) || err != nil {
		t.Fatalf("%d decrees signed, %v", n, err)
	}
	docs, err := documents(p, portal.Timetable{}, p.base(here))
	if err != nil {
		t.Fatal(err)
	}
	f, err := docs.Make(t.Context(), s.pool, ids[0], "decree-1.pdf", i18n.RU, papers.Debtor)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := pades.Verify(f.Body); err != nil || !strings.Contains(got.Certificate.Subject.CommonName, "SANDBOX") {
		t.Errorf("%+v, %v", got, err)
	}
	if p.base("") != "https://1414.gov.kz" || p.base(here) != here {
		t.Errorf("%s, %s", p.base(""), p.base(here))
	}

	dir := t.TempDir()
	signerFiles(t, dir, "all", 1)
	t.Setenv("BAILIFF_SIGNERS", dir)
	if _, err := p.signer(here); err == nil || !strings.Contains(err.Error(), "Leave it away") {
		t.Errorf("the ministry signs in a sandbox: %v", err)
	}
	t.Setenv("BAILIFF_SIGNERS", "none")
	if s, err := p.signer(here); s != nil || err != nil {
		t.Errorf("somebody signs: %v", err)
	}
}
