package smsc

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCentre_perlGetsAlongWithIt is the proof that this is SMPP as others see it. Kannel proves the same, in package httpsms.
func TestCentre_perlGetsAlongWithIt(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "perl", "-MNet::SMPP", "-e", "1").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Perl's Net::SMPP is not installed")
		}
		t.Skip("needs Perl's Net::SMPP, which is not installed (Debian: apt-get install libnet-smpp-perl)")
	}
	c := New(Config{Accounts: accounts, IDPrefix: "p", Conduct: ByLastDigit()})
	address, _ := start(t, c)
	_, port, err := net.SplitHostPort(address)
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "perl", "testdata/client.pl", port)
	var said, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &wrong
	if err := cmd.Run(); err != nil || wrong.Len() > 0 {
		t.Errorf("%v: %s", err, &wrong)
	}
	var ids []string
	for _, m := range c.Messages("") {
		ids = append(ids, m.IDs...)
	}
	if len(ids) != 3 {
		t.Fatalf("%q were taken: %s", ids, &said)
	}
	receipt := func(id string) string {
		return "receipt 77010000001 1414 4 id:" + id + " sub:001 dlvrd:001 submit date:x done date:x stat:DELIVRD err:000 text:id:x stat:UNDELIV"
	}
	want := []string{
		"wrong 0xe", "bind 0 sandbox", "submit 0 " + ids[0], receipt(ids[0]), "part 0", receipt(ids[1]), "part 0", receipt(ids[2]), "nobody 0xb",
		"query 0 2 16", "cancel 0x11", "enquire 0", "unbind 0",
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(said.String()), "\n")); diff != "" {
		t.Error(diff)
	}
	if shown := c.Shown("+77010000001"); !cmp.Equal(shown, []string{"Case 260000017", "әғ1әғ2"}) {
		t.Errorf("%q", shown)
	}
	if n := c.Counts(); n.Thanked != 3 || n.Waiting != 0 || n.BindsRefused != 1 {
		t.Errorf("%+v", n)
	}
}
