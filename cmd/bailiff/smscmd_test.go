package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Not parallel: the account is in the environment.

func TestSMS_saysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		account, args string
		status        int
		says          string
	}{
		"no number":     {"smpp://a:b@127.0.0.1:1", "trial", exitUsage, "trial --to NUMBER"},
		"no account":    {"", "trial --to +77010000001", exitUsage, "BAILIFF_SMPP: an account is smpp://"},
		"no port":       {"smpp://a:topsecret@127.0.0.1", "trial --to +77010000001", exitUsage, "host, port or system id is missing"},
		"closed port":   {"smpp://a:topsecret@127.0.0.1:1", "trial --to +77010000001", exitFailed, "127.0.0.1:1 cannot be reached"},
		"long password": {"smpp://a:topsecret@127.0.0.1:1", "trial --to +77010000001", exitUsage, "8 of password"},
		"bad source":    {"smpp://a:b@127.0.0.1:1", "trial --to +77010000001 --source Әділет", exitUsage, "source_invalid"},
	} {
		if name == "closed port" {
			c.account = strings.Replace(c.account, "topsecret", "secret", 1)
		}
		t.Setenv("BAILIFF_SMPP", c.account)
		status, _, stderr := bailiff(append([]string{"sms"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "secret") {
			t.Errorf("%s: %d %s", name, status, stderr)
		}
	}
}

func TestSMS_trialAtACentreOfOthers(t *testing.T) {
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package smpp: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	cmd := exec.CommandContext(t.Context(), "node", "../../notify/channel/sms/testdata/centre.cjs")
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	var first struct{ Port int }
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &first) != nil || first.Port == 0 {
		t.Fatalf("the centre did not start: %s", lines.Text())
	}
	go func() {
		for lines.Scan() { // nobody reads what it was sent, but it must not wait
		}
	}()
	at := fmt.Sprintf("127.0.0.1:%d", first.Port)

	t.Setenv("BAILIFF_SMPP", "smpp://ministry:secret@"+at)
	for to, want := range map[string]struct {
		status int
		says   string
	}{
		"+77010000001": {exitDone, "Delivered after"}, "+77010000005": {exitFailed, "UNDELIV 034"},
		"+77010000002": {exitFailed, "smpp_0x0b"}, "+77010000006": {exitFailed, "nothing was sent"},
	} {
		status, stdout, stderr := bailiff("sms", "trial", "--to", to, "--wait", "10s")
		if status != want.status || !strings.Contains(stdout, want.says) {
			t.Errorf("%s: %d %s%s", to, status, stdout, stderr)
		}
	}
	var v smsView
	_, stdout, _ := bailiff("sms", "trial", "--to", "+77010000001", "--json", "--text", strings.Repeat("ұзақ мәтін ", 20))
	oneObject(t, stdout, &v)
	if v.Status != "delivered" || v.Parts != 4 || v.ProviderRef == "" || v.Seconds <= 0 {
		t.Errorf("%s", stdout)
	}

	t.Setenv("BAILIFF_SMPP", "smpp://ministry:wrong@"+at)
	status, _, stderr := bailiff("sms", "trial", "--to", "+77010000001")
	if status != exitFailed || !strings.Contains(stderr, "refuses system id and password (status 0x0e)") || strings.Contains(stderr, "wrong@") {
		t.Errorf("a wrong password: %d %s", status, stderr)
	}
}
