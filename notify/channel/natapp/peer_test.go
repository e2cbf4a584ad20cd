package natapp_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"robotbailiff/notify"
	"robotbailiff/notify/channel/natapp"
)

// A gateway that was made by the contract alone, in another language, and signs with a library that is not ours.
func TestContract_withAPeerOfOthers(t *testing.T) {
	t.Parallel()
	modules := os.Getenv("BAILIFF_TEST_NODE_MODULES")
	if modules == "" {
		t.Skip("needs the npm package standardwebhooks: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	d := openDesk(t)
	cmd := exec.CommandContext(t.Context(), "node", "testdata/gateway.cjs")
	cmd.Env = append(os.Environ(), "SENDER_SECRET="+ourSecret, "OWN_SECRET="+theirSecret, "RECEIPTS="+d.url)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	next := func() (line struct {
		Port, Answered       int
		Ref, To, Title, Text string
	},
	) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the gateway says no more")
		}
		must(t, json.Unmarshal(lines.Bytes(), &line))
		return line
	}
	endpoint := fmt.Sprintf("http://127.0.0.1:%d", next().Port)
	g := gateway(t, natapp.Config{Endpoint: endpoint})
	must(t, g.Ready(t.Context()))
	same(t, "sent", send(t, g, notice(1, good)), notify.Sent{Ref: "1-1-push", Status: notify.Accepted, ProviderRef: "npm-1"})
	if got := next(); got.Ref != "1-1-push" || got.To != good || got.Title != "260000017" || got.Text != words {
		t.Errorf("it took %+v", got)
	}
	if first, second := next().Answered, next().Answered; first != 204 || second != 401 {
		t.Errorf("its receipts were answered by %d and %d", first, second)
	}
	if len(d.kept) != 1 || d.kept[0].Ref != "1-1-push" || d.kept[0].Status != notify.StatusDelivered || d.kept[0].ProviderRef != "npm-1" || d.kept[0].At.IsZero() {
		t.Errorf("kept: %v", d.kept)
	}
	answers, err := g.Query(t.Context(), []string{"1-1-push", "2-1-push"})
	must(t, err)
	if diff := cmp.Diff([]notify.Sent{
		{Ref: "1-1-push", Status: notify.Accepted, ProviderRef: "npm-1", Detail: "delivered"}, {Ref: "2-1-push", Status: notify.NotFound, Detail: "not_found"},
	}, answers); diff != "" {
		t.Error(diff)
	}
	stranger := gateway(t, natapp.Config{Endpoint: endpoint, Secret: nextSecret})
	same(t, "a stranger", send(t, stranger, notice(3, good)), notify.Sent{Ref: "3-1-push", Status: notify.NotFound, Detail: "http_401"})
}
