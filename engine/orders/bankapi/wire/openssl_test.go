package wire

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A tool that knows no JOSE proves the signature by the standard's text: it is over header, dot and body in base64url.
func TestSign_opensslProvesIt(t *testing.T) {
	t.Parallel()
	openssl := peer(t, "openssl")
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	secret, public := pemOf(t, key)
	body := []byte(sample(t, XML))
	signature := must[string](t)(must[*Signer](t)(NewSigner(secret)).Sign(body))
	header, sum, ok := strings.Cut(signature, "..")
	if !ok {
		t.Fatal(signature)
	}
	dir := t.TempDir()
	prove := func(body []byte) error {
		raw := must[[]byte](t)(base64.RawURLEncoding.DecodeString(sum))
		for name, content := range map[string][]byte{"key": public, "sig": raw, "text": []byte(header + "." + base64.RawURLEncoding.EncodeToString(body))} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "text", "-sigfile", "sig")
		cmd.Dir = dir
		return cmd.Run()
	}
	if err := prove(body); err != nil {
		t.Errorf("%v", err)
	}
	if prove(append(body, ' ')) == nil {
		t.Error("another body was proven")
	}
}

// What a bank signs with that tool, as deploy/docs/bank-protocol.md says, is believed.
func TestVerify_takesWhatTheDocumentedShellSigns(t *testing.T) {
	t.Parallel()
	peer(t, "openssl")
	doc, err := os.ReadFile("../../../../deploy/docs/bank-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "```sh\n")
	script, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("the page has no script")
	}
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	secret, public := pemOf(t, key)
	body := []byte(sample(t, JSON))
	dir := t.TempDir()
	for name, content := range map[string][]byte{"bank.key": secret, "body.json": body} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	signature, ok := strings.CutPrefix(strings.TrimSpace(string(out)), SignatureHeader+": ")
	if !ok {
		t.Fatalf("%s", out)
	}
	if _, err := must[*Verifier](t)(NewVerifier(public)).Verify(signature, body); err != nil {
		t.Errorf("%s: %v", signature, err)
	}
}
