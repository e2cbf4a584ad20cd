package pain

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const parseReport = `
const { readFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
import(pathToFileURL(process.env.BAILIFF_TEST_NODE_MODULES + '/iso20022.js/dist/index.mjs')).then(({ PaymentStatusReport }) => {
  const r = PaymentStatusReport.fromXML(readFileSync(0, 'utf8').replace('PART', 'ACCP').replace('</MsgId>', '</MsgId><CreDtTm>2026-03-02T00:00:00Z</CreDtTm><InitgPty><Nm>B</Nm></InitgPty>'));
  console.log(JSON.stringify({ original: r.originalMessageId, statuses: r.statusInformations.filter((s) => s.type === 'transaction').map((s) => [s.originalEndToEndId, s.status, s.reason?.code ?? ''].join('|')) }));
});`

// The npm package iso20022.js finds in a pain.002 what we find. It does not know that the transfers of a group may differ, PART.
func TestPeer_iso20022js(t *testing.T) {
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package iso20022.js: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	cmd := exec.Command("node", "-e", parseReport)
	cmd.Env = append(os.Environ(), "BAILIFF_TEST_NODE_MODULES="+modules)
	cmd.Stdin = strings.NewReader(report)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got, want struct {
		Original string
		Statuses []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := ReadStatus(strings.NewReader(report))
	if err != nil {
		t.Fatal(err)
	}
	want.Original = r.Original
	for _, x := range r.Transfers {
		want.Statuses = append(want.Statuses, strings.Join([]string{x.EndToEnd, string(x.Status), x.Reason}, "|"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-ours +iso20022.js):\n%s", diff)
	}
}

var fieldOfAq = regexp.MustCompile(`(?m)^\s*char\s+(localIban|remoteIban|remoteName|date|value|endToEndReference)="([^"]*)"`)

// AqBanking reads our pain.001.001.03 with the sums, accounts and Kazakh names that we wrote.
func TestPeer_AqBanking(t *testing.T) {
	program, err := exec.LookPath("aqbanking-cli")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("aqbanking-cli is not installed, and CI skips nothing")
		}
		t.Skip("needs AqBanking (Debian: apt-get install aqbanking-tools)")
	}
	dir := t.TempDir()
	file, out := filepath.Join(dir, "order.xml"), filepath.Join(dir, "context")
	o := order(V03)
	if err := os.WriteFile(file, written(t, o), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-n", "-D", dir, "import", "--importer=xml", "--profile=pain_001_001_03", "-f", file, "-c", out)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	if told, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, told)
	}
	context, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range fieldOfAq.FindAllStringSubmatch(string(context), -1) {
		v, err := url.PathUnescape(m[2])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m[1]+" "+v)
	}
	var want []string
	for i, sum := range []string{"123456/100:KZT", "1/100:KZT"} {
		x := o.Transfers[i]
		want = append(want, "localIban "+o.From.IBAN, "remoteIban "+x.To.IBAN, "remoteName "+x.To.Name, "date "+strings.ReplaceAll(o.On.String(), "-", ""), "value "+sum, "endToEndReference "+x.EndToEnd)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-ours +AqBanking):\n%s", diff)
	}
}
