package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"robotbailiff/internal/webhook"
	"robotbailiff/payments"
	"robotbailiff/payments/source/gateway"
	"robotbailiff/rules/calendar"
	"robotbailiff/rules/money"
)

const (
	ourSecret   = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	theirSecret = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
)

// inbox keeps what a gateway says.
type inbox struct {
	mu   sync.Mutex
	kept []payments.Event
}

func (i *inbox) Receive(_ context.Context, ev payments.Event) (payments.Received, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kept = append(i.kept, ev)
	return payments.Fresh, nil
}

// A gateway that was made by the contract alone, in another language, and signs with a library that is not ours.
func TestContract_withAPeerOfOthers(t *testing.T) {
	t.Parallel()
	if os.Getenv("BAILIFF_TEST_NODE_MODULES") == "" {
		t.Skip("needs the npm package standardwebhooks: make contract installs it and sets BAILIFF_TEST_NODE_MODULES")
	}
	v, err := webhook.NewVerifier([]string{theirSecret})
	if err != nil {
		t.Fatal(err)
	}
	box := &inbox{}
	now := func(context.Context) (time.Time, error) { return time.Now(), nil } // the peer signs by the computer's clock
	hook := httptest.NewServer(gateway.Handler("npm", v, box, now, nil))
	defer hook.Close()
	cmd := exec.CommandContext(t.Context(), "node", "testdata/gateway.cjs")
	cmd.Env = append(os.Environ(), "RECEIVER_SECRET="+ourSecret, "OWN_SECRET="+theirSecret, "HOOK="+hook.URL)
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
	next := func() (line struct{ Port, Answered int }) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the gateway says no more")
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		return line
	}
	endpoint := fmt.Sprintf("http://127.0.0.1:%d", next().Port)
	c := client(t, endpoint, ourSecret)
	w := gateway.Wish{Order: uuid.New(), Case: "26-0000001-7", Amount: money.FromTiyn(2015500), Language: "kk", Return: "https://1414.gov.kz/p/paid"}
	for range 2 { // the same order gives the same page
		got, err := c.Begin(t.Context(), w)
		if err != nil || got.Page != "https://pay.example.kz/c/npm-1" || got.QR != "x" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if got := next().Answered; got != 204 {
		t.Errorf("its message was answered by %d", got)
	}
	if len(box.kept) != 1 {
		t.Fatalf("kept %d messages", len(box.kept))
	}
	m, err := gateway.Parse(box.kept[0].Body)
	if err != nil || m.Order != w.Order || !m.Amount.Equal(w.Amount) || m.Type != gateway.Paid {
		t.Errorf("%+v, %v", m, err)
	}
	other := uuid.New()
	statuses, err := c.Status(t.Context(), []uuid.UUID{w.Order, other})
	if err != nil || statuses[w.Order].State != gateway.StatePaid || fmt.Sprint(statuses[w.Order].Payment) != fmt.Sprint(m) || statuses[other].State != gateway.StateUnknown {
		t.Errorf("%+v, %v", statuses, err)
	}
	r := gateway.Refund{ID: uuid.New(), TxnID: m.TxnID, Amount: money.FromTiyn(500)}
	for range 2 {
		if got, err := c.Refund(t.Context(), r); err != nil || got != gateway.RefundDone {
			t.Errorf("%s, %v", got, err)
		}
	}
	var types []gateway.Type
	for after := ""; ; {
		entries, next, err := c.Register(t.Context(), calendar.MakeDate(2026, 9, 1), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			types = append(types, e.Type)
		}
		if after = next; after == "" {
			break
		}
	}
	if fmt.Sprint(types) != "[payment.paid payment.reversed]" {
		t.Errorf("the list: %v", types)
	}
	if _, err := client(t, endpoint, theirSecret).Begin(t.Context(), w); !errors.Is(err, gateway.ErrRefused) {
		t.Errorf("a stranger: %v", err)
	}
}

func client(t *testing.T, endpoint, secret string) *gateway.Client {
	t.Helper()
	c, err := gateway.NewClient(gateway.ClientConfig{Endpoint: endpoint, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
