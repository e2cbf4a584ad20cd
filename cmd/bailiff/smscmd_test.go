package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"robotbailiff/internal/caseno"
	"robotbailiff/notify"
	"robotbailiff/rules/calendar"
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

// received is one part of a message as the centre understood it.
type received struct {
	ID, To, From, Text, Header string
	Coding                     int
}

// centreOfOthers starts an SMS centre made of an npm package and gives its address and what it receives.
func centreOfOthers(t *testing.T) (at string, in <-chan received) {
	t.Helper()
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
	got := make(chan received, 1000) // more than any test sends: the centre never waits
	go func() {
		defer close(got)
		for lines.Scan() {
			var r received
			if json.Unmarshal(lines.Bytes(), &r) == nil && r.ID != "" {
				got <- r
			}
		}
	}()
	return fmt.Sprintf("127.0.0.1:%d", first.Port), got
}

func TestSMS_trialAtACentreOfOthers(t *testing.T) {
	at, _ := centreOfOthers(t)
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

// A whole round over SMPP: a Kazakh notice leaves in parts, the centre's receipts prove its delivery, and the time to pay begins.
// Who is not on the list gets nothing, and no term begins for him.
func TestServe_aRoundOverSMPP(t *testing.T) {
	at, in := centreOfOthers(t)
	t.Setenv("BAILIFF_SMPP", "smpp://ministry:secret@"+at)
	t.Setenv("BAILIFF_SMS_ONLY", "+77010000001 +77010000011")
	s := durableShell(t)
	var rows strings.Builder
	rows.WriteString("source,document_number,in_force_date,kind,debtor_iin,debtor_name,debtor_phone,debtor_language,region,amount,unpaid_confirmed_on\n")
	for i, phone := range []string{"+77010000001", "+77010000011", "+77010000021"} {
		fmt.Fprintf(&rows, "court-7101,N-%d,2026-01-12,court_ruling,%s,Сәбитов Әлихан,%s,kk,71,20155.00,2026-02-20\n", i, iin(i*20), phone)
	}
	file := filepath.Join(t.TempDir(), "kk.csv")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var rep importReport
	if s.want(exitDone, &rep, "import", file); rep.Accepted != 3 {
		t.Fatalf("%+v", rep)
	}
	s.serves("--pulse", "50ms")

	texts := map[string]map[string]string{} // to, then the end of the header, in parts
	for range 4 {
		r, ok := <-in
		if !ok {
			t.Fatal("the centre ended")
		}
		if texts[r.To] == nil {
			texts[r.To] = map[string]string{}
		}
		if r.From != "1414" || r.Coding != 8 || len(r.Header) < 4 {
			t.Errorf("%+v", r)
			continue
		}
		texts[r.To][r.Header[len(r.Header)-2:]] = r.Text
	}
	for _, to := range []string{"77010000001", "77010000011"} {
		said := texts[to]["01"] + texts[to]["02"]
		for _, want := range []string{"Әділет департаменті", "қарыз 20155 тг", "дейін үстемесіз төлеңіз", "1414.gov.kz/p/"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s was sent %q, without %q", to, said, want)
			}
		}
	}
	notified := func() (n int) {
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM cases WHERE notified_on = '2026-03-02' AND voluntary_ends_on = '2026-03-10'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for notified() < 2 { // the test's own limit ends the wait
		time.Sleep(20 * time.Millisecond)
	}
	var status, detail, state string
	if err := s.pool.QueryRow(t.Context(), `SELECT n.status, n.detail, c.state FROM notices n JOIN cases c ON c.id = n.case_id JOIN debtors d ON d.id = c.debtor_id
		JOIN writs w ON w.case_id = c.id WHERE w.document_number = 'N-2' AND n.channel = 'sms'`).Scan(&status, &detail, &state); err != nil {
		t.Fatal(err)
	}
	if status != "failed" || detail != "trial" {
		t.Errorf("the notice of who is not on the list: %s, %q, case %s", status, detail, state)
	}
	// What the centre received is, byte by byte, what the evidence speaks of.
	var v evidenceView
	s.want(exitDone, &v, "evidence", caseno.Format(260000001))
	sum := sha256.Sum256([]byte(texts["77010000001"]["01"] + texts["77010000001"]["02"]))
	var proven bool
	for _, n := range v.Notices {
		if n.Channel == notify.SMS {
			proven = n.Status == notify.StatusDelivered && n.DeliveredAt != nil && n.SMSParts == 2 && n.ProviderRef != "" &&
				len(n.Receipts) == 0 && n.SHA256 == hex.EncodeToString(sum[:])
		}
	}
	if !proven || v.NotifiedOn != calendar.MakeDate(2026, 3, 2) {
		t.Errorf("%+v", v)
	}
	if len(in) > 0 {
		t.Errorf("more was sent: %+v", <-in)
	}
}

// A real centre is connected only for those who are named.
func TestServe_noMessagesToStrangers(t *testing.T) {
	t.Setenv("BAILIFF_SMPP", "smpp://ministry:secret@127.0.0.1:1")
	s := durableShell(t)
	for list, says := range map[string]string{
		"": "BAILIFF_SMS_ONLY says who may get messages", "everybody": "a sandbox never goes live", "8701": "entry 1 cannot be used",
	} {
		t.Setenv("BAILIFF_SMS_ONLY", list)
		if status, _, stderr := s.run("serve", "--addr", "127.0.0.1:0"); status != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%q: %d %s", list, status, stderr)
		}
	}
}
