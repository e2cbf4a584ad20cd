package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robotbailiff/engine/orders/bankapi/wire"
	"robotbailiff/internal/clock"
	far "robotbailiff/internal/sandbox/bankapi"
	"robotbailiff/internal/testkit/peertest"
)

// Not parallel: the folder is in the environment.

func TestBank_saysWhatIsWrong(t *testing.T) {
	ourCA, theirCA, strangers := peertest.NewAuthority(t, "ministry"), peertest.NewAuthority(t, "bank"), peertest.NewAuthority(t, "strangers")
	ourKey, ourPublic := peertest.SigningKey(t)
	theirKey, theirPublic := peertest.SigningKey(t)
	otherKey, otherPublic := peertest.SigningKey(t)
	signer, err := wire.NewSigner(theirKey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := wire.NewVerifier(ourPublic)
	if err != nil {
		t.Fatal(err)
	}
	bank := far.New(far.Config{Name: "halyk", Peer: peertest.NewMemory(), Signer: signer, Ministry: verifier, Clock: clock.System()})
	good := theirCA.Serve(t, ourCA, time.Hour, bank).URL
	expired := theirCA.Serve(t, ourCA, -time.Minute, bank).URL
	cert, key := ourCA.Issue(t, "ministry", time.Hour)
	strangeCert, strangeKey := strangers.Issue(t, "ministry", time.Hour)
	dir := t.TempDir()
	t.Setenv("BAILIFF_BANKS", dir)
	if err := os.Mkdir(filepath.Join(dir, "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"our.pem": cert, "our.key": key, "roots.pem": theirCA.PEM, "strange.pem": strangeCert, "strange.key": strangeKey, "strangers.pem": strangers.PEM,
		"sign.key": ourKey, "other.key": otherKey, "bank.pub": theirPublic, "other.pub": otherPublic, "our.pub": ourPublic, "empty": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "open.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "open.key"), 0o644); err != nil {
		t.Fatal(err)
	}
	type settings map[string]any
	for name, c := range map[string]struct {
		change settings
		status int
		says   string
	}{
		"good":                  {nil, 0, "halyk: connected"},
		"XML":                   {settings{"encoding": "xml"}, 0, "halyk: connected"},
		"closed port":           {settings{"url": "https://127.0.0.1:1"}, exitFailed, "port is closed"},
		"other roots":           {settings{"tls_roots": "strangers.pem"}, exitFailed, "none of our roots"},
		"other host":            {settings{"url": strings.Replace(good, "127.0.0.1", "localhost", 1)}, exitFailed, "for another host"},
		"their certificate":     {settings{"url": expired}, exitFailed, "has expired"},
		"our certificate":       {settings{"tls_cert": "strange.pem", "tls_key": "strange.key"}, exitFailed, "does not know our certificate"},
		"our signature":         {settings{"sign_key": "other.key"}, exitFailed, "does not know the key that we sign with"},
		"their signature":       {settings{"bank_keys": []string{"other.pub"}}, exitFailed, "not signed by a key of the bank"},
		"key for others":        {settings{"tls_key": "open.key"}, exitUsage, "halyk.json: tls_key: "},
		"key, how":              {settings{"sign_key": "open.key"}, exitUsage, "has mode 0644, others may read it: chmod 0400"},
		"empty key":             {settings{"sign_key": "empty"}, exitUsage, "halyk.json: sign_key: bank key refused: the file is empty"},
		"public key to sign":    {settings{"sign_key": "our.pub"}, exitUsage, "PKCS #8"},
		"our key as theirs":     {settings{"bank_keys": []string{"our.pub"}}, exitUsage, "is our own"},
		"no keys of theirs":     {settings{"bank_keys": []string{}}, exitUsage, "bank_keys"},
		"empty roots":           {settings{"tls_roots": "empty"}, exitUsage, "roots of the bank"},
		"no such file":          {settings{"tls_cert": "nowhere.pem"}, exitUsage, "tls_cert"},
		"no TLS":                {settings{"url": "http://bank.example.kz"}, exitUsage, "https://HOST"},
		"neither url nor files": {settings{"url": ""}, exitUsage, "one of them is wanted"},
		"unknown name":          {settings{"urls": "x"}, exitUsage, "env.example"},
		"no list yet":           {settings{"url": "", "folder": "files"}, exitFailed, "no list of arrests"},
	} {
		all := settings{
			"url": good, "encoding": "json", "tls_cert": "our.pem", "tls_key": "our.key", "tls_roots": "roots.pem", "sign_key": "sign.key", "bank_keys": []string{"bank.pub"},
		}
		maps.Copy(all, c.change)
		text, err := json.Marshal(all)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "halyk.json"), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := bailiff("bank", "check", "halyk")
		if status != c.status || !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout+stderr, "BEGIN") {
			t.Errorf("%s: %d %s%s", name, status, stdout, stderr)
		}
	}
	for args, says := range map[string]string{"check kaspi": "no settings of a bank", "check": "bank takes check NAME", "call halyk": "bank takes check NAME"} {
		if status, _, stderr := bailiff(append([]string{"bank"}, strings.Fields(args)...)...); status != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%s: %d %s", args, status, stderr)
		}
	}
	t.Setenv("BAILIFF_BANKS", "")
	if status, _, stderr := bailiff("bank", "check", "halyk"); status != exitUsage || !strings.Contains(stderr, "BAILIFF_BANKS is not set") {
		t.Errorf("%d %s", status, stderr)
	}
}
